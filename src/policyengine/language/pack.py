"""From paths to packs: which files belong to a policy, read and parsed, with every place kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from policyengine.errors import Place, PolicyError, Problem, did_you_mean
from policyengine.language.disk import Files, unreadable
from policyengine.language.documents import Documents, imported_name
from policyengine.language.file_problems import (
    DECLARE_IMPORTS,
    FILE_MISSING,
    IMPORT_MISSING,
    IMPORT_OUTSIDE,
    IMPORTED,
    NO_POLICY_TABLE,
    NO_TOML_FILE,
    PACKS_BELOW,
)
from policyengine.language.find import STANDARD, find_packs, pack_files
from policyengine.language.offered import homes, is_name, located
from policyengine.language.seal import lock_of, seal_problems
from policyengine.language.source import Document, read
from policyengine.text import LANGUAGES, Language


@dataclass(frozen=True)
class Pack:
    """The documents of one policy.

    Args:
        path: where it was loaded from.
        rules: the files of the pack itself, of which one has the table ``[policy]``.
        imported: what they import, the standard vocabulary first.
        problems: files that are missing, unreadable, not UTF-8 or not TOML 1.0. A pack with any is of no use.
    """

    path: Path
    rules: tuple[Document, ...]
    imported: tuple[Document, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def documents(self) -> tuple[Document, ...]:
        """All documents, the imported ones first."""
        return (*self.imported, *self.rules)

    @property
    def own(self) -> tuple[Document, ...]:
        """What its authors wrote: all documents but the standard vocabulary, which comes with the engine."""
        return tuple(document for document in self.documents if document.path != str(STANDARD))

    @property
    def lock(self) -> Path:
        """Where its lock stands, or would: in its folder."""
        return lock_of(self.path)

    @property
    def files(self) -> frozenset[Path]:
        """The files that were read: the same for every name of the pack, be it a folder, a file in it or a link."""
        return frozenset(Path(document.path).resolve() for document in self.documents)

    @property
    def id(self) -> str:
        """The id of the policy, as far as it can be read; empty where it cannot."""
        return next(
            (found for about in self._tables("policy", self.rules) if isinstance(found := about.get("id"), str)), ""
        )

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages in which it is written, as far as they can be read."""
        named = (about.get("languages") for about in self._tables("policy", self.rules))
        said = next((found for found in named if isinstance(found, list) and found), LANGUAGES)
        return tuple(lang for lang in said if isinstance(lang, str)) or LANGUAGES

    @property
    def readings(self) -> frozenset[str]:
        """The names of the readings that it declares, as far as they can be read."""
        return frozenset(name for declared in self._tables("readings", self.documents) for name in declared)

    @staticmethod
    def _tables(key: str, documents: Iterable[Document]) -> list[dict[str, Any]]:
        found = (document.data.get(key) for document in documents)
        return [table for table in found if isinstance(table, dict)]

    @property
    def digest(self) -> str:
        """``sha256:`` and the hash of what its authors say; comments, layout, file names, order do not count.

        Nor does the standard vocabulary: a newer engine leaves the digest of a pack as it is.
        """
        content = sorted(
            json.dumps({k: v for k, v in document.data.items() if k != "imports"}, sort_keys=True)
            for document in self.own
        )
        return "sha256:" + hashlib.sha256("\n".join(content).encode("utf-8", "surrogatepass")).hexdigest()


class _Import(NamedTuple):
    """One import.

    Args:
        importer: the document that has it.
        number: which of its imports it is, from 0.
        target: what it says.
    """

    importer: Document
    number: int
    target: str

    def place(self) -> Place:
        """Return where it stands."""
        return self.importer.place(("imports", self.number))

    def file(self) -> Path:
        """Return where it leads. Raises `PolicyError` where it is a name that nothing has."""
        return located(self.target, Path(self.importer.path).parent, self.place)


def load_pack(path: str | Path | Documents, files: Files | None = None, *, held: bool = True) -> Pack:
    """Read the pack at `path`: a TOML file, or a folder whose TOML files (but test suites) make one policy.

    Args:
        path: the file or folder, or its name where it is `offered`; or documents in memory.
        files: the disk, and where imports may lead; by default below the folder that the pack's own stands in.
        held: whether it is held to its lock, where it has one.

    Raises:
        PolicyError: there is no file at all.
    """
    if isinstance(path, Documents):
        return _in_memory(path)
    root, files = located(path), files or Files()
    problems: list[Problem] = []
    rules: list[Document] = []
    tried: list[Path] = []
    seen: set[Path] = set()
    for file in _files(root, files):
        tried.append(file)
        try:
            if not _seen(file, seen):
                rules.append(read(file, files))
        except PolicyError as error:
            problems.extend(error.problems)
    folder = (root if root.is_dir() else root.parent).resolve().parent
    waiting = [each for document in rules for each in _imports(document)]
    imported = _imported(waiting, files, seen, [folder, *files.imports_from], problems, tried)
    pack = Pack(root, tuple(rules), (standard(), *imported), tuple(problems))
    if not held:
        return pack
    return replace(pack, problems=(*problems, *seal_problems(pack.lock, pack.own, tried, files)))


def _imported(
    waiting: list[_Import],
    files: Files,
    seen: set[Path],
    folders: list[Path],
    problems: list[Problem],
    tried: list[Path],
) -> list[Document]:
    """Return what some imports lead to, and the imports of that.

    Args:
        waiting: the imports.
        files: the disk.
        seen: the real paths of what was read, and then of this as well.
        folders: where imports may lead, the pack's own first; what is named may lead to all that lies beside it.
        problems: where to put what is wrong.
        tried: where to put the paths.
    """
    found: list[Document] = []
    while waiting:
        wanted = waiting.pop(0)
        try:
            file = wanted.file()
        except PolicyError as error:
            problems.extend(error.problems)
            continue
        tried.append(file)
        try:
            if _seen(file, seen):
                continue
            folders.extend(homes(wanted.target))
            if not any(file.resolve().is_relative_to(folder.resolve()) for folder in folders):
                hint = DECLARE_IMPORTS
                raise PolicyError([IMPORT_OUTSIDE.at(wanted.place(), hint=hint, file=file, folder=folders[0])])
            document = read(file, files, keep=True)
        except PolicyError as error:
            problems.extend(_pointed_at(error, wanted, file))
            continue
        found.append(document)
        waiting.extend(_imports(document))
    return found


def _in_memory(documents: Documents) -> Pack:
    """Return a pack of documents. Raises `PolicyError` where none is the pack's own."""
    found = list(documents.read())
    read = {document.path: document for document in found if isinstance(document, Document)}
    problems = [problem for error in found if isinstance(error, PolicyError) for problem in error.problems]
    imported: set[str] = set()
    named: list[_Import] = []
    for document in read.values():
        for wanted in _imports(document):
            name = imported_name(document.path, wanted.target)
            if is_name(wanted.target):
                named.append(wanted)
            elif name in read:
                imported.add(name)
            elif not problems:
                hint = did_you_mean(name, read)
                problems.append(IMPORT_MISSING.at(wanted.place(), hint=hint, file=name, problem=FILE_MISSING.text()))
    own = tuple(document for name, document in read.items() if name not in imported or "policy" in document.data)
    if not own:
        raise PolicyError(problems or [NO_POLICY_TABLE.at(Place(documents.name) if documents.name else None)])
    shared = [document for document in read.values() if document not in own]
    shared += _imported(named, Files(), set(), [], problems, [])
    return Pack(Path(documents.name), own, (standard(), *shared), tuple(problems))


@cache
def standard() -> Document:
    """Return the standard vocabulary, which comes with the engine and stays as it is while that runs."""
    return read(STANDARD)


def _files(root: Path, files: Files) -> tuple[Path, ...]:
    """Return the rule files of the pack at `root`, which may be one."""
    found = files.look(pack_files, root)
    if not found:
        below = ", ".join(str(pack) for pack in find_packs(root) if pack != root)
        hint = PACKS_BELOW.filled(packs=below) if below else None
        raise PolicyError([NO_TOML_FILE.at(Place(str(root)), hint=hint)])
    return found


def _seen(file: Path, seen: set[Path]) -> bool:
    """Whether `file` is one of `seen`, under whatever name; then it is."""
    try:
        resolved = file.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a path that no file can have
        raise unreadable(str(file), error) from None
    if resolved in seen:
        return True
    seen.add(resolved)
    return False


def _imports(document: Document) -> list[_Import]:
    listed = document.data.get("imports", [])
    if not isinstance(listed, list):
        return []
    return [_Import(document, number, target) for number, target in enumerate(listed) if isinstance(target, str)]


def _pointed_at(error: PolicyError, wanted: _Import, file: Path) -> Iterator[Problem]:
    """Point problems of an imported file that cannot be read at the import, and keep the others where they are."""
    for problem in error.problems:
        code = IMPORTED.get(problem.code)
        if code is not None:
            yield code.at(wanted.place(), file=file, problem=problem.message)
        else:
            yield problem
