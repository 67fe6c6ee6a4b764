"""What a noun knows beside what it is: where it was read makes no two of them different."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct
from msgspec.structs import astuple


class Aside(Struct, frozen=True, eq=False):
    """A frozen noun whose last fields are left out where it is compared.

    Attributes:
        aside: how many fields are left out.
    """

    aside: ClassVar[int] = 1

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self is other or astuple(self)[: -self.aside] == astuple(other)[: -self.aside]

    def __ne__(self, other: object) -> bool:  # a Struct has its own, which compares identities
        return not self == other if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(astuple(self)[: -self.aside])
