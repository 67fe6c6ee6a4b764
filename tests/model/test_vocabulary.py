"""Terms and their kinds."""

from __future__ import annotations

import pickle
import sys
import time
from pathlib import Path

from language.deep_packs import DEEP, chain
from policyengine import Engine
from policyengine.model.vocabulary import DIMENSIONS, Term, Vocabulary
from policyengine.text import same


def vocabulary() -> Vocabulary:
    terms = {name: Term(name, same(name), above) for name, above in {"a": (), "b": ("a",), "c": ("b", "x")}.items()}
    return Vocabulary({**{dimension: {} for dimension in DIMENSIONS}, "items": terms})


def test_kinds_are_of_a_dimension_and_an_undeclared_term_is_its_own() -> None:
    words = vocabulary()
    assert words.kinds("items", "a") == words.closure("items", ["a", "c"]) == {"a", "b", "c"}
    assert words.kinds("items", "x") == words.closure("items", ["x"]) == {"x"}
    assert words.kinds("purposes", "a") == {"a"}


def test_a_vocabulary_that_was_asked_is_equal_to_one_that_was_not() -> None:
    asked = vocabulary()
    asked.kinds("items", "a")
    assert asked == vocabulary() == pickle.loads(pickle.dumps(asked))


def test_a_hierarchy_of_thousands_of_steps_loads_and_decides(tmp_path: Path) -> None:
    assert sys.getrecursionlimit() < DEEP
    start = time.process_time()
    engine = Engine.load(chain(tmp_path), installed_plugins=False)
    event = {"id": "1", "time": "2026-01-01T00:00:00Z", "controller": "shop", "operation": "use", "purpose": "use"}
    decision = engine.evaluate({**event, "subject": {"category": "customer"}, "items": [f"t{DEEP - 1}"]})
    assert decision.outcome == "permit"
    assert time.process_time() - start < 5
