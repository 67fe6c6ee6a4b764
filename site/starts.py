"""What the playground can start from: the two packs with a suite each, and the patterns, read off their pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
RULES: Final = ROOT / "rules"

_FENCE: Final = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_IMPORTS: Final = re.compile(r"^imports = \[(.*)\]$", re.MULTILINE)


def starts() -> list[dict[str, Any]]:
    """Return all starts: each its ``title`` in both languages, its ``files`` by name, and its ``event``."""
    return [
        _pack("alc-smart-learning", "contractors.test.toml", _first_event(ROOT / "README.md")),
        _pack("online-shop", "advertising.test.toml", _first_line(ROOT / "examples" / "shop-week.jsonl", "w-003")),
        *_patterns(),
    ]


def _pack(name: str, suite: str, event: str) -> dict[str, Any]:
    """Return a pack of this repository, with all that it imports and one suite."""
    folder = RULES / name
    files = [folder / "policy.toml", folder / "vocabulary.toml", folder / suite]
    policy = files[0].read_text("utf-8")
    files += [(folder / imported).resolve() for imported in re.findall(r'"([^"]+)"', _imports(policy))]
    title = re.search(r"^title = \{ja = \"(?P<ja>[^\"]*)\", en = \"(?P<en>[^\"]*)\"\}", policy, re.MULTILINE)
    assert title is not None, f"{files[0]} has no title in both languages"
    contents = {file.relative_to(RULES).as_posix(): file.read_text("utf-8") for file in files}
    return {"id": name, "title": title.groupdict(), "files": contents, "event": event}


def _patterns() -> Iterator[dict[str, Any]]:
    """Yield the patterns of the page, in its order: what all share, the pattern's own file, and its first event."""
    page = (ROOT / "docs" / "patterns.md").read_text("utf-8")
    japanese = (ROOT / "docs" / "patterns.ja.md").read_text("utf-8")
    titles = (re.findall(r"^## (.*)$", text, re.MULTILINE) for text in (japanese, page))
    sections = re.split(r"^## .*$", page, flags=re.MULTILINE)[1:]
    shared: dict[str, str] = {}
    for ja, en, section in zip(*titles, sections, strict=True):
        files, event = {}, ""
        for found in _FENCE.finditer(section):
            language, *words = found["info"].split()
            named = dict(word.split("=", 1) for word in words if "=" in word)
            if language == "toml" and "file" in named:
                (shared if "unfinished" in words else files)[named["file"]] = found["text"]
            elif (language, *words[:1]) == ("json", "event") and not event:
                event = found["text"]
        (name, policy), *more = files.items()
        used = {file: text for file, text in shared.items() if f'"{file}"' in _imports(policy)}
        yield {
            "id": name.removesuffix(".toml"),
            "title": {"ja": ja, "en": en},
            "files": {name: policy, **dict(more), **used},
            "event": event,
        }


def _imports(policy: str) -> str:
    found = _IMPORTS.search(policy)
    return found[1] if found else ""


def _first_event(page: Path) -> str:
    return next(found["text"] for found in _FENCE.finditer(page.read_text("utf-8")) if found["info"] == "json event")


def _first_line(file: Path, event: str) -> str:
    lines = map(json.loads, file.read_text("utf-8").splitlines())
    return json.dumps(next(line for line in lines if line["id"] == event), indent=1, ensure_ascii=False) + "\n"
