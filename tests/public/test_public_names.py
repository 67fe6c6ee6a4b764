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
