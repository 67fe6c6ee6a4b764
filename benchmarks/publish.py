"""Write what was measured into docs/benchmarks.md, with its plots: `python benchmarks/publish.py FILE...`.

Each file is what `run.py --json` wrote. A section that several of them have is taken from the last; one that none has
stays as it stands on the page, and so does a plot. The plots need matplotlib.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from tables import cells, sections
from timing import Figures, Row, Spread

DOCS: Final = Path(__file__).parents[1] / "docs"
PAGE: Final = DOCS / "benchmarks.md"
PLOTS: Final = DOCS / "benchmarks"
IMAGE: Final = re.compile(r"!\[(?P<title>[^]]*)\]\(benchmarks/(?P<name>\w+)\.svg\)")
MARK: Final = "<!-- what follows is written by benchmarks/publish.py -->\n"


class Section(NamedTuple):
    """One table, and on what it was measured."""

    ran_on: Mapping[str, str]
    rows: list[Row | Figures]


def main() -> None:
    """Read the files, and write the page and the plots anew."""
    parser = argparse.ArgumentParser(description="Write what was measured into docs/benchmarks.md.")
    parser.add_argument("runs", nargs="+", type=_run, metavar="FILE", help="written by run.py --json")
    found: dict[str, Section] = {}
    for run in parser.parse_args().runs:
        for name, rows in sections(map(_row, run["rows"])).items():
            found.pop(name, None)
            found[name] = Section(run["ran_on"], rows)
    PLOTS.mkdir(exist_ok=True)
    head, _, before = PAGE.read_text(encoding="utf-8").partition(MARK)
    plots, *tables = before.strip().split("\n### ")
    shown = {image["name"]: image["title"] for image in IMAGE.finditer(plots)} | dict(_plots(found))
    stands = {table.partition("\n")[0]: f"### {table.strip()}\n" for table in tables}
    stands |= {f"{name[0].upper()}{name[1:]}": _table(name, *section) for name, section in found.items()}
    images = [f"![{title}](benchmarks/{name}.svg)\n" for name, title in shown.items()]
    PAGE.write_text(head + MARK + "\n" + "\n".join([*images, *stands.values()]), encoding="utf-8")


def _run(file: str) -> Any:
    try:
        return json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{file}: {error}") from None


def _row(data: Mapping[str, Any]) -> Row | Figures:
    if "figures" in data:
        return Figures(**data)
    return Row(**{key: Spread(**value) if isinstance(value, dict) else value for key, value in data.items()})


def _table(name: str, ran_on: Mapping[str, str], rows: Iterable[Row | Figures]) -> str:
    rows = list(rows)
    columns = list(dict.fromkeys(column for row in rows for column in cells(row)))
    noted = any(row.note for row in rows)
    where = f"*Revision {ran_on['revision']}, {ran_on['python']}, {ran_on['cpu']}, load {ran_on['load']}.*"
    lines = [
        f"### {name[0].upper()}{name[1:]}\n",
        f"{where}\n",
        _line(["", *columns, *([""] if noted else [])]),
        _line(["---", *("---:" for _ in columns), *(["---"] if noted else [])]),
    ]
    for row in rows:
        found = cells(row)
        lines.append(_line([row.what, *(found.get(column, "") for column in columns), *([row.note] if noted else [])]))
    return "\n".join(lines) + "\n"


def _line(values: Iterable[str]) -> str:
    return f"| {' | '.join(value.replace('|', '&#124;') for value in values)} |"


# ---------------------------------------------------------------- plots


def _plots(found: Mapping[str, Section]) -> Iterator[tuple[str, str]]:
    """Draw the plots for which something was measured, and yield the file name and the title of each."""
    streams = {name: section for name, section in found.items() if name.endswith("each event by itself")}
    peers = {name: section for name, section in found.items() if name.startswith("peers: ")}
    if streams or peers:
        import matplotlib as mpl  # noqa: PLC0415  only for who publishes plots

        mpl.use("svg")
        mpl.rcParams |= {"svg.hashsalt": "benchmarks", "font.size": 9, "figure.constrained_layout.use": True}
    if streams:
        yield "streams", _streams(streams)
    if peers:
        yield "peers", _peers(peers)


def _streams(found: Mapping[str, Section]) -> str:
    from matplotlib import pyplot as plt  # noqa: PLC0415

    title = "The time of one event on a JSON line, in microseconds"
    figure, axes = plt.subplots(1, len(found), figsize=(4.2 * len(found), 3), sharey=True, squeeze=False)
    columns = ("p50 us", "p99 us", "p99.9 us", "max us")
    for axis, (name, section) in zip(axes[0], found.items(), strict=True):
        for row in section.rows:
            assert isinstance(row, Figures)
            axis.plot(
                [column[:-3] for column in columns], [row.figures[column] for column in columns], "o-", label=row.what
            )
        axis.set(yscale="log", title=name.partition(":")[0])
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(PLOTS / "streams.svg", metadata={"Date": None})
    return title


def _peers(found: Mapping[str, Section]) -> str:
    from matplotlib import pyplot as plt  # noqa: PLC0415

    title = "One decision by each engine, by the number of generated rules, in microseconds"
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.6), sharey=True)
    for axis, column, what in zip(axes, ("first us", "again us"), ("first sight", "warm"), strict=True):
        of: dict[str, list[tuple[int, float]]] = {}
        for name, section in found.items():
            rules = int(name.split()[1].replace(",", ""))
            for row in section.rows:
                assert isinstance(row, Figures)
                of.setdefault(row.what, []).append((rules, row.figures[column]))
        for engine, points in of.items():
            axis.plot(*zip(*points, strict=True), "o-", label=engine)
        axis.set(xscale="log", yscale="log", title=what, xlabel="rules")
        axis.grid(alpha=0.3)
    axes[1].legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(PLOTS / "peers.svg", metadata={"Date": None})
    return title


if __name__ == "__main__":
    main()
