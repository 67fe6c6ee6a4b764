"""What `policyengine new` writes is a sound pack in canonical form, with a suite that passes."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

import forked
from cli.running import ROOT, environment
from policyengine import Engine
from policyengine.cli.beginning import EVENTS, Answers, Beginning, of_answers, of_pack, of_pattern
from policyengine.engine.plugins import Plugins
from policyengine.language.build import check_path
from policyengine.language.find import find_suites
from policyengine.language.format import formatted
from policyengine.language.offered import offered
from policyengine.language.patterns import patterns
from policyengine.language.source import read
from policyengine.suite.run import Engines, load, run

PLUGINS = Plugins(installed=False)
PACKS = [one.name for one in offered() if one.kind == "pack"]
OWN = Answers("Kumo Shop", ["氏名", "e-mail"], ["delivery", "help: by phone"], provides=True)
BEGINNINGS: Mapping[str, Callable[[], Beginning]] = {
    **{name: lambda name=name: of_pack(name, PLUGINS) for name in PACKS},
    **{name: lambda one=one: of_pattern(one, PLUGINS) for name, one in patterns().items()},
    "answers": lambda: of_answers(OWN, PLUGINS, "en"),
    "回答": lambda: of_answers(OWN, PLUGINS, "ja"),
    "answers, nothing provided": lambda: of_answers(OWN._replace(provides=False), PLUGINS, "en"),
}


def written(found: Beginning, folder: Path) -> Path:
    folder.mkdir()
    for name, content in found.files.items():
        (folder / name).write_bytes(content)
    return folder


def ran(folder: Path, *words: str) -> tuple[int, str, str]:
    code, out, err = forked.policyengine([*words, "--lang", "en"], folder=folder, environment=os.environ)
    return code, out.decode(), err.decode()


@pytest.mark.parametrize("name", BEGINNINGS)
def test_a_beginning_is_sound_and_its_suite_passes(name: str, tmp_path: Path) -> None:
    found = BEGINNINGS[name]()
    pack = written(found, tmp_path / "pack")
    assert [one for one in check_path(pack, PLUGINS.kinds) if one.severity == "error"] == []
    events = [json.loads(line) for line in (pack / EVENTS).read_text("utf-8").splitlines()]
    engine = Engine.load(pack, *found.beside, installed_plugins=False)
    assert events or name.endswith(":any-company"), "a pack without suites has none"
    assert "invalid" not in {engine.evaluate(event).outcome for event in events}
    for file in pack.glob("*.toml"):
        text = file.read_text("utf-8")
        assert formatted(text, str(file)) == text
        (named, _, schema) = text.splitlines()[0].partition(" ")
        assert (named, (pack / schema).is_file()) == ("#:schema", True)
        assert "../" not in str(read(file).data.get("imports")), "nothing hangs on where it lies"
    if name in patterns() or name.startswith(("answers", "回答")):
        (suite,) = find_suites(pack)
        engines = Engines()
        cases = load(suite, engines).cases
        assert len(cases) == len(events) and all(case.reviewed for case in cases)
        assert all(not result.differences for result in run(cases, engines))


def test_answers_become_the_words_of_the_policy() -> None:
    text = of_answers(OWN, PLUGINS, "en").files["policy.toml"].decode()
    assert 'governs = ["kumo-shop"]' in text and 'languages = ["en"]' in text
    assert '"氏名" = {en = "氏名"}' in text and 'help-by-phone = {en = "help: by phone"}' in text


def test_every_section_of_the_page_with_a_policy_is_a_pattern() -> None:
    page = (ROOT / "docs" / "patterns.md").read_text("utf-8")
    assert len(patterns()) == page.count("\n## ") and "joint-use" in patterns()
    assert patterns()["joint-use"].title.ja == "共同利用"
    assert all(one.events for one in patterns().values())


@pytest.mark.parametrize("tool", ["tombi", "taplo"])
def test_editors_find_the_schema_beside_it(tool: str, tmp_path: Path) -> None:
    pack = written(of_pattern(patterns()["joint-use"], PLUGINS), tmp_path / "pack")
    arguments = {"tombi": ["lint", "--offline", "--no-cache"], "taplo": ["lint"]}[tool]
    program = shutil.which(tool, path=str(Path(sys.executable).parent))
    assert program is not None

    def linted() -> subprocess.CompletedProcess[str]:
        files = sorted(map(str, pack.glob("*.toml")))
        return subprocess.run([program, *arguments, *files], cwd=pack, capture_output=True, text=True, check=False)

    assert linted().returncode == 0, linted().stderr
    policy = pack / "policy.toml"
    policy.write_text(policy.read_text("utf-8").replace('parties = ["hall"]', "parties = 1"), "utf-8")
    assert linted().returncode != 0


def test_the_command_writes_and_tells_what_to_do_next(tmp_path: Path) -> None:
    code, out, _ = ran(tmp_path, "new", "--pattern", "opt-out")
    assert code == 0
    written_, _, following = out.partition("\n\n")
    assert {tmp_path / line for line in written_.splitlines()} == set((tmp_path / "opt-out").iterdir())
    for line in following.splitlines()[1:]:
        assert ran(tmp_path, *line.split()[1:])[0] in (0, 1), line
    assert ran(tmp_path, "new", "there/shop", "--from", "online-shop")[0] == 0
    assert (tmp_path / "there" / "shop" / "partners.jsonl").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--pattern", "joint-us"], 'no pattern "joint-us" (did you mean "joint-use"?)'),
        (
            ["--from", "online-shp"],
            'no pack or file has the name policyengine:online-shp (did you mean "policyengine:online-shop"?)',
        ),
        (["--from", "appi", "--pattern", "joint-use"], "do not go together"),
        ([], "without a terminal nothing can be asked"),
    ],
)
def test_what_cannot_be_begun_with_is_told(words: list[str], said: str, tmp_path: Path) -> None:
    code, out, err = ran(tmp_path, "new", *words)
    assert (code, out) == (2, "") and said in err and list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "opt-out").mkdir()
    there = tmp_path / "opt-out" / "school.toml"
    there.write_text("mine\n", "utf-8")
    code, out, err = ran(tmp_path, "new", "--pattern", "opt-out")
    assert (code, out) == (2, "") and "opt-out/school.toml" in err
    assert [file.read_text("utf-8") for file in (tmp_path / "opt-out").iterdir()] == ["mine\n"]


def asked(folder: Path, lang: str, answers: Sequence[str]) -> tuple[int, str]:
    """Run `policyengine new` on a terminal where somebody types `answers`; return its code and what was shown."""
    ours, theirs = pty.openpty()
    code = forked.started(
        ["new", "--lang", lang],
        folder=folder,
        environment=environment(TERM="xterm", COLUMNS="120"),
        streams=(theirs, theirs, theirs),
    )
    os.close(theirs)
    shown = b""
    left = list(answers)
    while select.select([ours], [], [], 60)[0]:
        try:
            shown += os.read(ours, 65536)
        except OSError:
            break
        if left and shown.rstrip(b" ").endswith(b":") and shown.endswith(b" "):
            os.write(ours, f"{left.pop(0)}\n".encode())
    os.close(ours)
    return code(), shown.decode()


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_on_a_terminal_it_asks(lang: str, tmp_path: Path) -> None:
    code, shown = asked(tmp_path, lang, ["questionz", "", "", "acme", "name, address", "delivery", "y"])
    assert code == 0, shown
    assert ('did you mean "questions"?' if lang == "en" else "questions") in shown
    assert ran(tmp_path, "test", "policy")[0] == 0
    policy = read(tmp_path / "policy" / "policy.toml").data
    assert policy["policy"]["governs"] == ["acme"] and policy["policy"]["languages"] == [lang]
    assert list(policy["vocabulary"]["items"]) == ["name", "address"]
    code, shown = asked(tmp_path, lang, ["joint-use", "mine"])
    assert code == 0 and (tmp_path / "mine" / "policy.toml").is_file(), shown
