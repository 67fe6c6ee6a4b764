"""How an attribute can be compared: one table, from which the language, its schema, messages and mutants follow."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from msgspec import Struct

from policyengine.text import Text


class Comparison(Struct, frozen=True):
    """One way to compare an attribute with a value of a rule.

    Args:
        passes: whether an attribute's value (first) passes the test of a rule's value (second).
        text: what stands between the two for people; in Japanese, after both.
        slip: the comparison that it is most easily mistaken for, if it is for one.
        contrary: the comparison that a value passes where it does not pass this one.
        bound: of what is for numbers alone: whether it bounds the attribute from above or from below.
    """

    passes: Callable[[Any, Any], bool]
    text: Text
    slip: str | None
    contrary: str
    bound: Literal["above", "below"] | None = None

    @property
    def strict(self) -> bool:
        """Whether a value does not pass the test of itself."""
        return not self.passes(0, 0)


COMPARISONS: Final[Mapping[str, Comparison]] = {
    "below": Comparison(operator.lt, Text(ja="未満", en="below"), "at_most", "at_least", "above"),
    "at_most": Comparison(operator.le, Text(ja="以下", en="at most"), "below", "above", "above"),
    "at_least": Comparison(operator.ge, Text(ja="以上", en="at least"), "above", "below", "below"),
    "above": Comparison(operator.gt, Text(ja="超", en="above"), "at_least", "at_most", "below"),
    "is": Comparison(operator.eq, Text(ja="である", en=""), "is_not", "is_not"),
    "is_not": Comparison(operator.ne, Text(ja="でない", en="not"), "is", "is"),
    "stated": Comparison(lambda _, wanted: wanted, Text(ja="", en=""), None, "stated"),
}
"""Every comparison, by the key that a rule file has for it."""

AGES: Final[Mapping[str, bool]] = {"older_than": True, "younger_than": False}
"""The tests of how long ago an attribute was, by key: whether so long must have passed."""
