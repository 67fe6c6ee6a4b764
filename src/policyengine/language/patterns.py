"""The patterns of the documentation as packs to begin with. The page of patterns has each of them, once."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from policyengine.language.offered import shipped
from policyengine.text import Text

_SECTION: Final = re.compile(r"^## (?P<heading>.*)\n(?P<body>(?:(?!## ).*\n?)*)", re.MULTILINE)
_BLOCK: Final = re.compile(
    r"^```(?P<language>toml|json)(?P<words>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_FILE: Final = re.compile(r" file=(\S+)")


class Pattern(NamedTuple):
    """One pattern.

    Args:
        name: the anchor of its heading on the English page.
        title: its heading.
        files: its rule files by their names: ``policy.toml``, and what that imports.
        events: its events, as JSON has them.
    """

    name: str
    title: Text
    files: Mapping[str, str]
    events: tuple[Mapping[str, Any], ...]


@cache
def patterns() -> Mapping[str, Pattern]:
    """Return the patterns by their names, in the order of the page."""
    pages = (shipped("docs") / name for name in ("patterns.md", "patterns.ja.md"))
    page, in_japanese = (list(_SECTION.finditer(file.read_text("utf-8"))) for file in pages)
    files: dict[str, str] = {}
    found: dict[str, Pattern] = {}
    for section, theirs in zip(page, in_japanese, strict=True):
        policy, events = "", []
        for block in _BLOCK.finditer(section["body"]):
            words = block["words"].split()
            if named := _FILE.search(block["words"]):
                files[named[1]] = block["text"]
                policy = policy if "unfinished" in words else block["text"]
            elif words[:1] == ["event"]:
                events.append(json.loads(block["text"]))
        if policy:
            title = Text(ja=theirs["heading"], en=section["heading"])
            imported = {name: files[name] for name in tomllib.loads(policy).get("imports", ())}
            found[_anchor(title.en)] = Pattern(
                _anchor(title.en), title, {"policy.toml": policy, **imported}, tuple(events)
            )
    return found


def _anchor(heading: str) -> str:
    """Return the anchor of a heading, as it is made for Markdown."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
