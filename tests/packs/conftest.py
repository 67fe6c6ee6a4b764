"""The two packs and their examples, read once."""

from __future__ import annotations

import pytest

from packs.shown import Examples, read_examples
from policyengine import Engine


@pytest.fixture(scope="session")
def month() -> Examples:
    """The reference policy, and a month at its company."""
    return read_examples("alc-smart-learning", "alc-month")


@pytest.fixture(scope="session")
def week() -> Examples:
    """The online shop, and a week there."""
    return read_examples("online-shop", "shop-week")


@pytest.fixture(scope="session", params=["month", "week"])
def shown(request: pytest.FixtureRequest) -> Examples:
    """Each pack with its examples."""
    found: Examples = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def alc(month: Examples) -> Engine:
    return month.engine


@pytest.fixture(scope="session")
def shop(week: Examples) -> Engine:
    return week.engine
