"""``render`` prints a notice or writes it, one file for each policy."""

from __future__ import annotations

from pathlib import Path

from cli.running import PACK, ROOT, run

SHOP = str(ROOT / "rules" / "online-shop")


def test_it_prints_markdown(tmp_path: Path) -> None:
    ran = run("render", SHOP, "--lang", "en")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("# Kumo Shop privacy policy\n\n") and "\n## What the words mean\n" in ran.out
    written = run("render", SHOP, "--lang", "en", "--output", str(tmp_path / "notice.md"))
    assert (written.code, written.out) == (0, "")
    assert (tmp_path / "notice.md").read_text("utf-8") == ran.out


def test_of_several_policies_each_has_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    ran = run("render", SHOP, PACK, "--format", "html", "--output", str(folder))
    assert ran.code == 0
    assert sorted(file.name for file in folder.iterdir()) == [
        "alc-smart-learning-2013-02-01.html",
        "kumo-shop-2025-04-01.html",
    ]
    refused = run("render", SHOP, PACK, "--format", "html")
    assert refused.code == 2 and "--output" in refused.err


def test_under_another_reading_it_says_so() -> None:
    plain, other = (
        run("render", PACK, "--lang", "en", *more).out for more in ((), ("--reading", "clause-5-conditions=strict"))
    )
    assert "5/conditions-scoped" in plain and "5/conditions-strict" not in plain
    assert "5/conditions-strict" in other and "5/conditions-scoped" not in other
    assert "(not the default)" in other and "(not the default)" not in plain


def test_what_it_cannot_do_is_said() -> None:
    ran = run("render", "nowhere")
    assert (ran.code, ran.out) == (2, "") and "nowhere" in ran.err
    assert run("render", SHOP, "--lang", "fr").code == 2
