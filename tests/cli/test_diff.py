"""``policyengine diff`` end to end: packs, readings and revisions of git, on a small pack."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from suite.little_packs import POLICY
from suite.shell import Ran, policyengine

WIDER = POLICY.replace('purposes = ["delivery"]', 'purposes = ["delivery", "advertising"]')
NEW_WORD = POLICY.replace(
    "[vocabulary.purposes]",
    '[vocabulary.items.shoe_size]\nja = "靴のサイズ"\nen = "shoe size"\n\n[vocabulary.purposes]',
)
EVENT = {
    "time": "2026-06-01T10:00:00+09:00",
    "operation": "use",
    "subject": {"category": "customer", "id": "person-of-secret-name"},
    "items": ["name"],
}


def pack(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "policy.toml").write_text(text, "utf-8")
    return folder


def diff(folder: Path, *words: str | Path, lang: str = "en") -> Ran:
    return policyengine("diff", *words, folder=folder, lang=lang)


def test_a_purpose_that_is_added_is_one_sentence_in_both_languages(tmp_path: Path) -> None:
    old, new = pack(tmp_path / "old", POLICY), pack(tmp_path / "new", WIDER)
    ran = diff(tmp_path, old, new)
    assert (ran.code, ran.err) == (1, "")
    told = "  - Any item of customer may now be acquired, used or kept for advertising."
    assert [line for line in ran.out.splitlines() if line.startswith("  - ")] == [told]
    assert "before: denied (1); now: permitted (1)" in ran.out
    assert diff(tmp_path, old, new, "--allow-wider").code == 0
    ja = diff(tmp_path, old, new, lang="ja").out
    assert "お客様のすべての項目を広告のために取得、利用または保有できるようになった。" in ja
    back = diff(tmp_path, new, old)
    assert back.code == 0 and "may no longer be acquired, used or kept for advertising." in back.out


def test_what_is_the_same_is_said(tmp_path: Path) -> None:
    ran = diff(tmp_path, pack(tmp_path / "old", POLICY), pack(tmp_path / "new", POLICY + "# a comment\n"))
    assert ran.code == 0 and "No flow is decided differently" in ran.out


def test_a_new_word_is_told_with_the_clauses_that_open_it(tmp_path: Path) -> None:
    ran = diff(tmp_path, pack(tmp_path / "old", POLICY), pack(tmp_path / "new", NEW_WORD))
    assert ran.code == 1
    assert "  shoe_size: item added; permitted by 1" in ran.out
    assert "  - Shoe size of customer may now be acquired, used or kept for delivery." in ran.out


def test_json_has_everything(tmp_path: Path) -> None:
    ran = diff(tmp_path, pack(tmp_path / "old", POLICY), pack(tmp_path / "new", WIDER), "--format", "json")
    found: dict[str, Any] = json.loads(ran.out)
    (statement,) = found["statements"]
    assert found["wider"] is True and statement["kind"] == "permitted"
    assert statement["where"] == {
        "operation": ["acquire", "use", "retain"],
        "subject.category": ["customer"],
        "purpose": ["advertising"],
    }
    assert statement["example"]["event"]["purpose"] == "advertising"
    assert (statement["example"]["before"]["outcome"], statement["example"]["after"]["outcome"]) == ("deny", "permit")


@pytest.mark.parametrize("form", ["md", "html"])
def test_reports_for_a_pull_request_and_for_a_lawyer(form: str, tmp_path: Path) -> None:
    ran = diff(tmp_path, pack(tmp_path / "old", POLICY), pack(tmp_path / "new", WIDER), "--format", form)
    assert "Any item of customer may now be acquired, used or kept for advertising." in ran.out
    assert ran.out.startswith("# What changed" if form == "md" else '<!doctype html>\n<html lang="en">')


def test_events_that_flip_are_counted_and_nobody_is_named(tmp_path: Path) -> None:
    events = [{**EVENT, "id": f"e-{number}", "purpose": purpose} for number, purpose in enumerate(PURPOSES)]
    text = "".join(f"{json.dumps(event)}\n" for event in events)
    (tmp_path / "events.jsonl").write_text(text + "no event\n", "utf-8")
    old, new = pack(tmp_path / "old", POLICY), pack(tmp_path / "new", WIDER)
    for form in ("text", "json", "md", "html"):
        ran = diff(tmp_path, old, new, "--events", "events.jsonl", "--format", form)
        assert "person-of-secret-name" not in ran.out
        if form == "text":
            assert "Of 5 events: 2 newly permitted, 0 newly denied, 0 on new terms (1 invalid)" in ran.out
            assert "    e-1: use of name of customer" in ran.out
        if form == "json":
            assert json.loads(ran.out)["events"]["permitted"] == 2


PURPOSES = ("delivery", "advertising", "advertising", "delivery")


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose pack imports its words, got wider in the second commit, and is as at first in the folder."""
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "rules").mkdir()
    head, _, rest = POLICY.partition("[vocabulary.subjects]")
    words, _, clauses = rest.partition("[[clause]]")
    (tmp_path / "rules" / "words.toml").write_text(f"[vocabulary.subjects]{words}", "utf-8")
    text = f'imports = ["../words.toml"]\n\n{head}[[clause]]{clauses}'
    pack(tmp_path / "rules" / "shop", text)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    wider = text.replace('purposes = ["delivery"]', 'purposes = ["delivery", "advertising"]')
    pack(tmp_path / "rules" / "shop", wider)
    git(tmp_path, "commit", "-qam", "second")
    pack(tmp_path / "rules" / "shop", text)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "wider"),
    [
        (("main~1:rules/shop", "main:rules/shop"), True),
        (("main:rules/shop", "main~1:rules/shop/policy.toml"), False),
        (("rules/shop", "--rev", "HEAD~1..HEAD"), True),
        (("rules/shop", "main:./rules/shop"), True),
        (("rules/shop", "--rev", "HEAD"), False),
        (("rules/shop/policy.toml", "--rev", "HEAD~1"), False),
    ],
)
def test_revisions_of_git(words: tuple[str, ...], wider: bool, repository: Path) -> None:
    before = (repository / "rules" / "shop" / "policy.toml").read_bytes()
    ran = diff(repository, *words)
    assert (ran.code, ran.err) == (int(wider), "")
    assert ("for advertising." in ran.out) is (words != ("rules/shop/policy.toml", "--rev", "HEAD~1"))
    assert (repository / "rules" / "shop" / "policy.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nowhere:rules/shop", "rules/shop"), 'there is no revision "nowhere"'),
        (("main:rules/shoe", "rules/shop"), "there is no rules/shoe in that revision"),
        (("main:rules", "rules/shop"), "main:/rules/words.toml:1:1: error: no-policy"),
        (("rules/shop", "--rev", "--upload-pack=x"), 'there is no revision "--upload-pack=x"'),
        (("rules/shop",), "name two packs, or one with --rev or --reading"),
        (("rules/shop", "rules/shop", "rules/shop"), "name one pack, or two"),
        (("rules/shop", "rules/shop", "--at", "noon"), "expected a time such as"),
        (("rules/shop", "rules/shop", "--reading", "scope"), "expected NAME=VALUE"),
        (("rules/shop", "--reading", "scope=wide"), "scope"),
        (("rules/shop", "rules/shoe"), "file-missing"),
        (("rules/shop", "--rev", "..main"), "expected a revision"),
    ],
)
def test_what_is_wrong_is_said_with_exit_code_2(words: tuple[str, ...], told: str, repository: Path) -> None:
    ran = diff(repository, *words)
    assert ran.code == 2 and ran.out == ""
    assert told in ran.err.replace("\n", " ")


def test_outside_of_any_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    ran = diff(tmp_path, pack(tmp_path / "shop", POLICY), "--rev", "main")
    assert ran.code == 2 and "is in no repository of git" in ran.err


def test_a_date_of_a_rule_is_said(tmp_path: Path) -> None:
    dated = WIDER.replace(
        'purposes = ["delivery", "advertising"]',
        'purposes = ["delivery"]\n\n[[clause.purpose-limitation]]\nid = "later"\nfrom = 2027-04-01T00:00:00Z\n'
        'subjects = ["customer"]\npurposes = ["advertising"]',
    )
    old, new = pack(tmp_path / "old", POLICY), pack(tmp_path / "new", dated)
    told = "From 2027-04-01T00:00:00Z: any item of customer may now be acquired, used or kept for advertising."
    assert told in diff(tmp_path, old, new).out
    assert diff(tmp_path, old, new, "--at", "2027-01-01T00:00:00Z").code == 0
    assert diff(tmp_path, old, new, "--at", "2027-05-01T00:00:00Z").code == 1
