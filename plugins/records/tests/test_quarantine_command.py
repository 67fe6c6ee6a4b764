"""A person at the command line: sees what was kept, decides, and is told what cannot be done."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine, Flow, FlowDenied, hookimpl
from policyengine.hooks import FactQuery, FactSource
from policyengine_records import Ledger, Quarantine, RecordsError, Store
from suite.shell import Ran, policyengine

PACK = Path(__file__).parents[3] / "rules" / "alc-smart-learning"
STAFF: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "employee", "id": "s-1"},
    "items": ["name", "health_checkup_result"],
    "purpose": "health-management",
}
RECORD = {"id": "s-1", "full_name": "山田花子"}
LATER = "2999-01-01T00:00:00Z"
DECIDED = ("--by", "S. Abe", "--reason", "本人の依頼")


class Office:
    """A folder with a configuration, flows that were kept, and somebody who types."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "data" / "kept.db"
        self.file.parent.mkdir()
        configuration = folder / "policyengine.toml"
        configuration.write_text(
            f"""
policies = [{json.dumps(str(PACK))}]

[plugins.records]
database = "sqlite:///data/kept.db"

[[step]]
action = "quarantine"
mandatory = true
""",
            "utf-8",
        )
        self.engine = Engine.load(config=configuration)
        store = Store(f"sqlite:///{self.file}")
        store.upgrade()
        self.store = Quarantine(store)

    def deny(self, number: int = 1, payload: Any = None) -> str:
        """Have the engine deny a flow, and return the id under which it is kept."""
        with pytest.raises(FlowDenied) as stopped, self.engine.flow({**STAFF, "id": f"e-{number}"}, payload):
            pass
        assert stopped.value.kept is not None
        return stopped.value.kept

    def types(self, *words: str, lang: str = "en") -> Ran:
        return policyengine("quarantine", *words, folder=self.folder, lang=lang)

    def reads(self, *words: str) -> Any:
        """Type `words`, and return the JSON that comes back."""
        ran = self.types(*words, "--format", "json")
        assert (ran.code, ran.err) == (0, "")
        return json.loads(ran.out)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_where_nothing_was_kept(office: Office) -> None:
    assert office.types("list") == (0, "", "")
    ran = office.types("show", "q-1")
    assert ran.code == 2
    assert 'no flow is kept as "q-1"' in ran.err
    assert office.types("list", "--format", "json").out == "[]\n"
    assert office.types("purge", "--settled-before", LATER).out == "0 payloads removed\n"
    office.file.unlink()
    ran = office.types("list")
    assert (ran.code, ran.out) == (2, "")
    assert "policyengine records upgrade" in ran.err
    assert not office.file.exists()


def test_what_is_open_is_listed_and_that_is_no_failure(office: Office) -> None:
    one, two, three = (office.deny(number) for number in range(1, 4))
    office.store.reject(two, "A", "no")
    ran = office.types("list")
    assert (ran.code, ran.err) == (0, "")
    first, second = ran.out.splitlines()
    assert first == f"{one}  {office.store.get(one).kept_at}  open  e-1  deny  [2-4]"
    assert second.startswith(three)
    assert "未決" in office.types("list", "--lang", "ja").out
    assert "未決" in office.types("list", lang="ja").out
    assert [flow["id"] for flow in office.reads("list")] == [one, three]
    assert [flow["id"] for flow in office.reads("list", "--state", "rejected")] == [two]
    assert [flow["id"] for flow in office.reads("list", "--state", "all")] == [one, two, three]
    assert office.types("list", "--state", "opne").code == 2


def test_what_is_shown(office: Office) -> None:
    kept = office.deny(1, RECORD)
    ran = office.types("show", kept)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"{kept}  open\n")
    (reason,) = office.store.get(kept).decision.reasons
    assert reason.message.en in ran.out and reason.message.ja not in ran.out
    assert reason.message.ja in office.types("show", kept, "--lang", "ja").out
    assert f"event: {json.dumps(STAFF)}\n" in ran.out
    assert "payload: kept (--payload shows it)\n" in ran.out
    assert "山田花子" in office.types("show", kept, "--payload").out
    without, with_it = office.reads("show", kept), office.reads("show", kept, "--payload")
    assert with_it == {**without, "payload": RECORD}
    assert without == {
        "id": kept,
        "state": "open",
        "kept_at": office.store.get(kept).kept_at,
        "event": STAFF,
        "decision": office.engine.evaluate(STAFF).as_dict(),
        "has_payload": True,
        "entries": [],
    }
    assert "payload: none is kept\n" in office.types("show", office.deny(2)).out


def test_a_release_reaches_the_host(office: Office) -> None:
    kept = office.deny(1, RECORD)
    ran = office.types("release", kept, *DECIDED)
    assert (ran.code, ran.err) == (0, "")
    assert "released  S. Abe  本人の依頼" in ran.out
    assert "山田花子" not in ran.out
    (taken,) = office.store.take("campaigns", engine=office.engine)
    assert (taken.id, taken.payload) == (kept, RECORD)
    shown = office.types("show", kept).out
    assert shown.startswith(f"{kept}  taken\n")
    assert "taken  campaigns\n" in shown
    assert office.deny(1, RECORD) == kept, "the rule is as it was"
    assert list(office.store.take(engine=office.engine)) == []


def test_a_rejection_is_dated_by_whoever_says_so(office: Office) -> None:
    kept = office.deny()
    since = office.store.get(kept).kept_at
    flow = office.reads("reject", kept, *DECIDED, "--at", since)
    assert flow["state"] == "rejected"
    (entry,) = flow["entries"]
    assert {name: value for name, value in entry.items() if value is not None} == {
        "what": "rejected",
        "at": since,
        "by": "S. Abe",
        "reason": "本人の依頼",
    }


def test_what_cannot_be_done(office: Office) -> None:
    kept = office.deny()
    wrong = kept[:-2] + "zz"
    for words in (("show", wrong), ("release", wrong, *DECIDED), ("reject", wrong, *DECIDED)):
        ran = office.types(*words)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == f'Error: no flow is kept as "{wrong}"; did you mean "{kept}"?\n'
    for words in (("release", kept), ("reject", kept, "--by", "A"), ("purge",), ("forget", kept)):
        assert office.types(*words).code == 2
    assert "a record needs it" in office.types("release", kept, "--by", " ", "--reason", "x").err
    assert office.store.get(kept).state == "open"
    assert office.types("reject", kept, *DECIDED).code == 0
    ran = office.types("release", kept, *DECIDED)
    assert ran.code == 2
    assert f"Error: {kept} cannot be released: it was rejected at" in ran.err
    assert "by S. Abe already" in ran.err


def test_purging(office: Office) -> None:
    open_, settled = office.deny(1, RECORD), office.deny(2, RECORD)
    office.store.reject(settled, "A", "no")
    assert office.types("purge", "--settled-before", "2000-01-01T00:00:00Z").out == "0 payloads removed\n"
    ran = office.types("purge", "--settled-before", "tomorrow")
    assert (ran.code, ran.out) == (2, "")
    assert '"tomorrow" is no RFC 3339 time' in ran.err
    assert office.types("purge", "--settled-before", LATER, "--by", "B").out == "1 payload removed\n"
    assert office.reads("purge", "--settled-before", LATER) == {"purged": 0}
    assert office.store.get(open_).payload == RECORD
    assert "payload purged  B\n" in office.types("show", settled).out


def test_the_database_may_be_named(office: Office, tmp_path: Path) -> None:
    kept = office.deny()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def types(*words: str) -> Ran:
        return policyengine("quarantine", *words, folder=elsewhere)

    ran = types("list")
    assert ran.code == 2
    assert "--database" in ran.err
    assert types("list", "--database", "sqlite:///../data/kept.db").out.startswith(kept)
    ran = policyengine("--config", "../policyengine.toml", "quarantine", "show", kept, folder=elsewhere)
    assert ran.out.startswith(kept)
    (elsewhere / "notes.txt").write_text("these are notes\n" * 100)
    ran = types("list", "--database", "sqlite:///notes.txt")
    assert (ran.code, ran.out) == (2, "")
    assert "file is not a database" in ran.err


@pytest.mark.parametrize("name", ["", "list", "show", "release", "reject", "purge"])
def test_every_help_has_an_example_that_is_understood(office: Office, name: str) -> None:
    kept = office.deny()
    help_ = office.types(*name.split(), "--help")
    assert (help_.code, help_.err) == (0, "")
    assert all(len(line) <= 120 for line in help_.out.splitlines())
    examples = [
        line.strip()
        for line in help_.out.partition("Example:\n")[2].split("\n\n")[0].splitlines()
        if "policyengine" in line
    ]
    assert examples
    for example in examples:
        words = shlex.split(example.replace("q-5b0c9d2e41f7a836", kept))
        assert words[:2] == ["policyengine", "quarantine"]
        ran = office.types(*words[2:])
        assert (ran.code, ran.err) == (0, ""), example


STOP = {"type": "request", "kind": "stop_use", "subject": "s-1"}


def test_a_request_to_stop_that_came_meanwhile_is_in_the_way(office: Office) -> None:
    kept = office.deny(1, RECORD)
    ledger = Ledger(office.store.store)
    ledger.add(STOP)
    ran = office.types("release", kept, *DECIDED)
    assert ran.code == 2
    assert "the data subject asked that this stop" in ran.out, "what is in the way is shown"
    assert f"{kept} cannot be released: this is in the way" in ran.err
    assert "nobody has seen it yet, or what it hides: request-in-effect" in ran.err
    assert office.store.get(kept).state == "open"
    ran = office.types("release", kept, *DECIDED, "--despite", "asked again by telephone, ticket 119")
    assert (ran.code, ran.err) == (0, "")
    assert "despite: asked again by telephone, ticket 119" in ran.out
    (entry,) = office.reads("show", kept)["entries"]
    assert entry["despite"] == "asked again by telephone, ticket 119"
    assert "request-in-effect" in [reason["code"] for reason in entry["decision"]["reasons"]]
    assert [taken.id for taken in office.store.take(engine=office.engine)] == [kept]


def test_one_that_came_after_the_release_keeps_it_from_being_handed_out(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    kept, other = office.deny(1), office.deny(2)
    for one in (kept, other):
        office.types("release", one, *DECIDED)
    Ledger(office.store.store).add(STOP)
    assert list(office.store.take(engine=office.engine)) == []
    assert f"{kept} is not handed out: request-in-effect" in caplog.text
    assert office.types("release", kept, *DECIDED).code == 2
    assert office.types("release", kept, *DECIDED, "--despite", "asked again").code == 0
    assert office.types("reject", other, *DECIDED).code == 0
    assert [taken.id for taken in office.store.take(engine=office.engine)] == [kept]
    assert office.store.get(other).state == "rejected"


class Register:
    """A source that answers, or does not."""

    name = "register"
    away = True

    @hookimpl
    def policyengine_fact_sources(self) -> list[FactSource]:
        return [self]

    def facts(self, queries: Sequence[FactQuery]) -> list[list[dict[str, Any]]]:
        if self.away:
            raise OSError("the register is away")
        return [[STOP] for _ in queries]


def test_nobody_has_seen_what_a_source_that_was_away_would_have_said(office: Office) -> None:
    register = Register()
    engine = Engine.load(PACK, plugins=[register], installed_plugins=False)
    event = {**STAFF, "items": ["name"]}
    kept = office.store.keep(Flow(event, engine.evaluate(event)))
    with pytest.raises(RecordsError, match="what it hides: source-unavailable"):
        office.store.release(kept, "A", "yes", engine=engine)
    office.store.release(kept, "A", "yes", engine=engine, despite="asked the person by telephone")
    register.away = False
    assert list(office.store.take(engine=engine)) == [], "the request that it knows of is in the way"
    register.away = True
    assert [taken.id for taken in office.store.take(engine=engine)] == [kept], "that it is away was said, on record"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"purpose": "after-cre"}, "unknown-term"),
        ({"items": ["nmae"]}, "unknown-term"),
        ({"subject": {"category": "custmer", "id": "c-1"}}, "unknown-term"),
        ({"controller": "somebody-else"}, "no-governing-policy"),
        ({"purpose": 7}, "invalid"),
        ({"time": "yesterday", "extra": True}, "invalid"),
    ],
    ids=["a purpose", "the only item", "a category", "another controller", "no event", "no time"],
)
def test_what_no_rule_was_asked_about_hides_what_has_come_and_is_not_released(
    changes: dict[str, Any], code: str, office: Office
) -> None:
    event = {**STAFF, "items": ["name"], **changes}
    kept = office.store.keep(Flow(event, office.engine.evaluate(event)))
    Ledger(office.store.store).add(STOP)
    ran = office.types("release", kept, *DECIDED)
    assert ran.code == 2 and f"nobody has seen it yet, or what it hides: {code};" in ran.err
    assert office.types("release", kept, *DECIDED, "--despite", "asked the person").code == 0
    assert [taken.id for taken in office.store.take(engine=office.engine)] == [kept]


def test_one_unknown_item_of_several_hides_nothing(office: Office) -> None:
    event = {**STAFF, "items": ["name", "nmae"]}
    first, second = (
        office.store.keep(Flow(event, office.engine.evaluate(event))) for event in (event, {**event, "id": "e-2"})
    )
    assert office.types("release", first, *DECIDED).code == 0
    Ledger(office.store.store).add(STOP)
    assert "what it hides: request-in-effect;" in office.types("release", second, *DECIDED).err
    assert list(office.store.take(engine=office.engine)) == []


def test_what_would_be_permitted_now_is_listed(office: Office) -> None:
    event = {
        "id": "e-1",
        "time": "2026-11-24T09:00:00+09:00",
        "operation": "entrust",
        "subject": {"category": "customer"},
        "items": ["name"],
        "purpose": "product-information",
        "recipient": {"id": "mailer-kk", "service": "communication"},
    }
    office.deny(2)
    with pytest.raises(FlowDenied) as stopped:
        office.engine.enforce(event)
    assert office.reads("list", "--changed") == []
    Ledger(office.store.store).import_(
        [
            {"type": "contract", "kind": "confidentiality", "party": "mailer-kk"},
            {"type": "vetting", "party": "mailer-kk"},
        ]
    )
    (flow,) = office.reads("list", "--changed")
    assert (flow["id"], flow["now"]["outcome"]) == (stopped.value.kept, "permit")
    assert office.types("list", "--changed").out.endswith("deny  [6]  → permit  [2-1, 5(2), 6]\n")
