"""Every public name is there, sorted, and importing the package alone loads no engine."""

from __future__ import annotations

import subprocess
import sys

import policyengine


def test_every_name_is_there() -> None:
    assert list(policyengine.__all__) == sorted(policyengine.__all__)
    for name in policyengine.__all__:
        assert getattr(policyengine, name) is not None
    assert set(policyengine.__all__) <= set(dir(policyengine))


def test_importing_is_cheap() -> None:
    code = "import sys, policyengine; print([m for m in ('jsonschema', 'click', 'rich', 'pluggy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_what_is_public_stays_so_when_every_module_is_imported() -> None:
    """A module of the same name would take its place."""
    code = (
        "import importlib, pkgutil, types, policyengine, policyengine.testing as testing\n"
        "for found in pkgutil.walk_packages(policyengine.__path__, 'policyengine.'):\n"
        "    if not found.name.endswith('__main__'):\n"
        "        importlib.import_module(found.name)\n"
        "for package in (policyengine, testing):\n"
        "    for name in package.__all__:\n"
        "        assert not isinstance(getattr(package, name), types.ModuleType), name\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
