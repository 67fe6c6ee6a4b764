"""The operations: what can be done with personal data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from policyengine.text import Text

OPERATIONS: Mapping[str, Text] = {
    "acquire": Text(ja="取得", en="acquisition"),
    "use": Text(ja="利用", en="use"),
    "retain": Text(ja="保有", en="retention"),
    "joint_use": Text(ja="共同利用", en="joint use"),
    "entrust": Text(ja="委託・預託", en="entrustment"),
    "provide": Text(ja="第三者提供", en="provision to a third party"),
    "disclose": Text(ja="本人への開示", en="disclosure to the data subject"),
}
"""The seven operations of the contract, which are the same in every policy."""


NEEDS_RECIPIENT: Final = frozenset({"joint_use", "entrust", "provide", "disclose"})
"""The operations whose events must name a recipient."""

NEEDS_PURPOSE: Final = frozenset(OPERATIONS) - {"disclose"}
"""The operations whose events must state a purpose."""

WITHIN: Final = frozenset(OPERATIONS) - NEEDS_RECIPIENT
"""The operations within the controller: a recipient that one of their events states is there for facts alone."""
