"""Findings that a policy accepts: until when, of what, and what they are then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from policyengine import Engine, PolicyError
from policyengine.cli import cli
from policyengine.errors import Place
from policyengine.model.acceptance import Acceptance
from policyengine.report.accepted import settled, unknown
from policyengine.report.findings import Finding, Trial, as_github, as_junit, as_sarif
from policyengine.text import same

PACK = """\
[policy]
id = "shop"
version = "1"
title = {ja = "店", en = "Shop"}
governs = ["shop"]
accepted = [LINES]
[vocabulary]
subjects.customer = {ja = "お客様", en = "customer"}
items.name = {ja = "氏名", en = "name"}
purposes.delivery = {ja = "配送", en = "delivery"}
[readings.scope]
ja = "範囲"
en = "scope"
default = "narrow"
values = {narrow = {ja = "狭", en = "n"}, wide = {ja = "広", en = "w"}}
[[clause]]
number = "1"
summary = {ja = "配送に使う", en = "Data serve delivery."}
[[clause.purpose-limitation]]
id = "delivery"
purposes = ["delivery"]
"""
OPEN = 'code = "open-items", until = 2027-04-01, reason = {ja = "理由", en = "because"}'


def pack(folder: Path, *lines: str) -> Path:
    file = folder / "shop.toml"
    file.write_text(PACK.replace("LINES", ", ".join(f"{{{line}}}" for line in lines)), "utf-8")
    return file


def check(file: Path, *options: str) -> tuple[int, str]:
    ran = CliRunner().invoke(cli, ["check", str(file), "--lang", "en", *options])
    return ran.exit_code, ran.stdout


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ('code = "open-items", until = 2027-04-01', "missing-key", 13),
        (f"{OPEN}, why = 1", "unknown-key", None),
        (OPEN.replace("2027-04-01", "2027-04-01T00:00:00Z"), "bad-time", None),
        (OPEN.replace("2027-04-01", '"2027-02-29"'), "bad-time", None),
        (f'{OPEN}, clause = "2"', "unknown-clause", None),
        (f'{OPEN}, rule = "deliver"', "unknown-rule", None),
        (f'{OPEN}, term = "nam"', "unknown-term", None),
        (f'{OPEN}, reading = "scop"', "unknown-reading", None),
    ],
)
def test_a_wrong_acceptance_is_told_at_its_place(tmp_path: Path, line: str, code: str, column: int | None) -> None:
    file = pack(tmp_path, line)
    with pytest.raises(PolicyError) as refused:
        Engine.load(file)
    (problem,) = refused.value.problems
    assert problem.code == code and problem.place is not None and problem.place.line == 6
    assert problem.place.column == column or (column is None and problem.place.column > 13)


def test_deciding_knows_nothing_of_it(tmp_path: Path) -> None:
    event = {
        "id": "e",
        "time": "2026-11-24T09:00:00Z",
        "operation": "use",
        "subject": {"category": "customer"},
        "items": ["name"],
        "purpose": "delivery",
    }
    decisions = [Engine.load(pack(tmp_path, *lines)).evaluate(event) for lines in ((), (OPEN,))]
    assert decisions[0].reasons == decisions[1].reasons and decisions[0].clauses == decisions[1].clauses


def test_what_is_accepted_is_listed_and_counts_again_after_its_end(tmp_path: Path) -> None:
    file = pack(tmp_path, f'{OPEN}, clause = "1", rule = "delivery"')
    code, said = check(file, "--as-of", "2027-03-31")
    assert code == 0 and "accepted: open-items" in said and "until 2027-04-01: because" in said
    code, said = check(file, "--as-of", "2027-04-01")
    assert code == 0 and "note: open-items" in said and "it was accepted until 2027-04-01" in said
    found = json.loads(check(file, "--as-of", "2026-01-01", "--format", "json")[1])["findings"]
    assert found[0]["accepted"] == {"until": "2027-04-01", "reason": {"ja": "理由", "en": "because"}}
    assert found[0]["about"] == [{"clause": "1"}, {"rule": "delivery"}]
    assert check(file, "--as-of", "today")[0] == 2


def test_what_fits_nothing_is_found(tmp_path: Path) -> None:
    code, said = check(pack(tmp_path, f'{OPEN}, reading = "scope"', OPEN.replace("open-items", "open-item")))
    assert code == 1 and "6:13: warning: idle-acceptance" in said
    assert 'unknown-finding: nothing ever finds "open-item" (did you mean "open-items"?)' in said


codes = st.sampled_from(["shadowed", "redundant", "gap"])
abouts = st.frozensets(st.sampled_from([("clause", "1"), ("rule", "a"), ("rule", "b"), ("term", "name")]))
days = st.dates().map(lambda day: day.isoformat())
findings = st.builds(
    Finding,
    codes,
    st.just(same("found")),
    st.one_of(st.none(), st.just(Place("policy.toml", 3, 1))),
    severity=st.sampled_from(["error", "warning", "note"]),
    speaks_of=abouts,
)
accepting = st.builds(Acceptance, codes, st.just(same("known")), days, abouts)


@given(st.lists(findings, max_size=4), st.lists(accepting, max_size=3), days)
def test_what_counts_is_what_nobody_accepts_on_the_day(
    found: list[Finding], accepted: list[Acceptance], day: str
) -> None:
    told = settled(found, accepted, day, {"shadowed", "redundant"})
    for before, after in zip(found, told, strict=False):
        fitting = [
            one for one in accepted if one.code == before.code and one.about <= before.speaks_of and day < one.until
        ]
        assert (after.accepted is not None) is bool(fitting and before.severity != "error")
        assert after.counts is (before.severity == "error" or (before.severity == "warning" and not fitting))
    idle = told[len(found) :]
    assert all(one.code == "idle-acceptance" and one.counts for one in idle)
    assert len(idle) == sum(one.code != "gap" and not any(one.fits(finding) for finding in found) for one in accepted)
    assert len(list(unknown(accepted, {"gap"}))) == sum(one.code != "gap" for one in accepted)
    trials = [Trial("policy", Place("policy.toml"), tuple(told))]
    distinct = list(dict.fromkeys(told))
    results = json.loads(as_sarif(trials))["runs"][0]["results"]
    assert [bool(result["suppressions"]) for result in results] == [one.accepted is not None for one in distinct]
    assert as_github(trials).count("::notice ") == sum(not one.counts for one in distinct)
    assert ('failures="1"' in as_junit(trials)) is any(one.counts for one in told)
