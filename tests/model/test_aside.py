"""Where a noun was read makes no two of them different; everything else does."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from msgspec.structs import replace

from policyengine.model.aside import Aside
from policyengine.model.condition import Compare, Field, Holds, In, NotIn
from policyengine.model.fact import FactField, FactType
from policyengine.model.rule import Head
from policyengine.model.vocabulary import Attribute, Term
from policyengine.text import same

MADE: list[tuple[Aside, dict[str, Any]]] = [
    (In(Field.ITEM, frozenset({"name"}), ("name",)), {"at": ("items",)}),
    (NotIn(Field.ITEM, frozenset({"name"}), ("name",)), {"at": ("items",)}),
    (Compare("age", "below", 16), {"at": ("attributes", "age")}),
    (Holds("consent"), {"at": ("needs", 0)}),
    (Head("1/permit", "1", "permit", same("one")), {"source": (None, ("clause", 0))}),
    (Term("name", same("name")), {"source": (None, ("items", "name"))}),
    (Attribute("age", same("age"), "integer"), {"source": (None, ("attributes", "age"))}),
    (
        FactType("consent", same("consent"), {}),
        {"labels": {"a": same("a")}, "source": (None, ("facts", "consent"))},
    ),
]
OTHER = {
    **dict.fromkeys(("field",), Field.PURPOSE),
    **dict.fromkeys(("values", "unheld", "stated", "passing"), frozenset({"other"})),
    **dict.fromkeys(("written", "obligations", "is_a"), ("other",)),
    **dict.fromkeys(("attribute", "op", "type", "asked", "id", "clause", "kind"), "other"),
    **dict.fromkeys(("open", "may", "remainder", "represents", "law"), True),
    **dict.fromkeys(("title", "label"), same("other")),
    **dict.fromkeys(("value", "start", "end"), 7),
    **dict.fromkeys(("moment", "before"), 7),
    **dict.fromkeys(("within", "zone"), "P1Y"),
    "after": Holds("other"),
    "passes": frozenset({Field.ORIGIN}),
    "counted": True,
    "told": ((same("other"), same("said")),),
    "terms": (("kind", "items"),),
    "where": (("kind", frozenset({"other"})),),
    "fields": {"other": FactField("other", "items")},
}


@pytest.mark.parametrize(("one", "aside"), MADE, ids=lambda made: type(made).__name__)
def test_only_what_lies_aside_makes_no_difference(one: Aside, aside: dict[str, Any]) -> None:
    elsewhere = replace(one, **aside)
    assert elsewhere == one and (elsewhere != one) is False
    assert all(getattr(elsewhere, name) == value != getattr(one, name) for name, value in aside.items())
    for name in one.__struct_fields__:
        if name not in aside:
            assert replace(one, **{name: OTHER[name]}) != one, name
    for twin in (copy.copy(elsewhere), copy.deepcopy(elsewhere), pickle.loads(pickle.dumps(elsewhere))):
        assert twin == one
    if type(one) is not FactType:  # the fields of a type are a mapping
        assert hash(elsewhere) == hash(one)
        assert len({one, elsewhere}) == 1


def test_nouns_of_two_sorts_are_never_equal() -> None:
    one, other = MADE[0][0], MADE[1][0]
    assert one != other and (one == other) is False
    assert one != "text"
