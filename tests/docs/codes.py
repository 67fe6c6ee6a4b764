"""The codes that are declared, and those that the sources can emit, read from the sources themselves."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from policyengine.errors import Code

SOURCES = Path(__file__).parents[2] / "src" / "policyengine"
PROBLEMS = {"Problem": 0, "problem": 0, "SchemaError": 0, "Fault": 0, "_broken": 0, "_problem": 0}
"""What makes a problem, and which of its arguments is the code."""
REASONS = {"Obstacle": 0, "Reason": 0, "Restriction": 1, "_denied": 2}
"""The same of reasons."""
PASSED_ON = frozenset(
    {
        "code",
        "code.name",
        "self.name",
        "problem.code",
        "error.code",
        "fault.code",
        "reason.code",
        "obstacle.code",
        "restriction.code",
    }
)
"""Arguments by which a code that somebody else named goes on its way."""


def declared_codes() -> dict[str, Code]:
    """Return every declared code, by the name of its constant."""
    found: dict[str, Code] = {}
    for file in sorted(SOURCES.rglob("*problems.py")):
        module = importlib.import_module(".".join(("policyengine", *file.relative_to(SOURCES).with_suffix("").parts)))
        for name, value in vars(module).items():
            if isinstance(value, Code):
                assert found.setdefault(name, value) is value, f"{name} is declared twice"
    return found


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
                if not ast.unparse(argument).isupper() and not ast.unparse(argument).removesuffix(".name").isupper():
                    yield Found(code, ast.unparse(argument), place)
