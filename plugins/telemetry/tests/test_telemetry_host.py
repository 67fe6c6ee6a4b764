"""What a host does with it: install it, configure it in a file, run it without an SDK, read the README."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from policyengine import Engine, PolicyError
from policyengine.engine.plugins import Plugins
from policyengine_telemetry import __version__, actions, plugin
from policyengine_telemetry.attributes import METRIC, PREFIX, SPAN
from telemetry_scenes import DENIED, PACK, PERMITTED, Telemetry, enforce

README = Path(__file__).parents[1] / "README.md"
ROOT = Path(__file__).parents[3]
CONFIGURATION = f"""
policies = ["{PACK.as_posix()}"]

[plugins.telemetry]
scope = "shop.privacy"
metric_attributes = ["outcome"]

[[step]]
action = "count"
on = ["permit", "deny", "invalid"]

[[step]]
action = "trace"
on = ["deny"]
clauses = ["6"]
"""
WITHOUT_AN_SDK = """
import sys

sys.modules["opentelemetry.sdk"] = None  # an import of it fails

import json

from policyengine import Engine, Step
from policyengine_telemetry import plugin

pack, event = sys.argv[1], json.loads(sys.argv[2])
steps = [Step(name, on=frozenset({"permit"}), mandatory=True) for name in ("count", "trace")]
options = {"plugins": [plugin], "installed_plugins": False}
assert Engine.load(pack, steps=steps, **options).enforce(event).permitted
settings = {"telemetry": {"observe": ["count", "trace"]}}
assert Engine.load(pack, settings=settings, **options).enforce(event).permitted
print("done")
"""


def test_a_configuration_file_says_what_is_told(telemetry: Telemetry, tmp_path: Path) -> None:
    file = tmp_path / "policyengine.toml"
    file.write_text(CONFIGURATION, "utf-8")
    engine = Engine.load(config=file, plugins=[plugin], installed_plugins=False)
    for event in (PERMITTED, DENIED):
        enforce(engine, event)
    assert [(span.attributes or {})["policyengine.event.id"] for span in telemetry.spans()] == ["e-002"]
    assert telemetry.counts("policyengine.decisions") == [
        ({"policyengine.outcome": "deny"}, 1),
        ({"policyengine.outcome": "permit"}, 1),
    ]


def test_a_wrong_setting_in_the_file_is_shown_at_its_place(tmp_path: Path) -> None:
    file = tmp_path / "policyengine.toml"
    file.write_text(CONFIGURATION.replace('["outcome"]', '["outcomes"]'), "utf-8")
    with pytest.raises(PolicyError, match=r"policyengine\.toml:6") as raised:
        Engine.load(config=file, plugins=[plugin], installed_plugins=False)
    assert "outcome" in str(raised.value)


def test_it_is_a_no_operation_without_an_sdk() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_AN_SDK, str(PACK), json.dumps(PERMITTED)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_the_package_is_found_by_its_entry_point() -> None:
    found = distribution("dataflow-policyengine-telemetry")
    assert found.version == __version__
    (shown,) = (one for one in Plugins().describe() if one.name == "telemetry")
    assert (shown.distribution, shown.version) == ("dataflow-policyengine-telemetry", __version__)


def test_the_readme_names_all_that_is_emitted_and_set() -> None:
    text = README.read_text("utf-8")
    rows = [row.split(" | ") for row in re.findall(r"^\| (`.*) \|$", text, re.MULTILINE)]
    where = {row[0].strip("`"): row[1] for row in rows}
    assert {name for name in where if "." not in name} == plugin.policyengine_settings()["properties"].keys()
    for emitted, word in ((SPAN, "spans"), (METRIC, "counters")):
        assert {name for name, places in where.items() if word in places} >= {PREFIX + name for name in emitted}
    assert set(re.findall(r'"(policyengine\.[a-z.]+)"', inspect.getsource(actions))) <= where.keys()


def test_the_readmes_example_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (shown,) = re.findall(r"```text output\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == shown
