"""The same decisions by other engines, as far as they are installed: `benchmarks/peers.txt` names them for pip.

Each gets the generated policy of `rulebook` in the form that suits it best, parsed or compiled before, and answers
whether all of an event is permitted. Regorus reads the whole JSON line, as this engine does. The others get four values
that were made ready for them (category, purpose, whether secret items are named, whether a statute is in effect): what
finding these takes is not in their figures.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import handwritten
from rulebook import Book, lines
from timing import Figures, apart, progress

from policyengine import Engine, Event

ASKED = 400


class Asked(NamedTuple):
    """One event, in each form."""

    line: bytes
    category: str
    purpose: str
    secret: bool
    statute: bool

    @property
    def values(self) -> dict[str, Any]:
        """The four values, as one document."""
        return {name: getattr(self, name) for name in ("category", "purpose", "secret", "statute")}


class Prepared(NamedTuple):
    """A way to decide: what makes an engine's input of an event, and what says of one whether it is permitted."""

    ready: Callable[[Asked], Any]
    permits: Callable[[Any], bool]


def rows(*, quick: bool) -> Iterator[Figures]:
    """Yield the rows of this section."""
    for rules in (40, 1_000) if quick else (40, 1_000, 10_000):
        for name, (package, make) in WAYS.items():
            told = f"{name} {_version(package)}".rstrip()
            progress(f"peers: {rules:,} rules: {told}")
            found = apart(_measured, make.__name__, rules, 5 if quick else 15, seconds=300)
            section = f"peers: {rules:,} generated rules, {ASKED} unlike events, one decision"
            if isinstance(found, str):
                yield Figures("peers that could not be measured", f"{told}, {rules:,} rules", {}, found)
            else:
                yield Figures(section, told, found)


def _measured(make: str, rules: int, repeats: int) -> dict[str, float]:
    book = Book(rules)
    found = lines(book.events(ASKED))
    hand = book.by_hand()
    expected = [hand(handwritten.from_json(line))[0] == "permit" for line in found]
    events = [_asked(line) for line in found]
    globals()[make](Book(10))  # what importing takes does not count
    began = time.process_time()
    prepared: Prepared = globals()[make](book)
    loaded = time.process_time() - began
    inputs = [prepared.ready(event) for event in events]
    permits, samples = prepared.permits, []
    for _ in range(repeats + 1):
        began = time.process_time()
        answers = [permits(one) for one in inputs]
        samples.append((time.process_time() - began) / len(inputs) * 1e6)
        if answers != expected:
            wrong = [event.values for event, *pair in zip(events, answers, expected, strict=True) if pair[0] != pair[1]]
            raise ValueError(f"{len(wrong)} answers differ, the first on {wrong[0]}")
        if len(samples) > 1 and sum(samples) * len(inputs) > 60e6:
            break  # slow ones are measured less often
    return {"load ms": loaded * 1e3, "first us": samples[0], "again us": median(samples[1:])}


def _asked(line: bytes) -> Asked:
    event = json.loads(line)
    facts = event.get("facts", [])
    statute = any(fact["kind"] == "statute" and fact["from"] <= event["time"] for fact in facts)
    return Asked(line, event["subject"]["category"], event["purpose"], "secret" in event["items"], statute)


def _version(package: str) -> str:
    try:
        return version(package) if package else ""
    except PackageNotFoundError:
        return "(not installed)"


# ---------------------------------------------------------------- this engine, and by hand


def _by_hand(book: Book) -> Prepared:
    decide = book.by_hand()
    return Prepared(lambda asked: asked.line, lambda line: decide(handwritten.from_json(line))[0] == "permit")


def _this(book: Book) -> Prepared:
    engine = _engine(book)
    return Prepared(lambda asked: asked.line, lambda line: engine.evaluate_json(line).permitted)


def _this_ready(book: Book) -> Prepared:
    engine = _engine(book)
    return Prepared(
        lambda asked: Event.from_mapping(json.loads(asked.line)), lambda event: engine.evaluate(event).permitted
    )


def _engine(book: Book) -> Engine:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.toml"
        path.write_text(book.toml(), encoding="utf-8")
        return Engine.load(path)


# ---------------------------------------------------------------- peers


def _pairs(book: Book) -> list[tuple[str, str]]:
    """Return (category, purpose) of each rule that permits."""
    return [(f"people-{block}", purpose) for block in _blocks(book) for purpose in sorted(book.listed(block))]


def _blocks(book: Book) -> range:
    return range(book.rules // 10)


def _as_data(book: Book) -> str:
    """Return the rules as data: what is permitted of whom, and whose secrets are protected."""
    permitted = {f"people-{block}": dict.fromkeys(sorted(book.listed(block)), True) for block in _blocks(book)}
    return json.dumps({"permitted": permitted, "protected": dict.fromkeys(permitted, True)})


def _regorus(book: Book) -> Prepared:
    import opa_eval  # noqa: PLC0415

    policy = """package flow
default allow = false
allow { input.operation == "use"; data.permitted[input.subject.category][input.purpose]; not struck }
struck { input.items[_] == "secret"; data.protected[input.subject.category]; not lawful }
lawful { fact := input.facts[_]; fact.type == "legal_basis"; fact.kind == "statute"; fact.from <= input.time }
"""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flow.rego"
        path.write_text(policy, encoding="utf-8")
        engine = opa_eval.OpaEval(str(path), _as_data(book), "data.flow.allow")
    return Prepared(lambda asked: asked.line.decode(), lambda text: engine.evaluate_parsed(text) is True)


def _rego_cpp(book: Book) -> Prepared:
    import regopy  # noqa: PLC0415

    policy = """package flow
default allow = false
allow { data.permitted[input.category][input.purpose]; not struck }
struck { input.secret; data.protected[input.category]; not input.statute }
"""
    rego = regopy.Interpreter()
    rego.add_module("flow", policy)
    rego.add_data_json(_as_data(book))
    bundle = rego.build("data.flow.allow")

    def permits(text: str) -> bool:
        rego.set_input_term(text)
        return "[true]" in str(rego.query_bundle(bundle)).replace(" ", "")

    return Prepared(lambda asked: json.dumps(asked.values), permits)


def _cedar(book: Book) -> Prepared:
    import cedarpy  # noqa: PLC0415

    permitted = [
        f'permit(principal == People::"{category}", action == Action::"use", resource) '
        f'when {{ context.purpose == "{purpose}" }};'
        for category, purpose in _pairs(book)
    ]
    forbidden = [
        f'forbid(principal == People::"people-{block}", action == Action::"use", resource) '
        "when { context.secret && !context.statute };"
        for block in _blocks(book)
    ]
    policies = cedarpy.PolicySet.from_str("\n".join((*permitted, *forbidden)))
    nothing = cedarpy.Entities.from_json_str("[]")

    def ready(asked: Asked) -> dict[str, Any]:
        context = {key: value for key, value in asked.values.items() if key != "category"}
        whom = f'People::"{asked.category}"'
        return {"principal": whom, "action": 'Action::"use"', "resource": 'Data::"items"', "context": context}

    return Prepared(ready, lambda request: cedarpy.is_authorized(request, policies, nothing).allowed)


def _zen(book: Book) -> Prepared:
    import zen  # noqa: PLC0415

    names = ("category", "purpose", "secret", "statute")
    inputs = [{"id": f"i{n}", "name": name, "type": "expression", "field": name} for n, name in enumerate(names)]
    outputs = [{"id": "o0", "name": "permitted", "type": "expression", "field": "permitted"}]
    struck = [(f'"people-{block}"', "", "true", "false", "false") for block in _blocks(book)]
    listed = [(f'"{category}"', f'"{purpose}"', "", "", "true") for category, purpose in _pairs(book)]
    table = [
        {"_id": f"r{n}", **dict(zip(("i0", "i1", "i2", "i3", "o0"), row, strict=True))}
        for n, row in enumerate((*struck, *listed, ("", "", "", "", "false")))
    ]
    content = {"hitPolicy": "first", "rules": table, "inputs": inputs, "outputs": outputs}
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "position": {"x": 0, "y": 0}},
        {"id": "t", "type": "decisionTableNode", "name": "t", "content": content, "position": {"x": 0, "y": 0}},
        {"id": "out", "type": "outputNode", "name": "out", "position": {"x": 0, "y": 0}},
    ]
    edges = [
        {"id": "e1", "type": "edge", "sourceId": "in", "targetId": "t"},
        {"id": "e2", "type": "edge", "sourceId": "t", "targetId": "out"},
    ]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))
    return Prepared(lambda asked: asked.values, lambda values: decision.evaluate(values)["result"]["permitted"] is True)


def _casbin(book: Book) -> Prepared:
    import casbin  # noqa: PLC0415

    model = """[request_definition]
r = sub, obj, struck
[policy_definition]
p = sub, obj, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.sub == p.sub && (r.obj == p.obj || (r.struck == "yes" && p.obj == "secret"))
"""
    rules = [f"p, {category}, {purpose}, allow" for category, purpose in _pairs(book)]
    rules += [f"p, people-{block}, secret, deny" for block in _blocks(book)]
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("model.conf", "policy.csv")]
        for file, text in zip(files, (model, "\n".join(rules)), strict=True):
            file.write_text(text, encoding="utf-8")
        enforcer = casbin.FastEnforcer(*map(str, files), cache_key_order=[0])

    def ready(asked: Asked) -> tuple[str, str, str]:
        return (asked.category, asked.purpose, "yes" if asked.secret and not asked.statute else "no")

    return Prepared(ready, lambda request: enforcer.enforce(*request))


def _cel(book: Book) -> Prepared:
    import cel  # noqa: PLC0415

    program = cel.compile("purpose in permitted[category] && !(secret && !statute)")
    context = cel.Context({"permitted": json.loads(_as_data(book))["permitted"]})

    def permits(values: dict[str, Any]) -> bool:
        context.update(values)
        return program.execute(context) is True

    return Prepared(lambda asked: asked.values, permits)


def _jsonschema(book: Book) -> Prepared:
    import jsonschema_rs  # noqa: PLC0415

    def fixed(**values: Any) -> dict[str, Any]:
        return {"properties": {name: {"const": value} for name, value in values.items()}}

    listed = [fixed(category=category, purpose=purpose) for category, purpose in _pairs(book)]
    struck = [fixed(category=f"people-{block}", secret=True, statute=False) for block in _blocks(book)]
    validator = jsonschema_rs.Draft202012Validator({"anyOf": listed, "not": {"anyOf": struck}})
    return Prepared(lambda asked: asked.values, validator.is_valid)


WAYS: dict[str, tuple[str, Callable[[Book], Prepared]]] = {
    "by hand, JSON": ("", _by_hand),
    "this engine, JSON": ("", _this),
    "this engine, ready events": ("", _this_ready),
    "regorus, JSON, rules as data (opa-eval)": ("opa-eval", _regorus),
    "rego-cpp, rules as data (regopy)": ("regopy", _rego_cpp),
    "Cedar (cedarpy)": ("cedarpy", _cedar),
    "zen-engine": ("zen-engine", _zen),
    "FastEnforcer (pycasbin)": ("pycasbin", _casbin),
    "common-expression-language, rules as data": ("common-expression-language", _cel),
    "jsonschema-rs": ("jsonschema-rs", _jsonschema),
}
