"""Rule files on the disk: read whole, once and only where they are files; written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from policyengine.errors import Place, PolicyError
from policyengine.language.file_problems import (
    FILE_MISSING,
    FILE_TOO_LARGE,
    FILE_UNREADABLE,
    FILE_UNWRITABLE,
    NO_FILE,
)

LARGEST: Final = 16 << 20
"""So many bytes a rule file may have."""

TEST_SUFFIX: Final = ".test.toml"
"""How the names of test suites end."""

_PIECE: Final = 1 << 20

T = TypeVar("T")


def contents(path: Path, name: str | None = None) -> bytes:
    """Return the bytes of a file.

    Nothing else is opened, since that could wait for ever: a pipe, a socket, a device.

    Args:
        path: the file.
        name: how errors name it, by default `path` itself.

    Raises:
        PolicyError: it is missing, unreadable, no file, or larger than `LARGEST`.
    """
    name = str(path) if name is None else name
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _no_file(path, name)
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(handle, "rb", buffering=0) as file:  # noqa: PTH123
            if not stat.S_ISREG(os.fstat(handle).st_mode):  # it was put there while we looked
                raise _no_file(path, name)
            pieces, left = [], LARGEST + 1
            while left and (piece := file.read(min(left, _PIECE))):
                pieces.append(piece)
                left -= len(piece)
    except FileNotFoundError:
        raise PolicyError([FILE_MISSING.at(Place(name))]) from None
    except (OSError, ValueError) as error:  # `ValueError`: a path that no file can have
        raise unreadable(name, error) from None
    if not left:
        raise PolicyError([FILE_TOO_LARGE.at(Place(name), most=LARGEST >> 20)])
    return b"".join(pieces)


def _no_file(path: Path, name: str) -> PolicyError:
    if path.is_dir():
        return unreadable(name, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))
    return PolicyError([NO_FILE.at(Place(name))])


def unreadable(name: str, error: Exception) -> PolicyError:
    """Return the error of a file or folder `name` that the system does not let us read."""
    reason = getattr(error, "strerror", None) or str(error)
    return PolicyError([FILE_UNREADABLE.at(Place(name), reason=reason)])


class Files:
    """The disk as it is while something is made of it: what is looked at is looked at once.

    Args:
        imports_from: folders that imports may lead to, beside the one that a pack's own stands in.
    """

    def __init__(self, imports_from: Iterable[str | Path] = ()) -> None:
        self.imports_from = tuple(map(Path, imports_from))
        self._found: dict[tuple[Callable[[Path], Any], Path], Any] = {}

    def look(self, how: Callable[[Path], T], path: Path) -> T:
        """Return what `how` returns of a path, or raise what it raises: `contents`, or what lies in a folder."""
        key = how, path
        if key not in self._found:
            self._found[key] = _looked(how, path)
        found = self._found[key]
        if isinstance(found, PolicyError):
            raise PolicyError(found.problems)
        return found  # type: ignore[no-any-return]

    def seen(self) -> Seen:
        """Return what was found, to be held against the disk later on."""
        return Seen({key: _sum(found) for key, found in self._found.items()})


class Seen:
    """What was found on the disk at one time: of files what they held, of folders what lay in them.

    Args:
        found: by how a path was looked at, and the path, what was found, in short.
    """

    def __init__(self, found: Mapping[tuple[Callable[[Path], Any], Path], object]) -> None:
        self._found = found

    def __eq__(self, other: object) -> bool:
        return self._found == other._found if isinstance(other, Seen) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def holds(self) -> bool:
        """Whether the same would be found now, whatever sizes and times say."""
        return all(_sum(_looked(how, path)) == found for (how, path), found in self._found.items())


def _looked(how: Callable[[Path], Any], path: Path) -> Any:
    try:
        return how(path)
    except PolicyError as error:
        return error


def _sum(found: Any) -> object:
    return hashlib.sha256(found).digest() if isinstance(found, bytes) else found


def put_in_place(path: Path, written: bytes, *, private: bool = False) -> None:
    """Put new contents in the place of a file, all at once; a link still leads to it.

    Whatever interrupts that leaves the file as it was.

    Args:
        path: the file. One that is there keeps its permissions.
        written: what it shall hold.
        private: whether a new file is for its owner alone, since it tells of people.

    Raises:
        PolicyError: it cannot be written.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".policyengine-{secrets.token_hex(8)}")
    try:
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
        if mode is not None and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        handle = os.open(temporary, flags, 0o600 if private or mode is not None else 0o666)
        try:
            with open(handle, "wb") as file:  # noqa: PTH123
                file.write(written)
                file.flush()
                if mode is not None:
                    temporary.chmod(mode)
                os.fsync(handle)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
    except OSError as error:
        why = error.strerror or str(error)
        raise PolicyError([FILE_UNWRITABLE.at(Place(str(path)), reason=why)]) from None


def _sync_folder(folder: Path) -> None:
    """Have the new name of a file outlive a loss of power, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
