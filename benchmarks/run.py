"""Measure the engine against the limit and against itself, in one run: `python benchmarks/run.py [--quick]`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import commands
import decisions
import embedding
import growth
import ledger
import machine
import peers
import pieces
import scale
import startup
import steady
import together
from tables import cells, sections
from timing import Figures, Row

SECTIONS: dict[str, Callable[..., Iterator[Row | Figures]]] = {
    "stream": steady.rows,
    "decisions": decisions.rows,
    "classes": scale.classes,
    "growth": growth.rows,
    "tenants": scale.tenants,
    "large": scale.large,
    "startup": startup.rows,
    "parts": pieces.parts,
    "threads": pieces.threads,
    "encoding": pieces.encoding,
    "sources": pieces.sources,
    "processes": commands.processes,
    "evaluate": commands.evaluate,
    "mutate": commands.mutate,
    "peers": peers.rows,
    "embedding": embedding.rows,
    "together": together.rows,
    "ledger": ledger.rows,
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
    lines = []
    for section, members in sections(rows).items():
        lines += ["", section, "-" * len(section)]
        found = [(row.what, cells(row), row.note) for row in members]
        wide = max(len(what) for what, _, _ in found)
        columns = [(name, max(len(name), 8)) for name in found[0][1]]
        lines.append("  ".join([" " * wide, *(f"{name:>{size}}" for name, size in columns)]))
        for what, values, note in found:
            figures = "  ".join(f"{values[name]:>{size}}" for name, size in columns)
            lines.append(f"{what:{wide}}  {figures}" + (f"  {note}" if note else ""))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
