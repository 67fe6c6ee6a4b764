"""One lint of the Act: which articles, since when, and the function that looks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from policyengine.errors import Code, Place, Problem, Severity
from policyengine.hooks import LintQuery
from policyengine.text import Text
from policyengine_appi.case import Case

LAYER: Final = "appi"
"""The id of the layer."""

_SAID: Final = Text(
    ja="{message}（個人情報保護法 {article}、{since} から）", en="{message} (APPI {article}, since {since})"
)
_FROM_THE_FIRST: Final = "2005-04-01"


class Found(Struct, frozen=True):
    """One thing that a lint found.

    Args:
        message: what.
        place: where it stands.
        clause: of which clause.
        severity: how bad it is.
        article: which article asks otherwise, as the layer numbers it; by default that of the lint.
        since: since when it does, a day; by default since when the lint looks.
        hint: what would mend it.
    """

    message: Text
    place: Place | None
    clause: str | None = None
    severity: Severity = "error"
    article: str = ""
    since: str = ""
    hint: Text | None = None


Look: TypeAlias = Callable[[Case], Iterable[Found]]


class ArticleLint(Struct, frozen=True):
    """What one article asks of a text.

    Args:
        code: what it finds: the name, and what it means.
        article: as the layer numbers it.
        look: finds what is missing or wrong. It is asked for what the Act asked at any time, and says since when.
        since: since when the Act asks for it.
    """

    code: Code
    article: str
    look: Look
    since: str = _FROM_THE_FIRST
    layer: str = LAYER

    @property
    def name(self) -> str:
        """The code of what it finds."""
        return self.code.name

    def find(self, query: LintQuery) -> Iterator[Problem]:
        """Yield what is found on the day of the query, by the Act of that day."""
        case = Case(query)
        if not case.asked(self.since):
            return
        for found in self.look(case):
            since = found.since or self.since
            if case.asked(since):
                yield self._problem(found, found.article or self.article, since)

    def _problem(self, found: Found, article: str, since: str) -> Problem:
        said = _SAID.filled(message=found.message, article=_worded(article), since=since)
        problem = Problem(self.name, said, found.place, found.hint, found.severity, found.clause)
        return replace(problem, article=article, since=since)


def _worded(article: str) -> Text:
    """Return an article as people write it: ``27(5)(iii)`` in Japanese with its paragraph and item."""
    return Text(ja=re.sub(r"\d+(\(\w+\))*", _in_japanese, article), en=article)


def _in_japanese(found: re.Match[str]) -> str:
    number, *parts = found[0].rstrip(")").replace("(", ")").replace("))", ")").split(")")
    said = f"{number}条"
    for part in parts:
        said += f"{part}項" if part.isdigit() else f"{_ROMAN.get(part, part)}号"
    return said


_ROMAN: Final = {name: str(n) for n, name in enumerate(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii"], 1)}
