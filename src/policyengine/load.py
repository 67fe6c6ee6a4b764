"""From paths to packs: which files belong to a policy, read and parsed, with every place kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from policyengine.errors import Place, PolicyError, Problem
from policyengine.source import Document, read
from policyengine.text import Text

STANDARD = Path(__file__).with_name("standard.toml")
TEST_SUFFIX = ".test.toml"


@dataclass(frozen=True)
class Pack:
    """The documents of one policy.

    Args:
        path: where it was loaded from.
        rules: the files of the pack itself, of which one has the table ``[policy]``.
        vocabularies: what they import, the standard vocabulary first.
    """

    path: Path
    rules: tuple[Document, ...]
    vocabularies: tuple[Document, ...]

    @property
    def documents(self) -> tuple[Document, ...]:
        """All documents, vocabularies first."""
        return (*self.vocabularies, *self.rules)

    @property
    def digest(self) -> str:
        """``sha256:`` and the hash of the content; comments, layout, file names and order of keys do not count."""
        content = sorted(
            json.dumps(plain({k: v for k, v in document.data.items() if k != "imports"}), sort_keys=True)
            for document in self.documents
        )
        return "sha256:" + hashlib.sha256("\n".join(content).encode("utf-8", "surrogatepass")).hexdigest()


def load_pack(path: str | Path) -> Pack:
    """Read the pack at `path`: a TOML file, or a folder whose TOML files (but test suites) make one policy.

    Raises:
        PolicyError: files that are missing, unreadable, not UTF-8 or not TOML 1.0; all of them.
    """
    root = Path(path)
    problems: list[Problem] = []
    rules: list[Document] = []
    vocabularies: list[Document] = []
    if root.is_dir():
        files = pack_files(root)
        if not files:
            raise PolicyError(
                [
                    Problem(
                        "no-policy",
                        Text(ja="フォルダに TOML ファイルがありません", en="the folder has no TOML file"),
                        Place(str(root)),
                    )
                ]
            )
    else:
        files = [root]
    seen: set[Path] = set()
    waiting: list[tuple[Path, Document | None, list[Document]]] = [(file, None, rules) for file in files]
    waiting.append((STANDARD, None, vocabularies))
    while waiting:
        file, importer, into = waiting.pop(0)
        resolved = file.resolve()
        if resolved in seen:
            continue
        seen.add(resolved)
        try:
            document = read(file)
        except PolicyError as error:
            problems.extend(error.problems if importer is None else _imported(error, importer, file))
            continue
        into.append(document)
        for target in _imports(document):
            waiting.append((file.parent / target, document, vocabularies))
    if problems:
        raise PolicyError(problems)
    vocabularies.sort(key=lambda document: document.path != str(STANDARD))
    return Pack(root, tuple(rules), tuple(vocabularies))


def pack_files(folder: Path) -> list[Path]:
    """Return the rule files of the pack in `folder`, in the order of their names."""
    return sorted(file for file in folder.glob("*.toml") if not file.name.endswith(TEST_SUFFIX))


def find_packs(path: str | Path) -> Iterator[Path]:
    """Yield the packs at or below `path`: a file is one, and so is a folder where a TOML file has ``[policy]``.

    A folder that holds none, and nothing below it, is yielded itself, so that loading it says what is missing.
    """
    root = Path(path)
    if not root.is_dir():
        yield root
        return
    found = False
    for folder in sorted({root, *(file.parent for file in root.rglob("*.toml"))}):
        if any(_has_policy(file) for file in pack_files(folder)):
            found = True
            yield folder
    if not found:
        yield root


def plain(value: Any) -> Any:
    """Return TOML data as JSON data: times become RFC 3339 strings."""
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value


def _imports(document: Document) -> list[str]:
    listed = document.data.get("imports", [])
    return [target for target in listed if isinstance(target, str)] if isinstance(listed, list) else []


def _imported(error: PolicyError, importer: Document, file: Path) -> Iterator[Problem]:
    """Point problems of an imported file that is not there at the import, and keep the others where they are."""
    for problem in error.problems:
        if problem.code == "file-missing":
            place = importer.place(("imports",))
            for index, target in enumerate(_imports(importer)):
                if Path(importer.path).parent / target == file:
                    place = importer.place(("imports", index))
            message = Text(
                ja=f"取り込む語彙ファイル {file} がありません", en=f"the imported vocabulary {file} does not exist"
            )
            yield Problem("file-missing", message, place)
        else:
            yield problem


def _has_policy(file: Path) -> bool:
    """Whether a file claims to hold a policy; a broken file counts when its text says so."""
    try:
        return any(line.startswith(b"[policy]") for line in file.read_bytes().splitlines())
    except OSError:
        return False
