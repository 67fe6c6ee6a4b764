"""Async and sync hosts with async and sync plugins: each is called where it belongs, in time, and nothing is opened."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import os
import shutil
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policyengine import Engine, Flow, FlowDenied, PluginError, Reduction, Step, hookimpl
from policyengine.enforcement.workers import Workers
from policyengine.hooks import FactQuery

PACK = Path(__file__).parents[2] / "rules" / "alc-smart-learning"
ENTRUST = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "entrust",
    "subject": {"category": "customer"},
    "items": ["name"],
    "purpose": "product-information",
    "recipient": {"id": "mailer-kk", "service": "communication"},
}
FACTS = [
    {"type": "contract", "kind": "confidentiality", "party": "mailer-kk"},
    {"type": "vetting", "party": "mailer-kk"},
]
ALWAYS: Any = frozenset({"permit", "deny", "invalid"})
WHO = contextvars.ContextVar("WHO", default="nobody")


class Host:
    """A plugin of one of each, which note where they were called, and do what they are told."""

    def __init__(self, asynchronous: bool, does: Callable[[], Any] = lambda: None, *, stage: str = "tell") -> None:
        self.called: list[tuple[str, threading.Thread, str]] = []
        self.batches: list[int] = []
        self.closed: list[str] = []
        note, host = self.called, self

        class Source:
            name = "register"

            def facts(self, queries: Sequence[FactQuery]) -> Any:
                note.append(("source", threading.current_thread(), WHO.get()))
                host.batches.append(len(queries))
                return [FACTS for _ in queries]

            def close(self) -> None:
                host.closed.append("source")

        class Action:
            name = "acting"

            def __init__(self) -> None:
                self.stage = stage

            def act(self, _: Flow) -> Any:
                note.append(("action", threading.current_thread(), WHO.get()))
                return does()

        class Watching:
            name = "watching"

            def observe(self, _: Flow) -> Any:
                note.append(("observer", threading.current_thread(), WHO.get()))

        class AsyncSource(Source):
            async def facts(self, queries: Sequence[FactQuery]) -> Any:
                await asyncio.sleep(0)
                return super().facts(queries)

            async def close(self) -> None:  # type: ignore[override]
                await asyncio.sleep(0)
                super().close()

        class AsyncAction(Action):
            async def act(self, flow: Flow) -> Any:
                await asyncio.sleep(0)
                found = super().act(flow)
                return await found if asyncio.iscoroutine(found) else found

        class AsyncWatching(Watching):
            async def observe(self, flow: Flow) -> Any:
                await asyncio.sleep(0)
                super().observe(flow)

        self.source: Source = AsyncSource() if asynchronous else Source()
        self.action: Action = AsyncAction() if asynchronous else Action()
        self.watching: Watching = AsyncWatching() if asynchronous else Watching()

    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[Any]:
        return [self.source]

    @hookimpl
    def policyengine_enforcement_actions(self) -> Iterable[Any]:
        return [self.action]

    @hookimpl
    def policyengine_observers(self) -> Iterable[Any]:
        return [self.watching]


def loaded(host: Host, *, mandatory: bool = True, **options: Any) -> Engine:
    steps = [Step("acting", on=ALWAYS, mandatory=mandatory)]
    return Engine.load(PACK, plugins=[host], installed_plugins=False, steps=steps, **options)


async def through_flow(engine: Engine) -> str:
    async with engine.flow(ENTRUST) as flow:
        return flow.decision.outcome


@pytest.mark.parametrize("limit", [None, 30.0])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_each_is_called_where_it_belongs(asynchronous: bool, limit: float | None) -> None:
    host = Host(asynchronous)
    with loaded(host, source_timeout=limit, action_timeout=limit) as engine:
        here = threading.current_thread()

        def where() -> set[str]:
            assert [what for what, _, _ in host.called] == ["source", "action", "observer"]
            assert {who for _, _, who in host.called} == {"somebody"}, "the caller's context is with them"
            threads = {"here" if thread is here else thread.name for _, thread, _ in host.called}
            host.called.clear()
            return threads

        def sync() -> None:
            WHO.set("somebody")
            assert engine.enforce(ENTRUST).permitted
            assert where() == (
                {"policyengine-loop"} if asynchronous else {"policyengine-worker"} if limit else {"here"}
            )
            with engine.flow(ENTRUST) as flow:
                assert flow.decision.permitted
            host.called.clear()
            assert engine.evaluate(ENTRUST).permitted
            host.called.clear()

        async def awaiting() -> None:
            WHO.set("somebody")
            assert (await engine.enforce_async(ENTRUST)).permitted
            assert where() == ({"here"} if asynchronous else {"policyengine-worker"})
            assert await through_flow(engine) == "permit"
            host.called.clear()
            assert (await engine.evaluate_async(ENTRUST)).permitted

        contextvars.copy_context().run(sync)
        asyncio.run(awaiting())
    assert host.closed == ["source"]


class Odd(BaseException):
    pass


class Own(Exception):
    pass


def raising(error: BaseException) -> Callable[[], Any]:
    def does() -> Any:
        raise error

    return does


async def _coroutine() -> None:
    raise AssertionError("nobody awaits this")


CARELESS: dict[str, Callable[[], Any]] = {
    "true": lambda: True,
    "number": lambda: 7,
    "text": lambda: "permit",
    "flow": lambda: Flow({}, None),  # type: ignore[arg-type]
    "own error": raising(Own()),
    "timeout of its own": raising(TimeoutError()),
    "stop iteration": raising(StopIteration()),
    "stop async iteration": raising(StopAsyncIteration()),
    "cancelled by itself": raising(asyncio.CancelledError()),
    "exit": raising(SystemExit(0)),
    "odd": raising(Odd()),
    "generator exit": raising(GeneratorExit()),
}


@pytest.mark.parametrize("careless", CARELESS)
@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("stage", ["reduce", "stop"])
def test_nonsense_of_a_mandatory_action_denies(careless: str, asynchronous: bool, stage: str) -> None:
    host = Host(asynchronous, CARELESS[careless], stage=stage)
    with loaded(host, action_timeout=30) as engine:
        for called in (engine.enforce, lambda event: asyncio.run(engine.enforce_async(event))):
            with pytest.raises(FlowDenied) as denied:
                called(ENTRUST)
            assert [reason.code for reason in denied.value.decision.reasons] == ["action-failed"]
        assert [what for what, _, _ in host.called].count("observer") == 2, "an observer is told of the denial"
    with loaded(Host(asynchronous, CARELESS[careless], stage=stage), mandatory=False, action_timeout=30) as engine:
        assert engine.enforce(ENTRUST).permitted
        assert asyncio.run(engine.enforce_async(ENTRUST)).permitted


def test_what_is_no_exception_goes_through_in_the_callers_own_thread() -> None:
    """It may be a signal to the caller: whoever it is, the flow does not go on."""
    for error in (SystemExit(1), KeyboardInterrupt(), Odd()):
        with pytest.raises(type(error)):
            loaded(Host(False, raising(error)), mandatory=False).enforce(ENTRUST)


def test_a_coroutine_of_a_function_that_is_not_async_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    engine = loaded(Host(False, _coroutine))
    with pytest.raises(FlowDenied):
        engine.enforce(ENTRUST)
    with pytest.raises(FlowDenied):
        asyncio.run(engine.enforce_async(ENTRUST))
    assert "declare it with async def" in caplog.text


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_action_that_never_returns_is_late(asynchronous: bool) -> None:
    release = threading.Event()
    host = Host(asynchronous, (lambda: asyncio.sleep(60)) if asynchronous else (lambda: release.wait(60)))
    try:
        with loaded(host, action_timeout=0.05) as engine:
            for called in (engine.enforce, lambda event: asyncio.run(engine.enforce_async(event))):
                began = time.monotonic()
                with pytest.raises(FlowDenied) as denied:
                    called(ENTRUST)
                assert time.monotonic() - began < 20
                (reason,) = denied.value.decision.reasons
                assert reason.message.en == 'the mandatory action "acting" failed: no answer within 0.05 s'
    finally:
        release.set()


def test_questions_of_many_tasks_are_asked_together() -> None:
    async def all_at_once(engine: Engine, number: int) -> list[str]:
        tasks = [engine.enforce_async({**ENTRUST, "id": f"e-{n}"}) for n in range(number)]
        return [decision.outcome for decision in await asyncio.gather(*tasks)]

    for asynchronous in (False, True):
        host = Host(asynchronous)
        with loaded(host) as engine:
            assert asyncio.run(all_at_once(engine, 1200)) == ["permit"] * 1200
            assert sum(host.batches) == 1200
            assert len(host.batches) <= 4, host.batches
            assert max(host.batches) <= 500


def test_a_source_that_fails_denies_those_who_asked_together_and_no_others() -> None:
    class Failing:
        name = "register"
        turns = iter([OSError("secret"), None])

        async def facts(self, queries: Sequence[FactQuery]) -> Any:
            await asyncio.sleep(0)
            if (error := next(self.turns)) is not None:
                raise error
            return [FACTS for _ in queries]

        @hookimpl
        def policyengine_fact_sources(self) -> Any:
            return [self]

    async def twice(engine: Engine) -> list[list[Any]]:
        return [
            await asyncio.gather(*(engine.evaluate_async({**ENTRUST, "id": f"e-{n}"}) for n in range(3)))
            for _ in range(2)
        ]

    first, second = asyncio.run(twice(Engine.load(PACK, plugins=[Failing()], installed_plugins=False)))
    assert [decision.reasons[0].code for decision in first] == ["source-unavailable"] * 3
    assert "secret" not in first[0].reasons[0].message.en
    assert all(decision.permitted for decision in second)


class Steps:
    """Three actions, of which the second takes long; who has begun and who has ended is noted."""

    def __init__(self, asynchronous: bool) -> None:
        self.began: list[str] = []
        self.ended: list[str] = []
        self.going = threading.Event()
        self.release = threading.Event()
        self.asynchronous = asynchronous

    @hookimpl
    def policyengine_enforcement_actions(self) -> Iterable[Any]:
        outer = self

        class Action:
            stage = "tell"

            def __init__(self, name: str) -> None:
                self.name = name

            def act(self, _: Flow) -> None:
                outer.began.append(self.name)
                if self.name == "b":
                    outer.going.set()
                    outer.release.wait(30)
                outer.ended.append(self.name)

        class AsyncAction(Action):
            async def act(self, _: Flow) -> None:  # type: ignore[override]
                outer.began.append(self.name)
                if self.name == "b":
                    outer.going.set()
                    await asyncio.sleep(30)
                outer.ended.append(self.name)

        return [(AsyncAction if self.asynchronous else Action)(name) for name in "abc"]

    @hookimpl
    def policyengine_observers(self) -> Iterable[Any]:
        outer = self

        class Watching:
            name = "watching"

            def observe(self, _: Flow) -> None:
                outer.ended.append("watching")

        return [Watching()]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_cancelled_caller(asynchronous: bool, caplog: pytest.LogCaptureFixture) -> None:
    """What has acted has acted; an async one under way is cancelled, one in a thread ends; nobody else is called."""
    steps = Steps(asynchronous)
    engine = Engine.load(
        PACK, plugins=[steps], installed_plugins=False, steps=[Step(name, on=ALWAYS, mandatory=True) for name in "abc"]
    )
    went_on = []

    async def handled() -> None:
        async with engine.flow({**ENTRUST, "facts": FACTS}) as flow:
            went_on.append(flow)

    async def cancelling() -> None:
        task = asyncio.create_task(handled())
        while not steps.going.is_set():
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with caplog.at_level(logging.WARNING):
        asyncio.run(cancelling())
    steps.release.set()
    deadline = time.monotonic() + 20
    while not asynchronous and "b" not in steps.ended and time.monotonic() < deadline:
        time.sleep(0.005)
    engine.close()
    assert steps.began == ["a", "b"]
    assert steps.ended == (["a"] if asynchronous else ["a", "b"])
    assert went_on == []
    assert "flow e-1 was given up; called were: a, b" in caplog.text


def test_a_cancelled_question_leaves_the_others_alone() -> None:
    host = Host(True)

    async def some() -> list[Any]:
        engine = loaded(host)
        tasks = [asyncio.create_task(engine.enforce_async({**ENTRUST, "id": f"e-{n}"})) for n in range(5)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = asyncio.run(some())
    assert isinstance(found[2], asyncio.CancelledError)
    assert all(decision.permitted for n, decision in enumerate(found) if n != 2)


def test_an_async_action_that_enforces_in_its_own_loop_is_refused_and_awaiting_works() -> None:
    inner = loaded(Host(True))

    def waits() -> Any:
        return None if inner.enforce(ENTRUST).permitted else 7

    async def awaits() -> Any:
        return None if (await inner.enforce_async(ENTRUST)).permitted else 7

    assert loaded(Host(True, waits)).enforce(ENTRUST).permitted, "another engine's loop may wait"
    host = Host(True, awaits)
    engine = loaded(host)
    assert engine.enforce(ENTRUST).permitted
    host = Host(True, lambda: engine.enforce(ENTRUST) and None)
    engine = loaded(host, action_timeout=20)
    with pytest.raises(FlowDenied):
        engine.enforce(ENTRUST)


@pytest.fixture
def bare() -> Iterator[None]:
    """No thread of an engine is left from elsewhere."""
    deadline = time.monotonic() + 20
    while own() and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    before = own()
    yield
    deadline = time.monotonic() + 20
    while len(own()) > len(before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(own()) <= len(before)


def own() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("policyengine-")]


@pytest.mark.parametrize("closing", [True, False])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_threads_and_loops_end_with_the_engine(bare: None, asynchronous: bool, closing: bool, longer: int) -> None:  # noqa: ARG001
    for _ in range(5 * longer):
        engine = loaded(Host(asynchronous), source_timeout=20, action_timeout=20)
        assert engine.enforce(ENTRUST).permitted
        assert asyncio.run(engine.enforce_async(ENTRUST)).permitted
        assert own()
        if closing:
            engine.close()
            engine.close()
        gone = weakref.ref(engine)
        del engine
        gc.collect()
        assert gone() is None


@pytest.mark.parametrize("asynchronous", [False, True])
def test_reloads_leave_no_thread_and_no_loop(bare: None, asynchronous: bool, tmp_path: Path, longer: int) -> None:  # noqa: ARG001
    """Nobody closes the engines that were in force before, and no collector has to find them."""
    shutil.copytree(PACK.parent, tmp_path / "rules")
    pack = tmp_path / "rules" / PACK.name
    text = (pack / "policy.toml").read_text("utf-8")
    options = {"plugins": [Host(asynchronous)], "source_timeout": 20, "steps": [Step("acting", on=ALWAYS)]}
    gc.collect()
    gc.disable()
    try:
        with Engine.watch(pack, interval=3600, installed_plugins=False, **options) as watched:
            first, before = weakref.ref(watched.engine), {thread.ident for thread in own()}
            for turn in range(20 * longer):
                assert watched.enforce(ENTRUST).permitted
                (pack / "policy.toml").write_text(f"{text}\n# {turn}\n", "utf-8")
                watched.look()
                watched.look()  # a change is taken when it has come to rest
            assert first() is None, "an engine that nobody has any more is gone"
            deadline = time.monotonic() + 20
            while len(own()) > len(before) + 1 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert len(own()) <= len(before) + 1
            assert len(os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []) < 200  # noqa: PTH112, PTH208
    finally:
        gc.enable()


def test_a_closed_engine_denies_what_it_cannot_ask() -> None:
    with loaded(Host(True)) as engine:
        pass
    decision = engine.evaluate(ENTRUST)
    assert [reason.code for reason in decision.reasons] == ["source-unavailable"]
    assert engine.evaluate({**ENTRUST, "operation": "use", "recipient": {"id": "x"}}).event == "e-1"


def test_what_cannot_be_closed_keeps_nothing_open(caplog: pytest.LogCaptureFixture) -> None:
    host = Host(False)
    host.watching.close = raising(OSError("stuck"))  # type: ignore[attr-defined]
    host.action.close = "no function"  # type: ignore[attr-defined]
    engine = loaded(host)
    engine.close()
    assert host.closed == ["source"]
    assert "closing Watching failed" in caplog.text


@pytest.mark.parametrize("name", ["source_timeout", "action_timeout"])
@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), 1e300])
def test_a_limit_is_a_number_of_seconds(name: str, limit: float) -> None:
    with pytest.raises(PluginError, match=name):
        Engine.load(PACK, installed_plugins=False, **{name: limit})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_child_has_threads_and_loops_of_its_own(asynchronous: bool) -> None:
    """Forked while a thread of the parent holds the lock of its workers, as a server that preloads may."""
    engine = loaded(Host(asynchronous), source_timeout=20, action_timeout=20)
    assert engine.enforce(ENTRUST).permitted
    assert asyncio.run(engine.enforce_async(ENTRUST)).permitted
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with engine._workers._lock:
            held.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    child = os.fork()
    if child == 0:
        try:
            good = engine.enforce(ENTRUST).permitted and asyncio.run(engine.enforce_async(ENTRUST)).permitted
            engine.close()
            os._exit(0 if good else 3)
        finally:
            os._exit(4)
    deadline = time.monotonic() + 60
    status = None
    while status is None and time.monotonic() < deadline:
        found, code = os.waitpid(child, os.WNOHANG)
        status = code if found else None
        time.sleep(0.01)
    done.set()
    holder.join()
    if status is None:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert status == 0
    assert engine.enforce(ENTRUST).permitted, "and the parent still has its own"
    engine.close()


def test_workers_take_no_more_threads_than_they_may() -> None:
    workers, release = Workers(most=3), threading.Event()
    found = [workers.submit(lambda: release.wait(30)) for _ in range(10)]
    waiting = workers.submit(lambda: 1)
    assert waiting.cancel()
    release.set()
    assert [one.result(30) for one in found] == [True] * 10
    assert workers._threads == 3
    workers.close()
    with pytest.raises(RuntimeError, match="closed"):
        workers.submit(lambda: 1)


def test_a_host_that_does_not_await_loads_no_asyncio() -> None:
    code = (
        "import sys; from policyengine import Engine; e = Engine.load(sys.argv[1], installed_plugins=False); "
        "e.evaluate({}); sys.exit('asyncio' in sys.modules)"
    )
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", code, str(PACK)]) == 0


DOES: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "drop": lambda: Reduction(without=["name"]),
    "drop what is not there": lambda: Reduction(without=["shoe_size"]),
    "stop": lambda: Reduction(stop=True),
    "true": lambda: True,
    "fail": raising(Own()),
}


@given(
    chain=st.lists(st.tuples(st.sampled_from(sorted(DOES)), st.booleans(), st.booleans()), min_size=1, max_size=4),
    items=st.sampled_from([["name"], ["name", "mobile_email"], ["mobile_email", "health_checkup_result"]]),
)
@settings(max_examples=60, deadline=None)
def test_who_waits_and_who_awaits_come_to_the_same_and_sources_are_asked_once(
    chain: list[tuple[str, bool, bool]], items: list[str]
) -> None:
    class Chain(Host):
        @hookimpl
        def policyengine_enforcement_actions(self) -> Iterable[Any]:
            for number, (does, asynchronous, _) in enumerate(chain):
                one: Any = Host(asynchronous, DOES[does], stage="reduce").action
                one.name = f"a-{number}"
                yield one

    host = Chain(len(items) == 1)
    steps = [Step(f"a-{number}", on=ALWAYS, mandatory=must) for number, (_, _, must) in enumerate(chain)]
    event = {**ENTRUST, "items": items}
    found: list[Any] = []
    with Engine.load(PACK, plugins=[host], installed_plugins=False, steps=steps) as engine:
        for called in (engine.enforce, lambda event: asyncio.run(engine.enforce_async(event))):
            try:
                found.append(called(event))
            except FlowDenied as denied:
                found.append(denied.decision)
    assert found[0] == found[1]
    assert host.batches == [1, 1], "facts are gathered once, whatever is taken away"
    if any(must and does in ("drop what is not there", "true", "fail") for does, _, must in chain):
        assert "action-failed" in {reason.code for reason in found[0].reasons}
    if any(does == "stop" for does, _, _ in chain):
        assert found[0].outcome == "deny"


async def _yielding() -> Any:
    yield 1


def _wrapped(inner: Callable[[], Any]) -> Callable[[Any], Any]:
    """Return what a decorator makes that knows nothing of what it wraps."""

    def called(*_: Any) -> Any:
        return inner()

    return called


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    ("inner", "said"),
    [
        (_coroutine, "declare it with async def"),
        (lambda: (one for one in ()), "returned a generator"),
        (_yielding, "returned a generator"),
    ],
    ids=["a coroutine", "a generator", "an async generator"],
)
def test_what_has_not_run_is_told_of_observers_and_of_closing(
    inner: Callable[[], Any], said: str, asynchronous: bool, caplog: pytest.LogCaptureFixture
) -> None:
    host = Host(False)
    host.watching.observe = _wrapped(inner)  # type: ignore[method-assign]
    host.watching.close = _wrapped(inner)  # type: ignore[attr-defined]
    engine = loaded(host)
    assert (asyncio.run(engine.enforce_async(ENTRUST)) if asynchronous else engine.enforce(ENTRUST)).permitted
    assert said in caplog.text
    caplog.clear()
    engine.close()
    assert said in caplog.text
