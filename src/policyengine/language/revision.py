"""Packs as they stood in a revision of git: read from the repository itself, and nothing is checked out."""

from __future__ import annotations

import os
import posixpath
import subprocess
from pathlib import Path
from typing import Final

from policyengine.errors import Place, PolicyError
from policyengine.language.disk import TEST_SUFFIX
from policyengine.language.documents import Documents, imported_name
from policyengine.language.file_problems import REVISION_UNREADABLE
from policyengine.language.find import CONFIGURATION
from policyengine.language.offered import homes
from policyengine.language.source import document_of
from policyengine.text import Text

_NO_GIT: Final = Text(ja="git がありません", en="there is no git")
_NO_REPOSITORY: Final = Text(ja="{folder} は git のリポジトリにありません", en="{folder} is in no repository of git")
_NO_REVISION: Final = Text(ja="「{revision}」という版はありません", en='there is no revision "{revision}"')
_NOTHING_THERE: Final = Text(ja="その版に {path} はありません", en="there is no {path} in that revision")
_NO_RULES: Final = Text(
    ja="その版の {path} にルールファイルはありません", en="{path} holds no rule file in that revision"
)

_FILE: Final = "blob"
_FOLDER: Final = "tree"


def is_revision(named: str) -> bool:
    """Whether what names a pack is a revision and a path, such as ``main~3:rules/shop``: nothing else is called so."""
    revision, colon, path = named.partition(":")
    return bool(revision and colon and path) and not homes(named) and not Path(named).exists()


def pack_of(named: str) -> Documents:
    """Return the pack that ``REVISION:PATH`` names, as git does: a path from the top of the repository, or from here.

    Raises:
        PolicyError: git has no such revision, or nothing at that path in it.
    """
    revision, _, path = named.partition(":")
    repository = _Repository(Path.cwd(), named)
    inside = posixpath.join(repository.here, path) if path.startswith(("./", "../")) else path
    return repository.pack(revision, posixpath.normpath(inside))


def pack_at(path: str | Path, revision: str) -> Documents:
    """Return the pack at a path of the disk as it stood in a revision; it need not be there any more.

    Raises:
        PolicyError: it is in no repository, or git has no such revision, or nothing there in it.
    """
    whole = Path(os.path.abspath(path))  # noqa: PTH100  a link in it is the repository's to follow
    folder = next(above for above in (whole, *whole.parents) if above.is_dir())
    repository = _Repository(folder, f"{revision}:{path}")
    below = whole.relative_to(folder).as_posix()
    return repository.pack(revision, posixpath.normpath(posixpath.join(repository.here, below)))


def _named(revision: str, path: str) -> str:
    """Return the name of a document: one from which others that it imports can be told, wherever it stands."""
    return f"{revision}:/{path}"


class _Repository:
    """A repository of git.

    Args:
        folder: a folder in it.
        named: how errors name what is read.
    """

    def __init__(self, folder: Path, named: str) -> None:
        self._folder = folder
        self._named = named
        found = self._git("rev-parse", "--show-prefix")
        if found is None:
            raise self._error(_NO_REPOSITORY.filled(folder=folder))
        self.here: str = found.decode("utf-8", "surrogateescape").strip("\n")
        """The folder's path in it."""

    def pack(self, revision: str, path: str) -> Documents:
        """Return the pack at a path from the top, with all that it imports."""
        commit = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if commit is None:
            raise self._error(_NO_REVISION.filled(revision=revision))
        tree = commit.decode("ascii").strip()
        waiting = self._rule_files(tree, path)
        texts: dict[str, str] = {}
        while waiting:
            name = waiting.pop(0)
            raw = None if name in texts else self._git("cat-file", _FILE, f"{tree}:{name}")
            if raw is None:
                continue
            document = document_of(raw, _named(revision, name), keep=True)
            texts[name] = raw.decode("utf-8")
            imports = document.data.get("imports", [])
            targets = [target for target in imports if isinstance(target, str)] if isinstance(imports, list) else []
            waiting += [imported_name(name, target) for target in targets]
        return Documents({_named(revision, name): text for name, text in texts.items()})

    def _rule_files(self, tree: str, path: str) -> list[str]:
        there = f"{tree}:{'' if path == '.' else path}"
        kind = None if path.startswith("../") else self._git("cat-file", "-t", there)
        match None if kind is None else kind.decode("ascii").strip():
            case "blob":
                return [path]
            case "tree":
                listed = self._git("ls-tree", "--full-tree", "-z", "--name-only", there) or b""
                names = [name.decode("utf-8", "surrogateescape") for name in listed.split(b"\0")]
                found = [
                    posixpath.normpath(posixpath.join(path, name))
                    for name in names
                    if name.endswith(".toml") and not name.endswith(TEST_SUFFIX) and name != CONFIGURATION
                ]
                if found:
                    return found
                raise self._error(_NO_RULES.filled(path=path))
            case _:
                raise self._error(_NOTHING_THERE.filled(path=path))

    def _git(self, *arguments: str) -> bytes | None:
        """Return what git writes; None where it fails."""
        # It only reads what is there: it fetches nothing, asks nothing, and takes no lock.
        environment = {**os.environ, "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
        try:
            ran = subprocess.run(
                ["git", "-C", str(self._folder), *arguments],
                capture_output=True,
                check=False,
                env=environment,
            )
        except FileNotFoundError:
            raise self._error(_NO_GIT) from None
        return ran.stdout if ran.returncode == 0 else None

    def _error(self, reason: Text) -> PolicyError:
        return PolicyError([REVISION_UNREADABLE.at(Place(self._named), reason=reason)])
