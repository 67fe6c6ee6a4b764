"""How much the laws are searched: a quick, repeatable search by default, a long random one on demand."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}

_PHASES = [phase for phase in Phase if phase is not Phase.explain]  # which takes minutes where an example is a policy

settings.register_profile("default", max_examples=20, derandomize=True, database=None, phases=_PHASES, **_COMMON)
settings.register_profile("thorough", max_examples=5000, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture
def longer() -> int:
    """How many times longer than usual a test goes on that could go on for ever: more only in `make long`."""
    return 10 if settings.get_current_profile_name() == "thorough" else 1
