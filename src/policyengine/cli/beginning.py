"""What one can begin with: a copy of a pack, a pattern of the documentation, or a policy made of a few answers."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from policyengine.engine.engine import Engine
from policyengine.engine.plugins import Plugins
from policyengine.language.disk import TEST_SUFFIX
from policyengine.language.documents import Documents
from policyengine.language.find import LOCK, find_suites
from policyengine.language.format import formatted
from policyengine.language.offered import is_name, located, name_of
from policyengine.language.pack import load_pack
from policyengine.language.patterns import Pattern
from policyengine.language.schema import policy_schema
from policyengine.suite.load import suite_policies
from policyengine.suite.record import case_of, table_text
from policyengine.suite.run import Engines, load
from policyengine.suite.schema import suite_schema
from policyengine.text import LANGUAGES, Language, Text

EVENTS: Final = "events.jsonl"
"""The file of events to begin with."""

_SCHEMAS: Final = {"policy": "policy.schema.json", "suite": "suite.schema.json"}
_SCHEMA_LINE: Final = re.compile(r"\A#:schema [^\n]*\n")
_SHOWN: Final = frozenset({"permit", "deny"})
"""What its events come to, one each."""

_TIME: Final = "2026-11-24T09:00:00+09:00"


class Beginning(NamedTuple):
    """What is written, to begin with.

    Args:
        files: by their names in the folder.
        beside: the packs under which its events are decided as well, by their names.
    """

    files: Mapping[str, bytes]
    beside: tuple[str, ...] = ()


class Answers(NamedTuple):
    """What somebody says of a policy of their own.

    Args:
        company: whose it is.
        items: which data it has.
        purposes: what it uses them for.
        provides: whether it gives them to third parties, with consent.
    """

    company: str
    items: Sequence[str]
    purposes: Sequence[str]
    provides: bool


def of_pack(name: str, plugins: Plugins) -> Beginning:
    """Return a copy of a pack that has a name, with its suites; what it imports from elsewhere goes by its name.

    Args:
        name: its name; of a pack of the engine's own, what stands after the colon will do.
        plugins: bring the kinds of rules.

    Raises:
        PolicyError: no pack has the name.
    """
    path = located(name if is_name(name) else f"policyengine:{name}")
    pack, folder, engines = load_pack(path), path if path.is_dir() else path.parent, Engines()
    inside = sorted((file.name.endswith(TEST_SUFFIX), file) for file in folder.iterdir() if file.is_file())
    files = {file.name: file.read_bytes() for _, file in inside if file.name != LOCK}
    for file, content in files.items():
        if file.endswith(".toml"):
            files[file] = formatted(_by_name(content.decode(), folder), file).encode()
    events: dict[str, Mapping[str, Any]] = {}
    beside: dict[str, None] = {}
    for suite in sorted(find_suites(folder), key=lambda file: file.stat().st_size):
        others = [one for one in suite_policies(suite)[0] if one.resolve() != folder.resolve()]
        beside |= dict.fromkeys(called for one in others if (called := name_of(one)) is not None)
        if not events.keys() >= _SHOWN:
            for case in load(suite, engines).cases:
                if not case.readings:
                    events.setdefault(case.expected["outcome"], case.event)
    found = [events[outcome] for outcome in sorted(_SHOWN, reverse=True) if outcome in events]
    return Beginning(_with_schemas(files, found, plugins, pack.languages), tuple(beside))


def _by_name(text: str, folder: Path) -> str:
    """Return a rule file or a suite that names what lies outside of its folder."""
    data = tomllib.loads(text)
    listed: list[str] = [*data.get("imports", ()), *data.get("suite", {}).get("policies", ())]
    for target in listed:
        name = name_of(folder / target)
        if target.startswith("../") and name:
            text = text.replace(f'"{target}"', f'"{name}"')
    return text


def of_pattern(pattern: Pattern, plugins: Plugins) -> Beginning:
    """Return a pattern of the documentation with a suite that holds what is decided there.

    Args:
        pattern: the pattern.
        plugins: bring the kinds of rules.
    """
    return _with_suite(pattern.files, [(event["id"], event) for event in pattern.events], plugins)


def of_answers(said: Answers, plugins: Plugins, lang: Language) -> Beginning:
    """Return a policy that says what somebody said, in one language.

    Args:
        said: the answers.
        plugins: bring the kinds of rules.
        lang: the language of its texts, ``ja`` or ``en``.

    Raises:
        PolicyError: an answer is no name of anything.
    """
    items, purposes = ({_id(word): word for word in words} for words in (said.items, said.purposes))
    event: dict[str, Any] = {"time": _TIME, "operation": "use", "subject": {"category": "customer"}}
    event |= {"items": [next(iter(items))], "purpose": next(iter(purposes))}
    passed_on = {**event, "operation": "provide", "recipient": {"id": "partner"}}
    events = [(_USED.say(lang), {"id": "e-1", **event}), (_PASSED_ON.say(lang), {"id": "e-2", **passed_on})]
    if said.provides:
        consent = {"type": "consent", "operations": ["provide"], "recipients": ["partner"]}
        events.append((_CONSENTED.say(lang), {"id": "e-3", **passed_on, "facts": [consent]}))
    return _with_suite({"policy.toml": "\n".join(_policy(said, items, purposes, lang))}, events, plugins)


def _policy(said: Answers, items: Mapping[str, str], purposes: Mapping[str, str], lang: Language) -> Iterator[str]:
    """Yield the tables of a policy that says what somebody said."""
    about = {"id": _id(said.company), "version": "1", "title": {lang: _TITLE.say(lang).format(company=said.company)}}
    yield table_text("policy", {**about, "languages": [lang], "governs": [_id(said.company)]}, listed=False)
    for dimension, words in (("subjects", {"customer": _CUSTOMER.say(lang)}), ("items", items), ("purposes", purposes)):
        table = {word: {lang: label} for word, label in words.items()}
        yield table_text(f"vocabulary.{dimension}", table, listed=False)
    used = _CLAUSE_1.say(lang).format(purposes=_COMMA.say(lang).join(purposes.values()))
    yield table_text("clause", {"number": "1", "summary": {lang: used}})
    rule = {"subjects": ["customer"], "items": "any", "purposes": list(purposes)}
    yield table_text("clause.purpose-limitation", rule)
    if said.provides:
        yield table_text("clause", {"number": "2", "summary": {lang: _CLAUSE_2.say(lang)}})
        yield table_text("clause.provision", {"items": "any", "facts": {"type": "consent"}})


def _id(word: str) -> str:
    """Return an answer as an id, which has neither white space nor a colon."""
    return re.sub(r"[\s:]+", "-", word.strip().lower())


def _with_suite(
    rules: Mapping[str, str], events: Sequence[tuple[str, Mapping[str, Any]]], plugins: Plugins
) -> Beginning:
    """Return rule files, events, each with what is said of it, and the suite that expects what is decided of them."""
    (policy,) = (engine := Engine.load(Documents(rules))).policies
    suite = "\n".join(table_text("case", case_of(name, event, engine)) for name, event in events)
    files = {**rules, f"policy{TEST_SUFFIX}": suite}
    encoded = {name: formatted(text, name).encode() for name, text in files.items()}
    return Beginning(_with_schemas(encoded, [event for _, event in events], plugins, policy.languages))


def _with_schemas(
    files: Mapping[str, bytes],
    events: Iterable[Mapping[str, Any]],
    plugins: Plugins,
    languages: Sequence[Language],
) -> dict[str, bytes]:
    """Return files with events and the schemas that editors hold them against, which their first lines name."""
    found = {name: _schemed(name, content) if name.endswith(".toml") else content for name, content in files.items()}
    found[EVENTS] = "".join(f"{json.dumps(event, ensure_ascii=False)}\n" for event in events).encode()
    for of, schema in (
        ("policy", policy_schema(plugins.kinds.values(), languages or LANGUAGES)),
        ("suite", suite_schema()),
    ):
        found[_SCHEMAS[of]] = f"{json.dumps(schema, indent=2, ensure_ascii=False)}\n".encode()
    return found


def _schemed(name: str, content: bytes) -> bytes:
    """Return a rule file or a suite with the line that names the schema beside it."""
    schema = _SCHEMAS["suite" if name.endswith(TEST_SUFFIX) else "policy"]
    below = _SCHEMA_LINE.sub("", content.decode())
    gap = "\n" if below.startswith("[") else ""
    return f"#:schema ./{schema}\n{gap}{below}".encode()


_TITLE: Final = Text(ja="{company} のプライバシーポリシー", en="Privacy policy of {company}")
_CUSTOMER: Final = Text(ja="お客様", en="customer")
_COMMA: Final = Text(ja="、", en=", ")
_CLAUSE_1: Final = Text(
    ja="お客様の情報は、次の目的に使う: {purposes}", en="Customers' data serve these purposes: {purposes}."
)
_CLAUSE_2: Final = Text(
    ja="本人の同意があれば、第三者に提供する", en="With the person's consent, data are provided to third parties."
)
_USED: Final = Text(ja="掲げた目的に使う", en="used for a purpose that is named")
_PASSED_ON: Final = Text(ja="同意なく第三者に提供する", en="provided to a third party without consent")
_CONSENTED: Final = Text(ja="同意を得て第三者に提供する", en="provided to a third party with consent")
