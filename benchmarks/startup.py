"""What comes before the first decision: loading the reference pack, importing the package, starting the command."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator

from corpus import PACK, ROOT
from timing import Row, processes, progress, turn_about

from policyengine import Engine


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the rows of this section."""
    progress("start: loading the reference pack")
    files = [*sorted(PACK.glob("*.toml")), *sorted((ROOT / "rules" / "vocabulary").glob("*.toml"))]
    files = [file for file in files if not file.name.endswith(".test.toml")]
    parse = lambda: [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]  # noqa: E731
    load = turn_about(lambda: parse, lambda: lambda: Engine.load(PACK), 1, 5 if quick else 21)
    yield Row("load time, to parsing the same files with tomllib", "the reference pack", *load)
    python = [sys.executable, "-c", "pass"]
    event = ROOT / "examples" / "alc-month.jsonl"
    for what, command in (
        ("import msgspec, pluggy (what the package needs to decide)", [sys.executable, "-c", "import msgspec, pluggy"]),
        ("import policyengine", [sys.executable, "-c", "import policyengine"]),
        ("policyengine --help", [sys.executable, "-m", "policyengine", "--help"]),
        (
            "policyengine evaluate, the month's events",
            [sys.executable, "-m", "policyengine", "evaluate", str(PACK), "--events", str(event)],
        ),
    ):
        progress(f"start: {what}")
        found = processes(python, command, 5 if quick else 21)
        if isinstance(found, str):
            progress(f"  left out: {found}")
        else:
            yield Row("whole processes, to python -c pass", what, *found)
