"""One file configures an engine; what is wrong with it is said at start, with its place."""

from __future__ import annotations

import json
import logging
import shutil
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from inspect import signature
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import tomli_w
from hypothesis import given
from hypothesis import settings as searching
from hypothesis import strategies as st

from policyengine import Engine, FlowDenied, PluginError, PolicyError, Step, hookimpl
from policyengine.enforcement.flow import Observer
from policyengine.engine.configuration import (
    Configuration,
    configuration_of,
    configuration_schema,
    read_configuration,
)
from policyengine.engine.plugins import Plugins

ROOT = Path(__file__).parents[2]
PACK = ROOT / "rules" / "alc-smart-learning"
EVENT = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "employee", "id": "s-1"},
    "items": ["name", "health_checkup_result"],
    "purpose": "health-management",
}


def written(folder: Path, text: str, policies: str = "") -> Path:
    file = folder / "policyengine.toml"
    file.write_text(policies or f'policies = ["{PACK.as_posix()}"]\n' + text, "utf-8")
    return file


def problems(file: Path, **options: Any) -> list[tuple[str, int, str]]:
    with pytest.raises(PolicyError) as caught:
        Engine.load(config=file, installed_plugins=False, **options)
    found = []
    for problem in caught.value.problems:
        assert problem.place is not None
        assert problem.place.file == str(file)
        found.append((problem.code, problem.place.line, problem.hint.en if problem.hint else ""))
    return found


def test_a_file_says_what_arguments_would(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        mode = "warn"
        source_timeout = 2.5
        [readings]
        clause-5-conditions = "strict"
        [[step]]
        action = "log"
        on = ["permit"]
        clauses = ["2-1", "6"]
        mandatory = true
        [[step]]
        action = "block"
        [plugins.redact]
        fields = {full_name = "name"}
        """,
    )
    found = read_configuration(file)
    assert found.policies == (PACK,)
    assert found.readings == {"clause-5-conditions": "strict"}
    assert (found.mode, found.source_timeout) == ("warn", 2.5)
    assert found.steps == (
        Step("log", on=frozenset({"permit"}), clauses=frozenset({"2-1", "6"}), mandatory=True),
        Step("block"),
    )
    assert found.settings == {"redact": {"fields": {"full_name": "name"}}}
    engine = Engine.load(config=file, installed_plugins=False)
    same = Engine.load(PACK, readings=found.readings, installed_plugins=False)
    assert engine.evaluate(EVENT) == same.evaluate(EVENT)
    assert not engine.enforce(EVENT).permitted  # it warns


def test_packs_and_paths_are_taken_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "alc").symlink_to(PACK, target_is_directory=True)
    (tmp_path / "month.csv").write_text("id\ne-1\n", "utf-8")
    file = written(tmp_path, "", 'policies = ["packs/alc"]\n[plugins.files.month]\nfile = "month.csv"\n')
    monkeypatch.chdir("/")
    engine = Engine.load(config=file, installed_plugins=False)
    assert [policy.id for policy in engine.policies] == ["alc-smart-learning"]
    assert list(engine.event_sources["month"].events()) == [{"id": "e-1"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("polcies = []\n", [("unknown-key", 2, 'did you mean "policies"?')]),
        ('mode = "wran"\n', [("unknown-value", 2, 'did you mean "warn"?')]),
        ("source_timeout = 0\n", [("not-as-documented", 2, "")]),
        ("[plugins.redcat]\n", [("unknown-plugin", 2, 'did you mean "redact"?')]),
        ("[plugins.kinds]\nx = 1\n", [("no-settings", 2, "")]),
        ('[plugins.redact]\nfelds = {}\nkeep = "id"\n', [("unknown-key", 3, '"fields"'), ("wrong-type", 4, "")]),
        ('[[step]]\nactoin = "log"\n', [("missing-key", 2, ""), ("unknown-key", 3, 'did you mean "action"?')]),
        ('[[step]]\naction = "blok"\n', [("unknown-action", 3, 'did you mean "block"?')]),
        ('[[step]]\naction = "log"\nclauses = ["2-11"]\n', [("unknown-clause", 4, 'did you mean "2-1')]),
        (
            '[[step]]\naction = "log"\nobligations = ["supervise-contracter"]\n',
            [("unknown-obligation", 4, 'did you mean "supervise-contractor"?')],
        ),
        ('[plugins.log]\nlogger = {env = "NOT_THERE"}\n', [("unset-variable", 3, "")]),
        ("[[step]\n", [("toml-syntax", 2, "")]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, said: list[tuple[str, int, str]]) -> None:
    found = problems(written(tmp_path, text))
    assert [(code, line) for code, line, _ in found] == [(code, line) for code, line, _ in said]
    for (_, _, hint), (_, _, expected) in zip(found, said, strict=True):
        assert expected in hint


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no such file"):
        Engine.load(config=tmp_path / "policyengine.toml")


def test_a_setting_can_stand_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, '[plugins.log]\nlogger = {env = "LOGGER"}\n')
    stated = configuration_of(PACK, settings={"log": {"logger": {"env": "LOGGER"}}})
    for configuration in (read_configuration(file), stated):
        found = configuration.plugins(installed=False, environment={"LOGGER": "ours"})
        assert found.settings["log"]["logger"] == "ours"
    monkeypatch.setenv("LOGGER", "theirs")
    assert stated.plugins(installed=False).settings["log"]["logger"] == "theirs"
    monkeypatch.delenv("LOGGER")
    with pytest.raises(PluginError, match=r"plugins\.log\.logger: error: unset-variable"):
        Engine.load(PACK, installed_plugins=False, settings=stated.settings)


def test_a_file_stands_beside_nothing_that_it_names(tmp_path: Path) -> None:
    file = written(tmp_path, "")
    beside: list[dict[str, Any]] = [
        {"readings": {"clause-5-conditions": "strict"}},
        {"settings": {"log": {"logger": "ours"}}},
        {"steps": [Step("log")]},
        {"mode": "warn"},
        {"shadow": [PACK]},
        {"shadow_readings": {"clause-5-conditions": "strict"}},
        {"source_timeout": 1.0},
        {"action_timeout": 1.0},
        {"digests": {}},
        {"disable": ["formats"]},
        {"imports_from": ["."]},
    ]
    assert {name for options in beside for name in options} == STATED - {"policies"}
    with pytest.raises(TypeError, match="a configuration names"):
        Engine.load(PACK, config=file)
    for options in beside:
        with pytest.raises(TypeError, match="a configuration names"):
            Engine.load(config=file, **options)
        with pytest.raises(TypeError, match="a configuration names"):
            Engine.watch(config=file, **options)


STATED = {field.name for field in fields(Configuration)} - {"document"}


def test_a_file_and_arguments_can_say_the_same() -> None:
    """Everything that an engine is made of has its key in the file, and its argument."""
    said = {*configuration_schema()["properties"], "shadow_readings"}
    assert {{"step": "steps", "plugins": "settings"}.get(name, name) for name in said} == STATED
    arguments = set(signature(Engine.load).parameters) - {"config", "plugins", "installed_plugins"}
    assert {{"paths": "policies"}.get(name, name) for name in arguments} == STATED
    assert set(signature(configuration_of).parameters) - {"config"} == arguments


WORDS = st.text("abc-9", min_size=1, max_size=5)
LISTS = st.frozensets(WORDS, max_size=3)
STEPS = st.builds(
    Step,
    WORDS,
    st.frozensets(st.sampled_from(["permit", "deny", "invalid"]), min_size=1),
    clauses=LISTS,
    obligations=LISTS,
    reasons=LISTS,
    mandatory=st.booleans(),
)
READINGS = st.dictionaries(WORDS, WORDS, max_size=2)


@given(
    policies=st.lists(WORDS, min_size=1, max_size=3),
    readings=READINGS,
    mode=st.sampled_from(["enforce", "warn"]),
    steps=st.lists(STEPS, max_size=3),
    plugins=st.dictionaries(
        WORDS, st.dictionaries(WORDS, WORDS | st.integers(0, 9) | READINGS, max_size=2), max_size=2
    ),
    shadow=st.lists(WORDS, min_size=1, max_size=2) | st.just([]),
    shadow_readings=READINGS,
    source_timeout=st.none() | st.floats(0.1, 100),
    digests=st.none() | st.dictionaries(WORDS, WORDS, min_size=1, max_size=2),
)
@searching(max_examples=30, deadline=None)
def test_a_file_is_read_as_the_arguments_that_say_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    policies: list[str],
    steps: list[Step],
    plugins: Mapping[str, Any],
    shadow: list[str],
    shadow_readings: Mapping[str, str],
    **others: Any,
) -> None:
    folder = tmp_path_factory.getbasetemp()
    said = {"policies": policies, "plugins": plugins, **{name: value for name, value in others.items() if value}}
    said["step"] = [
        {
            "action": step.action,
            "on": sorted(step.on),
            "clauses": sorted(step.clauses),
            "obligations": sorted(step.obligations),
            "reasons": sorted(step.reasons),
            "mandatory": step.mandatory,
        }
        for step in steps
    ]
    if shadow:
        said["shadow"] = {"policies": shadow, "readings": shadow_readings}
        others.update(shadow=[folder / name for name in shadow], shadow_readings=shadow_readings)
    file = folder / "drawn.toml"
    file.write_text(tomli_w.dumps(said), "utf-8")
    packs = [folder / name for name in policies]
    assert replace(read_configuration(file), document=None) == configuration_of(
        *packs, settings=plugins, steps=steps, **others
    )


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ('mode = "wran"', {"mode": "wran"}),
        ("source_timeout = 0", {"source_timeout": 0}),
        ("source_timeout = -1.5", {"source_timeout": -1.5}),
        ("source_timeout = nan", {"source_timeout": float("nan")}),
        ("source_timeout = inf", {"source_timeout": float("inf")}),
        ('[[step]]\naction = "blok"', {"steps": [Step("blok")]}),
        ('[[step]]\naction = "log"\non = []', {"steps": [Step("log", on=frozenset())]}),
        ('[[step]]\naction = "log"\nclauses = ["2-11"]', {"steps": [Step("log", clauses=frozenset({"2-11"}))]}),
        ('[readings]\nclause-5 = "strict"', {"readings": {"clause-5": "strict"}}),
        ('[shadow.readings]\nclause-5 = "strict"', {"shadow_readings": {"clause-5-conditions": "strict"}}),
        ("[digests]", {"digests": {}}),
        ('[digests]\nalc = "sha256:0"', {"digests": {"alc": "sha256:0"}}),
        ("[plugins.redcat]", {"settings": {"redcat": {}}}),
        ("[plugins.redact]\nfelds = {}", {"settings": {"redact": {"felds": {}}}}),
    ],
)
def test_what_a_file_may_not_say_arguments_may_not(tmp_path: Path, text: str, options: Mapping[str, Any]) -> None:
    with pytest.raises(PolicyError):
        Engine.load(config=written(tmp_path, text), installed_plugins=False)
    with pytest.raises((PolicyError, PluginError)):
        Engine.load(PACK, installed_plugins=False, **options)


def test_digests_pin_what_may_be_loaded(tmp_path: Path) -> None:
    (policy,) = Engine.load(PACK, installed_plugins=False).policies
    pinned = f'[digests]\n{policy.id} = "{policy.digest}"\n'
    engine = Engine.load(config=written(tmp_path, pinned), installed_plugins=False)
    assert engine.evaluate(EVENT).policies[0].digest == policy.digest
    Engine.load(PACK, digests={policy.id: policy.digest}, installed_plugins=False)

    shop = (ROOT / "rules" / "online-shop").as_posix()
    both = f'policies = ["{PACK.as_posix()}", "{shop}"]\n{pinned}'
    for text, policies, said in [
        (f'[digests]\n{policy.id} = "sha256:0"\n', "", [("not-as-pinned", 3, "")]),
        (pinned + 'alc-smart = "x"\n', "", [("not-as-pinned", 4, 'did you mean "alc-smart-learning"?')]),
        ("", both, [("not-as-pinned", 2, "")]),
        ("[digests]\n", "", [("not-as-pinned", 2, "")]),
        (f"[digests]\n{policy.id} = 1\n", "", [("wrong-type", 3, "")]),
    ]:
        assert problems(written(tmp_path, text, policies)) == said
    with pytest.raises(PolicyError, match=f'"{policy.id}" is {policy.digest}, and digests pins sha256:0'):
        Engine.load(PACK, digests={policy.id: "sha256:0"}, installed_plugins=False)


def test_shadow_policies_are_not_pinned(tmp_path: Path) -> None:
    (policy,) = Engine.load(PACK, installed_plugins=False).policies
    shop = (ROOT / "rules" / "online-shop").as_posix()
    file = written(tmp_path, f'shadow.policies = ["{shop}"]\n[digests]\n{policy.id} = "{policy.digest}"\n')
    Engine.load(config=file, installed_plugins=False)


def test_a_policy_other_than_pinned_is_not_swapped_in(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    pack = tmp_path / "rules" / PACK.name
    (policy,) = Engine.load(pack, installed_plugins=False).policies
    pins = {policy.id: policy.digest}
    with Engine.watch(pack, interval=60, digests=pins, installed_plugins=False) as watched:
        with (pack / "policy.toml").open("a", encoding="utf-8") as file:
            file.write("# a comment says nothing new\n")
        assert watched.look()
        (pack / "more.toml").write_text('[vocabulary.items]\nfax = {ja = "ファクス", en = "fax"}\n', "utf-8")
        assert not watched.look()
        assert "not-as-pinned" in str(watched.error)
        assert watched.engine.policies[0].digest == policy.digest


def test_arguments_that_are_watched_are_read_once(tmp_path: Path) -> None:
    """An iterator of steps or plugins is not empty when the files have changed."""
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    pack = tmp_path / "rules" / PACK.name
    seen = Seen()
    settings = {"redact": {"fields": {"full_name": "name"}}}
    options = {"plugins": iter([seen]), "installed_plugins": False, "steps": iter([Step("redact")])}
    with Engine.watch(pack, interval=60, settings=settings, **options) as watched:
        with (pack / "policy.toml").open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        assert watched.look()
        with watched.flow(EVENT, {"full_name": "Hanako", "checkup": "B"}) as flow:
            assert flow.payload == {"full_name": "Hanako"}
    assert len(seen.flows) == 1


def test_a_file_and_its_schema_agree(tmp_path: Path) -> None:
    schema = configuration_schema(Plugins(installed=False).schemas)
    jsonschema.Draft202012Validator.check_schema(schema)
    file = written(tmp_path, '[plugins.redact]\nkeep = ["id"]\n[[step]]\naction = "log"\n')
    jsonschema.Draft202012Validator(schema).validate(tomllib.loads(file.read_text("utf-8")))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({"policies": ["x"], "plugins": {"redact": {"keep": 1}}})


class Seen:
    """Sees every flow."""

    name = "seen"

    def __init__(self) -> None:
        self.flows: list[Any] = []

    @hookimpl
    def policyengine_observers(self) -> Iterable[Observer]:
        return [self]

    def observe(self, flow: Any) -> None:
        self.flows.append(flow)


def test_a_clause_of_a_step_is_found_in_a_decision_of_several_policies(tmp_path: Path) -> None:
    statute = (
        '[policy]\nid = "statute"\nversion = "1"\ntitle = {ja = "法", en = "act"}\ngoverns = "anyone"\n'
        '[vocabulary.subjects]\nemployee = {ja = "社員", en = "employee"}\n'
        '[vocabulary.items]\nname = {ja = "氏名", en = "name"}\n'
        'health_checkup_result = {ja = "健診", en = "check-up"}\n'
        '[vocabulary.purposes]\nhealth-management = {ja = "健康管理", en = "health"}\n'
        '[[clause]]\nnumber = "1"\nsummary = {ja = "禁止", en = "Nothing."}\n'
        '[[clause.prohibition]]\noperations = ["use"]\n'
    )
    (tmp_path / "statute.toml").write_text(statute, "utf-8")
    for named in ("1", "statute:1"):
        seen = Seen()
        file = written(
            tmp_path,
            f'[[step]]\naction = "log"\nclauses = ["{named}"]\n',
            f'policies = ["{PACK.as_posix()}", "statute.toml"]\n[[step]]\naction = "log"\nclauses = ["{named}"]\n',
        )
        engine = Engine.load(config=file, plugins=[seen], installed_plugins=False)
        decision = engine.evaluate(EVENT)
        assert any(clause.startswith("statute:") for clause in decision.clauses)
        (step,) = read_configuration(file).steps
        assert step.follows(decision, "tell")


class TestShadow:
    """A second set of policies is decided beside the first, and only compared."""

    def engine(self, tmp_path: Path, seen: Seen, shadow: str) -> Engine:
        return Engine.load(config=written(tmp_path, f"[shadow]\n{shadow}"), plugins=[seen], installed_plugins=False)

    def test_it_changes_nothing_and_is_told(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        seen = Seen()
        strict = f'policies = ["{PACK.as_posix()}"]\nreadings = {{stages-of-2-2 = "excluded"}}\n'
        engine = self.engine(tmp_path, seen, strict)
        alone = Engine.load(PACK, installed_plugins=False)
        shadow = Engine.load(PACK, readings={"stages-of-2-2": "excluded"}, installed_plugins=False)
        differing = 0
        events = [line for line in (ROOT / "examples" / "alc-month.jsonl").read_bytes().splitlines() if line.strip()]
        for line in events:
            try:
                event: dict[str, Any] = json.loads(line)
            except ValueError:
                continue
            caplog.clear()
            with caplog.at_level(logging.WARNING, "policyengine.shadow"):
                try:
                    decision = engine.enforce(event)
                except FlowDenied as denied:
                    decision = denied.decision
            assert decision == alone.evaluate(event)
            (flow,) = seen.flows
            seen.flows.clear()
            if decision.outcome == "invalid":
                assert flow.shadow is None
                continue
            assert flow.shadow == shadow.evaluate(event)
            told = [record for record in caplog.records if record.name == "policyengine.shadow"]
            differs = flow.shadow.outcome != decision.outcome
            differing += differs
            assert len(told) == 1 if differs else not any("permit" in r.message and "deny" in r.message for r in told)
        assert differing

    def test_shadow_policies_that_fail_stop_nothing(self, tmp_path: Path) -> None:
        other = (
            '[policy]\nid = "other"\nversion = "1"\ntitle = {ja = "他", en = "other"}\ngoverns = ["a", "b"]\n'
            '[[clause]]\nnumber = "1"\nsummary = {ja = "他", en = "Other."}\n'
            '[[clause.prohibition]]\noperations = ["use"]\n'
        )
        (tmp_path / "other.toml").write_text(other, "utf-8")
        seen = Seen()
        engine = self.engine(tmp_path, seen, 'policies = ["other.toml"]\n')
        event = {**EVENT, "purpose": "welfare", "items": ["name"]}
        assert engine.enforce(event).permitted
        assert seen.flows[0].shadow.outcome == "invalid"  # it binds two controllers, and the event names none


def test_the_file_of_a_database_is_taken_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    class Store:
        name = "store"

        @hookimpl
        def policyengine_settings(self) -> dict[str, Any]:
            url = {"type": "string", "format": "database-url"}
            return {"type": "object", "properties": {"one": url, "two": url, "three": url}}

    settings = {"one": "sqlite:///facts.db", "two": "sqlite:////facts.db", "three": "postgresql://db/facts"}
    found = Plugins([Store()], installed=False, settings={"store": settings}, folder=tmp_path).settings["store"]
    assert found["one"] == f"sqlite:///{tmp_path}/facts.db"
    assert (found["two"], found["three"]) == ("sqlite:////facts.db", "postgresql://db/facts")
