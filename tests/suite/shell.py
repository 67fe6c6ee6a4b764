"""The command line as somebody in a folder of their own calls it: a process, its output, its exit code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import forked


class Ran(NamedTuple):
    """What a process left behind."""

    code: int
    out: str
    err: str


def environment(lang: str = "en") -> dict[str, str]:
    """Return an environment that speaks `lang`, and has nothing that would change the output."""
    dropped = ("LC_ALL", "LC_MESSAGES", "FORCE_COLOR", "COLUMNS", "TERM")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "LANG": "ja_JP.UTF-8" if lang == "ja" else "C.UTF-8", "NO_COLOR": "1"}


def policyengine(*words: str | Path, folder: Path, lang: str = "en") -> Ran:
    """Run ``policyengine`` in `folder`."""
    code, out, err = forked.policyengine([*map(str, words)], folder=folder, environment=environment(lang))
    ran = Ran(code, out.decode("utf-8"), err.decode("utf-8"))
    assert "Traceback" not in ran.err, ran.err
    return ran
