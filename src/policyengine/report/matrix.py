"""Who may do what with whose data for which purpose: an exact answer over all events, as a table of few rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from policyengine.analysis.diagram import NO_EVENT, Diagram, Partial, permitted
from policyengine.analysis.nodes import Below, End, bits
from policyengine.analysis.sight import Sight
from policyengine.model.condition import Field, In, NotIn, leaves
from policyengine.model.operation import NEEDS_PURPOSE, OPERATIONS
from policyengine.model.policy import Policy
from policyengine.model.profile import Question
from policyengine.model.rule import conditions_of
from policyengine.model.space import TIME, Space, Undecided
from policyengine.moment import FOREVER
from policyengine.report.parts import Block, Entry, Line, Paragraph, Said, Section, Table, line
from policyengine.report.prose import Prose
from policyengine.text import Language, Text

_REGIONS: Final = 100_000
"""So much is looked at; a policy for which that is not enough has no table, and the notice says so."""

_ASKED: Final = (Field.SUBJECT, Field.PURPOSE)

_SAID: Final[Mapping[str, Text]] = {
    "title": Text(ja="誰の情報で、何のために、何ができるか", en="What may be done with whose data, for what"),
    "legend": Text(
        ja="このポリシーのすべてのルールを合わせた結果です{span}。挙げたことは、少なくとも一部の項目や相手についてできます。"
        "＊は、同意や契約などの事実があるときに限ります。挙げていないことはできません。",
        en="This is what all rules of the policy come to{span}. "
        "What is listed may be done with some items and for or with somebody, at least; "
        "with *, only where a fact such as a consent or a contract is in effect. What is not listed may not be done.",
    ),
    "since": Text(ja="（{time} 以後）", en=", from {time} on"),
    "open": Text(ja="この表は作れませんでした: {why}", en="This table could not be made: {why}"),
    "star": Text(ja="＊", en="*"),
    "purpose": Text(ja="利用目的", en="Purpose"),
}
_DO: Final[Mapping[str, Text]] = {
    "acquire": Text(ja="取得", en="acquire"),
    "use": Text(ja="利用", en="use"),
    "retain": Text(ja="保有", en="keep"),
    "joint_use": Text(ja="共同利用", en="use jointly"),
    "entrust": Text(ja="委託", en="entrust"),
    "provide": Text(ja="提供", en="provide"),
}


class Possible(NamedTuple):
    """Whether something is permitted of some event.

    Args:
        ever: of one with whatever facts.
        bare: of one without any.
    """

    ever: bool
    bare: bool


_NOTHING: Final = Possible(ever=False, bare=False)


class Matrix:
    """What a policy permits, by operation, subject and purpose, in the newest span in which its rules stay the same.

    Args:
        policy: the policy.

    Attributes:
        since: from when that span is, in microseconds since 1970 (UTC).

    Raises:
        Undecided: the policy is too large for that.
    """

    def __init__(self, policy: Policy) -> None:
        sight = Sight(policy)
        self.since = max(Space([sight]).domain(TIME))
        known = Partial({TIME: (self.since,)}, {})
        self._diagram = Diagram([sight], permitted, known, _ASKED, regions=_REGIONS)
        self._numbers = {
            self._diagram.rank(variable): self._numbered(variable) for variable in (TIME, Field.OPERATION, *_ASKED)
        }
        self._found: dict[Below, Possible] = {}

    def possible(self, operation: str, subject: str, purpose: str) -> Possible:
        """Return whether an operation is permitted for a purpose with some data of a subject."""
        wanted: dict[Any, str | int] = {
            TIME: self.since,
            Field.OPERATION: operation,
            Field.SUBJECT: subject,
            Field.PURPOSE: purpose,
        }
        below: Below | None = self._diagram.root
        while below is not None and not isinstance(below, End) and below.rank in self._numbers:
            number = self._numbers[below.rank].get(wanted[self._diagram.variables[below.rank]], -1)
            below = next((child for values, child in below.edges if number >= 0 and values >> number & 1), None)
        return _NOTHING if below is None else self._reached(below)

    def _numbered(self, variable: Any) -> dict[Any, int]:
        diagram = self._diagram
        rank = diagram.rank(variable)
        found = {}
        for number in bits(diagram.domain(rank)):
            for member in diagram.members(variable, diagram.value(rank, number)):
                found[member] = number
        return found

    def _reached(self, below: Below) -> Possible:
        """Return whether an end that permits is below, and whether one is without any fact."""
        if isinstance(below, End):
            permits = below.says is not NO_EVENT and bool(below.says)
            return Possible(permits, permits)
        if below not in self._found:
            fact = isinstance(self._diagram.variables[below.rank], Question)
            reached = [(values, self._reached(child)) for values, child in below.edges]
            self._found[below] = Possible(
                any(one.ever for _, one in reached),
                any(one.bare and not (fact and self._holds(below.rank, values)) for values, one in reached),
            )
        return self._found[below]

    def _holds(self, rank: int, values: int) -> bool:
        """Whether a fact answers the question of a rank for all of some values."""
        return all(self._diagram.value(rank, number) for number in bits(values))


def matrix(policy: Policy, lang: Language) -> Iterator[Section]:
    """Yield a section with the table; none for a policy that names no purposes, or that decides nothing alone.

    Args:
        policy: the policy, under chosen readings.
        lang: the language of what is said.
    """
    subjects, purposes = (_named(policy, field) for field in _ASKED)
    if not purposes or policy.layer:
        return
    say = _Sayer(policy, lang)
    try:
        found = Matrix(policy)
    except Undecided as undecided:
        blocks: tuple[Block, ...] = (Paragraph(line(say("open", why=str(undecided))), marked=True),)
    else:
        blocks = (Paragraph(line(say.legend(found.since))), say.table(found, subjects, purposes))
    yield Section(line(say("title")), blocks, "matrix")


class _Sayer:
    def __init__(self, policy: Policy, lang: Language) -> None:
        self.prose = Prose(policy, lang)
        self.policy, self.lang = policy, lang

    def __call__(self, name: str, **parameters: object) -> str:
        return _SAID[name].filled(**parameters).say(self.lang)

    def legend(self, since: int) -> str:
        span = self("since", time=self.prose.time(since)) if since > -FOREVER else ""
        return self("legend", span=span)

    def table(self, found: Matrix, subjects: list[str], purposes: list[str]) -> Table:
        rows: dict[tuple[tuple[Entry, ...], ...], list[str]] = {}
        for purpose in purposes:
            cells = tuple(self._cell(found, subject, purpose) for subject in subjects)
            if any(cells):
                rows.setdefault(cells, []).append(purpose)
        head = [self.prose.term(Field.SUBJECT, subject).text for subject in subjects]
        return Table(
            self("title"),
            (self("purpose"), *head),
            tuple(((Entry(self._purposes(named)),), *cells) for cells, named in rows.items()),
        )

    def _cell(self, found: Matrix, subject: str, purpose: str) -> tuple[Entry, ...]:
        done: list[Said] = []
        for operation in OPERATIONS:
            possible = found.possible(operation, subject, purpose) if operation in NEEDS_PURPOSE else _NOTHING
            if possible.ever:
                done += [Said(self._comma)] if done else []
                name = _DO[operation].say(self.lang)
                done.append(Said(name) if possible.bare else Said(f"{name}{self('star')}", style="dim"))
        return (Entry(tuple(done)),) if done else ()

    def _purposes(self, purposes: list[str]) -> Line:
        found: list[Said] = []
        for purpose in purposes:
            found += [Said(self._comma)] if found else []
            found.append(self.prose.term(Field.PURPOSE, purpose))
        return tuple(found)

    @property
    def _comma(self) -> str:
        return "、" if self.lang == "ja" else ", "


def _named(policy: Policy, field: Field) -> list[str]:
    """Return the words of a field that rules name, and their kinds, in the order in which they are declared."""
    dimension = {Field.SUBJECT: "subjects", Field.PURPOSE: "purposes"}[field]
    found = [leaf for rule in policy.rules for side in conditions_of(rule) for leaf in leaves(side)]
    named = {word for leaf in found if isinstance(leaf, In | NotIn) and leaf.field is field for word in leaf.written}
    closed = policy.vocabulary.closure(dimension, named)
    return [word for word in policy.vocabulary.terms[dimension] if word in closed]
