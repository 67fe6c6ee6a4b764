"""What others have made steers no terminal: what a person is shown holds no control and no mark that is not ours."""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cli.running import COLOUR, DENIED, PACK, on_terminal, run
from policyengine import Engine, Flow, FlowDenied, InvalidEvent, PolicyError
from policyengine.errors import ConfigurationError, EventError, Fault, Place, PluginError, Problem
from policyengine.suite.record import table_text
from policyengine.testing import assert_permits
from policyengine.text import Text, Words, plain_text, visible
from policyengine_records import Outbox, Quarantine, Store
from suite.little_packs import EVENTS, POLICY

STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
EVIL = "a\x1b[2J\u202eb\n@\x9b31m\u2028\U000e0001"
SHOWN = r"a\u001b[2J\u202eb\u000a@\u009b31m\u2028\U000e0001"


def steers(text: str) -> list[str]:
    """What stands in `text` that is no sign, but for the ends of its lines."""
    return [char for char in text.replace("\n", "") if unicodedata.category(char) in STEERING]


texts = st.text(
    st.one_of(st.characters(), st.characters(categories=sorted(STEERING)), st.sampled_from("\x1b\u202e\n\u200d\ufeff"))
)


@given(texts)
def test_nothing_that_steers_is_left_and_all_else_is(text: str) -> None:
    shown = visible(text)
    assert not [char for char in shown if unicodedata.category(char) in STEERING]
    assert visible(shown) == shown


@given(texts.filter(lambda text: "\\" not in text))
def test_what_is_spelt_out_can_be_read_back(text: str) -> None:
    assert re.sub(r"\\u(.{4})|\\U(.{8})", lambda found: chr(int(found[1] or found[2], 16)), visible(text)) == text


@given(texts, st.text("\n\t", max_size=2))
def test_what_is_kept_stays(text: str, keep: str) -> None:
    assert visible(text, keep).count("\n") == (text.count("\n") if "\n" in keep else 0)


@given(st.lists(st.lists(texts, max_size=3), max_size=3))
def test_lines_stay_as_many_as_they_are(lines: list[list[str]]) -> None:
    found = plain_text(tuple(map(Words, line)) for line in lines)
    assert found.count("\n") == max(len(lines) - 1, 0) and not steers(found)


@given(st.dictionaries(texts, texts, max_size=3))
def test_a_suite_is_the_same_to_toml(table: dict[str, str]) -> None:
    whole = {re.sub("[\ud800-\udfff]", "", key): re.sub("[\ud800-\udfff]", "", value) for key, value in table.items()}
    text = table_text("case", whole)
    assert tomllib.loads(text) == {"case": [whole]} and not steers(text)


EVENT: dict[str, Any] = {
    **DENIED,
    "subject": {"category": EVIL},
    "items": [EVIL, "name"],
    "purpose": EVIL,
    "recipient": {"id": "mailer-kk", "service": EVIL},
}
"""An event whose words are what they should not be; such an id makes an event invalid."""


@pytest.mark.parametrize(
    "error",
    [
        PluginError(f"no {visible(EVIL)}"),
        PolicyError([Problem("code", Text(EVIL, EVIL), Place(EVIL, 1, 1), Text(EVIL, EVIL), clause=EVIL)]),
        ConfigurationError([Fault("code", (EVIL,), Text(EVIL, EVIL), Text(EVIL, EVIL))]),
        InvalidEvent([EventError(EVIL, Text(EVIL, EVIL))]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors(error: Exception) -> None:
    assert SHOWN in str(error) and not steers(str(error))
    assert "\n@" not in str(error)


def test_a_denial_as_text() -> None:
    """It quotes no word of the event; the explanation does, and steers nothing either."""
    denied = FlowDenied(Engine.load(PACK).evaluate(EVENT))
    assert not steers(str(denied)) and SHOWN not in str(denied)
    told = denied.decision.explain(lang="en")
    assert SHOWN in told and not steers(told)


def test_what_is_read_by_programs_is_exact() -> None:
    decision = Engine.load(PACK).evaluate(EVENT)
    assert EVIL in decision.excess_items
    assert EVIL in json.loads(decision.to_json())["excess_items"]


def test_a_failed_assertion() -> None:
    with pytest.raises(AssertionError) as failed:
        assert_permits(Engine.load(PACK), EVENT)
    assert r"\u202e" in str(failed.value) and not steers(str(failed.value))


SUITE = """
[[case]]
name = {evil}
base = "use"
purpose = {evil}
expect = "permit"
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Files that somebody else has made, with what steers wherever there can be a text."""
    evil = json.dumps(EVIL.replace("\U000e0001", ""))
    (tmp_path / "events.jsonl").write_text(json.dumps(EVENT) + "\n" + json.dumps({**EVENT, "items": []}) + "\n")
    pack = tmp_path / "pack"
    pack.mkdir()
    labels = POLICY.replace('"お客様"', evil).replace('"customer"}', f"{evil}}}").replace('"delivery"}', f"{evil}}}")
    (pack / "policy.toml").write_text(labels, "utf-8")
    (pack / "cases.test.toml").write_text(EVENTS + SUITE.replace("{evil}", evil), "utf-8")
    broken = tmp_path / "broken.toml"
    broken.write_text(POLICY.replace('purposes = ["delivery"]', f"purposes = [{evil}]"), "utf-8")
    untidy = tmp_path / "untidy.toml"
    untidy.write_text(POLICY.replace('version = "1"', 'version  = "1"   # \u202e turned'), "utf-8")
    mutable = tmp_path / "mutable"
    mutable.mkdir()
    (mutable / "policy.toml").write_text(
        POLICY.replace("delivery = ", '"a\\u202eb" = ').replace('["delivery"]', '["a\\u202eb"]'), "utf-8"
    )
    # What an engine makes of ids cannot be such; what another program kept may be.
    foreign = replace(Engine.load(PACK).evaluate(EVENT), event=EVIL)
    store = Store(f"sqlite:///{tmp_path}/records.db")
    store.upgrade()
    Quarantine(store).keep(Flow({**EVENT, "id": EVIL}, foreign, {"who": EVIL}))
    box = Outbox(store)
    body = {"type": "policyengine.decision", "timestamp": "2026-11-24T00:00:00Z", "data": {"event": EVIL}}
    message = box.add(json.dumps(body).encode())
    (tmp_path / "id").write_text(message)
    return tmp_path


COMMANDS = {
    "evaluate": ("evaluate", PACK, "--events", "{place}/events.jsonl", "--format", "text"),
    "explain": ("explain", PACK, "--events", "{place}/events.jsonl"),
    "explain labels": ("explain", "{place}/pack", "--events", "{place}/events.jsonl"),
    "check": ("check", "{place}/broken.toml"),
    "test": ("test", "{place}/pack"),
    "test --coverage": ("test", "{place}/pack", "--coverage"),
    "test --format github": ("test", "{place}/pack", "--format", "github"),
    "test --record": ("test", "{place}/pack", "--record", "{place}/events.jsonl"),
    "mutate": ("mutate", "{place}/mutable", "-j", "1"),
    "seal": ("seal", "{place}/broken.toml"),
    "quarantine list": ("quarantine", "list", "--database", "sqlite:///{place}/records.db"),
    "quarantine show": ("quarantine", "show", "{kept}", "--payload", "--database", "sqlite:///{place}/records.db"),
    "outbox list": ("outbox", "list", "--database", "sqlite:///{place}/records.db"),
    "outbox show": ("outbox", "show", "{message}", "--database", "sqlite:///{place}/records.db"),
    "a file that is not there": ("evaluate", PACK, "--events", EVIL),
    "a pack that is not there": ("check", EVIL),
    "a command that there is not": (EVIL,),
    "an option that there is not": ("check", f"--{EVIL}"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(command: str, place: Path) -> None:
    words = [
        word.replace("{place}", str(place))
        .replace("{message}", (place / "id").read_text())
        .replace("{kept}", Quarantine(Store(f"sqlite:///{place}/records.db")).list(None)[0].id)
        for word in COMMANDS[command]
    ]
    ran = run(*words)
    assert not steers(ran.out + ran.err)
    assert re.search(r"\\u202e", ran.out + ran.err), "what could not be seen is spelt out"
    assert not re.search("^@", ran.out + ran.err, re.MULTILINE), "no line is begun by what others have made"


@pytest.mark.parametrize("command", ["evaluate", "explain", "test"])
def test_our_own_colours_stay(command: str, place: Path) -> None:
    _, shown = on_terminal(*(word.replace("{place}", str(place)) for word in COMMANDS[command]))
    assert COLOUR.search(shown)
    assert not steers(COLOUR.sub("", shown).replace("\r\n", "\n"))


def test_a_diff_is_for_people_on_a_terminal_and_exact_for_patch(place: Path) -> None:
    words = ("fmt", "--diff", str(place / "untidy.toml"))
    _, shown = on_terminal(*words)
    assert r"\u202e" in shown and not steers(COLOUR.sub("", shown).replace("\r\n", "\n"))
    assert "\u202e" in run(*words).out


@pytest.mark.parametrize("command", ["quarantine list", "outbox list"])
def test_json_is_exact(command: str, place: Path) -> None:
    (found,) = json.loads(
        run(*(word.replace("{place}", str(place)) for word in COMMANDS[command]), "--format", "json").out
    )
    assert EVIL in (found["event"], found["event"]["id"] if isinstance(found["event"], dict) else None)
