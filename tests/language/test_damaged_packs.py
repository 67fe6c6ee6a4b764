"""Law: whatever is done to a pack, it loads, or says in both languages and at places inside it what is wrong."""

from __future__ import annotations

import copy
import math
import shutil
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import example, given
from hypothesis import strategies as st

from policyengine import Engine, PolicyError

RULES = Path(__file__).parents[2] / "rules"
PACK = RULES / "alc-smart-learning"
FILES = [PACK / "policy.toml", PACK / "vocabulary.toml", RULES / "vocabulary" / "personal-data.toml"]
SOUND = {path: path.read_bytes() for path in FILES}
EVENT = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "controller": "alc-learning-systems",
    "operation": "entrust",
    "subject": {"category": "customer", "id": "c-1"},
    "items": ["name", "health_information"],
    "purpose": "after-care",
    "recipient": {"id": "mailer-kk", "service": "communication"},
    "facts": [{"type": "vetting", "party": "mailer-kk"}, {"type": "consent", "operations": ["entrust"]}],
}

values = st.sampled_from(
    [
        *(5, -1, 1.5, 10**30, math.nan, math.inf, True, False, "", "x", "2-1", "name", "標準", "a b"),
        *(datetime(2020, 1, 1), datetime(2020, 1, 1, tzinfo=UTC), date(2020, 1, 1), time(9, 0)),
        *([], {}, [1], ["x"], ["2-1"], [[]], [{}], {"x": 1}, {"x": {}}, {"ja": "x", "en": "x"}, {"under": {}}),
        *(
            [{"under": {}}],
            [{"term": "x", "under": {"client-window": "accepted"}}],
            {"all": []},
            {"not": {"type": "x"}},
        ),
        *(
            {"type": "consent"},
            {"type": "consent", "kind": "x"},
            {"all": [{"type": "consent"}]},
            {"any": [{"all": []}]},
        ),
    ]
)
keys = st.sampled_from(
    ["x", "", "a b", "é", 'q"q', "id", "is_a", "under", "type", "facts", "name", "2-1", "propertyNames"]
)
pieces = st.one_of(
    st.binary(min_size=1, max_size=3),
    st.sampled_from(
        [b'"', b"'", b"\n", b"[", b"]", b"[[", b"{", b"}", b"=", b".", b",", b"#", b"\r", b"0", "氏".encode()]
    ),
)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(RULES, tmp_path_factory.mktemp("damaged") / "rules"))


def check_law(rules: Path, damaged: Path, raw: bytes) -> None:
    """Load the pack with one damaged file, and hold what comes of it to the law."""
    path = rules / damaged.relative_to(RULES)
    path.write_bytes(raw)
    try:
        decision = Engine.load(rules / PACK.name, installed_plugins=False).evaluate(EVENT)
        assert decision.outcome in ("permit", "deny", "invalid")
        assert decision.to_json()
    except PolicyError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.code and problem.severity == "error"
            assert problem.message.ja and problem.message.en
            assert problem.hint is None or (problem.hint.ja and problem.hint.en)
            assert problem.place is not None
            lines = text_of(Path(problem.place.file)).split("\n")
            assert 1 <= problem.place.line <= len(lines)
            assert 1 <= problem.place.column <= len(lines[problem.place.line - 1]) + 1
        assert [problem.place for problem in error.problems] == sorted(problem.place for problem in error.problems)
    finally:
        path.write_bytes(SOUND[damaged])


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")


def paths_of(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of everything in `value`."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield (*path, key)
        yield from paths_of(member, (*path, key))


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


@given(st.data())
def test_bytes_taken_out_put_in_or_changed(rules: Path, data: st.DataObject) -> None:
    damaged = data.draw(st.sampled_from(FILES))
    raw = bytearray(SOUND[damaged])
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(raw)))
        end = min(len(raw), start + data.draw(st.sampled_from([0, 0, 1, 1, 2, 20])))
        raw[start:end] = data.draw(pieces)
    check_law(rules, damaged, bytes(raw))


@given(st.data())
def test_values_taken_out_put_in_or_exchanged(rules: Path, data: st.DataObject) -> None:
    damaged = data.draw(st.sampled_from(FILES))
    content = tomllib.loads(SOUND[damaged].decode())
    for _ in range(data.draw(st.integers(1, 3))):
        paths = list(paths_of(content))
        if not paths:
            break
        path = data.draw(st.sampled_from(paths))
        parent = at(content, path[:-1])
        match data.draw(st.sampled_from(["put", "put", "take", "add", "exchange"])):
            case "put":
                parent[path[-1]] = copy.deepcopy(data.draw(values))
            case "take":
                del parent[path[-1]]
            case "add" if isinstance(parent, dict):
                parent[data.draw(keys)] = copy.deepcopy(data.draw(values))
            case _:
                parent[path[-1]] = copy.deepcopy(at(content, data.draw(st.sampled_from(paths))))
    check_law(rules, damaged, tomli_w.dumps(content).encode())


@given(st.binary(max_size=60))
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe[\x00")
@example(b"\x00")
def test_any_bytes_at_all(rules: Path, raw: bytes) -> None:
    check_law(rules, FILES[0], raw)


@pytest.mark.parametrize(
    "line",
    [
        *("vocabulary = 5", "vocabulary = []", "vocabulary.items = 1", "vocabulary.sets = 1", "vocabulary.facts = [1]"),
        *('clause = "x"', "clause = 1", "clause = [[]]", "clause = [1, {}]", "[[clause]]\nnumber = 1", "clause = {}"),
        *("policy = 5", "policy = []", "policy.governs = 3", "policy.id = []", "readings = 5", "readings.a = 1"),
        *("readings.a.values = 1", "readings.a.default = [[]]", "readings.a.clause = [[]]", "obligations = 5"),
        *(
            "obligations.a.clause = [[]]",
            "obligations.a.parameters = 1",
            "imports = 5",
            "imports = [[]]",
            "imports = ['']",
        ),
        *("vocabulary.items.a.is_a = [[1]]", "vocabulary.items.a.is_a = 1", "vocabulary.facts.a.fields = 1"),
        *(
            "vocabulary.facts.a.fields.b = 1",
            "vocabulary.facts.a.fields.b.values = 1",
            "vocabulary.attributes.a.type = [1]",
        ),
        *(
            "vocabulary.facts.a.fields.b.held = [1]",
            "vocabulary.facts.a.fields.b.list = []",
            "vocabulary.sets.items.a = [[]]",
        ),
        *("[[clause]]\nnumber = '1'\ncase_of = [[]]", "[[clause]]\nnumber = '1'\ndefines.items = [[]]"),
        *("[[clause]]\nnumber = '1'\nopen = 1", "[[clause]]\nnumber = '1'\nprohibition = 1"),
        *("[[clause]]\nnumber = '1'\nprohibition = [1]", "[[clause]]\nnumber = '1'\nprohibition = [[]]"),
        *(
            "[[clause]]\nnumber = '1'\n[[clause.disclosure]]\nrequest = 1",
            "[[clause]]\nnumber = '1'\n[[clause.joint-use]]",
        ),
        "[[clause]]\nnumber = '1'\n[[clause.data-subject-request]]\nstops = ['use']\nnot_binding = 1",
    ],
)
def test_any_type_in_the_place_of_another(rules: Path, line: str) -> None:
    check_law(rules, FILES[1], line.encode())
    with pytest.raises(PolicyError):
        Engine.load(write(rules, line), installed_plugins=False)


def write(rules: Path, text: str) -> Path:
    path = rules.parent / "alone.toml"
    path.write_text(text, encoding="utf-8")
    return path
