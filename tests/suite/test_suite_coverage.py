"""``--coverage``, ``--fail-under`` and the page that ``--html`` writes, opened in a real browser."""

from __future__ import annotations

import re
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from suite.little_packs import ACQUIRED, ALL, DELIVERY, ENTRUSTED, KEPT, NO_ADVERTISING, NO_VISITOR, POLICY, shop
from suite.services import needed
from suite.shell import policyengine

BROWSER = "apt-get install chromium"


def coverage(folder: Path, *words: str) -> tuple[int, list[str]]:
    ran = policyengine("test", ".", "--coverage", *words, folder=folder)
    lines = ran.out.splitlines()
    return ran.code, lines[next(i for i, line in enumerate(lines) if line.startswith("coverage ")) :]


def test_what_no_case_exercises_is_named(tmp_path: Path) -> None:
    shop(tmp_path, DELIVERY)
    assert coverage(tmp_path) == (
        0,
        [
            "coverage my-shop: 68.8 % (11/16)",
            "  1/purpose-limitation: operation is one of acquisition, retention, use: false, acquire, retain",
            "  1/purpose-limitation: subject is customer: false",
            "  1/purpose-limitation: purpose is delivery: false",
        ],
    )


@pytest.mark.parametrize("left_out", (NO_ADVERTISING, NO_VISITOR, ACQUIRED, KEPT, ENTRUSTED))
def test_all_is_seen_with_all_cases_and_with_no_fewer(left_out: str, tmp_path: Path) -> None:
    shop(tmp_path, *ALL, name="whole")
    assert coverage(tmp_path) == (0, ["coverage my-shop: 100.0 % (16/16)"])
    shop(tmp_path, *(case for case in ALL if case is not left_out), name="part")
    ran = policyengine("test", "part", "--fail-under", "100", folder=tmp_path)
    assert ran.code == 1 and ran.out.count("\n  1/purpose-limitation: ") == 1


@pytest.mark.parametrize(("percent", "code"), [("68.7", 0), ("68.8", 1), ("0", 0), ("100", 1)])
def test_fail_under(percent: str, code: int, tmp_path: Path) -> None:
    shop(tmp_path, DELIVERY)
    assert policyengine("test", ".", "--fail-under", percent, folder=tmp_path).code == code


def test_a_failing_case_fails_whatever_the_coverage(tmp_path: Path) -> None:
    shop(tmp_path, *ALL, DELIVERY.replace("an order", "no order").replace("permit", "deny"))
    assert policyengine("test", ".", "--fail-under", "1", folder=tmp_path).code == 1


def test_a_term_that_its_own_rule_excepts_is_no_gap(tmp_path: Path) -> None:
    """A set of subjects but for some of them: of those no event can be seen to match. (There are no more subjects.)"""
    pack = shop(tmp_path, *ALL)
    table = 'subjects = ["customer"]'
    policy = POLICY.replace(table, 'subjects = ["people"]\nexcept.subjects = ["visitor"]')
    people = '[vocabulary.sets.subjects]\npeople = ["customer", "visitor"]\n\n[[clause]]'
    (pack / "policy.toml").write_text(policy.replace("[[clause]]", people), "utf-8")
    shown = coverage(tmp_path)[1]
    assert shown[1:] == ["  1/purpose-limitation: subject is one of customer, visitor: false"]


def test_a_clause_that_no_decision_cites_is_named(tmp_path: Path) -> None:
    pack = shop(tmp_path, *ALL)
    more = '\n[[clause]]\nnumber = "2"\nsummary = {ja = "住所", en = "Addresses."}\n\n[[clause.prohibition]]\n'
    policy = POLICY + more + 'items = ["postal_address"]\n'
    (pack / "policy.toml").write_text(policy, "utf-8")
    assert "  2: never cited" in coverage(tmp_path)[1]


def test_a_reading_that_no_case_chooses_is_named_and_its_rules_count(tmp_path: Path) -> None:
    pack = shop(tmp_path, *ALL)
    reading = (
        '\n[readings.wide]\nclause = "1"\nja = "広いか"\nen = "Wide?"\ndefault = "no"\n'
        'values.no = {ja = "いいえ", en = "no"}\nvalues.yes = {ja = "はい", en = "yes"}\n\n[[clause]]'
    )
    rule = '\n[[clause.prohibition]]\nunder = {wide = "yes"}\nitems = ["postal_address"]\n'
    (pack / "policy.toml").write_text(POLICY.replace("\n[[clause]]", reading, 1) + rule, "utf-8")
    shown = coverage(tmp_path)[1]
    assert "  wide = yes: never chosen" in shown
    assert "  1/prohibition: never applied" in shown


def test_the_page_names_every_gap_at_its_rule_in_both_languages(tmp_path: Path) -> None:
    shop(tmp_path, DELIVERY, NO_VISITOR)
    for lang, gap, title in (
        ("en", "purpose is delivery", "Not seen yet"),
        ("ja", "利用目的が配送", "まだ確認していないこと"),
    ):
        ran = policyengine("test", ".", "--html", f"out/{lang}", "--lang", lang, folder=tmp_path)
        assert ran.code == 0 and ran.err.strip() == f"out/{lang}/index.html"
        page = (tmp_path / "out" / lang / "index.html").read_text("utf-8")
        assert f'<html lang="{lang}">' in page and title in page and gap in page
        anchors = re.findall(r'href="#([^"]+)"', page)
        assert anchors and all(f'id="{anchor}"' in page for anchor in anchors)
        assert "[[clause.purpose-limitation]]" in page
        assert not re.search(r'(src|href)="(https?:)?//', page), "the page needs nothing from elsewhere"


def pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Return width, height and the distinct rows of an 8-bit PNG, to be told apart alone."""
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert depth == 8
    data, at = b"", 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        if kind == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    raw = zlib.decompress(data)
    stride = 1 + width * {2: 3, 6: 4}[colour]
    return width, height, [raw[row * stride : (row + 1) * stride] for row in range(height)]


def test_a_browser_shows_the_page(tmp_path: Path) -> None:
    chromium = needed("chromium", BROWSER)
    shop(tmp_path, DELIVERY)
    policyengine("test", ".", "--html", "out", folder=tmp_path)
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    base = [chromium, *flags.split(), f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1000,1000"]
    page = (tmp_path / "out" / "index.html").as_uri()
    shot = tmp_path / "shot.png"
    subprocess.run([*base, f"--screenshot={shot}", page], check=True, capture_output=True, timeout=120)
    width, height, rows = pixels(shot.read_bytes())
    assert (width, height) == (1000, 1000)
    assert len(set(rows)) > 100, "the page is not empty"
    dom = subprocess.run([*base, "--dump-dom", page], check=True, capture_output=True, timeout=120).stdout.decode()
    assert dom.count("<li ") == POLICY.count("\n"), "every line of the rule file is there"
    assert "68.8 %" in dom
