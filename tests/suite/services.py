"""What some tests need and not every machine has: without it they are skipped, or fail where nothing may be missing."""

from __future__ import annotations

import os
import shutil

import pytest


def needed(program: str, install: str) -> str:
    """Return the path of a program; skip the test where it is absent, or fail it under ``ALL_SERVICES=1``."""
    found = shutil.which(program)
    if found is None:
        missing = f"{program} is not there; install it: {install}"
        if os.environ.get("ALL_SERVICES"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found
