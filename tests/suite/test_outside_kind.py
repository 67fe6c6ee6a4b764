"""A kind of rule from outside is mutated and covered as the built-in ones are: its schema says what its keys mean."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import suite
from policyengine.engine.plugins import Plugins
from policyengine.language.build import policy_of
from policyengine.language.keys import name_of, term_list
from policyengine.language.kind import RuleKind
from policyengine.language.pack import Pack, load_pack
from policyengine.language.schema import rule_schema
from policyengine.language.table import RuleTable
from policyengine.model.operation import OPERATIONS
from policyengine.model.rule import Rule
from policyengine.suite.mutants import mutants
from suite.little_packs import POLICY, line_of
from suite.shell import policyengine

ROOT = Path(__file__).parents[2]
PACKS = [ROOT / "rules" / "alc-smart-learning", ROOT / "rules" / "online-shop"]

WORDS = """
[vocabulary.parties]
swift-kk = {ja = "スイフト", en = "Swift"}
slow-kk = {ja = "スロウ", en = "Slow"}

[vocabulary.attributes]
age = {type = "integer", ja = "日数", en = "days"}
weight = {type = "integer", ja = "重さ", en = "weight"}

[readings.strict]
ja = "厳しいか"
en = "Strictly?"
clause = "2"
default = "yes"
values.yes = {ja = "はい", en = "yes"}
values.no = {ja = "いいえ", en = "no"}

[obligations.tell]
clause = "2"
ja = "知らせる"
en = "Tell."

[obligations.note]
clause = "2"
ja = "控える"
en = "Note it."

"""

COURIER = """
[[clause]]
number = "2"
summary = {ja = "運送会社に預ける", en = "Couriers are handed what they need."}

[[clause.courier]]
acts = ["entrust", {term = "provide", under = {strict = "no"}}]
through = ["swift-kk", {terms = ["slow-kk"], under = {strict = "no"}}]
leans_on = ["1"]
also_at_home = true
purposes = ["delivery"]
items = "any"
staleness = {counted_in = "age", days = 30, instead = {whose = ["visitor"], duties = ["tell"]}}

[[clause.courier.recalls]]
what = ["name"]
asked = "erase"
but = {type = "consent"}

[[clause.courier.recalls]]
what = ["postal_address"]
speed = "at-once"
under = {strict = "no"}

[[clause]]
number = "3"
summary = {ja = "委託する", en = "Entrusted."}

[[clause.entrustment]]
subjects = ["customer"]
purposes = ["advertising"]
"""


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pack with rules of the kind, where a package that brings the kind is installed."""
    there = tmp_path / "installed" / "outside-1.dist-info"
    there.mkdir(parents=True)
    (there / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1\n", "utf-8")
    (there / "entry_points.txt").write_text("[policyengine]\noutside = suite.outside\n", "utf-8")
    tests = Path(suite.__path__[0]).parent
    path = [str(there.parent), str(tests), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    folder = tmp_path / "couriers"
    folder.mkdir()
    before, clause, rest = POLICY.partition("[[clause]]")
    (folder / "policy.toml").write_text(
        before + WORDS + clause + rest.replace('["customer"]', '["customer", "visitor"]') + COURIER, "utf-8"
    )
    return folder


def found(pack: Path) -> list[dict[str, Any]]:
    ran = policyengine("mutate", pack.name, "--format", "json", folder=pack.parent)
    assert ran.err == ""
    return list(json.loads(ran.out)["mutants"])


def test_every_key_is_mutated_by_what_it_means(pack: Path) -> None:
    by_key: dict[str, Counter[str]] = {}
    for mutant in found(pack):
        what, _, where = mutant["message"]["en"].rpartition(" — ")
        if where.startswith("2 courier"):
            by_key.setdefault(where.removeprefix("2 courier").lstrip("."), Counter())[mutant["operator"]] += 1
            assert what and mutant["message"]["ja"]
    operators = {key: dict(counts) for key, counts in by_key.items()}
    assert operators == {
        "": {"drop-rule": 1},
        "acts": {"widen-scope": 1, "drop-term": 2, "add-term": len(OPERATIONS) - 2},
        "acts.under": {"drop-reading": 1},
        "acts.under.strict": {"swap-reading": 1},
        "through": {"widen-scope": 1, "drop-term": 2},
        "through.under": {"drop-reading": 1},
        "through.under.strict": {"swap-reading": 1},
        "leans_on": {"drop-reference": 1},
        "also_at_home": {"flip": 1},
        "purposes": {"widen-scope": 1, "add-term": 1},
        "items": {"narrow-scope": 1},
        "staleness": {"drop-key": 1},
        "staleness.counted_in": {"change-value": 1},
        "staleness.days": {"shift-value": 2},
        "staleness.instead": {"drop-key": 1},
        "staleness.instead.whose": {"widen-scope": 1, "add-term": 1},
        "staleness.instead.duties": {"drop-obligation": 1},
        "recalls": {"drop-entry": 2},
        "recalls.what": {"widen-scope": 2, "add-term": 2},
        "recalls.asked": {"change-value": 7},
        "recalls.but": {"drop-key": 1, "negate-requirement": 1},
        "recalls.speed": {"drop-key": 1, "change-value": 1},
        "recalls.under": {"drop-reading": 1},
        "recalls.under.strict": {"swap-reading": 1},
    }


def test_cases_for_its_survivors_leave_none(pack: Path) -> None:
    cases = pack / "cases.test.toml"
    assert policyengine("mutate", pack.name, "--write", cases, folder=pack.parent).code == 1
    assert {mutant["fate"] for mutant in found(pack)} == {"killed", "equivalent"}


CASES = """
[events.entrusted]
time = "2026-06-01T10:00:00+09:00"
operation = "entrust"
subject = {category = "customer", id = "c-1"}
items = ["name"]
purpose = "delivery"
recipient = {id = "swift-kk"}
attributes = {age = 31}

[[case]]
name = "what is old is kept from couriers"
base = "entrusted"
expect = "deny"

[[case]]
name = "but for visitors, where it goes with a duty"
base = "entrusted"
subject.category = "visitor"
expect = "permit"
obligations = ["tell"]

[[case]]
name = "what is asked back is kept"
base = "entrusted"
attributes.age = 1
facts = [{type = "request", kind = "erase", subject = "c-1"}]
expect = "deny"
"""

ANOTHER_READING = """
[[case]]
name = "an address that is asked back may go, strictly read"
base = "entrusted"
items = ["postal_address"]
attributes.age = 1
facts = [{type = "request", kind = "stop_use", subject = "c-1"}]
expect = "permit"

[[case]]
name = "loosely read, it is kept"
base = "entrusted"
items = ["postal_address"]
attributes.age = 1
facts = [{type = "request", kind = "stop_use", subject = "c-1"}]
readings.strict = "no"
expect = "deny"
"""


def gaps(pack: Path, cases: str) -> dict[str, list[str]]:
    """Return what some cases leave unseen of the courier's conditions, each by its words."""
    (pack / "cases.test.toml").write_text(cases, "utf-8")
    ran = policyengine("test", pack.name, "--coverage", "--format", "json", folder=pack.parent)
    assert (ran.code, ran.err) == (0, "")
    (covered,) = json.loads(ran.out)["coverage"]
    (courier,) = (rule for rule in covered["rules"] if rule["rule"] == "2/courier")
    assert courier["file"] == "couriers/policy.toml" and courier["line"] > 0
    found: dict[str, list[str]] = {}
    for condition in courier["conditions"]:
        seen = {name: condition[name] for name in ("true", "false", "decides")} | condition["terms"]
        found.setdefault(condition["message"]["en"], []).extend(name for name, was in seen.items() if not was)
    return found


def test_its_conditions_are_counted_those_of_tables_within_and_under_other_readings_too(pack: Path) -> None:
    few, more = gaps(pack, CASES), gaps(pack, CASES + ANOTHER_READING)
    assert few["subject is visitor"] == [] and few["item is name"] == ["false"]
    assert more["item is name"] == []
    assert few["item is postal address"] == ["true", "false", "decides", "postal_address"]
    assert more["item is postal address"] == ["false"]


class Renamed:
    """A kind under another name, every key of its own too: nobody who goes by names knows it any more."""

    def __init__(self, kind: RuleKind) -> None:
        self.kind = kind
        self.name = _renamed(kind.name)
        self.title, self.summary = kind.title, kind.summary
        self.properties = {_renamed(key): schema for key, schema in kind.properties.items()}
        self.required = frozenset(_renamed(key) if key in kind.properties else key for key in kind.required)

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return what the table means under its old names."""
        old = {_renamed(key): key for key in self.kind.properties}
        values = {old.get(key, key): value for key, value in table.values.items()}
        return self.kind.lower(
            RuleTable(
                table.scope,
                table.document,
                table.path,
                values,
                rule_schema(self.kind),
                clause=table.clause,
                kind=self.kind.name,
                title=self.kind.title,
                default_id=table.head.id,
            )
        )


def _renamed(name: str) -> str:
    return f"our-{name}"


def _with_new_names(pack: Pack, kinds: Mapping[str, RuleKind]) -> Pack:
    def table(kind: RuleKind, values: Mapping[str, Any]) -> dict[str, Any]:
        return {_renamed(key) if key in kind.properties else key: value for key, value in values.items()}

    def clause(values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            _renamed(key) if key in kinds else key: [table(kinds[key], member) for member in value]
            if key in kinds
            else value
            for key, value in values.items()
        }

    rules = tuple(
        document.with_data({**document.data, "clause": [clause(found) for found in document.data.get("clause", ())]})
        for document in pack.rules
    )
    return Pack(pack.path, rules, pack.imported)


def _slips(pack: Pack, kinds: Mapping[str, RuleKind]) -> Iterator[tuple[str, str]]:
    policy = policy_of(pack, kinds, {})
    for mutant in mutants(pack, policy, kinds):
        yield mutant.operator, mutant.message.en.replace("our-", "")


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.name)
def test_no_slip_depends_on_what_a_kind_or_its_keys_are_called(path: Path) -> None:
    kinds, pack = Plugins(installed=False).kinds, load_pack(path)
    renamed = {kind.name: kind for kind in map(Renamed, kinds.values())}
    ours, theirs = _slips(pack, kinds), _slips(_with_new_names(pack, kinds), renamed)
    assert Counter(ours) == Counter(theirs)


def test_a_list_of_what_nothing_declares_is_refused_where_the_kind_is_written() -> None:
    with pytest.raises(ValueError, match=r"there is no dimension 'item'; expected one of subjects, .*\bitems, "):
        term_list("items", "item")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="there is no dimension 'fact'"):
        name_of("a fact", "fact")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "wrong", "at", "said"),
    [
        ('counted_in = "age"', 'counted_in = "aeg"', "counted_in", 'unknown-attribute: unknown attribute "aeg"'),
        ('whose = ["visitor"]', 'whose = ["visitr"]', '"visitr"', 'unknown-term: unknown term "visitr" in subjects'),
        ('duties = ["tell"]', 'duties = ["tel"]', '"tel"', 'unknown-obligation: unknown obligation "tel"'),
        ('what = ["name"]', 'what = ["nme"]', '"nme"', 'unknown-term: unknown term "nme" in items'),
    ],
)
def test_unknown_names_within_its_tables_are_reported_at_their_place(
    written: str, wrong: str, at: str, said: str, pack: Path
) -> None:
    file = pack / "policy.toml"
    file.write_text(file.read_text("utf-8").replace(written, wrong), "utf-8")
    ran = policyengine("check", pack.name, folder=pack.parent)
    line = line_of(wrong, file)
    column = file.read_text("utf-8").splitlines()[line - 1].index(at) + 1
    right = written.split('"')[1]
    assert ran.code == 1
    assert ran.out == f'couriers/policy.toml:{line}:{column}: error: {said} (did you mean "{right}"?)\n'
