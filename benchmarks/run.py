"""Measure the engine against the limit and against itself, in one run: `python benchmarks/run.py [--quick]`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import commands
import decisions
import embedding
import growth
import machine
import peers
import pieces
import scale
import startup
import steady
from timing import Figures, Row

SECTIONS: dict[str, Callable[..., Iterator[Row | Figures]]] = {
    "stream": steady.rows,
    "decisions": decisions.rows,
    "classes": scale.classes,
    "growth": growth.rows,
    "tenants": scale.tenants,
    "large": scale.large,
    "startup": startup.rows,
    "encoding": pieces.encoding,
    "sources": pieces.sources,
    "processes": commands.processes,
    "evaluate": commands.evaluate,
    "mutate": commands.mutate,
    "peers": peers.rows,
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


def table(rows: Iterable[Row | Figures]) -> str:
    """Return the rows as text, a table for each section in the order in which sections first appear."""
    rows = list(rows)
    order = list(dict.fromkeys(row.section for row in rows))
    lines = []
    for section, members in groupby(
        sorted(rows, key=lambda row: order.index(row.section)), key=lambda row: row.section
    ):
        lines += ["", section, "-" * len(section)]
        found = [(row.what, _cells(row), row.note) for row in members]
        wide = max(len(what) for what, _, _ in found)
        columns = [(name, max(len(name), 8)) for name in found[0][1]]
        lines.append("  ".join([" " * wide, *(f"{name:>{size}}" for name, size in columns)]))
        for what, cells, note in found:
            figures = "  ".join(f"{cells[name]:>{size}}" for name, size in columns)
            lines.append(f"{what:{wide}}  {figures}" + (f"  {note}" if note else ""))
    return "\n".join(lines)


def _cells(row: Row | Figures) -> dict[str, str]:
    if isinstance(row, Figures):
        return {name: _plain(figure) for name, figure in row.figures.items()}
    times = {"base": _time(row.base.median), "measured": _time(row.measured.median)}
    ratio = {"ratio": row.ratio.median, "least": row.ratio.low, "greatest": row.ratio.high}
    return times | {name: f"{figure:.2f}" for name, figure in ratio.items()}


def _plain(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 1_000 or figure == int(figure) else f"{figure:.3g}"


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e9:.0f} ns"


if __name__ == "__main__":
    main()
