"""Remedies in words."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any, Final, NamedTuple

from policyengine.decision.remedy.changes import ATTRIBUTE
from policyengine.model.condition import Field
from policyengine.model.fact import HELD_FIELD, VALUE, FactType
from policyengine.model.fields import EVENT, EventField
from policyengine.model.policy import Policy
from policyengine.model.remedy import UNKNOWN
from policyengine.text import Text, echoed, listed, same, shortened

_ROWS: Final[Mapping[str, EventField]] = {row.name: row for row in EVENT}


class Said(NamedTuple):
    """What a remedy says, but for the day.

    Args:
        others: what is dropped and stated; None where nothing is.
        facts: the facts that there must be; None where there need be none.
        law: whether law is among these.
    """

    others: Text | None
    facts: Text | None
    law: bool

    def on(self, day: str) -> Text:
        """Return it for an event of some day."""
        if self.facts is None:
            assert self.others is not None
            return self.others
        form = (_LAW if self.law else _FACTS) if self.others is None else _LAW_TOO if self.law else _BOTH
        return form.filled(others=self.others, facts=self.facts, day=day)


class Wording:
    """Says remedies.

    Args:
        policies: whose words it takes.
        types: the types of fact that there are.
    """

    def __init__(self, policies: Sequence[Policy], types: Mapping[str, FactType]) -> None:
        self._policies = policies
        self._types = types

    def said(
        self, changes: Sequence[Mapping[str, Any]], by: Sequence[Sequence[str]], for_others: Container[str] = ()
    ) -> Said:
        """Return what some changes say.

        Args:
            changes: the changes.
            by: which policies ask each of them; none where there is one policy alone.
            for_others: the fields of which one value is stated, where many would do as well.
        """
        others: list[Text] = []
        facts: list[Text] = []
        law = False
        for change, policies in zip(changes, by, strict=True):
            if change["op"] == "add-fact":
                said, among = self._fact(change["fact"]), facts
                law |= self._types[change["fact"]["type"]].law
            else:
                said, among = self._other(change, for_others), others
            among.append(_ASKED_BY.filled(said=said, policies=", ".join(policies)) if policies else said)
        return Said(listed(others, last=_AND) if others else None, listed(facts, last=_AND) if facts else None, law)

    def _other(self, change: Mapping[str, Any], for_others: Container[str]) -> Text:
        if change["op"] == "drop-items":
            items = shortened(change["items"], lambda item: self._label(Field.ITEM, item))
            return _DROP.filled(items=items)
        field, value = change["field"], change["value"]
        if field.startswith(ATTRIBUTE):
            name = field.removeprefix(ATTRIBUTE)
            label = next(p.vocabulary.attributes[name].label for p in self._policies if name in p.vocabulary.attributes)
            shown = same(str(value).lower() if isinstance(value, bool) else echoed(str(value)))
        else:
            row = _ROWS[field]
            label, shown = row.label, self._label(row.field or field, value)
        if value == UNKNOWN or (field in _IDS and shown == same(echoed(value))):
            return _STATE.filled(field=label)
        return (_STATE_SUCH if field in for_others else _STATE_AS).filled(field=label, value=shown)

    def _fact(self, fact: Mapping[str, Any]) -> Text:
        of = self._types[fact["type"]]
        values: list[Text] = []
        said = of.label
        for name, declared in of.fields.items():
            if name in fact and declared.held == VALUE:
                words = [fact[name]] if isinstance(fact[name], str) else fact[name]
                values += [of.labels.get(word, same(echoed(word))) for word in words if word != UNKNOWN]
        if values:
            said = _VALUES.filled(fact=said, values=listed(values))
        for name, declared in of.fields.items():
            if name in fact and declared.held != VALUE:
                field = HELD_FIELD[declared.held]
                if field not in (Field.SUBJECT_ID, Field.ACTOR):  # a remedy names no person
                    words = [fact[name]] if isinstance(fact[name], str) else fact[name]
                    shown = listed([self._label(field, word) for word in words])
                    said = _HELD.get(field, _HELD_ELSE).filled(fact=said, word=shown)
        return said

    def _label(self, field: Field | str, word: str) -> Text:
        for policy in self._policies:
            found = policy.vocabulary.label(field, word)
            if found != same(echoed(word)):
                return found
        return same(echoed(word))


_IDS: Final = frozenset(row.name for row in EVENT if row.form == "id")
_ASKED_BY: Final = Text(ja="{said}（{policies} による）", en="{said} (asked by {policies})")
_AND: Final = Text(ja="、および", en="and")
_FACTS: Final = Text(ja="{day} の時点で有効な、{facts}", en="{facts}, in effect on {day}")
_BOTH: Final = Text(
    ja="{others}。さらに、{day} の時点で有効な、{facts}", en="{others}; and {facts}, in effect on {day}"
)
_LAW: Final = Text(
    ja="法による場合だけ: {day} の時点で有効な、{facts}", en="only where law has it so: {facts}, in effect on {day}"
)
_LAW_TOO: Final = Text(
    ja="法による場合だけ: {others}。さらに、{day} の時点で有効な、{facts}",
    en="only where law has it so: {others}; and {facts}, in effect on {day}",
)
_DROP: Final = Text(ja="{items}を外す", en="drop {items}")
_STATE: Final = Text(ja="{field}を示す", en="state the {field}")
_STATE_AS: Final = Text(ja="{field}を示す（{value}）", en="state the {field}: {value}")
_STATE_SUCH: Final = Text(ja="{field}を示す（たとえば {value}）", en="state the {field}, for one {value}")
_VALUES: Final = Text(ja="{fact}（{values}）", en="{fact} ({values})")
_HELD: Final[Mapping[Field, Text]] = {
    Field.RECIPIENT: Text(ja="{word}を相手とする{fact}", en="{fact} for {word}"),
    Field.OPERATION: Text(ja="{word}への{fact}", en="{fact} to {word}"),
    Field.PURPOSE: Text(ja="利用目的「{word}」での、{fact}", en="{fact} for the purpose of {word}"),
    Field.ITEM: Text(ja="{word}についての、{fact}", en="{fact} covering {word}"),
}
"""How a fact is told that states a field."""
_HELD_ELSE: Final = Text(ja="{word}の{fact}", en="{fact} of {word}")
