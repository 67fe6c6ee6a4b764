"""The playground's Python, without a browser: what it starts from, what it answers, what stands in for a library."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import rpds

SITE = Path(__file__).parents[2] / "site"


def loaded(path: Path) -> ModuleType:
    """Return a module of the site, under a name that nothing else has: its folders are on nobody's path."""
    name = f"playground_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


play, own_rpds = (loaded(SITE / "play" / "python" / f"{name}.py") for name in ("play", "rpds"))
STARTS = loaded(SITE / "starts.py").starts()


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.chdir(tmp_path)
    playground = play.Playground(tmp_path / "work")

    def asked(files: dict[str, str], event: str, view: str = "decision", lang: str = "en") -> list[dict[str, Any]]:
        request = {"files": files, "event": event, "view": view, "lang": lang}
        return [json.loads(answer) for answer in playground.answers(json.dumps(request))]

    return asked


@pytest.mark.parametrize("start", STARTS, ids=[start["id"] for start in STARTS])
def test_every_start_is_sound_and_decided(start: dict[str, Any], ask: Any) -> None:
    first, *others = ask(start["files"], start["event"], "explanation")
    assert not first["problems"]
    assert first["decision"]["outcome"] in {"permit", "deny"}
    assert [answer["kind"] for answer in others] == ["explanation", "rest", "notes"]
    assert all(note["file"] in start["files"] for note in others[-1]["problems"])


def test_there_is_a_start_for_each_section_of_the_patterns() -> None:
    page = (SITE.parent / "docs" / "patterns.md").read_text("utf-8")
    assert [start["title"]["en"] for start in STARTS[2:]] == [
        line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")
    ]


def test_files_come_change_and_go(ask: Any) -> None:
    shared = next(start for start in STARTS if start["id"] == "shared")
    files, event = shared["files"], shared["event"]
    assert ask(files, event)[0]["fresh"]
    assert not ask(files, event)[0]["fresh"]
    (problem,) = ask({"shared.toml": files["shared.toml"]}, event)[0]["problems"]
    assert (problem["file"], problem["line"], problem["code"]) == ("shared.toml", 1, "file-missing")
    broken = {**files, "shared.toml": files["shared.toml"].replace('"school.toml"', '"schol.toml"')}
    only = ask(broken, event)
    assert len(only) == 1 and only[0]["decision"] is None and only[0]["problems"]
    assert ask(files, event)[0]["decision"]["outcome"] == "permit"
    (error,) = ask(files, "{")[0]["decision"]["errors"]
    assert error["path"] == "$"


def test_suites_are_tried_and_say_what_is_wrong_with_them(ask: Any) -> None:
    shared = next(start for start in STARTS if start["id"] == "shared")
    case = """
    [[case]]
    name = "press"
    expect = "permit"
    time = 2026-11-24T09:00:00+09:00
    operation = "use"
    subject.category = "pupil"
    items = ["name"]
    purpose = "press"
    """
    *_, tests, _, _ = ask({**shared["files"], "a.test.toml": case}, "", "tests")
    assert tests["cases"] == 1 and "Rule coverage" in tests["page"]
    assert "1 failed" in tests["lines"][0][0][0]
    *_, tests, _, _ = ask({**shared["files"], "a.test.toml": case.replace("expect", "expct")}, "", "tests", "ja")
    assert {problem["file"] for problem in tests["problems"]} == {"a.test.toml"}


def test_a_notice_is_a_page_for_each_policy(ask: Any) -> None:
    start = next(start for start in STARTS if start["id"] == "priority")
    *_, notice, _, _ = ask(start["files"], start["event"], "notice", "ja")
    (page,) = notice["pages"]
    assert page["title"] == "音楽教室"
    assert "<svg" in page["page"] and "<table" in page["page"]


@pytest.mark.parametrize("name", ("", "/etc/x.toml", "../x.toml", "a/../../x.toml"))
def test_no_file_leads_elsewhere(name: str, ask: Any) -> None:
    with pytest.raises(ValueError, match="no name"):
        ask({name: ""}, "")


def test_what_stands_in_for_rpds_does_what_it_does() -> None:
    """By all that referencing and jsonschema call."""
    for make in (rpds.HashTrieMap, own_rpds.HashTrieMap):
        first = make()
        second = first.insert("a", 1).update({"b": 2}).update(make({"c": 3}))
        assert not first and dict(second) == {"a": 1, "b": 2, "c": 3} and "a" in second
        assert dict(second.remove("a")) == {"b": 2, "c": 3} and make.convert({"a": 1}) == make({"a": 1})
        with pytest.raises(KeyError):
            first.remove("a")
    for make in (rpds.HashTrieSet, own_rpds.HashTrieSet):
        first = make()
        assert not first and set(first.insert(1).insert(2).remove(1).update([3])) == {2, 3}
        with pytest.raises(KeyError):
            first.remove(1)
    for make in (rpds.List, own_rpds.List):
        first = make([1])
        second = first.push_front(2)
        assert (list(first), list(second), second.first, list(second.rest)) == ([1], [2, 1], 2, [1])
        assert list(make()) == [] and list(make(1, 2)) == [1, 2] and list(second.drop_first()) == [1]
