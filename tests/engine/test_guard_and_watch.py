"""Guards bind arguments to events; watched engines follow their files, and a broken change leaves the old in force."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine, FlowDenied, PolicyError, WatchedEngine, arg

ROOT = Path(__file__).parents[2]
PACK = ROOT / "rules" / "alc-smart-learning"
CUSTOMER = {"category": "customer", "id": arg("customer")}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(PACK, installed_plugins=False)


def test_a_call_is_a_flow(engine: Engine) -> None:
    calls = []

    @engine.guard(operation="use", subject=CUSTOMER, items=arg("fields", list), purpose=arg("why"))
    def look_up(customer: str, *, fields: tuple[str, ...] = ("name",), why: str = "after-care") -> str:
        """Look up a customer."""
        calls.append(customer)
        return f"{customer}: {fields}, {why}"

    assert look_up("c-1") == "c-1: ('name',), after-care"
    assert look_up(customer="c-2", fields=("name", "phone_number")) == "c-2: ('name', 'phone_number'), after-care"
    with pytest.raises(FlowDenied) as denied:
        look_up("c-3", why="publicity")
    assert denied.value.decision.clauses == ("2-1",)
    assert calls == ["c-1", "c-2"]
    assert (look_up.__name__, look_up.__doc__) == ("look_up", "Look up a customer.")
    with pytest.raises(TypeError):
        look_up()  # type: ignore[call-arg]


def test_an_awaited_call_too(engine: Engine) -> None:
    @engine.guard(operation="use", subject={"category": "inquirer"}, items=["inquiry_content"], purpose=arg("why"))
    async def answer(why: str) -> str:
        await asyncio.sleep(0)
        return why

    assert asyncio.run(answer("inquiry-handling")) == "inquiry-handling"
    with pytest.raises(FlowDenied):
        asyncio.run(answer("product-information"))


def test_a_missing_parameter_is_an_error_at_once(engine: Engine) -> None:
    with pytest.raises(TypeError, match="no parameter 'customer'"):

        @engine.guard(operation="use", subject=CUSTOMER, items=["name"], purpose="after-care")
        def nobody() -> None: ...


@pytest.mark.parametrize(
    "fields",
    [
        {"items": [arg("what")]},
        {"items": ("name", arg("what"))},
        {"facts": [{"type": "consent", "operations": ["provide"], "recipients": [arg("what")]}]},
    ],
)
def test_a_missing_parameter_is_found_wherever_it_stands(engine: Engine, fields: dict[str, Any]) -> None:
    described = {"operation": "use", "subject": {"category": "customer"}, "purpose": "after-care", **fields}
    with pytest.raises(TypeError, match="no parameter 'what'"):

        @engine.guard(**described)
        def nobody() -> None: ...

    @engine.guard(**{"items": ["name"], **described})
    def somebody(what: str) -> str:
        return what

    assert somebody("phone_number") == "phone_number"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    return tmp_path / "rules" / "alc-smart-learning"


EVENT: dict[str, Any] = {
    "id": "e",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "customer"},
    "items": ["name"],
    "purpose": "after-care",
}


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_a_change_comes_into_force_and_a_broken_one_does_not(copied: Path) -> None:
    with Engine.watch(copied, interval=3600, installed_plugins=False) as watched:
        first = watched.engine
        assert watched.enforce(EVENT).permitted
        assert not watched.look(), "nothing has changed"
        change(copied / "policy.toml", '"after-care", "customer-contact"', '"customer-contact"')
        assert watched.look()
        with pytest.raises(FlowDenied):
            watched.enforce(EVENT)
        second = watched.engine
        assert first.evaluate(EVENT).permitted, "an engine once loaded stays as it is"

        change(copied / "policy.toml", 'subjects = ["inquirer"]', 'subjects = ["inquirers"]')
        assert not watched.look()
        assert watched.engine is second
        assert isinstance(watched.error, PolicyError)
        assert 'did you mean "inquirer"' in str(watched.error)

        change(copied / "policy.toml", 'subjects = ["inquirers"]', 'subjects = ["inquirer"]')
        change(copied.parent / "vocabulary" / "personal-data.toml", 'en = "name"', 'en = "full name"')
        assert watched.look(), "imported vocabularies are followed too"
        assert watched.error is None
        shutil.rmtree(copied)
        assert not watched.look()
        assert watched.error is not None


def test_it_follows_by_itself(copied: Path) -> None:
    with Engine.watch(copied, interval=0.02, installed_plugins=False) as watched:
        before = watched.engine
        change(copied / "policy.toml", '"after-care", "customer-contact"', '"customer-contact"')
        deadline = time.monotonic() + 20
        while watched.engine is before and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not watched.evaluate(EVENT).permitted


def test_every_decision_is_of_a_policy_that_was_in_force(copied: Path, longer: int) -> None:
    """Threads decide while the policy is swapped back and forth: each decision is one of the two, whole."""
    wide = copied / "policy.toml"
    texts = [wide.read_text("utf-8")]
    texts.append(texts[0].replace('"after-care", "customer-contact"', '"customer-contact"'))
    expected = []
    for text in texts:
        wide.write_text(text, "utf-8")
        expected.append(Engine.load(copied, installed_plugins=False).evaluate(EVENT))
    watched: WatchedEngine = Engine.watch(copied, interval=3600, installed_plugins=False)
    stop, strange, count = threading.Event(), [], [0]

    def hammer() -> None:
        while not stop.is_set():
            for _ in range(20):
                decision = watched.evaluate(EVENT)
                count[0] += 1
                if decision not in expected:
                    strange.append(decision)
            stop.wait(0.001)  # or nobody else would come to load anything

    threads = [threading.Thread(target=hammer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for turn in range(4 * longer):
        wide.write_text(texts[turn % 2] + f"\n# {turn}\n", "utf-8")
        assert watched.look()
    stop.set()
    for thread in threads:
        thread.join()
    watched.close()
    assert not strange
    assert count[0] > 100
