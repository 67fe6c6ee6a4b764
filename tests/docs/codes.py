"""The codes of reasons that the sources can emit, read from the sources themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SOURCES = Path(__file__).parents[2] / "src" / "policyengine"
REASONS = {"Obstacle": 0, "Reason": 0, "Restriction": 1, "_denied": 2, "reason": 0}
"""What makes a reason, and which of its arguments is the code."""
PASSED_ON = frozenset({"code", "reason.code", "obstacle.code", "restriction.code"})
"""Arguments by which a code that somebody else named goes on its way."""


class Found(NamedTuple):
    """A code, or an argument that is none, and where it stands."""

    code: str | None
    argument: str
    place: str


def emitted(makers: dict[str, int]) -> Iterator[Found]:
    """Yield the code of every call of one of `makers` in the sources."""
    for file in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            position = makers.get(name or "")
            if position is None:
                continue
            named = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            given = named or node.args[position : position + 1]
            for argument in given:
                code = argument.value if isinstance(argument, ast.Constant) else None
                place = f"{file.relative_to(SOURCES)}:{node.lineno}"
                yield Found(code, ast.unparse(argument), place)
