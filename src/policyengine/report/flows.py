"""Where data come from and where they go, by the permissions of a policy: a map, and the same as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from policyengine.model.condition import Field, all_of
from policyengine.model.operation import NEEDS_RECIPIENT, OPERATIONS, WITHIN
from policyengine.model.policy import Policy
from policyengine.model.rule import Permit
from policyengine.report.drawing import Box, Group, Map, slim, wide
from policyengine.report.parts import Block, Entry, Figure, Said, Section, Table, line, plain
from policyengine.report.prose import Prose
from policyengine.text import Language, Text, listed, same

_SAID: Final[Mapping[str, Text]] = {
    "title": Text(ja="情報の流れ", en="Where data go"),
    "map": Text(ja="情報の流れの図", en="Map of the flows"),
    "told": Text(
        ja="{left}の情報を{middle}が取り扱い、{right}に渡りうる。詳しくは下の表のとおり。",
        en="Data of {left} are handled by {middle} and may go to {right}. The table below says the same in detail.",
    ),
    "nobody": Text(ja="（なし）", en="nobody"),
    "caption": Text(
        ja="条項が認める流れ。ほかの条項が禁じ、条件を加えることがあります。",
        en="What clauses permit; other clauses may forbid some of it, or ask for more.",
    ),
    "held": Text(ja="取得・利用・保有", en="Acquired, used, kept"),
    "anyone": Text(ja="取り扱う事業者", en="whoever handles them"),
    "joint_use": Text(ja="共同して利用する者", en="any party"),
    "entrust": Text(ja="委託先", en="any contractor"),
    "provide": Text(ja="第三者", en="any third party"),
    "disclose": Text(ja="本人", en="the person"),
    "contractor": Text(ja="委託先（{service}）", en="contractor ({service})"),
    "everybody": Text(ja="すべての人", en="everybody"),
    "more": Text(ja="ほか {count} 件（下の表）", en="and {count} more, in the table below"),
    "where": Text(ja="条件", en="where"),
    "to": Text(ja="相手", en="To or with whom"),
    "operation": Text(ja="取扱い", en="What is done"),
    "rule": Text(ja="ルール", en="Rule"),
    "subjects": Text(ja="誰の情報か", en="Whose data"),
    "items": Text(ja="項目", en="Items"),
    "purposes": Text(ja="利用目的", en="Purposes"),
    "besides": Text(ja="そのほかの条件", en="And only where"),
}
_LINES: Final = 8
"""So many permissions stand in one box at most; the table has them all."""

_COLUMNS: Final = (Field.SUBJECT, Field.ITEM, Field.PURPOSE)


def flows(policy: Policy, lang: Language) -> Iterator[Section]:
    """Yield a section with a map of the flows and a table of them; none where nothing goes to anybody.

    Args:
        policy: the policy, under chosen readings.
        lang: the language of what is said.
    """
    made = _Flows(policy, lang)
    table = made.table()
    if table.rows:
        found = made.map()
        figure = Figure(wide(found), slim(found), _SAID["caption"].say(lang))
        blocks: tuple[Block, ...] = (figure, table)
        yield Section(line(_SAID["title"].say(lang)), blocks, "flows")


class _Flows:
    def __init__(self, policy: Policy, lang: Language) -> None:
        self.policy, self.lang = policy, lang
        self.prose = Prose(policy, lang)
        self._permits = [rule for rule in policy.rules if isinstance(rule, Permit)]

    def say(self, name: str, **parameters: object) -> str:
        return _SAID[name].filled(**parameters).say(self.lang)

    def table(self) -> Table:
        """Return every permission that lets data go to somebody, a row for each way in which they go."""
        rows = []
        for operation, label in OPERATIONS.items():
            for permit in self._permits:
                if operation not in permit.operations & NEEDS_RECIPIENT:
                    continue
                found = self._found(permit)
                besides = [*self.prose.leaning(permit), *found.pop(None, ())]
                for field in found.keys() - {*_COLUMNS, Field.RECIPIENT, Field.SERVICE}:
                    assert field is not None
                    name = Said(f"{self.prose.name(field)}: ")
                    besides += [Entry((name, *one.line), one.below) for one in found[field]]
                cells = (found.get(field, ()) for field in _COLUMNS)
                first = (Entry(line(self._recipient(permit, operation))),)
                done = (Entry(line(label.say(self.lang))),)
                rows.append((first, done, (self.prose.rule(permit),), *cells, tuple(besides)))
        head = ("to", "operation", "rule", "subjects", "items", "purposes", "besides")
        return Table(self.say("title"), tuple(map(self.say, head)), tuple(rows))

    def map(self) -> Map:
        """Return what the map shows."""
        within: dict[str, dict[str, None]] = {}
        for permit in self._permits:
            if permit.operations & WITHIN:
                who = self._words(permit, Field.SUBJECT) or self.say("everybody")
                within.setdefault(who, {})[self._line(permit)] = None
        left = Group(self.say("held"), self._boxed(within))
        right = []
        for operation, label in OPERATIONS.items():
            going: dict[str, dict[str, None]] = {}
            for permit in self._permits:
                if operation in permit.operations & NEEDS_RECIPIENT:
                    going.setdefault(self._recipient(permit, operation), {})[self._line(permit)] = None
            if going:
                right.append(Group(label.say(self.lang), self._boxed(going)))
        names = [self.prose.term(Field.RECIPIENT, name).text for name in sorted(self.policy.governs or ())]
        middle = listed(map(same, names)).say(self.lang) if names else self.say("anyone")
        told = self.say(
            "told",
            left=self._all(within),
            middle=middle,
            right=self._all(box.title for group in right for box in group.boxes),
        )
        return Map(self.say("map"), told, (left,) if within else (), Box(middle), tuple(right))

    def _found(self, permit: Permit) -> dict[Field | None, tuple[Entry, ...]]:
        return self.prose.flows(all_of(permit.about, permit.terms), self.prose.unasked(permit))

    def _words(self, permit: Permit, field: Field) -> str:
        """Return the words that a permission names of a field; empty where it names none."""
        if field in self.prose.unasked(permit):
            return ""
        return "; ".join(plain(one.line) for one in self._found(permit).get(field, ()))

    def _recipient(self, permit: Permit, operation: str) -> str:
        """Return to whom data go."""
        if named := self._words(permit, Field.RECIPIENT):
            return named
        if operation == "entrust" and (service := self._words(permit, Field.SERVICE)):
            return self.say("contractor", service=service)
        return self.say(operation)

    def _line(self, permit: Permit) -> str:
        """Return for what a permission is, with its clause, and where it holds alone."""
        purposes = self._words(permit, Field.PURPOSE)
        where = [plain(one.line) for one in self._found(permit).get(None, ()) if not one.below]
        parts = [f"{permit.head.clause}"]
        if purposes:
            parts.append(f" {purposes}")
        if where:
            parts.append(f" [{self.say('where')}: {listed(map(same, where)).say(self.lang)}]")
        return "".join(parts)

    def _all(self, names: Iterable[str]) -> str:
        found = list(dict.fromkeys(names))
        return listed(map(same, found)).say(self.lang) if found else self.say("nobody")

    def _boxed(self, found: Mapping[str, Mapping[str, None]]) -> tuple[Box, ...]:
        """Return boxes by title, each with its first lines, and how many more there are."""
        boxes = []
        for title, lines in found.items():
            more = len(lines) - _LINES
            rest = (self.say("more", count=more),) if more > 0 else ()
            boxes.append(Box(title, (*list(lines)[:_LINES], *rest)))
        return tuple(boxes)
