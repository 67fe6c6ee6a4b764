"""A policy of a few lines, in versions that permit one purpose each, and an event of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PURPOSES = ("delivery", "advice", "billing")

WORDS = """\
[vocabulary.subjects]
buyer = {ja = "購入者", en = "buyer"}
[vocabulary.items]
name = {ja = "氏名", en = "name"}
[vocabulary.purposes]
delivery = {ja = "配送", en = "delivery"}
advice = {ja = "相談", en = "advice"}
billing = {ja = "請求", en = "billing"}
"""


def policy(version: int, *, name: str = "little", controller: str = "shop", imports: str = "") -> str:
    """Return the text of a version: it permits `PURPOSES` up to its number, so that half of it is a policy as well."""
    imported = f'imports = ["{imports}"]\n' if imports else ""
    rules = "".join(
        f"""
[[clause.purpose-limitation]]
id = "for-{purpose}"
subjects = ["buyer"]
items = ["name"]
purposes = ["{purpose}"]
"""
        for purpose in PURPOSES[: version % len(PURPOSES) + 1]
    )
    return f"""\
# {version}
{imported}[policy]
id = "{name}"
version = "v{version}"
title = {{ja = "店", en = "shop"}}
governs = ["{controller}"]
from = 2020-01-01T00:00:00+09:00
{"" if imports else WORDS}
[[clause]]
number = "1"
summary = {{ja = "一", en = "one"}}
{rules}"""


def write(folder: Path, version: int, **about: Any) -> Path:
    """Write a version as a pack, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.toml").write_text(policy(version, **about), "utf-8")
    return folder


def event(purpose: str = "delivery", controller: str = "shop") -> dict[str, Any]:
    """Return an event."""
    return {
        "id": "e-1",
        "time": "2026-11-24T09:00:00+09:00",
        "controller": controller,
        "operation": "use",
        "subject": {"category": "buyer"},
        "items": ["name"],
        "purpose": purpose,
    }
