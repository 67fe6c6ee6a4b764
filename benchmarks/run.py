"""Measure the engine against the limit and against itself, in one run: `python benchmarks/run.py [--quick]`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import decisions
import embedding
import growth
import machine
import startup
from timing import Row, Spread

SECTIONS: dict[str, Callable[..., Iterator[Row]]] = {
    "decisions": decisions.rows,
    "growth": growth.rows,
    "startup": startup.rows,
    "embedding": embedding.rows,
}


def main() -> None:
    """Run the sections asked for, and print what was found."""
    parser = argparse.ArgumentParser(description="Measure the engine, as ratios, in one run.")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, and 2,000 rules in place of 10,000")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE as well")
    parser.add_argument("--only", choices=SECTIONS, help="run this section alone")
    chosen = parser.parse_args()
    ran_on = machine.description()
    rows = [
        row for name, section in SECTIONS.items() if chosen.only in (None, name) for row in section(quick=chosen.quick)
    ]
    for name, value in ran_on.items():
        print(f"{name + ':':10} {value}")
    print(table(rows))
    if chosen.json:
        found = {"ran_on": ran_on, "quick": chosen.quick, "rows": [asdict(row) for row in rows]}
        chosen.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def table(rows: Iterable[Row]) -> str:
    """Return the rows as text, a table for each section in the order in which sections first appear."""
    rows = list(rows)
    order = list(dict.fromkeys(row.section for row in rows))
    ordered = sorted(rows, key=lambda row: order.index(row.section))
    lines = []
    for section, members in groupby(ordered, key=lambda row: row.section):
        found = list(members)
        wide = max(len(row.what) for row in found)
        head = f"{'':{wide}}  {'base':>9}  {'measured':>9}  {'ratio':>8}  {'least':>8}  {'greatest':>8}"
        lines += ["", section, "-" * len(section), head]
        for row in found:
            figures = f"{_time(row.base.median):>9}  {_time(row.measured.median):>9}  {_ratio(row.ratio)}"
            lines.append(f"{row.what:{wide}}  {figures}" + (f"  {row.note}" if row.note else ""))
    return "\n".join(lines)


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def _ratio(ratio: Spread) -> str:
    return f"{ratio.median:8.2f}  {ratio.low:8.2f}  {ratio.high:8.2f}"


if __name__ == "__main__":
    main()
