"""Withdrawal of all that agrees: what ends, what is left and said to be, and what a person reads before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_scenes import CONSENT, CONTRACT, PACK, REQUEST
from ledger_servers import LAWS, Fresh
from policyengine import Engine
from policyengine_records import Agreeing, Ledger, RecordsError, Store
from suite.shell import Ran, policyengine

AT = "2026-11-24T00:00:00Z"
PURPOSES, PARTIES, PERSONS = ["publicity", "after-care"], ["mailer-kk", "alc"], ["c-1", "c-2"]


def some(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


facts = st.fixed_dictionaries(
    {"type": st.sampled_from(["consent", "legal_basis", "request"])},
    optional={
        "subject": st.sampled_from(PERSONS),
        "purposes": some(PURPOSES),
        "recipients": some(PARTIES),
        "until": st.sampled_from(["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"]),
    },
).map(
    lambda fact: {
        **fact,
        **{
            "consent": {"operations": ["provide"]},
            "legal_basis": {"kind": "statute", "reference": "Act 1"},
            "request": {"kind": "stop_use"},
        }[str(fact["type"])],
    }
)
wanted = st.builds(
    Agreeing,
    subjects=st.one_of(st.none(), some(PERSONS)),
    purpose=st.one_of(st.none(), st.sampled_from(PURPOSES)),
    recipient=st.one_of(st.none(), st.sampled_from(PARTIES)),
).filter(lambda one: (one.subjects, one.purpose, one.recipient) != (None, None, None))


@LAWS
@given(st.lists(facts, max_size=8), wanted)
def test_every_fact_that_agrees_ends_and_no_other(fresh: Fresh, known: list[Any], which: Agreeing) -> None:
    ledger = fresh()
    ids = ledger.import_(known)

    def agrees(fact: dict[str, Any]) -> bool:
        return (
            fact.get("until", "9") > AT
            and (which.purpose is None or which.purpose in fact.get("purposes", [which.purpose]))
            and (which.recipient is None or which.recipient in fact.get("recipients", [which.recipient]))
        )

    def theirs(fact: dict[str, Any]) -> bool:
        return which.subjects is None or fact.get("subject") in which.subjects

    ended = [
        id_ for id_, fact in zip(ids, known, strict=True) if fact["type"] == "consent" and agrees(fact) and theirs(fact)
    ]
    left = [
        id_
        for id_, fact in zip(ids, known, strict=True)
        if id_ not in ended and fact["type"] != "request" and agrees(fact) and (theirs(fact) or "subject" not in fact)
    ]
    before = ledger.facts()
    tried = ledger.withdraw_agreeing(which, AT, dry_run=True)
    assert ledger.facts() == before, "a dry run writes nothing"
    done = ledger.withdraw_agreeing(which, AT)
    for found in (tried, done):
        assert sorted(one.id for one in found.ended) == sorted(ended)
        assert sorted(one.id for one in found.left) == sorted(left)
    after = {one.id: one for one in ledger.facts()}
    assert all(after[one.id] == one for one in done.ended)
    assert all(after[id_].withdrawn_at == AT for id_ in ended)
    assert [after[one.id] for one in before if one.id not in ended] == [one for one in before if one.id not in ended]
    assert ledger.withdraw_agreeing(which, AT).ended == []


def test_a_purpose_ends_what_is_for_its_kinds_and_for_what_it_is_a_kind_of(fresh: Fresh, tmp_path: Path) -> None:
    words = 'ja = "x", en = "x"'
    (tmp_path / "policy.toml").write_text(
        f"""
[policy]
id = "studio"
version = "1"
title = {{{words}}}
governs = ["studio"]

[vocabulary.subjects]
customer = {{{words}}}
[vocabulary.items]
name = {{{words}}}
[vocabulary.purposes]
marketing = {{{words}}}
letters = {{{words}, is_a = ["marketing"]}}
parties = {{{words}, is_a = ["marketing"]}}

[[clause]]
number = "1"
summary = {{{words}}}
[[clause.purpose-limitation]]
subjects = ["customer"]
purposes = ["marketing"]
""",
        "utf-8",
    )
    engine = Engine.load(tmp_path, installed_plugins=False)
    ledger = fresh()
    ledger.import_({**CONSENT, "purposes": [one]} for one in ("marketing", "letters", "parties"))

    def ends(purpose: str) -> list[str]:
        done = ledger.withdraw_agreeing(Agreeing(purpose=purpose), engine=engine, dry_run=True)
        return sorted(one.fact["purposes"][0] for one in done.ended)

    assert ends("marketing") == ["letters", "marketing", "parties"]
    assert ends("letters") == ["letters", "marketing"]
    with pytest.raises(RecordsError, match=r'no policy knows the purpose "leters".* did you mean "letters"'):
        ends("leters")


def test_what_names_nothing_is_refused(fresh: Fresh) -> None:
    with pytest.raises(RecordsError, match="say whose facts end"):
        fresh().withdraw_agreeing(Agreeing())


# At the command line


@pytest.fixture
def desk(tmp_path: Path) -> Ledger:
    (tmp_path / "policyengine.toml").write_text(
        f'policies = [{json.dumps(str(PACK))}]\n[plugins.records]\ndatabase = "sqlite:///records.db"\n', "utf-8"
    )
    store = Store(f"sqlite:///{tmp_path}/records.db")
    store.upgrade()
    return Ledger(store)


def types(desk: Ledger, *words: str) -> Ran:
    assert desk.store.file is not None
    return policyengine("facts", *words, folder=desk.store.file.parent)


def test_a_person_takes_back_what_was_consented_to(desk: Ledger) -> None:
    publicity, everything, _, other = desk.import_(
        [{**CONSENT, "purposes": ["publicity"]}, CONSENT, REQUEST, {**CONSENT, "subject": "c-103"}]
    )
    general = desk.add({"type": "legal_basis", "kind": "statute", "reference": "Act 1", "operations": ["provide"]})
    words = ("withdraw", "--subject", "c-102", "--purpose", "publicity")
    shown = types(desk, *words, "--dry-run")
    assert (shown.code, shown.err) == (0, "")
    assert "2 would end" in shown.out and "1 still permit" in shown.out
    assert all(one in shown.out for one in (publicity, everything, general)) and other not in shown.out
    assert all(one.withdrawn_at is None for one in desk.facts())
    done = json.loads(types(desk, *words, "--format", "json").out)
    assert [one["id"] for one in done["ended"]] == [publicity, everything]
    assert [one["id"] for one in done["left"]] == [general]
    assert [one.id for one in desk.facts() if one.withdrawn_at is not None] == [publicity, everything]
    assert json.loads(types(desk, *words, "--format", "json").out)["ended"] == []
    wrong = types(desk, "withdraw", "--subject", "c-102", "--purpose", "publicty")
    assert wrong.code == 2 and 'did you mean "publicity"' in wrong.err


def test_persons_come_from_a_file_or_standard_input(desk: Ledger) -> None:
    assert desk.store.file is not None
    ids = desk.import_({**CONSENT, "subject": f"c-{number}"} for number in range(4))
    (desk.store.file.parent / "ids.txt").write_text("c-1\n\n  c-2 \nc-1\n", "utf-8")
    listed = json.loads(types(desk, "list", "--subjects", "ids.txt", "--format", "json").out)
    assert [one["id"] for one in listed] == ids[1:3]
    done = json.loads(types(desk, "withdraw", "--subjects", "ids.txt", "--format", "json").out)
    assert [one["id"] for one in done["ended"]] == ids[1:3]


def test_a_mark_at_the_beginning_of_a_file_is_of_no_person(desk: Ledger) -> None:
    assert desk.store.file is not None
    folder = desk.store.file.parent
    (folder / "facts.jsonl").write_text(json.dumps(CONSENT) + "\n", "utf-8-sig")
    (folder / "ids.txt").write_text("c-102\r\n", "utf-8-sig")
    assert types(desk, "import", "facts.jsonl").code == 0
    assert len(json.loads(types(desk, "withdraw", "--subjects", "ids.txt", "--format", "json").out)["ended"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--subject", ""], "an id of a person is none"),
        (["--subject", " c-102"], "an id of a person is none"),
        (["--subject", "c-102", "--recipient", ""], "an id of a recipient is none"),
        (["--subject", "c-102", "--purpose", ""], "no purpose is named"),
        (["--subjects", "nobody.txt", "--purpose", "publicity"], "no person is named"),
        (["--subject", "c-102", "--type", "consnt"], 'there is no type "consnt"; did you mean "consent"?'),
    ],
)
@pytest.mark.parametrize("configured", [True, False])
def test_what_no_fact_can_agree_with_is_no_withdrawal(
    desk: Ledger, words: list[str], said: str, configured: bool
) -> None:
    """An empty variable of a shell, an empty file, a misspelt word: nobody shall think that something has ended."""
    assert desk.store.file is not None
    folder = desk.store.file.parent
    (folder / "nobody.txt").write_text("\n", "utf-8")
    if not configured:
        (folder / "policyengine.toml").unlink()
        words = [*words, "--database", f"sqlite:///{desk.store.file}"]
    desk.add(CONSENT)
    ran = types(desk, "withdraw", *words)
    assert ran.code == 2 and said in ran.err
    assert [one.withdrawn_at for one in desk.facts()] == [None]


def test_without_policies_a_purpose_is_a_name(desk: Ledger) -> None:
    assert desk.store.file is not None
    (desk.store.file.parent / "policyengine.toml").unlink()
    ran = types(
        desk, "withdraw", "--subject", "c-102", "--purpose", "publicty", "--database", f"sqlite:///{desk.store.file}"
    )
    assert ran.code == 0 and "its spelling and kinds are not known" in ran.err


@pytest.mark.parametrize("words", [["withdraw"], ["withdraw", "0f6c", "--subject", "c-1"], ["withdraw", "--dry-run"]])
def test_one_fact_or_what_agrees(desk: Ledger, words: list[str]) -> None:
    ran = types(desk, *words)
    assert ran.code == 2 and "name one fact by its ID, or say whose facts end" in ran.err


def test_what_is_in_effect_already_is_said_to_be(desk: Ledger) -> None:
    first = types(desk, "add", json.dumps({**CONTRACT, "from": "2026-01-01T00:00:00Z"}))
    assert (first.code, first.err) == (0, "")
    again = types(desk, "add", json.dumps(CONTRACT))
    assert again.code == 0 and again.err == f"in effect already, as {first.out.strip()}\n"
    assert again.out != first.out, "it is added all the same: who said so when is part of the record"
    assert types(desk, "add", json.dumps({**CONTRACT, "party": "postcard-kk"})).err == ""
    assert types(desk, "add", json.dumps({**CONTRACT, "subject": "c-1"})).err == ""
    for entry in desk.facts():
        desk.withdraw(entry.id)
    assert types(desk, "add", json.dumps(CONTRACT)).err == ""
