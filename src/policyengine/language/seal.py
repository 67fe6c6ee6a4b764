"""A pack that is sealed: a lock beside it has every file of it and all that they import, each with its digest."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from policyengine.errors import Place, PolicyError, Problem
from policyengine.language.disk import Files
from policyengine.language.file_problems import (
    NO_LOCK,
    SEAL_AGAIN,
    SEALED_FILE_CHANGED,
    SEALED_FILE_MISSING,
    UNSEALED_FILE,
)
from policyengine.language.find import LOCK
from policyengine.language.offered import name_of
from policyengine.language.source import Document, read

_ABOVE: Final = "# Written by `policyengine seal`: the files as they were reviewed. Others are not loaded.\n"


def lock_of(pack: Path) -> Path:
    """Return where the lock of the pack at a path stands, or would; a file is sealed with its folder."""
    return (pack if pack.is_dir() else pack.parent) / LOCK


def digests(lock: Path, documents: Iterable[Document]) -> dict[str, str]:
    """Return the digests of some files by their paths from the folder of a lock, in the order of the paths."""
    return dict(sorted((_path(document.path, lock), document.digest) for document in documents))


def lock_text(files: Mapping[str, str]) -> str:
    """Return a lock that has `files`, which `digests` returned."""
    import tomli_w  # noqa: PLC0415  needed only to seal

    return _ABOVE + tomli_w.dumps({"files": files})


def seal_problems(lock: Path, documents: Iterable[Document], tried: Iterable[Path], files: Files) -> Iterator[Problem]:
    """Yield where a pack is not as it was sealed; nothing where there is no lock.

    Args:
        lock: where its lock would stand.
        documents: its files, and what they import.
        tried: the paths of those, and of such as could not be read, of which that is told elsewhere.
        files: the disk.
    """
    if not files.look(os.path.lexists, lock):  # a link that leads nowhere is a lock as well, and one that is broken
        return
    try:
        sealing = read(lock, files)
    except PolicyError as error:
        yield from error.problems
        return
    hint = SEAL_AGAIN.filled(pack=lock.parent)
    sealed = sealing.data.get("files")
    if sealing.data.keys() != {"files"} or not isinstance(sealed, dict):
        yield NO_LOCK.at(sealing.place(()), hint=hint)
        return
    for document in documents:
        path = _path(document.path, lock)
        if path not in sealed:
            yield UNSEALED_FILE.at(Place(document.path), hint=hint, file=path, lock=lock)
        elif sealed[path] != document.digest:
            place = sealing.place(("files", path))
            yield SEALED_FILE_CHANGED.at(place, hint=hint, file=path, sealed=sealed[path], found=document.digest)
    for path in sealed.keys() - {_path(str(file), lock) for file in tried}:
        yield SEALED_FILE_MISSING.at(sealing.place(("files", path)), hint=hint, file=path)


def _path(file: str, lock: Path) -> str:
    """Return the path of a file from the folder of a lock, with forward slashes on every system.

    What lies elsewhere than in the folders beside that, and has a name, goes by its name: it lies somewhere else on
    every machine.
    """
    if not Path(file).resolve().is_relative_to(lock.parent.resolve().parent) and (name := name_of(Path(file))):
        return name
    return os.path.relpath(file, lock.parent).replace(os.sep, "/")
