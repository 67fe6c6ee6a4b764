"""Every public name is there, importing loads no engine, and the built-in kinds come in through the same doors."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import policyengine
from policyengine import hooks

DOORS = ["policyengine", "policyengine.model", "policyengine.language"]
KINDS = Path(policyengine.__file__).parent / "builtin" / "kinds"


@pytest.mark.parametrize("name", DOORS)
def test_every_name_is_there(name: str) -> None:
    door = importlib.import_module(name)
    assert len(door.__all__) == len(set(door.__all__))
    for public in door.__all__:
        assert getattr(door, public) is not None
    assert set(door.__all__) <= set(dir(door))
    with pytest.raises(AttributeError, match=rf"module '{name}' has no attribute 'nothing_of_the_sort'"):
        door.nothing_of_the_sort  # noqa: B018


@pytest.mark.parametrize("name", DOORS)
def test_importing_is_cheap(name: str) -> None:
    code = f"import sys, {name}; print([m for m in ('jsonschema', 'click', 'rich', 'pluggy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_what_is_public_stays_so_when_every_module_is_imported() -> None:
    """A module of the same name would take its place."""
    code = (
        "import importlib, pkgutil, types, policyengine\n"
        "from policyengine import language, model, testing\n"
        "for found in pkgutil.walk_packages(policyengine.__path__, 'policyengine.'):\n"
        "    if not found.name.endswith('__main__'):\n"
        "        importlib.import_module(found.name)\n"
        "for package in (policyengine, testing, model, language):\n"
        "    for name in package.__all__:\n"
        "        assert not isinstance(getattr(package, name), types.ModuleType), name\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("path", sorted(KINDS.glob("*.py")), ids=lambda path: path.stem)
def test_a_built_in_kind_uses_what_a_plugin_may_use_and_nothing_else(path: Path) -> None:
    doors = {name: set(importlib.import_module(name).__all__) for name in DOORS[1:]}
    doors["policyengine.hooks"] = set(vars(hooks))
    own = f"{policyengine.__name__}.builtin.kinds."
    for statement in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(statement, ast.Import):
            assert not any(alias.name.startswith("policyengine") for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            module = statement.module or ""
            assert statement.level == 0
            if module.split(".")[0] == "policyengine" and not module.startswith(own):
                assert {alias.name for alias in statement.names} <= doors.get(module, set()), f"{module} is no door"
