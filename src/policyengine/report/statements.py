"""What has changed between two policies, in sentences: one for each statement of `analysis.changes`."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from policyengine.analysis.changes import Changes, Duty, Kind, Statement
from policyengine.analysis.diagram import Equal
from policyengine.analysis.nodes import bits
from policyengine.calendar import PLAIN_ZONE, shown
from policyengine.model.condition import Field
from policyengine.model.fields import ROWS
from policyengine.model.operation import OPERATIONS
from policyengine.model.profile import Question
from policyengine.model.space import TIME, Variable
from policyengine.model.vocabulary import DIMENSION_OF
from policyengine.model.words import fact_in_words
from policyengine.moment import written
from policyengine.text import Text, echoed, listed, same

_DONE: Final[Mapping[str, Text]] = {
    "acquire": Text(ja="取得", en="acquired"),
    "use": Text(ja="利用", en="used"),
    "retain": Text(ja="保有", en="kept"),
    "joint_use": Text(ja="共同利用", en="used jointly"),
    "entrust": Text(ja="委託", en="entrusted"),
    "provide": Text(ja="第三者に提供", en="provided to third parties"),
    "disclose": Text(ja="本人に開示", en="disclosed to the person"),
}
"""What is done with data, as verbs."""

_HEADS: Final[Mapping[Kind, Text]] = {
    "permitted": Text(
        ja="{subjects}の{items}を{purposes}{done}できるようになった{more}。",
        en="{items} of {subjects} may now be {done}{purposes}{more}.",
    ),
    "denied": Text(
        ja="{subjects}の{items}を{purposes}{done}できなくなった{more}。",
        en="{items} of {subjects} may no longer be {done}{purposes}{more}.",
    ),
    "terms": Text(
        ja="{subjects}の{items}は{purposes}これまでどおり{done}できる{more}が、{terms}。",
        en="{items} of {subjects} may be {done}{purposes} as before{more}, but {terms}.",
    ),
}
TITLES: Final[Mapping[Kind, Text]] = {
    "permitted": Text(ja="新たに許可されるもの", en="Newly permitted"),
    "denied": Text(ja="新たに拒否されるもの", en="Newly denied"),
    "terms": Text(ja="許可の条件が変わるもの", en="Permitted on new terms"),
}
"""What the statements of each kind are called together."""

BESIDE: Final[Mapping[Kind, Text]] = {
    "permitted": Text(
        ja="新しいポリシーが許すもののうち、これまで拒否されていたもの。",
        en="Of what the new policy permits, all that was denied before:",
    ),
    "denied": Text(
        ja="これまでのポリシーが許すもののうち、これから拒否されるもの。",
        en="Of what the old policy permits, all that is denied from now on:",
    ),
    "terms": Text(
        ja="どちらのポリシーも許すもののうち、根拠の条項か義務が変わるもの。",
        en="Of what both policies permit, all that rests on other clauses or obliges to something else:",
    ),
}
"""Beside what the statements of each kind stand."""


class Sentences:
    """Says what has changed.

    Args:
        changes: what has.
    """

    def __init__(self, changes: Changes) -> None:
        self._diagram = changes.diagram
        self._policies = changes.policies
        self._dates = sorted({date for view in changes.diagram.space.views for date in view.dates})
        self._clocks = any(view.clocks for view in changes.diagram.space.views)

    def statement(self, of: Statement) -> Text:
        """Return a statement as a sentence."""
        where = dict(of.row.where)
        subjects, items, purposes = (where.pop(field, None) for field in (Field.SUBJECT, Field.ITEM, Field.PURPOSE))
        operations: Sequence[str] = where.pop(Field.OPERATION, ())
        times = where.pop(TIME, ())
        more = [self._is(variable, values) for variable, values in where.items()]
        ways = [
            listed((self._is(variable, values) for variable, values in way.items()), last=_AND) for way in of.row.ways
        ]
        if any(ways) and all(way.en for way in ways):
            more.append(listed(dict.fromkeys(ways), last=_OR))
        found = _HEADS[of.kind].filled(
            subjects=_ANYBODY if subjects is None else self.words(Field.SUBJECT, subjects),
            items=_ANYTHING if items is None else self.words(Field.ITEM, items),
            purposes=_NOTHING if purposes is None else _FOR.filled(purposes=self.words(Field.PURPOSE, purposes)),
            done=listed((_DONE[operation] for operation in operations), last=_OR) if operations else _HANDLED,
            more=_GIVEN.filled(conditions=listed(more, last=_AND)) if more else _NOTHING,
            terms=listed(self._terms(of), last=_AND),
        )
        if times:
            found = _AT.filled(times=self._times(times), found=found)
        return replace(found, en=found.en[:1].upper() + found.en[1:])

    def _terms(self, of: Statement) -> list[Text]:
        found = [_OWED.filled(duty=self._duty(duty, 1)) for duty in of.gained]
        found += [_OWED_NO_MORE.filled(duty=self._duty(duty, 0)) for duty in of.lost]
        before, after = (frozenset(clauses) for clauses in of.clauses)
        if new := sorted(after - before):
            found.append(_RESTS.filled(clauses=", ".join(new)))
        if gone := sorted(before - after):
            found.append(_RESTS_NO_MORE.filled(clauses=", ".join(gone)))
        return found or [_RESTS_OTHERWISE]

    def _duty(self, duty: Duty, side: int) -> Text:
        said = self._policies[side].obligations[duty[0]].message
        return Text(ja=said.ja.rstrip("。"), en=said.en.rstrip("."))

    # ------------------------------------------------------------------------------------------ values

    def _is(self, variable: Variable, values: Sequence[Any]) -> Text:
        """Return what a variable is, as a phrase that is true where it has one of some values."""
        if isinstance(variable, Question):
            holds = variable.holds
            fact = fact_in_words(holds, self._policies[variable.policy].vocabulary)
            if holds.unheld:
                fact = _WHATEVER.filled(fact=fact, fields=", ".join(sorted(holds.unheld)))
            return (_THERE if values == (True,) else _NOT_THERE).filled(fact=fact)
        if isinstance(variable, Field):
            if self._all_stated(variable, values):
                return _IS_STATED.filled(name=ROWS[variable].label)
            return _IS.filled(name=ROWS[variable].label, words=self.words(variable, values))
        name = variable.removeprefix("@")
        known = (policy.vocabulary.attributes.get(name) for policy in self._policies)
        label = next((declared.label for declared in known if declared is not None), same(name))
        shown = [_UNSTATED if value is None else same(str(value)) for value in values]
        return _ABOUT.filled(name=label, words=listed(shown, last=_OR))

    def _all_stated(self, field: Field, values: Sequence[Any]) -> bool:
        rank = self._diagram.rank(field)
        domain = [self._diagram.value(rank, number) for number in bits(self._diagram.domain(rank))]
        stated = [value for value in domain if isinstance(value, str | Equal)]
        return len(stated) < len(domain) and set(values) == set(stated)

    def words(self, field: Field, values: Iterable[Any]) -> Text:
        """Return some values of a field: the fewest words, or all but some where that is shorter."""
        chosen = list(values)
        rank = self._diagram.rank(field)
        domain = [self._diagram.value(rank, number) for number in bits(self._diagram.domain(rank))]
        named, out = (self._named(field, some) for some in (chosen, [of for of in domain if of not in chosen]))
        anybody = any(word in _ANYBODY_ELSE for word in named)
        parts = self._short(field, [word for word in named if word not in _ANYBODY_ELSE])
        but = self._short(field, [word for word in out if word not in _ANYBODY_ELSE])
        if anybody or (2 * len(but) < len(parts) and not any(word in _ANYBODY_ELSE for word in out)):
            parts = [_ANY_BUT.filled(words=listed(but, last=_OR)) if but else _ANY]
        parts += [_SAME.filled(field=ROWS[of].label) for one in chosen if isinstance(one, Equal) for of in one.fields]
        if any(not isinstance(value, str | Equal) for value in chosen):
            parts.append(_UNSTATED)
        return listed(parts, last=_OR)

    def _named(self, field: Field, values: Iterable[Any]) -> list[str]:
        words = (word for one in values if isinstance(one, str) for word in self._diagram.members(field, one))
        return list(dict.fromkeys(words))

    def _short(self, field: Field, words: Sequence[str]) -> list[Text]:
        """Return few words for some: one whose kinds are all among them stands for these."""
        dimension, chosen = DIMENSION_OF.get(field), frozenset(words)
        if dimension is None:
            return [self._label(field, word) for word in words]
        kinds = {
            word: frozenset[str]().union(*(of.vocabulary.kinds(dimension, word) for of in self._policies)) - {word}
            for word in words
        }
        covered = frozenset[str]().union(*(below for below in kinds.values() if below <= chosen))
        return [self._label(field, word) for word in words if word not in covered]

    def _label(self, field: Field, word: str) -> Text:
        if field is Field.OPERATION:
            return OPERATIONS.get(word, same(word))
        labels = (policy.vocabulary.label(field, word) for policy in reversed(self._policies))
        return next((label for label in labels if label != same(echoed(word))), same(echoed(word)))

    # ------------------------------------------------------------------------------------------ times

    def _times(self, values: Sequence[int]) -> Text:
        spans: list[list[int]] = []
        for number in sorted({bisect(self._dates, value) for value in values}):
            if spans and spans[-1][1] == number:
                spans[-1][1] = number + 1
            else:
                spans.append([number, number + 1])
        said = [self._span(start, end) for start, end in spans]
        found = listed(said, last=_OR)
        return _AT_HOURS.filled(times=found) if self._clocks else found

    def _span(self, start: int, end: int) -> Text:
        parts = [_SINCE.filled(time=self._date(self._dates[start - 1]))] if start else []
        parts += [_UNTIL.filled(time=self._date(self._dates[end - 1]))] if end <= len(self._dates) else []
        return Text(ja="".join(part.ja for part in parts), en=" ".join(part.en for part in parts))

    def _date(self, moment: int) -> str:
        zone = next((policy.zone for policy in self._policies if policy.zone != PLAIN_ZONE), None)
        return written(moment) if zone is None else shown(moment, zone)


_ANYBODY_ELSE: Final = frozenset({"somebody", "source-1", "actor-1", "person-1"})
_OR: Final = Text(ja="または", en="or")
_AND: Final = Text(ja="、かつ", en="and")
_NOTHING: Final = same("")
_ANYBODY: Final = Text(ja="すべての人", en="anyone")
_ANYTHING: Final = Text(ja="すべての項目", en="any item")
_HANDLED: Final = Text(ja="取り扱うことが", en="handled")
_ANY: Final = Text(ja="誰でも", en="anyone")
_ANY_BUT: Final = Text(ja="{words}以外", en="any but {words}")
_SAME: Final = Text(ja="{field}と同じ", en="the {field}")
_UNSTATED: Final = Text(ja="示さない", en="not stated")
_FOR: Final = Text(ja="{purposes}のために", en=" for {purposes}")
_GIVEN: Final = Text(ja="（{conditions}とき）", en=" where {conditions}")
_IS: Final = Text(ja="{name}が{words}である", en="the {name} is {words}")
_AT: Final = Text(ja="{times}: {found}", en="{times}: {found}")
_ABOUT: Final = Text(ja="{name}が {words} などである", en="{name} is such as {words}")
_THERE: Final = Text(ja="{fact}がある", en="there is {fact} in effect")
_NOT_THERE: Final = Text(ja="{fact}がない", en="there is no {fact} in effect")
_WHATEVER: Final = Text(ja="{fact}（{fields} は問わない）", en="{fact} (whatever its {fields})")
_IS_STATED: Final = Text(ja="{name}が示されている", en="the {name} is stated")
_SINCE: Final = Text(ja="{time} から", en="from {time}")
_UNTIL: Final = Text(ja="{time} まで", en="until {time}")
_AT_HOURS: Final = Text(ja="{times}の、ある曜日や時刻", en="on some weekdays or hours {times}")
_OWED: Final = Text(ja="新たに「{duty}」という義務を伴う", en="it now obliges you to this: “{duty}”")
_OWED_NO_MORE: Final = Text(ja="「{duty}」という義務はなくなる", en="it no longer obliges you to this: “{duty}”")
_RESTS: Final = Text(ja="{clauses} も根拠になる", en="it rests on {clauses} as well")
_RESTS_NO_MORE: Final = Text(ja="{clauses} は根拠でなくなる", en="it no longer rests on {clauses}")
_RESTS_OTHERWISE: Final = Text(ja="根拠の条項が変わる", en="it rests on its clauses otherwise")
