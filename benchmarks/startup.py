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
    plain = [sys.executable, "-c", "pass"]
    command = [sys.executable, "-m", "policyengine"]
    month = ["evaluate", str(PACK), "--events", str(ROOT / "examples" / "alc-month.jsonl"), "--format", "jsonl"]
    for what, measured, code in (
        ("import msgspec", [sys.executable, "-c", "import msgspec"], 0),
        ("import policyengine", [sys.executable, "-c", "import policyengine"], 0),
        ("policyengine --help", [*command, "--help"], 0),
        ("policyengine evaluate, a month of events", [*command, *month], 2),  # some of them are malformed on purpose
    ):
        progress(f"start: {what}")
        found = processes(plain, measured, 5 if quick else 21, code)
        if isinstance(found, str):
            progress(f"  left out, for it failed: {found}")
        else:
            yield Row("whole processes, to python -c pass", what, *found)
