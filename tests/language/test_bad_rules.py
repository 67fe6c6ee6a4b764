"""What can be wrong with rules, each problem at its own key or value, with the nearest valid thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from language.marked_packs import BASE, CLAUSE, problems, said, write
from policyengine import Engine


def rule(kind: str, text: str) -> str:
    """Return one rule of a kind, alone in its clause."""
    return f"{CLAUSE}[[clause.{kind}]]\n{text}"


SURVEY = "[vocabulary.facts.survey]\nja = 'x'\nen = 'x'\n"
OBLIGATION = "[obligations.more]\nclause = '1'\nja = 'x'\nen = 'x'\n"
READING = """\
[readings.more]
ja = 'x'
en = 'x'
default = 'a'
values.a = {ja = 'a', en = 'a'}
values.b = {ja = 'b', en = 'b'}
"""
KINDS = (
    "alternative, data-subject-request, disclosure, entrustment, individual-notice, joint-use, obligation, "
    "permission, prohibition, provision, purpose-limitation, replacement, requirement, retention"
)

UNKNOWN_KEYS = {
    "a top-level table": "[⟪unknown-key→vocabulary⟫vocabulry.items]\nfax = {ja = 'x', en = 'x'}",
    "nothing near": "⟪unknown-key=clause, conditions, imports, obligations, policy, readings, vocabulary⟫zzz = 1",
    "a dimension": "[vocabulary.⟪unknown-key→purposes⟫purpose]\nfax = {ja = 'x', en = 'x'}",
    "a key of a term": "[vocabulary.items]\nfax = {ja = 'ファクス', en = 'fax', ⟪unknown-key→is_a⟫is = 'name'}",
    "a key of a fact type": SURVEY + "⟪unknown-key→fields⟫field = {}",
    "a key of a fact field": (SURVEY + "fields.kind = {held = 'value', ⟪unknown-key→required⟫require = true}"),
    "values of a field that is held against the event": (
        SURVEY + "fields.party = {held = 'recipient', ⟪unknown-key⟫values.a = {ja = 'a', en = 'a'}}"
    ),
    "a key of a set": "[vocabulary.sets.⟪unknown-key→items⟫item]\nx = ['name']",
    "a key of a reading": (READING + "⟪unknown-key→clause⟫clauses = '1'"),
    "a key of an obligation": OBLIGATION + "⟪unknown-key→parameters⟫parameter = {}",
    "a key of a clause": CLAUSE + "⟪unknown-key→organisational⟫organizational = {ja = 'x', en = 'x'}",
    "a kind of rule": rule("⟪unknown-kind→purpose-limitation⟫purpose-limitations", "subjects = ['customer']"),
    "a kind of rule like no other": rule(f"⟪unknown-kind={KINDS}⟫zzz", "subjects = ['customer']"),
    "a key of a rule": rule("prohibition", "⟪unknown-key→purposes⟫purpose = ['marketing']"),
    "a key of an exception": rule("prohibition", "except = {⟪unknown-key→items⟫item = ['name']}"),
    "a key of a requirement": rule("requirement", "require.⟪unknown-key→origins⟫origin = ['direct']"),
    "a key of a term under a reading": (
        rule("prohibition", "items = [{⟪unknown-key→term⟫trem = 'name', under = {scope = 'wide'}}]")
    ),
    "a comparison": rule("prohibition", "attributes.age = {⟪unknown-key→below⟫belw = 16}"),
    "a key of a text": "[vocabulary.items]\n"
    "x = {ja = 'x', en = 'x', ⟪unknown-key=en, is_a, ja, ordinary, remainder⟫fr = 'x'}",
    "after Japanese text on the line": (
        "[vocabulary.items]\n'電話' = {ja = '電話番号', en = 'phone', ⟪unknown-key→is_a⟫is_aa = 'name'}"
    ),
    "a quoted key": "[vocabulary.items]\n"
    "x = {ja = 'x', en = 'x', ⟪unknown-key=en, is_a, ja, ordinary, remainder⟫\"q\\\"\" = 1}",
    "a key of a key": "[vocabulary.items.fax]\nja = 'x'\nen = 'x'\n⟪unknown-key→is_a⟫is_b.c.d = 1",
}

WRONG_TYPES = {
    "the vocabulary": "⟪wrong-type⟫vocabulary = 5",
    "a dimension": "[vocabulary]\n⟪wrong-type⟫items = ['name']",
    "a term": "[vocabulary.items]\n⟪wrong-type⟫fax = 'fax'",
    "a label": "[vocabulary.items]\nfax = {⟪wrong-type⟫ja = 5, en = 'fax'}",
    "an empty label": "[vocabulary.items]\nfax = {⟪empty⟫ja = '', en = 'fax'}",
    "is_a": "[vocabulary.items]\nfax = {⟪wrong-type⟫is_a = 5, ja = 'x', en = 'fax'}",
    "a member of is_a": "[vocabulary.items]\nfax = {is_a = ['name', ⟪wrong-type⟫[]], ja = 'x', en = 'fax'}",
    "an attribute's type": "[vocabulary.attributes]\nx = {⟪unknown-value→integer⟫type = 'int', ja = 'x', en = 'x'}",
    "a set": "[vocabulary.sets.items]\n⟪wrong-type⟫x = 'name'",
    "an empty set": "[vocabulary.sets.items]\n⟪empty⟫x = []",
    "what a field is held against": (SURVEY + "fields.party = {⟪unknown-value→recipient⟫held = 'recipent'}"),
    "a list flag": SURVEY + "fields.party = {held = 'value', ⟪wrong-type⟫list = 1}",
    "a reserved field": SURVEY + "fields.⟪reserved-name⟫until = {held = 'value'}",
    "a reading's default": (
        "[readings.more]\nja = 'x'\nen = 'x'\n⟪wrong-type⟫default = ['a']\n"
        "values = {a = {ja = 'a', en = 'a'}, b = {ja = 'b', en = 'b'}}"
    ),
    "a reading with one value": (
        "[readings.more]\nja = 'x'\nen = 'x'\ndefault = 'a'\n⟪too-few⟫values = {a = {ja = 'a', en = 'a'}}"
    ),
    "a parameter": (OBLIGATION + "parameters.days = 1\nparameters.list = [1, ⟪wrong-type⟫[2]]"),
    "a number that is none": OBLIGATION + "parameters.⟪wrong-type⟫days = inf",
    "the clauses": "⟪wrong-type⟫clause = 'x'",
    "a clause": "clause = [⟪wrong-type⟫'x']",
    "the rules of a clause": CLAUSE + "⟪wrong-type⟫prohibition = {items = ['name']}",
    "no rules at all": CLAUSE + "⟪empty⟫prohibition = []",
    "a rule": CLAUSE + "prohibition = [⟪wrong-type⟫'x']",
    "a summary": "[[clause]]\nnumber = '9'\n⟪wrong-type⟫summary = 'x'\norganisational = {ja = 'x', en = 'x'}",
    "a ground": CLAUSE + "⟪wrong-type⟫ground = 'yes'",
    "a list of terms": rule("prohibition", "⟪unknown-value⟫items = 'name'"),
    "a term of a list": rule("prohibition", "items = ['name', ⟪wrong-type⟫5]"),
    "an empty list": rule("prohibition", "⟪empty⟫items = []"),
    "a list of clauses": rule("prohibition", "spares = [⟪wrong-type⟫1]"),
    "facts": rule("prohibition", "⟪wrong-type⟫lifted_by = 'consent'"),
    "facts in a list": rule("prohibition", "lifted_by.all = [⟪wrong-type⟫'consent']"),
    "a member of any": rule("prohibition", "any = [{items = ['name']}, ⟪wrong-type⟫'consent']"),
    "any of nothing": rule("prohibition", "⟪empty⟫any = []"),
    "not of a list": rule("prohibition", "⟪wrong-type⟫not = [{type = 'consent'}]"),
    "a condition that says nothing": rule("requirement", "require = {all = [⟪empty⟫{}]}"),
    "a named condition that is a list": "[conditions.a]\nja = 'x'\nen = 'x'\nany = [{not = {⟪wrong-type⟫any = 'x'}}]",
    "a named condition that asks nothing": "[conditions.⟪empty⟫a]\nja = 'x'\nen = 'x'\n",
    "three that are the same": rule("prohibition", "⟪too-many⟫same = ['actor', 'subject', 'recipient']"),
    "a word in place of what is spared": rule("prohibition", "⟪unknown-value⟫spares = 'below'"),
    "how long, in words": rule("retention", "⟪bad-duration⟫at_most = 'three years'"),
    "since when, and not how long": rule(
        "⟪missing-key⟫retention", "since = {type = 'consent'}\nends_with = {type = 'vetting'}"
    ),
    "a later fact that is no older than": rule(
        "prohibition", "facts = {type = 'consent', after = {type = 'request', ⟪unknown-key⟫within = 'P1Y'}}"
    ),
    "an ordered comparison with text": rule("prohibition", "attributes.age = {⟪wrong-type⟫below = '16'}"),
    "a comparison with nothing": rule("prohibition", "attributes.age = {⟪wrong-type⟫below = nan}"),
    "an order of booleans": rule("prohibition", "attributes.guest = {⟪wrong-type⟫above = 0}"),
    "a value of another type": rule("prohibition", "attributes.guest = {⟪wrong-type⟫is = 'yes'}"),
    "a fraction of a whole number": rule("prohibition", "attributes.age = {⟪wrong-type⟫is = 15.5}"),
    "a flag": rule("requirement", "⟪wrong-type⟫silent = 'no'\nrequire.items = ['name']"),
    "an id with a space": rule("prohibition", "⟪bad-id⟫id = 'a b'"),
    "an id with a line end": CLAUSE + '[[clause.prohibition]]\n⟪bad-id⟫id = "a\\n"',
    "a name with a colon": "[vocabulary.items]\n⟪bad-id⟫'a:b' = {ja = 'x', en = 'x'}",
    "a number with a space": rule("prohibition", "items = ['name']").replace('number = "9"', '⟪bad-id⟫number = "9 9"'),
    "a time without an offset": rule("prohibition", "⟪bad-time⟫from = 2020-01-01T00:00:00"),
    "a day": rule("prohibition", "⟪bad-time⟫until = 2020-01-01"),
    "a time of day": rule("prohibition", "⟪bad-time⟫from = 09:00:00"),
    "a time in words": rule("prohibition", "⟪bad-time⟫from = 'tomorrow'"),
    "a missing label": "[vocabulary.items]\n⟪missing-key⟫fax = {ja = 'ファクス'}",
    "a missing summary": "[[⟪missing-key⟫clause]]\nnumber = '9'\norganisational = {ja = 'x', en = 'x'}",
    "a missing number": "[[⟪missing-key⟫clause]]\nsummary = {ja = 'x', en = 'x'}",
    "missing keys of a rule": rule("⟪missing-key⟫purpose-limitation", "subjects = ['customer']"),
    "a missing held": SURVEY + "fields.⟪missing-key⟫party = {list = true}",
    "a missing reading": rule("prohibition", "items = [⟪missing-key⟫{term = 'name'}]"),
    "an empty exception": rule("prohibition", "⟪empty⟫except = {}"),
    "an empty requirement": rule("requirement", "⟪empty⟫require = {}"),
    "an empty definition": CLAUSE + "⟪empty⟫defines = {}",
}

MINOR = "[conditions.minor]\nja = 'x'\nen = 'x'\nattributes.age.below = 18\n"
ITEMS = "address, contact, home_address, name"
UNKNOWN_WORDS = {
    "subjects": rule("prohibition", "subjects = ['customer', ⟪unknown-term→member⟫'membr']"),
    "items": rule("prohibition", f"items = [⟪unknown-term={ITEMS}⟫'zzz']"),
    "purposes": rule("prohibition", "purposes = [⟪unknown-term→marketing⟫'markting']"),
    "forms": rule("prohibition", "forms = [⟪unknown-term→identifiable⟫'identifyable']"),
    "origins": rule("prohibition", "origins = [⟪unknown-term→direct⟫'direkt']"),
    "recipients": rule("prohibition", "recipients = [⟪unknown-term→carrier⟫'carier']"),
    "services": rule("prohibition", "services = [⟪unknown-term→shipping⟫'shiping']"),
    "countries by name": rule(
        "prohibition", "countries = ['JP', ⟪unknown-term→FR⟫'France', ⟪unknown-term→DE⟫'ドイツ']"
    ),
    "countries in small letters": rule("prohibition", "except.countries = [⟪unknown-term→JP⟫'jp']"),
    "a code that is common and none": rule("prohibition", "countries = [⟪unknown-term→GB⟫'UK']"),
    "a country like no other": rule("prohibition", "countries = [⟪unknown-term⟫'ZZ']"),
    "a set of countries": "[vocabulary.sets.countries]\nx = ['JP', ⟪unknown-term→FR⟫'france']",
    "a set in the place of a country": (
        "[vocabulary.sets.countries]\nneighbours = ['KR']\n"
        + rule("prohibition", "countries = [⟪unknown-term→neighbours⟫'neighbors']")
    ),
    "operations": rule("prohibition", "operations = [⟪unknown-term→entrust⟫'intrust']"),
    "a set in the place of a term": rule("prohibition", "items = [⟪unknown-term→contact⟫'contacts']"),
    "an exception": rule("prohibition", "except.items = [⟪unknown-term→name⟫'nam']"),
    "a requirement": rule("requirement", "require = {items = [⟪unknown-term→name⟫'nam']}"),
    "an exception of a requirement": (
        rule("requirement", "require.except.items = ['name', ⟪unknown-term→address⟫'adress']")
    ),
    "a term under a reading": (
        rule(
            "prohibition",
            "items = [{term = 'name', under = {scope = 'wide'}}, "
            "{⟪unknown-term→name⟫term = 'nam', under = {scope = 'narrow'}}]",
        )
    ),
    "terms under a reading": (
        rule("prohibition", "items = [{terms = ['name', ⟪unknown-term→address⟫'adress'], under.scope = 'wide'}]")
    ),
    "the parties of a joint use": (
        rule(
            "joint-use",
            "parties = [⟪unknown-term→carrier⟫'carriers']\nsubjects = ['customer']\n"
            "items = ['name']\npurposes = ['delivery']",
        )
    ),
    "what a request stops": (
        rule("data-subject-request", "request = 'erase'\nstops = [⟪unknown-term→provide⟫'provid']")
    ),
    "whom a request does not bind": (
        rule(
            "data-subject-request",
            "request = 'erase'\nstops = ['use']\nnot_binding = {subjects = [⟪unknown-term→customer⟫'costumer']}",
        )
    ),
    "is_a": "[vocabulary.items]\nfax = {ja = 'x', en = 'x', ⟪unknown-term→name⟫is_a = 'nam'}",
    "a list of is_a": "[vocabulary.items]\nfax = {ja = 'x', en = 'x', is_a = ['name', ⟪unknown-term→address⟫'adress']}",
    "a set": "[vocabulary.sets.items]\nx = ['name', ⟪unknown-term→address⟫'adress']",
    "a set in a set": "[vocabulary.sets.items]\nx = [⟪unknown-term=address, home_address, name⟫'contact']",
    "a set of another dimension": "[vocabulary.sets.purposes]\nx = [⟪unknown-term=delivery, marketing⟫'name']",
    "what a clause defines": CLAUSE + "defines = {items = ['name'], purposes = [⟪unknown-term→delivery⟫'deliver']}",
    "a clause of licensed_by": rule("provision", "licensed_by = ['1', ⟪unknown-clause=1, 2, 9⟫'3-a']"),
    "a clause of spares": rule("prohibition", "spares = [⟪unknown-clause=1, 2, 9⟫'3-a']"),
    "a clause of over": rule("requirement", "over = [⟪unknown-clause=1, 2, 9⟫'3-a']\nrequire.items = ['name']"),
    "a clause of replaces": rule("individual-notice", "replaces = [⟪unknown-clause=1, 2, 9⟫'3-a']"),
    "a clause of which it is a case": CLAUSE
    + "⟪unknown-clause=1, 2, 9⟫case_of = '3-a'\n[[clause.prohibition]]\nitems = ['name']",
    "the clause of a reading": (
        "[readings.more]\n⟪unknown-clause=1, 2⟫clause = '3-a'\nja = 'x'\nen = 'x'\ndefault = 'a'\n"
        "values = {a = {ja = 'a', en = 'a'}, b = {ja = 'b', en = 'b'}}"
    ),
    "the clause of an obligation": "[obligations.more]\n⟪unknown-clause=1, 2⟫clause = '3-a'\nja = 'x'\nen = 'x'",
    "an obligation": rule("obligation", "oblige = [⟪unknown-obligation→tell⟫'tel']"),
    "an obligation of a request": (
        rule(
            "data-subject-request",
            "request = 'erase'\nstops = ['use']\n"
            "not_binding = {subjects = ['member'], oblige = ['tell', ⟪unknown-obligation→tell⟫'tells']}",
        )
    ),
    "a fact type": rule("provision", "facts = {⟪unknown-fact-type→consent⟫type = 'consnt'}"),
    "a fact type below all": (
        rule("provision", "facts.all = [{type = 'consent'}, {any = [{⟪unknown-fact-type→vetting⟫type = 'veting'}]}]")
    ),
    "a fact type below not": rule("provision", "facts.not = {⟪unknown-fact-type→notice⟫type = 'notise'}"),
    "a word in a member": (
        rule("prohibition", "any = [{type = 'consent'}, {all = [{not = {items = [⟪unknown-term→name⟫'nam']}}]}]")
    ),
    "an operation in a member": rule("prohibition", "not = {operations = ['use', ⟪unknown-term→retain⟫'retian']}"),
    "a key of a member": rule("prohibition", "any = [{type = 'consent'}, {⟪unknown-key→countries⟫country = ['JP']}]"),
    "a key of what lifts": rule("prohibition", "lifted_by = {⟪unknown-key→attributes⟫atributes.age.below = 3}"),
    "facts in two forms that lift": rule(
        "prohibition", "⟪fact-expression⟫lifted_by = {type = 'consent', any = [{type = 'vetting'}]}"
    ),
    "a word of what lifts": rule("prohibition", "lifted_by.attributes.⟪unknown-attribute→age⟫aged.below = 3"),
    "a named condition": MINOR + rule("prohibition", "not = {condition = [⟪unknown-condition→minor⟫'minr']}"),
    "a word of a named condition": (
        "[conditions.minor]\nja = 'x'\nen = 'x'\nattributes.⟪unknown-attribute→age⟫aged.below = 3"
    ),
    "a circle of conditions": (
        "[conditions.⟪cyclic-condition⟫a]\nja = 'x'\nen = 'x'\nany = [{type = 'consent'}, {condition = 'b'}]\n"
        "[conditions.⟪cyclic-condition⟫b]\nja = 'x'\nen = 'x'\nnot.condition = 'a'"
    ),
    "a list for is": rule("prohibition", "attributes.age = {is = [3, ⟪wrong-type⟫'x']}"),
    "stated where it restricts": rule("prohibition", "attributes.age = {⟪rewards-silence⟫stated = true}"),
    "not stated where it permits": rule("provision", "attributes.age = {⟪rewards-silence⟫stated = false}"),
    "not stated where it lifts": rule(
        "prohibition", "lifted_by = {attributes.age = {⟪rewards-silence⟫stated = false}}"
    ),
    "stated below not": rule("provision", "not = {attributes.age = {⟪rewards-silence⟫stated = true}}"),
    "a fact type that lifts": (
        rule("prohibition", "lifted_by = {⟪unknown-fact-type→legal_basis⟫type = 'legal-basis'}")
    ),
    "a fact type of a notice": (
        rule("individual-notice", "replaces = ['1']\n⟪unknown-fact-type→notice⟫notice = 'notices'")
    ),
    "a value that nothing is held against": rule(
        "entrustment", "facts = {type = 'contract', unheld = [⟪unknown-fact-field⟫'kind']}"
    ),
    "a fact field": rule("entrustment", "facts = {type = 'contract', ⟪unknown-fact-field→kind⟫kid = 'service'}"),
    "a fact field that the event decides": (
        rule("entrustment", "facts = {type = 'contract', ⟪unknown-fact-field=kind⟫party = 'carrier'}")
    ),
    "a fact field that is not held": (
        rule("provision", "facts = {type = 'consent', unheld = ['items', ⟪unknown-fact-field→purposes⟫'purpose']}")
    ),
    "a fact kind": (
        rule("entrustment", "facts = {type = 'contract', ⟪unknown-value→confidentiality⟫kind = 'confidential'}")
    ),
    "a fact kind in a list": (
        rule("entrustment", "facts = {type = 'contract', kind = ['service', ⟪unknown-value→service⟫'servic']}")
    ),
    "a kind of request": (
        rule("data-subject-request", "⟪unknown-value→stop_use⟫request = 'stop-use'\nstops = ['use']")
    ),
    "a kind of request to disclose": rule("disclosure", "⟪unknown-value→disclose⟫request = 'disclosure'"),
    "facts in two forms": (
        rule("provision", "⟪fact-expression⟫facts = {type = 'consent', any = [{type = 'vetting'}]}")
    ),
    "facts in no form": rule("provision", "facts.all = [{type = 'consent'}, ⟪fact-expression⟫{unheld = ['items']}]"),
    "an attribute": rule("prohibition", "attributes.⟪unknown-attribute→age⟫aged = {below = 16}"),
    "an attribute of a requirement": (
        rule("requirement", "require = {attributes = {⟪unknown-attribute→guest⟫gest = {is = true}}}")
    ),
    "a reading of a rule": (rule("prohibition", "items = ['name']\nunder = {⟪unknown-reading→scope⟫scopes = 'wide'}")),
    "a value of a reading": (
        rule("prohibition", "items = ['name']\nunder = {⟪unknown-reading-value→wide⟫scope = 'wider'}")
    ),
    "one of several values": (
        rule("prohibition", "items = ['name']\nunder.scope = ['wide', ⟪unknown-reading-value→narrow⟫'narow']")
    ),
    "a reading of a term": (
        rule("prohibition", "items = ['address', {term = 'name', under = {⟪unknown-reading→scope⟫scpe = 'wide'}}]")
    ),
    "a value of a reading of a term": (
        rule("prohibition", "items = ['address', {term = 'name', under.⟪unknown-reading-value→wide⟫scope = 'wid'}]")
    ),
    "the default of a reading": (
        "[readings.more]\nja = 'x'\nen = 'x'\n⟪unknown-reading-value→strict⟫default = 'strickt'\n"
        "values = {strict = {ja = 'a', en = 'a'}, loose = {ja = 'b', en = 'b'}}"
    ),
    "after Japanese text": rule("prohibition", "'items' = [ 'name' , ⟪unknown-term→address⟫'adress'] # 住所"),
    "in Japanese": rule("prohibition", f"items = [⟪unknown-term={ITEMS}⟫'氏名', ⟪unknown-term={ITEMS}⟫'住所']"),
}

CONTRADICTIONS = {
    "a term that is a kind of itself": "[vocabulary.items]\na = {ja = 'x', en = 'x', ⟪cyclic-hierarchy⟫is_a = 'a'}",
    "a circle of terms": (
        "[vocabulary.items]\na = {ja = 'x', en = 'x', ⟪cyclic-hierarchy⟫is_a = 'b'}\n"
        "b = {ja = 'x', en = 'x', ⟪cyclic-hierarchy⟫is_a = ['name', 'c']}\n"
        "c = {ja = 'x', en = 'x', ⟪cyclic-hierarchy⟫is_a = 'a'}\nd = {ja = 'x', en = 'x', is_a = 'a'}"
    ),
    "a clause that is a case of itself": CLAUSE
    + "⟪cyclic-hierarchy⟫case_of = '9'\n[[clause.prohibition]]\nitems = ['name']",
    "two clauses that are cases of each other": (
        CLAUSE + "⟪cyclic-hierarchy⟫case_of = '10'\n[[clause]]\nnumber = '10'\nsummary = {ja = 'x', en = 'x'}\n"
        "⟪cyclic-hierarchy⟫case_of = '9'"
    ),
    "a clause that stands twice": (
        rule("prohibition", "items = ['name']").replace('number = "9"', '⟪duplicate-id⟫number = "1"')
    ),
    "a rule that stands twice": rule("prohibition", "items = ['name']\n⟪duplicate-id⟫id = 'delivery'"),
    "a rule whose made-up id is taken": (
        rule(
            "prohibition",
            "id = '9/prohibition-2'\nitems = ['name']\n[[clause.⟪duplicate-id⟫prohibition]]\nitems = ['address']",
        )
    ),
    "a term that is declared twice": "[vocabulary.items]\n⟪shadowed-name⟫name = {ja = '名', en = 'name'}",
    "a set with the name of a term": "[vocabulary.sets.items]\n⟪shadowed-name⟫name = ['address']",
    "a set that is declared twice": "[vocabulary.sets.items]\n⟪shadowed-name⟫contact = ['address']",
    "a standard fact type": (
        "[vocabulary.facts.⟪shadowed-name⟫consent]\nja = 'x'\nen = 'x'\nfields.kind = {held = 'value'}"
    ),
    "a standard form": "[vocabulary.forms]\n⟪shadowed-name⟫identifiable = {ja = 'x', en = 'x'}",
    "an attribute twice": "[vocabulary.attributes]\n⟪shadowed-name⟫age = {type = 'string', ja = 'x', en = 'x'}",
    "a reading that is declared twice": (
        "[readings.⟪shadowed-name⟫scope]\nja = 'x'\nen = 'x'\ndefault = 'a'\n"
        "values = {a = {ja = 'a', en = 'a'}, b = {ja = 'b', en = 'b'}}"
    ),
    "an obligation that is declared twice": "[obligations.⟪shadowed-name⟫tell]\nclause = '1'\nja = 'x'\nen = 'x'",
    "a clause that nobody carries out": "[[⟪idle-clause⟫clause]]\nnumber = '9'\nsummary = {ja = 'x', en = 'x'}",
    "an organisational clause with rules": (
        CLAUSE
        + "⟪organisational-clause⟫organisational = {ja = 'x', en = 'x'}\n[[clause.prohibition]]\nitems = ['name']"
    ),
    "an organisational clause that defines words": (
        CLAUSE + "⟪organisational-clause⟫organisational = {ja = 'x', en = 'x'}\ndefines.items = ['name']"
    ),
    "two grounds": (
        CLAUSE
        + "ground = true\n[[clause]]\nnumber = '10'\nsummary = {ja = 'x', en = 'x'}\n⟪duplicate-ground⟫ground = true"
    ),
    "a licence of a clause that gives none": (
        rule("provision", "⟪no-licence=1⟫licensed_by = ['9']\nfacts = {type = 'consent'}")
    ),
}

IMPOSSIBLE = {
    "it ends before it begins": (
        rule(
            "prohibition",
            "items = ['name']\nfrom = 2021-01-01T00:00:00Z\n⟪impossible-rule⟫until = 2020-01-01T00:00:00Z",
        )
    ),
    "it ends as it begins": (
        rule(
            "prohibition",
            "items = ['name']\nfrom = 2021-01-01T09:00:00+09:00\n⟪impossible-rule⟫until = 2021-01-01T00:00:00Z",
        )
    ),
    "it leaves out all it speaks of": (
        rule("⟪impossible-rule⟫prohibition", "items = ['home_address']\nexcept.items = ['address']")
    ),
    "its two lists of parties have nothing in common": (
        "[vocabulary.parties]\nother = {ja = 'x', en = 'x'}\n"
        + rule(
            "⟪impossible-rule⟫joint-use",
            "parties = ['carrier']\nrecipients = ['other']\nown_use = false\n"
            "subjects = ['customer']\nitems = ['name']\npurposes = ['delivery']",
        )
    ),
    "it asks for the recipient of a use": (
        rule("⟪impossible-rule⟫prohibition", "operations = ['acquire', 'use']\nrecipients = ['carrier']")
    ),
    "it asks for the country of an acquisition": (
        rule("⟪impossible-rule⟫obligation", "operations = ['acquire']\nexcept.countries = ['JP']\noblige = ['tell']")
    ),
    "it asks for a country and for another": (
        rule("⟪impossible-rule⟫disclosure", "services = ['shipping']\ncountries = ['JP']\nexcept.countries = ['JP']")
    ),
    "no number is below and above": (
        rule("⟪impossible-rule⟫provision", "attributes.age = {below = 16, at_least = 16}")
    ),
    "no whole number lies between two that follow": (
        rule("⟪impossible-rule⟫provision", "attributes.age = {above = 16, below = 17}")
    ),
    "no number is one and another": (rule("⟪impossible-rule⟫provision", "attributes.age = {is = 16, above = 20}")),
    "nothing is what it is not": (rule("⟪impossible-rule⟫provision", "attributes.guest = {is = true, is_not = true}")),
    "it leaves out all items that there are": (
        rule(
            "⟪impossible-rule⟫provision",
            "attributes.guest = {is_not = true}\nfacts = {type = 'consent'}\nexcept.items = ['name', 'address']",
        )
    ),
    "a fact is there and not there": (
        rule("⟪impossible-rule⟫provision", "facts.all = [{type = 'consent'}, {not = {type = 'consent'}}]")
    ),
    "it asks a fact of those whom it names and of none": (
        rule(
            "⟪impossible-rule⟫provision",
            "facts.all = [{type = 'contract', kind = 'confidentiality'}, {not = {type = 'contract'}}]",
        )
    ),
    "every way to meet it is closed": (
        rule(
            "⟪impossible-rule⟫provision",
            "facts.any = [{all = [{type = 'vetting'}, {not = {type = 'vetting'}}]}]",
        )
    ),
}

ALL = {
    f"{group}: {name}": text
    for group, cases in {
        "unknown key": UNKNOWN_KEYS,
        "wrong type": WRONG_TYPES,
        "unknown word": UNKNOWN_WORDS,
        "contradiction": CONTRADICTIONS,
        "impossible": IMPOSSIBLE,
    }.items()
    for name, text in cases.items()
}


def test_the_base_of_all_cases_is_sound(tmp_path: Path) -> None:
    write(tmp_path, {"base.toml": BASE, "case.toml": rule("prohibition", "items = ['name']\n")})
    Engine.load(tmp_path, installed_plugins=False)


@pytest.mark.parametrize("text", ALL.values(), ids=ALL.keys())
def test_what_is_wrong_is_said_at_its_place(text: str, tmp_path: Path) -> None:
    expected = write(tmp_path, {"base.toml": BASE, "case.toml": text + "\n"})
    assert expected
    found = problems(tmp_path)
    assert said(found) == expected
    for problem in found:
        assert problem.severity == "error"
        assert problem.message.ja and problem.message.en
        assert problem.message.ja != problem.message.en
        assert problem.line("en").startswith(f"{problem.place}: error: {problem.code}: ")


def test_columns_count_characters_not_bytes(tmp_path: Path) -> None:
    write(tmp_path, {"base.toml": BASE, "case.toml": "[vocabulary.items]\nfax = {ja = '🖷電話とファクス', en = 5}\n"})
    (problem,) = problems(tmp_path)
    assert (problem.place.line, problem.place.column) == (2, 25)


def test_windows_line_ends_and_a_byte_order_mark_move_nothing(tmp_path: Path) -> None:
    text = "\ufeff[vocabulary.items]\r\nfax = {ja = 'x', en = 5}\r\n"
    write(tmp_path, {"base.toml": BASE, "case.toml": text.encode()})
    (problem,) = problems(tmp_path)
    assert (problem.code, problem.place.line, problem.place.column) == ("wrong-type", 2, 18)


def test_everything_wrong_in_one_file_comes_in_one_go_and_in_order(tmp_path: Path) -> None:
    text = """\
[vocabulary.items]
⟪shadowed-name⟫name = {ja = '名', en = 'name'}
fax = {ja = 'ファクス', en = 'fax', ⟪unknown-term→address⟫is_a = 'adress'}
loop = {ja = 'x', en = 'x', ⟪cyclic-hierarchy⟫is_a = 'loop'}

[[⟪idle-clause⟫clause]]
number = '7'
summary = {ja = '七', en = 'seven'}

[[clause]]
number = '8'
summary = {ja = '八', ⟪unknown-key=en, ja⟫fr = 'huit', en = 'eight'}
[[clause.⟪impossible-rule⟫provision]]
attributes.age = {below = 1, above = 2}
[[clause.prohibition]]
⟪unknown-key→items⟫itms = ['name']
subjects = [⟪unknown-term→customer⟫'custmer']
purposes = ['delivery', ⟪unknown-term→marketing⟫'markting']
attributes.⟪unknown-attribute→age⟫ages = {below = 16}
under = {⟪unknown-reading→scope⟫skope = 'wide'}
oblige = [⟪unknown-obligation→tell⟫'tll']
[[clause.⟪missing-key⟫purpose-limitation]]
subjects = [⟪unknown-term→member⟫'membre']
[[clause.⟪unknown-kind→prohibition⟫prohibitions]]
items = ['name']

[[clause]]
⟪duplicate-id⟫number = '8'
⟪wrong-type⟫summary = 'eight'
"""
    expected = write(tmp_path, {"base.toml": BASE, "case.toml": text})
    found = problems(tmp_path)
    assert said(found) == expected
    assert [problem.place for problem in found] == sorted(problem.place for problem in found)


def test_everything_wrong_in_several_files_comes_in_one_go(tmp_path: Path) -> None:
    files = {
        "shop/b.toml": BASE + "\n[[⟪idle-clause⟫clause]]\nnumber = '3'\nsummary = {ja = '三', en = 'three'}\n",
        "shop/a.toml": "imports = ['../words.toml']\n" + rule("prohibition", "items = [⟪unknown-term→phone⟫'fone']\n"),
        "words.toml": "[vocabulary.items]\nphone = {ja = '電話', en = 'phone', ⟪wrong-type⟫is_a = 1}\n",
    }
    expected = write(tmp_path, files)
    for found in expected:
        assert found.file
    words = str(tmp_path / "shop" / ".." / "words.toml")
    expected = sorted(f._replace(file=words) if f.file.endswith("words.toml") else f for f in expected)
    found = problems(tmp_path / "shop")
    assert said(found) == expected
    assert [problem.place for problem in found] == sorted(problem.place for problem in found)


def test_everything_wrong_in_several_packs_comes_in_one_go(tmp_path: Path) -> None:
    broken = "[[⟪idle-clause⟫clause]]\nnumber = '9'\nsummary = {ja = '九', en = 'nine'}\n"
    expected = write(tmp_path, {"b.toml": BASE + broken, "a.toml": BASE.replace('"shop"', '"a"', 1) + broken})
    assert len(expected) == 2
    assert said(problems(tmp_path / "b.toml", tmp_path / "a.toml")) == expected


def test_a_broken_rule_does_not_make_sound_ones_look_wrong(tmp_path: Path) -> None:
    text = """\
[[clause]]
number = '3'
summary = {ja = '三', en = 'three'}
[[clause.purpose-limitation]]
subjects = ['customer']
purposes = [⟪unknown-term→marketing⟫'markting']

[[clause]]
number = '4'
summary = {ja = '四', en = 'four'}
[[clause.provision]]
licensed_by = ['3']
facts = {type = 'consent'}
"""
    expected = write(tmp_path, {"base.toml": BASE, "case.toml": text})
    assert said(problems(tmp_path)) == expected


POLICY = {
    "who is governed": ('governs = ["shop"]', "⟪wrong-type⟫governs = 3"),
    "nobody governed": ('governs = ["shop"]', "⟪empty⟫governs = []"),
    "anybody, misspelt": ('governs = ["shop"]', '⟪unknown-value⟫governs = "everyone"'),
    "anybody, with a line end": ('governs = ["shop"]', '⟪unknown-value⟫governs = "anyone\\n"'),
    "an id": ('id = "shop"', "⟪bad-id⟫id = 'my shop'"),
    "a version": ('version = "1"', "⟪wrong-type⟫version = 1"),
    "a title": ('title = {ja = "店の方針", en = "Shop policy"}', '⟪wrong-type⟫title = "店の方針"'),
    "a missing language": ('title = {ja = "店の方針", en = "Shop policy"}', '⟪missing-key⟫title = {ja = "店の方針"}'),
    "a local time": ('version = "1"', 'version = "1"\n⟪bad-time⟫from = 2020-01-01T00:00:00'),
    "an end before the beginning": (
        'version = "1"',
        'version = "1"\nfrom = 2021-01-01T00:00:00Z\n⟪impossible-rule⟫until = 2020-01-01T00:00:00Z',
    ),
    "a rule that ended before the policy began": (
        'version = "1"',
        'version = "1"\nfrom = 2021-01-01T00:00:00Z',
        '[[clause.purpose-limitation]]\nid = "delivery"',
        '[[clause.⟪impossible-rule⟫purpose-limitation]]\nuntil = 2021-01-01T00:00:00Z\nid = "delivery"',
    ),
    "a rule that begins after the policy ended": (
        'version = "1"',
        'version = "1"\nuntil = 2021-01-01T00:00:00Z',
        '[[clause.purpose-limitation]]\nid = "delivery"',
        '[[clause.⟪impossible-rule⟫purpose-limitation]]\nfrom = 2021-01-01T00:00:00Z\nid = "delivery"',
    ),
    "no id": ('[policy]\nid = "shop"', "[⟪missing-key⟫policy]"),
    "the whole table": (
        '[policy]\nid = "shop"\nversion = "1"\ntitle = {ja = "店の方針", en = "Shop policy"}\ngoverns = ["shop"]\n',
        "⟪wrong-type⟫policy = 5\n",
    ),
}


@pytest.mark.parametrize("changes", POLICY.values(), ids=POLICY.keys())
def test_what_is_wrong_with_the_policy_itself(changes: tuple[str, ...], tmp_path: Path) -> None:
    text = BASE
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert text.count(old) == 1
        text = text.replace(old, new)
    expected = write(tmp_path, {"shop.toml": text})
    assert said(problems(tmp_path / "shop.toml")) == expected


NOT_IMPOSSIBLE = {
    "a term that another reading lets in": (
        "[[clause.prohibition]]\nitems = ['name', {term = 'address', under.scope = 'wide'}]\nexcept.items = ['name']"
    ),
    "a list that this reading empties": "[[clause.prohibition]]\nitems = [{term = 'name', under.scope = 'wide'}]",
    "an end that a reading takes away": (
        "[[clause.prohibition]]\nitems = ['name']\nexcept.items = [{term = 'name', under.scope = 'narrow'}]"
    ),
    "a joint use that only the parties can have": (
        "[[clause.joint-use]]\nparties = ['carrier']\ncountries = ['JP']\nsubjects = ['customer']\n"
        "items = ['name']\npurposes = ['delivery']"
    ),
    "a fact that restricts and one that does not lift": (
        "[[clause.prohibition]]\nfacts.all = [{type = 'request', kind = 'erase'}, {not = {type = 'consent'}}]"
    ),
    "one number": "[[clause.prohibition]]\nattributes.age = {at_least = 18, at_most = 18}",
    "a rule that is in force for a while": (
        "[[clause.prohibition]]\nitems = ['name']\nfrom = 2020-01-01T00:00:00+09:00\nuntil = 2020-01-01T00:00:00Z"
    ),
}


@pytest.mark.parametrize("reading", ["narrow", "wide"])
@pytest.mark.parametrize("text", NOT_IMPOSSIBLE.values(), ids=NOT_IMPOSSIBLE.keys())
def test_what_only_looks_impossible_is_not_refused(text: str, reading: str, tmp_path: Path) -> None:
    write(tmp_path, {"base.toml": BASE, "case.toml": CLAUSE + text + "\n"})
    Engine.load(tmp_path, readings={"scope": reading}, installed_plugins=False)


@pytest.mark.parametrize(
    ("readings", "code", "hint", "known"),
    [
        ({"scop": "wide"}, "unknown-reading", 'did you mean "scope"?', "scope"),
        ({"zzz": "wide"}, "unknown-reading", None, "scope"),
        ({"scope": "wider"}, "unknown-reading-value", 'did you mean "wide"?', "narrow, wide"),
        ({"scope": ""}, "unknown-reading-value", None, "narrow, wide"),
        ({"scope": 5}, "unknown-reading-value", None, "narrow, wide"),
        ({"scope": ["wide"]}, "unknown-reading-value", 'did you mean "wide"?', "narrow, wide"),
    ],
)
def test_the_host_learns_which_readings_there_are(
    readings: dict[str, str], code: str, hint: str | None, known: str, tmp_path: Path
) -> None:
    write(tmp_path, {"shop.toml": BASE})
    (problem,) = problems(tmp_path, readings=readings)
    assert (problem.code, problem.place) == (code, None)
    assert (problem.hint and problem.hint.en) == hint
    assert known in problem.message.ja and known in problem.message.en


def test_several_unknown_readings_come_in_one_go(tmp_path: Path) -> None:
    write(tmp_path, {"shop.toml": BASE})
    assert [p.code for p in problems(tmp_path, readings={"a": "b", "c": "d"})] == ["unknown-reading"] * 2


def test_an_impossible_rule_names_what_contradicts(tmp_path: Path) -> None:
    text = rule("prohibition", "items = ['home_address']\nexcept.items = ['address']\norigins = ['direct']")
    write(tmp_path, {"base.toml": BASE, "case.toml": text})
    (problem,) = problems(tmp_path)
    assert problem.code == "impossible-rule"
    for said_in in (problem.message.ja, problem.message.en):
        assert said_in.count("case.toml:") == 2, "two conditions, each with its place"
    assert "item is home address" in problem.message.en and "item is not address" in problem.message.en.replace(
        "is stated, and is not", "is not"
    )


def test_a_configuration_under_another_name_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "engine.toml").write_text('policies = ["shop"]\n', "utf-8")
    unknown = next(problem for problem in problems(tmp_path / "engine.toml") if problem.code == "unknown-key")
    assert unknown.hint is not None and "--config" in unknown.hint.en and "--config" in unknown.hint.ja
