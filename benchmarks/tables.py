"""What was measured, as tables: the same for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from timing import Figures, Row


def sections(rows: Iterable[Row | Figures]) -> Mapping[str, list[Row | Figures]]:
    """Return the rows of each section, in the order in which sections first appear."""
    found: dict[str, list[Row | Figures]] = {}
    for row in rows:
        found.setdefault(row.section, []).append(row)
    return found


def cells(row: Row | Figures) -> dict[str, str]:
    """Return the cells of a row, each by the name of its column."""
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
