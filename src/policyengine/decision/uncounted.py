"""Why a fact that is there does not count: ended, of another recipient, of another operation, without a purpose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET

from policyengine.calendar import shown
from policyengine.decision.admission import FIRST, Admitted, as_it_is
from policyengine.decision.facts import Answers
from policyengine.model.condition import OPEN, Field, Holds
from policyengine.model.fact import FactType
from policyengine.model.fields import ROWS
from policyengine.model.policy import Policy
from policyengine.text import Text, listed, same


def uncounted(asked: Holds, answers: Answers, policy: Policy) -> tuple[Text, ...]:
    """Return why facts of the type that is asked for count for no item, each with its place in the event.

    Args:
        asked: what is asked of facts.
        answers: of the event.
        policy: whose rule asks.
    """
    of = policy.vocabulary.facts[asked.type]
    found = []
    for number, fact in enumerate(answers.event.known):
        if fact.data["type"] == asked.type:
            read = as_it_is(fact, of)
            in_effect = read.start <= answers.event.instant < read.end
            if not in_effect or not answers.where(asked, read):
                why = list(_why(asked, read, of, answers, policy))
                if why:
                    place = same(f"facts[{number}]")
                    found.append(_NOT_COUNTED.filled(place=place, why=listed(why)))
    return tuple(found)


def _why(asked: Holds, fact: Admitted, of: FactType, answers: Answers, policy: Policy) -> Iterator[Text]:
    event, agreement = answers.event, answers.agreement
    plan = agreement.plan(asked)
    names = list(of.fields)
    if fact.start > event.instant:
        yield _BEGINS.filled(date=fact.stated[_FROM])
    if fact.end <= event.instant:
        yield _ENDED.filled(date=fact.stated[_UNTIL])
    for position in plan.stated:
        if fact.stated[position] is UNSET:
            yield _STATES_NO.filled(field=names[position - FIRST])
    for named in plan.where:
        value = fact.stated[named.position]
        words = () if value is UNSET else (value,) if isinstance(value, str) else value
        if named.accepted.isdisjoint(words):
            said = listed(of.labels.get(word, same(word)) for word in words)
            yield (_OTHER_VALUE if words else _STATES_NO).filled(field=named.name, values=said)
    if fact.subject is not None and fact.subject != event.subject_id:
        yield _WHOSE if event.subject_id is None else _ANOTHER.filled(field=ROWS[Field.SUBJECT_ID].label)
    for held in plan.held:
        words = fact.stated[held.position]
        if words is not UNSET and not answers.of_event(agreement.held(held, words, event, asked.may, asked.asked)[0]):
            value = answers.stated.get(held.field, "items are always there")
            form = _UNSTATED if value is OPEN else _NOT_THERE if value is None else _ANOTHER
            yield form.filled(field=ROWS[held.field].label)
    if plan.within is not None and fact.start > -(1 << 62) and plan.within.after(fact.start) <= event.instant:
        yield _TOO_OLD.filled(date=shown(plan.within.after(fact.start), policy.zone))
    if asked.after is not None and not answers.where(asked, fact):
        yield _NOT_LATER


_FROM, _UNTIL = 1, 2
"""Where the times of a fact stand in what it states."""

_NOT_COUNTED: Final = Text(ja="{place} は数えない: {why}", en="{place} does not count: {why}")
_BEGINS: Final = Text(ja="{date} からのもの", en="it begins on {date}")
_ENDED: Final = Text(ja="{date} に終わっている", en="it ended on {date}")
_STATES_NO: Final = Text(ja="{field} が書かれていない", en="it states no {field}")
_OTHER_VALUE: Final = Text(ja="{field} が{values}", en="its {field} is {values}")
_ANOTHER: Final = Text(ja="別の{field}についてのもの", en="it is about another {field}")
_UNSTATED: Final = Text(ja="取扱いの{field}が示されていない", en="the {field} of the flow is not stated")
_NOT_THERE: Final = Text(ja="この取扱いには{field}がない", en="the flow has no {field}")
_WHOSE: Final = Text(ja="だれの情報かが示されていない", en="whose data it is is not stated")
_TOO_OLD: Final = Text(ja="{date} に古くなった", en="it is too old since {date}")
_NOT_LATER: Final = Text(
    ja="それより後でなければならないものより後ではない", en="it did not begin after what it must follow"
)
