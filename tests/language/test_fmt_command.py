"""``policyengine fmt`` as a shell runs it."""

from __future__ import annotations

import json
import os
import pty
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import forked
from policyengine.language.find import find_rule_files

UNTIDY = '[policy]\r\nid="a"   # its name\r\n'
TIDY = '[policy]\nid = "a" # its name\n'
BROKEN = "[policy]\nid = \n"


def run(
    *arguments: str | Path,
    text: str = "",
    lang: str = "en",
    cwd: Path | None = None,
    before: Callable[[], None] | None = None,
) -> tuple[int, str, str]:
    """Run the command, `before` in its process first; return its exit code, output and errors."""
    words = ["fmt", "--lang", lang, *map(str, arguments)]
    if before is None:
        code, out, err = forked.policyengine(words, folder=cwd or Path(), environment=os.environ, stdin=text.encode())
        return code, out.decode(), err.decode()
    ran = subprocess.run(
        [sys.executable, "-m", "policyengine", *words],
        input=text.encode(),
        capture_output=True,
        cwd=cwd,
        preexec_fn=before,
        check=False,
    )
    return ran.returncode, ran.stdout.decode(), ran.stderr.decode()


@pytest.fixture
def untidy(tmp_path):
    file = tmp_path / "policy.toml"
    file.write_bytes(UNTIDY.encode())
    return file


def test_it_rewrites_and_names_what_changed(untidy, tmp_path):
    tidy = tmp_path / "tidy.toml"
    tidy.write_bytes(TIDY.encode())
    stamp = tidy.stat().st_mtime_ns
    assert run(tmp_path) == (0, f"{untidy}\n", "1 formatted, 1 unchanged\n")
    assert untidy.read_bytes() == tidy.read_bytes() == TIDY.encode()
    assert tidy.stat().st_mtime_ns == stamp
    assert run(tmp_path) == (0, "", "0 formatted, 2 unchanged\n")


def test_check_lists_and_writes_nothing(untidy):
    said = f"{untidy}:1: error: not-canonical: not laid out in the canonical form, from here on\n"
    assert run("--check", untidy) == (1, said, "1 would change, 0 unchanged\n")
    assert run("--check", untidy, lang="ja")[2] == "1 件は整形が必要、0 件はそのまま\n"
    assert untidy.read_bytes() == UNTIDY.encode()
    run(untidy)
    assert run("--check", untidy) == (0, "", "0 would change, 1 unchanged\n")


def test_a_diff_is_one_that_patch_can_read(tmp_path):
    before, after = "# 一\na=1\n\nb = 2", "# 一\na = 1\n\nb = 2\n"
    (tmp_path / "x.toml").write_text(before, "utf-8")
    code, out, _ = run("--diff", "x.toml", cwd=tmp_path)
    assert code == 1
    assert (tmp_path / "x.toml").read_text("utf-8") == before
    assert "-a=1\n+a = 1\n" in out
    assert "\n-b = 2\n\\ No newline at end of file\n+b = 2\n" in out
    subprocess.run(["git", "apply", "-p0", "-"], input=out.encode(), cwd=tmp_path, check=True)
    assert (tmp_path / "x.toml").read_text("utf-8") == after
    assert run("--diff", "x.toml", cwd=tmp_path)[:2] == (0, "")


@pytest.mark.parametrize("no_color", [False, True])
def test_a_diff_is_coloured_on_a_terminal(untidy, no_color):
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"}
    if no_color:
        environment["NO_COLOR"] = "1"
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "policyengine", "fmt", "--diff", untidy],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as ran:
        ran.wait()
    os.close(theirs)
    out = os.read(ours, 1 << 16)
    os.close(ours)
    assert (b'\x1b[32m+id = "a" # its name\x1b[0m' in out) is not no_color
    assert (b"\x1b" in out) is not no_color


def test_standard_input_goes_to_standard_output():
    assert run("-", text=UNTIDY) == (0, TIDY, "")
    assert run("-", text=f"\ufeff{UNTIDY}") == (0, TIDY, "")
    code, out, err = run("--check", "-", text=UNTIDY)
    assert (code, err) == (1, "") and out.startswith("<stdin>:1: error: not-canonical: ")
    assert run("--check", "-", text=TIDY) == (0, "", "")
    code, out, err = run("-", text=BROKEN)
    assert (code, out) == (2, "")
    assert err.startswith("<stdin>:2:6: error: toml-syntax: ")


def test_results_as_json(untidy):
    code, out, err = run("--check", "--format", "json", untidy)
    found = json.loads(out)
    assert (code, found["files"], err) == (1, [{"file": str(untidy), "changed": True}], "")
    assert [(one["code"], one["line"]) for one in found["findings"]] == [("not-canonical", 1)]
    (result,) = json.loads(run("--diff", "--format", "json", untidy)[1])["files"]
    assert '+id = "a" # its name\n' in result["diff"]


@pytest.mark.parametrize(
    ("contents", "place", "words"),
    [
        (BROKEN.encode(), ":2:6", "toml-syntax"),
        (b'a = "\xff"\n', ":1:6", "not UTF-8"),
        (b"a = {\n  b = 1,\n}\n", ":1:6", "TOML 1.1"),
        (b"a = 0x" + b"f" * 5000, ":1:1", "too large"),
    ],
)
def test_a_broken_file_is_told_and_left_alone_and_the_others_are_formatted(untidy, tmp_path, contents, place, words):
    broken = tmp_path / "broken.toml"
    broken.write_bytes(contents)
    code, out, err = run(tmp_path)
    assert (code, out) == (2, f"{untidy}\n")
    assert err.startswith(f"{broken}{place}: error: ")
    assert words in err
    assert broken.read_bytes() == contents
    assert untidy.read_text("utf-8") == TIDY
    assert run("--check", tmp_path)[0] == 2


def test_permissions_and_links_stay(untidy, tmp_path):
    untidy.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(untidy)
    assert run(link, untidy)[0] == 0
    assert link.is_symlink()
    assert untidy.read_text("utf-8") == TIDY
    assert untidy.stat().st_mode & 0o777 == 0o640
    assert sorted(tmp_path.iterdir()) == [link, untidy]


def test_a_file_that_cannot_be_written_is_told_and_stays_whole(untidy, tmp_path):
    code, out, err = run(untidy, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
    assert (code, out) == (2, "")
    assert err.startswith(f"{untidy}: error: file-unwritable: ")
    assert untidy.read_bytes() == UNTIDY.encode()
    assert list(tmp_path.iterdir()) == [untidy]


def test_a_path_that_is_not_there_and_a_folder_without_rules(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\nname='x'\n", "utf-8")
    code, _, err = run(tmp_path, tmp_path / "missing.toml")
    assert code == 2
    assert f"{tmp_path}: error: no-rule-file: " in err
    assert f"{tmp_path / 'missing.toml'}: error: file-missing: " in err


@pytest.mark.parametrize("arguments", [(), ("-", "rules"), ("-", "--format", "json"), ("--nothing", "-")])
def test_bad_usage(arguments):
    assert run(*arguments)[0] == 2


def test_in_a_folder_only_rule_files_are_touched(tmp_path):
    ours = {
        "pack/policy.toml": "[policy]\nid='a'\n",
        "pack/more.toml": "a=1\n",
        "pack/broken.toml": "a=\n",
        "words/vocabulary.toml": "# words\n[vocabulary . items]\n",
        "words/broken.toml": "[vocabulary.items]\na=\n",
        "clauses/part.toml": "  [[clause]]\nnumber='1'\n",
        "suites/any.test.toml": "a=1\n",
    }
    theirs = {
        "pyproject.toml": "[tool.policy]\na=1\n",
        "words/ruff.toml": "a=1\n",
        "words/policy.txt": "[policy]\n",
        ".venv/vocabulary.toml": "[vocabulary.items]\na=1\n",
    }
    for name, text in (ours | theirs).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "folder.toml").mkdir()
    assert [file.relative_to(tmp_path).as_posix() for file in find_rule_files(tmp_path)] == sorted(ours)
    assert run(tmp_path)[0] == 2
    assert {name: (tmp_path / name).read_text("utf-8") for name in theirs} == theirs
