"""What a policy accepts for a while: findings that its authors know of, each with the reason and the end of that."""

from __future__ import annotations

from typing import Final

from policyengine.errors import Place, Problem, Source, place_of
from policyengine.model.aside import Aside
from policyengine.text import Text

ABOUT: Final = ("clause", "rule", "term", "reading")
"""What an acceptance can name, so that it holds for the findings that speak of that alone."""


class Acceptance(Aside, frozen=True, eq=False):
    """Findings of one code are accepted for a reason, until a day.

    Args:
        code: the code of the findings.
        reason: why they are accepted.
        until: the day from which on they are so no longer, such as ``2027-04-01``.
        about: what the findings must speak of: pairs of one of `ABOUT` and an id; all findings of the code where there
            are none.
        source: where it stands.
    """

    code: str
    reason: Text
    until: str
    about: frozenset[tuple[str, str]] = frozenset()
    source: Source | None = None

    @property
    def place(self) -> Place | None:
        """Where it stands."""
        return place_of(self.source)

    def place_of(self, key: str) -> Place | None:
        """Return where one of its keys stands."""
        return place_of(self.source, key)

    def fits(self, found: Problem) -> bool:
        """Whether a finding is of those that it accepts."""
        return found.code == self.code and self.about <= found.about

    def ended(self, day: str) -> bool:
        """Whether it holds no longer on a day."""
        return day >= self.until
