"""What careless plugins hand over is said when the engine is built, and a broken package can be left out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine, PluginError, Text, hookimpl
from policyengine.engine.handed import SORTS, wrong_schema
from policyengine.engine.plugins import Plugins

PACK = Path(__file__).parents[2] / "rules" / "alc-smart-learning"


class Kind:
    name = "curfew"
    title = Text(ja="門限", en="curfew")
    summary = Text(ja="夜は使わない", en="Not at night.")
    properties: Mapping[str, Any] = {"hours": {"type": "integer"}}
    required: Any = frozenset({"hours"})

    def lower(self, table: Any) -> Iterable[Any]:  # noqa: ARG002
        return ()


class Source:
    name = "register"

    def facts(self, queries: Any) -> Any:
        return [[] for _ in queries]


class Action:
    name = "acting"
    stage = "tell"

    def act(self, flow: Any) -> Any: ...


class Observer:
    name = "watching"

    def observe(self, flow: Any) -> Any: ...


class Events:
    name = "queue"

    def events(self) -> Any:
        return ()


class Format:
    name = "csv"

    def render(self, decisions: Any) -> Any:  # noqa: ARG002
        return ()


class Lint:
    name = "house-contact"
    layer = "house"

    def find(self, query: Any) -> Any:  # noqa: ARG002
        return ()


def plugin(what: str, handed: Any, *, settings: Any = None) -> object:
    """Return a plugin of one hook that returns `handed`, or calls it."""

    class Plugin:
        pass

    def hook(self: Any) -> Any:  # noqa: ARG001
        return handed() if callable(handed) and not isinstance(handed, type) else handed

    setattr(Plugin, f"policyengine_{what}", hookimpl(hook))
    if settings is not None:
        Plugin.policyengine_settings = hookimpl(lambda self: settings)  # type: ignore[attr-defined]  # noqa: ARG005
    return Plugin()


def other(one: type, **changes: Any) -> object:
    return type(one.__name__, (one,), changes)()


async def awaited(self: Any, one: Any) -> Any: ...
async def awaited_bare(self: Any) -> Any: ...
def yielding(self: Any, one: Any) -> Any:  # noqa: ARG001
    yield one


async def generated(self: Any, one: Any) -> Any:  # noqa: ARG001
    yield one


CARELESS: list[tuple[str, Any, str]] = [
    ("fact_sources", [Source], "is a class; hand over an instance of it: Source\\(\\)"),
    ("fact_sources", [other(Source, name="")], "has a name that is none"),
    ("fact_sources", [other(Source, name=7)], "has a name that is none"),
    ("fact_sources", [other(Source, name=" x")], "has a name that is none"),
    ("fact_sources", [other(Source, facts=None)], "no facts"),
    ("fact_sources", [other(Source, facts=lambda self: [])], "is called with 1 argument"),  # noqa: ARG005
    ("fact_sources", [other(Source, facts=lambda self, a, b: [])], "is called with 1 argument"),  # noqa: ARG005
    ("fact_sources", [other(Source, facts=lambda self, *, queries: [])], "is called with 1 argument"),  # noqa: ARG005
    ("fact_sources", [other(Source, facts=generated)], "is an async generator"),
    ("fact_sources", None, "returned None; a list is expected"),
    ("fact_sources", "register", "returned 'register'; a list is expected"),
    ("fact_sources", {"register": Source()}, "a list is expected"),
    ("fact_sources", Source(), "a list is expected"),
    ("fact_sources", [Source(), Source()], 'fact source "register"; there is one of that name already'),
    ("enforcement_actions", [other(Action, stage="tells")], 'has stage .tells.; the stages are.*did you mean "tell"'),
    ("enforcement_actions", [other(Action, stage=None)], "has stage None"),
    ("enforcement_actions", [other(Action, act=lambda self: None)], "is called with 1 argument"),  # noqa: ARG005
    ("enforcement_actions", [other(Action, act=generated)], "is an async generator"),
    ("enforcement_actions", [other(Action, act=yielding)], "is a generator; nobody would read it"),
    ("observers", [other(Observer, observe=yielding)], "is a generator; nobody would read it"),
    ("enforcement_actions", [Observer()], "is no enforcement action: it has no act"),
    ("observers", [other(Observer, observe=7)], "is no observer"),
    ("observers", [other(Observer, observe=staticmethod(lambda: None))], "is called with 1 argument"),
    ("event_sources", [other(Events, events=awaited_bare)], "is async, and cannot be"),
    ("event_sources", [other(Events, events=lambda self, one: ())], "is called with 0 arguments"),  # noqa: ARG005
    ("report_formats", [other(Format, render=awaited)], "is async, and cannot be"),
    ("report_formats", [other(Format, render=generated)], "is async, and cannot be"),
    ("rule_kinds", [other(Kind, lower=awaited)], "is async, and cannot be"),
    ("rule_kinds", [other(Kind, name="Cur few")], "no table of a rule file can have"),
    ("rule_kinds", [other(Kind, name="summary")], "a key that clauses have already"),
    ("rule_kinds", [other(Kind, title="curfew")], "has no title in both languages"),
    ("rule_kinds", [other(Kind, summary=Text(ja="", en="x"))], "has no summary in both languages"),
    ("rule_kinds", [other(Kind, properties=None)], "has no properties"),
    ("rule_kinds", [other(Kind, properties={"hours": {"type": "intger"}})], "whose JSON Schema is none"),
    ("rule_kinds", [other(Kind, properties={"hours": 7})], "whose JSON Schema is none: int"),
    ("rule_kinds", [other(Kind, properties={"hours": {"enum": object()}})], "whose JSON Schema is none"),
    ("rule_kinds", [other(Kind, required="hours")], "has no required"),
    ("rule_kinds", [other(Kind, required={"hour"})], 'does not have: .hour.; did you mean "hours"'),
]


@pytest.mark.parametrize(("what", "handed", "said"), CARELESS)
def test_what_is_handed_over_is_checked_when_the_engine_is_built(what: str, handed: Any, said: str) -> None:
    with pytest.raises(PluginError, match=f"policyengine_{what} .*{said}"):
        Engine.load(PACK, plugins=[plugin(what, handed)], installed_plugins=False)


@pytest.mark.parametrize(
    ("what", "handed"),
    [
        ("fact_sources", (other(Source, facts=awaited),)),
        ("enforcement_actions", iter([other(Action, act=awaited)])),
        ("observers", [other(Observer, observe=lambda self, one, more=None: None)]),  # noqa: ARG005
        ("observers", []),
        ("event_sources", [Events()]),
        ("report_formats", [Format()]),
        ("rule_kinds", [Kind(), other(Kind, name="night-2", required=["hours", "subjects", "oblige"])]),
    ],
)
def test_what_is_sound_is_not_complained_of(what: str, handed: Any) -> None:
    Engine.load(PACK, plugins=[plugin(what, handed)], installed_plugins=False).close()


@pytest.mark.parametrize(
    ("handed", "said"),
    [
        ([other(Lint, layer="")], "has a layer that is no id of a policy: ''"),
        ([other(Lint, layer=None)], "has a layer that is no id of a policy: None"),
        ([other(Lint, find=awaited)], "is async, and cannot be"),
        ([Lint(), Lint()], 'lint "house-contact"; there is one of that name already'),
        ([Observer()], "is no lint: it has no find"),
    ],
)
def test_lints_are_checked_when_they_are_asked_for(handed: Any, said: str) -> None:
    with pytest.raises(PluginError, match=f"policyengine_lints .*{said}"):
        _ = Plugins([plugin("lints", handed)], installed=False).lints


def test_hooks_are_called_while_an_engine_is_built_and_not_awaited() -> None:
    class Late:
        @hookimpl
        async def policyengine_observers(self) -> Any:
            return []

    with pytest.raises(PluginError, match="is async, and cannot be"):
        Engine.load(PACK, plugins=[Late()], installed_plugins=False)


class Unmarked:
    def policyengine_observers(self) -> Any:
        return [Observer()]


class Class:
    @hookimpl
    def policyengine_observers(self) -> Any:
        return [Observer()]


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (object(), "none of our hooks"),
        (None, "none of our hooks"),
        ("records", "none of our hooks"),
        (Observer(), "none of our hooks"),
        (Unmarked(), "is not marked: put @hookimpl above it"),
        (Class, "is a class; hand over an instance of it: Class"),
    ],
)
def test_an_object_that_is_no_plugin(one: object, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        Engine.load(PACK, plugins=[one], installed_plugins=False)


@pytest.mark.parametrize("settings", [{"type": "string"}, {}, {"type": "object", "properties": 7}, [], "x", 7])
def test_settings_are_described_by_a_schema_of_an_object(settings: Any) -> None:
    with pytest.raises(PluginError, match="no JSON Schema of an object"):
        Engine.load(PACK, plugins=[plugin("observers", [], settings=settings)], installed_plugins=False)


def test_everything_is_said_at_once() -> None:
    broken = [object(), Unmarked()]
    with pytest.raises(PluginError, match=r"(?s)none of our hooks.*not marked"):
        Engine.load(PACK, plugins=broken, installed_plugins=False)


def test_the_built_in_ones_are_sound() -> None:
    found = Plugins(installed=False)
    for what, members in (
        ("rule_kinds", found.kinds),
        ("enforcement_actions", found.actions),
        ("event_sources", found.events),
        ("report_formats", found.formats),
    ):
        assert {name: SORTS[what].wrong(member) for name, member in members.items() if SORTS[what].wrong(member)} == {}
    assert {name: said for name, schema in found.schemas.items() if (said := wrong_schema(schema, "object"))} == {}


OBSERVING = "import policyengine\n\n@policyengine.hookimpl\ndef policyengine_observers():\n    return []\n"
PACKAGES = {
    "good-rules": (
        "good",
        OBSERVING,
    ),
    "gone-rules": ("gone", "import no_such_module_at_all\n"),
    "exit-rules": ("leaving", "raise SystemExit(3)\n"),
    "bare-rules": ("bare", "x = 1\n"),
    "clash-rules": (
        "good",
        OBSERVING,
    ),
    "same-rules": (
        "redact",
        OBSERVING,
    ),
    "handing-rules": (
        "handing",
        "import policyengine\n\n@policyengine.hookimpl\ndef policyengine_enforcement_actions():\n    return [7]\n",
    ),
}


def installed(folder: Path, *packages: str) -> dict[str, str]:
    """Install packages into a folder, as pip leaves them there, and return the environment of a process that has it."""
    for package in packages:
        name, text = PACKAGES[package]
        module = package.replace("-", "_")
        (folder / f"{module}.py").write_text(text, "utf-8")
        info = folder / f"{module}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.5\n", "utf-8")
        (info / "entry_points.txt").write_text(f"[policyengine]\n{name} = {module}\n", "utf-8")
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path}


def command(environment: Mapping[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "policyengine", *args],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("package", "said", "leave"),
    [
        ("gone-rules", "cannot be loaded from gone_rules: ModuleNotFoundError", "gone"),
        ("exit-rules", "cannot be loaded from exit_rules: SystemExit", "leaving"),
        ("bare-rules", "it has none of our hooks", "bare-rules"),
        ("clash-rules", 'there is a plugin of that name already: "good" of clash-rules 1.5', "good"),
        ("same-rules", 'there is a plugin of that name already: "redact" of a built-in one', "same-rules"),
    ],
)
def test_a_broken_package_is_named_shown_and_left_out(tmp_path: Path, package: str, said: str, leave: str) -> None:
    environment = installed(tmp_path, "good-rules", package)
    load = ["evaluate", str(PACK), "--events", os.devnull]
    failed = command(environment, *load)
    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr
    assert said in failed.stderr
    assert f"--disable {package} leaves it out" in failed.stderr or package == "clash-rules"
    assert package in failed.stderr and "1.5" in failed.stderr
    assert command(environment, "--disable", leave, *load).returncode == 0

    shown = command(environment, "plugins", "--format", "json")
    assert shown.returncode == 1
    plugins = {one["name"]: one for one in json.loads(shown.stdout)}
    (told,) = (one["error"] for one in plugins.values() if one["error"])
    assert said in told
    assert plugins["good"]["distribution"].endswith("-rules")
    assert "error: " in command(environment, "plugins").stdout
    left = command(environment, "--disable", leave, "plugins", "--format", "json")
    assert left.returncode == 0
    assert any(one["disabled"] for one in json.loads(left.stdout))


def test_what_a_package_hands_over_is_shown_too(tmp_path: Path) -> None:
    environment = installed(tmp_path, "handing-rules")
    shown = command(environment, "plugins")
    assert shown.returncode == 1
    assert 'plugin "handing" of handing-rules 1.5: policyengine_enforcement_actions handed over 7' in shown.stdout
    failed = command(environment, "evaluate", str(PACK), "--events", os.devnull)
    assert (failed.returncode, "handing-rules 1.5" in failed.stderr) == (2, True)
    assert "--disable handing leaves it out" in failed.stderr
    assert command(environment, "--disable", "handing", "check", str(PACK)).returncode == 0


def test_what_is_left_out_must_be_there(tmp_path: Path) -> None:
    environment = installed(tmp_path, "good-rules")
    failed = command(environment, "--disable", "goood", "check", str(PACK))
    assert failed.returncode == 2
    assert 'there is no plugin "goood" (did you mean "good"?)' in failed.stderr
    with pytest.raises(PluginError, match="no-such"):
        Engine.load(PACK, disable=["no-such"])
    with pytest.raises(PluginError, match="unknown-action"):
        from policyengine import Step  # noqa: PLC0415

        Engine.load(PACK, disable=["redact"], steps=[Step("redact")], installed_plugins=False)


def test_a_file_can_say_it(tmp_path: Path) -> None:
    environment = installed(tmp_path, "gone-rules")
    file = tmp_path / "policyengine.toml"
    file.write_text(f"policies = [{json.dumps(str(PACK))}]\ndisable = ['gone']\n[plugins.gone]\nx = 1\n", "utf-8")
    done = command(environment, "--config", str(file), "evaluate", "--events", os.devnull)
    assert (done.returncode, done.stderr) == (0, "no events: nothing was decided\n")
