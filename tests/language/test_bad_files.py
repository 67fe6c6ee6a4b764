"""Files and folders that cannot be read as a pack, and what is said of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from language.marked_packs import BASE, CLAUSE, Found, problems, said, write
from policyengine import Engine
from policyengine.engine.plugins import Plugins
from policyengine.language.build import check_path

RULES = CLAUSE + "[[clause.prohibition]]\nitems = ['name']\n"

BROKEN = {
    "a key without a value": ("name = ⟪toml-syntax⟫\n"),
    "a value without a key": "⟪toml-syntax⟫= 5\n",
    "an unclosed string": "imports = []\n⟪toml-syntax⟫name = '氏名\nx = 1\n",
    "an unclosed text of several lines": 'imports = []\n⟪toml-syntax⟫name = """氏名\n\n[policy]\nid = \'x\'\n',
    "a string over two lines": 'name = "氏名⟪toml-syntax⟫\nx"\n',
    "an unclosed header": "[policy⟪toml-syntax⟫\n",
    "an unclosed list": "⟪toml-syntax⟫imports = [\n'a',\n",
    "two values on a line": "imports = [] ⟪toml-syntax⟫contact = 'x'\n",
    "a key that stands twice": "vocabulary = {}\nvocabulary = {}⟪toml-syntax⟫\n",
    "a table that stands twice": "[policy]\nid = 'x'\n[policy⟪toml-syntax⟫]\n",
    "a day that does not exist": "[policy]\nfrom = ⟪toml-syntax⟫2021-02-29T00:00:00Z\n",
    "a control character": "[policy]\nid = 'a⟪toml-syntax⟫\x00'\n",
    "a bare carriage return": "[policy]⟪toml-syntax⟫\rid = 'a'\n",
    "a word without quotes": "[policy]\nid = ⟪toml-syntax⟫shop\n",
    "a number of five thousand digits": "⟪toml-syntax⟫number = " + "9" * 5000 + "\n",
    "lists in lists in lists": "⟪toml-syntax⟫x = " + "[" * 100 + "]" * 100 + "\n",
    "lists in lists that nobody closes": "⟪toml-syntax⟫x = " + "[" * 450 + "\n",
    "ten thousand lists in lists": "⟪toml-syntax⟫x = " + "[" * 10_000 + "]" * 10_000 + "\n",
    "ten thousand dotted keys": "⟪toml-syntax⟫" + "a." * 10_000 + "a = 1\n",
}

TOML_1_1 = {
    "an inline table over several lines": "title = {⟪toml-1.1⟫\n  ja = '店', en = 'shop'}\n",
    "a comma after the last key": "title = {ja = '店', en = 'shop', ⟪toml-1.1⟫}\n",
    "a comment in an inline table": "title = {ja = '店', ⟪toml-1.1⟫# shop\n en = 'shop'}\n",
    "an escape sequence": 'title = "店\\e⟪toml-1.1⟫"\n',
    "a hexadecimal escape": 'title = "店\\x⟪toml-1.1⟫41"\n',
    "a time without seconds": "time = 0⟪toml-1.1⟫9:00\n",
    "a moment without seconds": "from = 2021-01-01⟪toml-1.1⟫T09:00Z\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_broken_toml_is_placed(text: str, tmp_path: Path) -> None:
    expected = write(tmp_path, {"base.toml": BASE, "case.toml": text})
    assert [(f.file, f.line, f.column, f.code) for f in said(problems(tmp_path))] == [
        (f.file, f.line, f.column, f.code) for f in expected
    ]


@pytest.mark.parametrize("text", TOML_1_1.values(), ids=TOML_1_1.keys())
def test_the_newer_toml_is_told_from_the_broken(text: str, tmp_path: Path) -> None:
    expected = write(tmp_path, {"base.toml": BASE, "case.toml": text})
    (problem,) = problems(tmp_path)
    assert (problem.code, problem.place.line, problem.place.column) == (
        "toml-1.1",
        expected[0].line,
        expected[0].column,
    )
    assert "TOML 1.0" in problem.message.ja and "TOML 1.0" in problem.message.en
    assert problem.hint.ja and problem.hint.en


@pytest.mark.parametrize(
    ("raw", "line", "column"),
    [
        ("店".encode("shift_jis"), 1, 1),
        ("# 店\n# ".encode() + "氏名".encode("euc_jp"), 2, 3),
        ("# 店".encode() + b"\xff", 1, 4),
        ("[policy]\nid = 'x'\n".encode("utf-16"), 1, 1),
        (b"# \xed\xa0\x80", 1, 3),
    ],
    ids=["Shift_JIS", "EUC-JP", "a stray byte", "UTF-16", "a surrogate"],
)
def test_what_is_not_utf_8_is_placed(raw: bytes, line: int, column: int, tmp_path: Path) -> None:
    write(tmp_path, {"base.toml": BASE, "case.toml": raw})
    assert said(problems(tmp_path)) == [Found(str(tmp_path / "case.toml"), line, column, "not-utf-8", None)]


def test_broken_files_come_in_one_go_with_what_else_is_wrong(tmp_path: Path) -> None:
    files = {
        "a.toml": "[vocabulary⟪toml-syntax⟫\n",
        "b.toml": b"# \xff\n",
        "c.toml": BASE + "[vocabulary.⟪unknown-key→parties⟫partys]\n",
        "d.toml": "imports = [⟪file-missing⟫'nowhere.toml']\n",
    }
    expected = write(tmp_path, files)
    expected.append(Found(str(tmp_path / "b.toml"), 1, 3, "not-utf-8", None))
    assert [(f.file, f.line, f.column, f.code) for f in said(problems(tmp_path))] == sorted(
        (f.file, f.line, f.column, f.code) for f in expected
    )


def test_a_broken_file_does_not_make_the_others_look_wrong(tmp_path: Path) -> None:
    write(tmp_path, {"a.toml": BASE, "b.toml": CLAUSE + "[[clause.prohibition]]\nitems = ['fax']\n", "c.toml": "="})
    assert [problem.code for problem in problems(tmp_path)] == ["toml-syntax"]


@pytest.mark.parametrize("name", ["nowhere", "nowhere.toml", "a/b/c", "", "."])
def test_a_missing_path_is_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (problem,) = problems(Path(name))
    assert problem.code == ("no-policy" if name in ("", ".") else "file-missing")
    assert (problem.place.line, problem.place.column) == (0, 0)
    assert problem.place.file == str(Path(name))


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000], ids=["a null character", "too long"])
def test_a_path_that_no_file_can_have_is_unreadable(name: str) -> None:
    assert [problem.code for problem in problems(Path(name))] == ["file-unreadable"]


def test_a_folder_in_the_place_of_a_file_is_unreadable(tmp_path: Path) -> None:
    write(tmp_path, {"base.toml": BASE})
    (tmp_path / "case.toml").mkdir()
    assert said(problems(tmp_path)) == [Found(str(tmp_path / "case.toml"), 0, 0, "file-unreadable", None)]


def test_links_that_run_in_a_circle_are_unreadable(tmp_path: Path) -> None:
    write(tmp_path, {"base.toml": BASE})
    (tmp_path / "a.toml").symlink_to(tmp_path / "b.toml")
    (tmp_path / "b.toml").symlink_to(tmp_path / "a.toml")
    assert {problem.code for problem in problems(tmp_path)} == {"file-unreadable"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_unreadable(tmp_path: Path) -> None:
    write(tmp_path, {"shop.toml": BASE})
    (tmp_path / "shop.toml").chmod(0)
    assert [problem.code for problem in problems(tmp_path)] == ["file-unreadable"]


def test_a_folder_without_files_holds_no_policy(tmp_path: Path) -> None:
    write(tmp_path, {"notes.txt": "", "deeper/shop.toml": BASE, "shop.test.toml": ""})
    hint = f"there are packs below it: {tmp_path / 'deeper'}"
    assert said(problems(tmp_path)) == [Found(str(tmp_path), 0, 0, "no-policy", hint)]


def test_a_pack_without_a_policy_table(tmp_path: Path) -> None:
    write(tmp_path, {"a.toml": "[vocabulary.items]\nfax = {ja = 'ファクス', en = 'fax'}\n"})
    assert said(problems(tmp_path)) == [Found(str(tmp_path / "a.toml"), 1, 1, "no-policy", None)]


def test_an_empty_file_holds_no_policy(tmp_path: Path) -> None:
    write(tmp_path, {"a.toml": ""})
    assert said(problems(tmp_path / "a.toml")) == [Found(str(tmp_path / "a.toml"), 1, 1, "no-policy", None)]


def test_a_pack_with_two_policy_tables(tmp_path: Path) -> None:
    second = "[⟪duplicate-policy⟫policy]\nid = 'b'\nversion = '1'\ntitle = {ja = 'b', en = 'b'}\ngoverns = ['b']\n"
    expected = write(tmp_path, {"a.toml": BASE, "b.toml": second})
    (found,) = said(problems(tmp_path))
    assert [found._replace(hint=None)] == expected
    assert found.hint is not None and "a folder each" in found.hint


def test_two_packs_of_one_policy_at_one_time(tmp_path: Path) -> None:
    write(tmp_path, {"a.toml": BASE, "b.toml": BASE})
    (problem,) = problems(tmp_path / "a.toml", tmp_path / "b.toml")
    assert problem.code == "duplicate-policy"


def test_a_policy_in_successive_versions(tmp_path: Path) -> None:
    """Two of one name fit together where one begins as the other ends, and at that moment the new one decides."""
    first, second = BASE, BASE.replace('version = "1"', 'version = "2"')
    first = first.replace('governs = ["shop"]', 'governs = ["shop"]\nuntil = 2026-04-01T00:00:00+09:00')
    write(tmp_path, {"one.toml": first})
    event = {
        "id": "e-1",
        "controller": "shop",
        "operation": "use",
        "subject": {"category": "customer"},
        "items": ["name"],
        "purpose": "delivery",
    }
    for start, fits in (("2026-04-01T00:00:00+09:00", True), ("2026-03-31T23:59:59.999999+09:00", False)):
        write(tmp_path, {"two.toml": second.replace('governs = ["shop"]', f'governs = ["shop"]\nfrom = {start}')})
        paths = (tmp_path / "two.toml", tmp_path / "one.toml")
        if not fits:
            assert [problem.code for problem in problems(*paths)] == ["duplicate-policy"]
            continue
        engine = Engine.load(*paths, installed_plugins=False)
        for time, version in (("2026-03-31T23:59:59.999999+09:00", "1"), ("2026-03-31T15:00:00Z", "2")):
            decision = engine.evaluate({**event, "time": time})
            assert [(policy.id, policy.version) for policy in decision.policies] == [("shop", version)]
            assert decision.permitted
            assert decision.clauses == ("1",)


def test_no_pack_at_all() -> None:
    assert [problem.code for problem in problems()] == ["no-policy"]


IMPORTS = {
    "a file that is not there": "imports = ['words.toml', ⟪file-missing⟫'../店/nowhere.toml']",
    "a folder": "imports = [⟪file-unreadable⟫'..']",
    "a path that no file can have": 'imports = [⟪file-unreadable⟫"a\\u0000b"]',
    "no list": "⟪wrong-type⟫imports = 'words.toml'",
    "no path": "imports = ['words.toml', ⟪wrong-type⟫5]",
}


@pytest.mark.parametrize("line", IMPORTS.values(), ids=IMPORTS.keys())
def test_a_bad_import_is_placed_where_it_stands(line: str, tmp_path: Path) -> None:
    files = {
        "shop/shop.toml": line + "\n\n" + BASE,
        "shop/words.toml": "[vocabulary.items]\nfax = {ja = 'x', en = 'x'}\n",
    }
    expected = write(tmp_path, files)
    assert said(problems(tmp_path / "shop")) == expected


def test_an_imported_file_is_no_policy_itself(tmp_path: Path) -> None:
    words = (
        "imports = []\n[vocabulary.items]\nfax = {ja = 'ファクス', en = 'fax'}\n"
        "[⟪imported-policy⟫policy]\nid = 'b'\nversion = '1'\ntitle = {ja = 'b', en = 'b'}\ngoverns = ['b']\n"
        "[readings]\n[obligations]\n"
        "[[⟪idle-clause⟫clause]]\nnumber = '9'\nsummary = {ja = 'x', en = 'x'}\n"
        "[⟪unknown-key→clause⟫clauses]\n"
    )
    expected = write(tmp_path, {"shop.toml": "imports = ['words/shared.toml']\n" + BASE, "words/shared.toml": words})
    assert said(problems(tmp_path / "shop.toml")) == expected


def test_a_vocabulary_is_checked_by_itself(tmp_path: Path) -> None:
    """It is no policy, and needs none: what is wrong with its words is wrong all the same."""
    kinds = Plugins(installed=False).kinds
    words = "[vocabulary.items]\nfax = {ja = 'ファクス', en = 'fax'}\n"
    expected = write(
        tmp_path,
        {
            "sound.toml": "imports = ['more.toml']\n" + words,
            "more.toml": "[vocabulary.items]\nphone = {is_a = 'contact', ja = '電話', en = 'phone'}\n"
            "contact = {ja = '連絡先', en = 'contact'}\n",
            "broken.toml": "imports = ['more.toml']\n"
            + words
            + "mobile = {⟪unknown-term→phone⟫is_a = 'phon', ja = '携帯', en = 'mobile'}\n"
            + "⟪shadowed-name⟫phone = {ja = '電話', en = 'phone'}\n"
            + "loop = {ja = 'x', en = 'x', ⟪cyclic-hierarchy⟫is_a = 'loop'}\n",
        },
    )
    assert check_path(tmp_path / "sound.toml", kinds) == []
    assert said(check_path(tmp_path / "broken.toml", kinds)) == expected


def test_an_imported_word_is_not_declared_again(tmp_path: Path) -> None:
    shop = BASE.replace("\nname = {", "\n⟪shadowed-name⟫name = {")
    words = "[vocabulary.items]\nname = {ja = '名', en = 'name'}\n"
    expected = write(tmp_path, {"shop.toml": "imports = ['words.toml']\n" + shop, "words.toml": words})
    (problem,) = problems(tmp_path / "shop.toml")
    assert said([problem]) == expected
    assert str(tmp_path / "words.toml") in problem.message.ja and str(tmp_path / "words.toml") in problem.message.en


def test_imports_may_run_in_a_circle_and_meet_again(tmp_path: Path) -> None:
    files = {
        "shop.toml": "imports = ['a.toml', './a.toml', 'b.toml']\n" + BASE + RULES,
        "a.toml": "imports = ['b.toml']\n[vocabulary.items]\nfax = {ja = 'x', en = 'x'}\n",
        "b.toml": "imports = ['a.toml']\n[vocabulary.items]\ntelex = {ja = 'x', en = 'x', is_a = 'fax'}\n",
    }
    write(tmp_path, files)
    (policy,) = Engine.load(tmp_path / "shop.toml", installed_plugins=False).policies
    assert policy.vocabulary.kinds("items", "fax") == {"fax", "telex"}


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_bytes(b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode())
    (policy,) = Engine.load(tmp_path / "shop.toml", installed_plugins=False).policies
    assert policy.title.ja == "店の方針"


def test_a_time_may_be_written_as_toml_has_it_or_as_text(tmp_path: Path) -> None:
    times = ["2021-01-01T09:00:00+09:00", "2021-01-01 00:00:00Z", "'2021-01-01T00:00:00Z'", "2021-01-01T00:00:00.000Z"]
    starts = set()
    for number, time in enumerate(times):
        write(tmp_path, {f"{number}.toml": BASE.replace('version = "1"', f'version = "1"\nfrom = {time}')})
        (policy,) = Engine.load(tmp_path / f"{number}.toml", installed_plugins=False).policies
        starts.add(policy.start)
    assert len(starts) == 1
