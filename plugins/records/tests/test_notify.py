"""A webhook is told of decisions: what it is told, how it is signed, and what becomes of an attempt."""

from __future__ import annotations

import base64
import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from policyengine import EnforcementAction, Engine, FlowDenied, PluginError, Step, hookimpl
from policyengine_records import Outbox, RecordsError, Store
from policyengine_records.outbox.courier import Courier, jittered
from policyengine_records.outbox.notify import Notify, courier_of
from policyengine_records.outbox.outbox import Message
from policyengine_records.outbox.webhook import WebhookRefused, sign, verify
from policyengine_records.plugin import policyengine_enforcement_actions
from receiver import SECRET, Clock, Receiver

PACK = Path(__file__).parents[3] / "rules" / "alc-smart-learning"
STAFF: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "employee", "id": "the-person"},
    "items": ["name", "health_checkup_result"],
    "purpose": "health-management",
    "facts": [{"type": "consent", "subject": "the-person", "operations": ["provide"], "recipients": ["of-a-fact"]}],
}
PERMITTED = {**STAFF, "items": ["name"]}
BODY = b'{"type":"policyengine.decision","timestamp":"2026-11-24T00:00:00Z","data":{"event":"e-1"}}'
NOTHING_LISTENS = "http://127.0.0.1:9/hook"
NOWHERE = Outbox(Store("sqlite:///not-there.db"))


class Plugin:
    """Brings what it is given."""

    def __init__(self, *actions: Any, sources: Iterable[Any] = ()) -> None:
        self.actions, self.sources = actions, sources

    @hookimpl
    def policyengine_enforcement_actions(self) -> Iterable[EnforcementAction]:
        return self.actions

    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[Any]:
        return self.sources


def engine(notify: Notify, *, mandatory: bool = True, on: Any = ("permit", "deny", "invalid"), **more: Any) -> Engine:
    step = Step("notify", on=frozenset(on), mandatory=mandatory)
    return Engine.load(PACK, plugins=[Plugin(notify, **more)], installed_plugins=False, steps=[step])


def courier(outbox: Outbox, url: str, **more: Any) -> Courier:
    return Courier(outbox, url, SECRET, **{"timeout": 30.0, "backoff": lambda _: 0.0, **more})


def delivered(courier: Courier) -> list[Message]:
    """Deliver what is due, in this thread."""
    with courier.connected() as attempt:
        return list(courier.deliver(attempt))


# The signature


def test_the_signature_is_that_of_the_specification() -> None:
    """The vector of its reference implementations."""
    signature = sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', SECRET)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def signed(**changes: str) -> dict[str, str]:
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1000",
        "webhook-signature": sign("msg_1", 1000, BODY, SECRET),
    }
    return {name: value for name, value in {**headers, **changes}.items() if value}


def test_what_is_signed_is_believed() -> None:
    genuine = signed()["webhook-signature"]
    assert verify(signed(), BODY, SECRET, 1000) == "msg_1"
    assert verify({name.title(): value for name, value in signed().items()}, BODY, SECRET, 1300) == "msg_1"
    assert verify(signed(**{"webhook-signature": f"v1,AAAA v2,x {genuine}"}), BODY, SECRET, 700) == "msg_1"


@pytest.mark.parametrize(
    ("changes", "body", "now", "why"),
    [
        ({"webhook-signature": sign("msg_1", 1000, BODY, "whsec_" + "A" * 32)}, BODY, 1000, "no signature"),
        ({"webhook-signature": sign("msg_1", 1000, BODY, SECRET)[:-3]}, BODY, 1000, "no signature"),
        ({"webhook-signature": "v1,"}, BODY, 1000, "no signature"),
        ({"webhook-signature": "v1,\udc80ü"}, BODY, 1000, "no signature"),
        ({"webhook-id": "msg_2"}, BODY, 1000, "no signature"),
        ({"webhook-id": "msg_\udc80"}, BODY, 1000, "no signature"),
        ({"webhook-timestamp": "1001"}, BODY, 1000, "no signature"),
        ({}, BODY + b" ", 1000, "no signature"),
        ({}, BODY, 1301, "more than 300 s"),
        ({}, BODY, 699, "more than 300 s"),
        ({"webhook-timestamp": "-1000"}, BODY, 1000, "no number"),
        ({"webhook-timestamp": "１０００"}, BODY, 1000, "no number"),
        ({"webhook-timestamp": "9" * 5000}, BODY, 1000, "no number"),
        ({"webhook-id": ""}, BODY, 1000, "no header webhook-id"),
        ({"webhook-signature": ""}, BODY, 1000, "no header webhook-signature"),
    ],
)
def test_anything_else_is_refused(changes: dict[str, str], body: bytes, now: float, why: str) -> None:
    with pytest.raises(WebhookRefused, match=why):
        verify(signed(**changes), body, SECRET, now)


# What is told


def test_a_decision_is_told_and_nothing_of_the_person(store: Store) -> None:
    outbox = Outbox(store)
    with Receiver() as receiver:
        notify = Notify(courier(outbox, receiver.url))
        telling = engine(notify)
        with pytest.raises(FlowDenied) as denied, telling.flow(STAFF, {"name": "in the payload"}):
            pass
        assert telling.enforce(PERMITTED).permitted
        with pytest.raises(FlowDenied):
            telling.enforce({**STAFF, "purpose": 7})
        told = [json.loads(request.body) for request in receiver.wait(3)]
        for request in receiver.arrived:
            assert verify(request.headers, request.body, SECRET) == request.id
            assert request.headers["content-type"] == "application/json"
        notify.stop(60)
    decision = denied.value.decision.as_dict()
    data = told[0]["data"]
    assert set(told[0]) == {"type", "timestamp", "data"} and told[0]["type"] == "policyengine.decision"
    assert data == {
        **{name: decision[name] for name in ("event", "outcome", "policies", "clauses", "rules", "obligations")},
        "permitted_items": ["items[0]"],
        "excess_items": ["items[1]"],
        "errors": [],
        "reasons": [
            {name: reason[name] for name in ("code", "policy", "clause", "open")} for reason in decision["reasons"]
        ],
        "mode": "enforce",
        "kept": None,
    }
    assert data["outcome"] == "deny" and data["reasons"]
    assert [one["data"]["outcome"] for one in told] == ["deny", "permit", "invalid"]
    written = b"".join(message.body for message in outbox.messages())
    for private in (b"the-person", b"in the payload", b"of-a-fact"):
        assert private not in written
    assert outbox.counts() == {"pending": 0, "delivered": 3, "failed": 0}


def test_no_value_of_an_event_or_a_fact_is_told(store: Store) -> None:
    """Whatever stands where a word of the policy was expected, and whatever a field is called."""
    outbox = Outbox(store)
    telling = engine(Notify(courier(outbox, NOTHING_LISTENS)))
    private = "Hanako Yamada"
    fact = {"type": "consent", "operations": ["use"], "items": [private]}
    events: list[dict[str, Any]] = [
        {**STAFF, "items": ["name", private]},
        {**STAFF, "purpose": private},
        {**STAFF, "subject": {"category": private}},
        {**STAFF, "operation": "provide", "recipient": {"id": private}, "facts": [fact]},
        {**STAFF, private: 1},
        {**STAFF, "subject": {"category": "employee", private: 1}},
        {**STAFF, "attributes": {private: []}},
        {**STAFF, "facts": [{**fact, private: 1}]},
    ]
    for event in events:
        with pytest.raises(FlowDenied):
            telling.enforce(event)
    bodies = [json.loads(message.body)["data"] for message in outbox.messages()]
    assert private not in json.dumps(bodies)
    assert [body["outcome"] for body in bodies] == ["deny"] * 4 + ["invalid"] * 4
    assert bodies[0]["excess_items"] == ["items[1]"] and bodies[1]["reasons"][0]["code"] == "unknown-term"
    assert [body["errors"] for body in bodies[4:]] == [["$"], ["$.subject"], ["$.attributes"], ["$.facts[0]"]]


def test_an_error_of_a_source_may_quote_anything_and_is_not_told(store: Store) -> None:
    class Broken:
        name = "register"

        def facts(self, queries: Any) -> Any:
            raise LookupError(f"no row for {queries[0].event.subject_id}")

    outbox = Outbox(store)
    telling = engine(Notify(courier(outbox, NOTHING_LISTENS)), sources=[Broken()])
    event = {
        **STAFF,
        "operation": "provide",
        "recipient": {"id": "mailer-kk"},
    }
    with pytest.raises(FlowDenied, match="source-unavailable") as denied:
        telling.enforce(event)
    assert [reason.code for reason in denied.value.decision.reasons] == ["source-unavailable"]
    (message,) = outbox.messages()
    assert b"the-person" not in message.body
    assert json.loads(message.body)["data"]["reasons"][0]["code"] == "source-unavailable"


# What becomes of an attempt


def test_errors_of_the_receiver_are_outlasted(store: Store) -> None:
    outbox = Outbox(store)
    with Receiver([500, 503, 408, 425, "drop", 502, 504]) as receiver:
        notify = Notify(courier(outbox, receiver.url))
        engine(notify).enforce(PERMITTED)
        requests = receiver.wait(8)
        notify.stop(60)
    assert len({(request.id, request.body) for request in requests}) == 1
    (message,) = outbox.messages()
    assert (message.id, message.state, message.attempts) == (requests[0].id, "delivered", 8)
    assert len(receiver.arrived) == 8


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_no_answer_in_time_is_no_answer(fault: str, store: Store) -> None:
    """Neither does a byte now and then make an answer."""
    outbox = Outbox(store)
    outbox.add(BODY)
    with Receiver([fault]) as receiver:
        (first, second) = delivered(courier(outbox, receiver.url, timeout=0.5))
        assert (first.state, first.last_error) == ("pending", "no answer within 0.5 s")
        assert (second.state, second.attempts) == ("delivered", 2)
        assert receiver.arrived[0].id == receiver.arrived[1].id == second.id


def test_nobody_listens(store: Store) -> None:
    outbox = Outbox(store, clock=Clock())
    outbox.add(BODY)
    (message,) = delivered(courier(outbox, NOTHING_LISTENS, backoff=lambda _: 60.0))
    assert message.state == "pending" and message.next_attempt == Clock().now + 60
    assert message.last_error is not None and message.last_error.startswith("ConnectError")


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("7", 7.0),
        ("999999999999", 3600.0),
        (formatdate(Clock().now + 90, usegmt=True), 90.0),
        (formatdate(Clock().now - 90, usegmt=True), 2.0),
        ("0", 2.0),
        ("soon", 2.0),
        ("-5", 2.0),
    ],
)
def test_a_receiver_that_asks_to_be_left_alone_is(asked: str, seconds: float, store: Store) -> None:
    clock = Clock()
    outbox = Outbox(store, clock=clock)
    first, second = outbox.add(BODY), outbox.add(BODY)
    with Receiver([(429, {"Retry-After": asked})]) as receiver:
        messenger = courier(outbox, receiver.url, backoff=lambda _: 2.0)
        attempted = delivered(messenger)
        postponed = outbox.message(first)
        assert postponed is not None and postponed.next_attempt == clock.now + seconds
        if seconds > 2:
            assert [message.id for message in attempted] == [first]
            assert messenger.wait() == seconds
            assert delivered(messenger) == []
        clock.now += seconds
        delivered(messenger)
        assert outbox.counts() == {"pending": 0, "delivered": 2, "failed": 0}
        assert receiver.counts == {first: 2, second: 1}


@pytest.mark.parametrize("status", [400, 401, 404, 410, 301, 307])
def test_an_answer_that_will_not_change_ends_it(status: int, store: Store) -> None:
    outbox = Outbox(store)
    identifier = outbox.add(BODY)
    with Receiver([(status, {"Location": "/elsewhere"})]) as receiver:
        (message,) = delivered(courier(outbox, receiver.url))
        assert (message.state, message.attempts) == ("failed", 1)
        assert message.last_error is not None and message.last_error.startswith(f"status {status}")
        assert [request.path for request in receiver.arrived] == ["/hook"]
        assert outbox.retry() == [identifier]
        (again,) = delivered(courier(outbox, receiver.url))
        assert (again.id, again.state) == (identifier, "delivered")


def test_what_is_too_old_is_given_up_and_stays(store: Store) -> None:
    clock = Clock()
    outbox = Outbox(store, clock=clock)
    identifier = outbox.add(BODY)
    messenger = courier(outbox, NOTHING_LISTENS, backoff=lambda _: 3600.0, max_age=72 * 3600.0)
    attempts = 0
    while (message := outbox.message(identifier)) is not None and message.state == "pending":
        attempts += len(delivered(messenger))
        clock.now += 3600
    assert attempts == 73  # at once, and after each of 72 hours
    assert message is not None and message.state == "failed"
    assert message.last_error is not None and "given up after 72 h" in message.last_error
    clock.now += 365 * 86400
    assert outbox.sweep(0) == 0
    assert outbox.retry([identifier]) == [identifier]
    with Receiver() as receiver:
        (message,) = delivered(courier(outbox, receiver.url))
        assert message.state == "delivered"


def test_a_message_that_waited_for_longer_than_its_age_is_attempted_all_the_same(store: Store) -> None:
    clock = Clock()
    outbox = Outbox(store, clock=clock)
    outbox.add(BODY)
    clock.now += 100 * 3600
    with Receiver() as receiver:
        (message,) = delivered(courier(outbox, receiver.url))
    assert message.state == "delivered"


def test_a_receiver_that_is_down_is_not_asked_for_every_message(store: Store) -> None:
    clock = Clock()
    outbox = Outbox(store, clock=clock)
    for _ in range(8):
        outbox.add(BODY)
    with Receiver([500] * 6) as receiver:
        messenger = courier(outbox, receiver.url, backoff=lambda _: 1.0)
        assert len(delivered(messenger)) == 5
        assert delivered(messenger) == []
        clock.now += 1
        assert [message.state for message in delivered(messenger)] == ["pending"]
        clock.now += 1
        assert {message.state for message in delivered(messenger)} == {"delivered"}
    assert outbox.counts() == {"pending": 0, "delivered": 8, "failed": 0}


def test_delays_are_jittered_in_full_below_a_bound_that_doubles() -> None:
    for attempts in (1, 2, 3, 10, 11, 12, 1000):
        bound = min(3600.0, 2.0 * 2.0 ** (attempts - 1))
        delays = [jittered(attempts) for _ in range(400)]
        assert all(0 <= delay <= bound for delay in delays)
        assert len(set(delays)) > 390
        assert min(delays) < bound / 4 and max(delays) > bound * 3 / 4


# The thread


def test_what_an_earlier_process_left_is_delivered_without_a_new_decision(store: Store) -> None:
    left = Outbox(store)
    identifier = left.add(BODY)
    with Receiver() as receiver:
        notify = Notify(courier(Outbox(store), receiver.url), grace=0)
        assert receiver.wait(1)[0].id == identifier
        notify.stop(60)


def test_an_action_that_nobody_has_any_more_ends_its_thread(store: Store) -> None:
    with Receiver() as receiver:
        notify = Notify(courier(Outbox(store), receiver.url))
        engine(notify).enforce(PERMITTED)
        receiver.wait(1)
        worker = notify._worker
        thread = worker._thread
        assert thread is not None and thread.is_alive()
        del notify
        gc.collect()
        worker._woken.set()
        thread.join(60)
        assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork: run it on Linux or macOS")
def test_a_forked_process_delivers_its_own(store: Store) -> None:
    """As where a server loads its application once and forks: file, lock and thread are the child's own."""
    script = """if True:
        import os, sys, threading
        from pathlib import Path
        from policyengine_records.outbox.notify import Courier, Notify
        from policyengine_records.plugin import policyengine_enforcement_actions
        from policyengine_records import Outbox, Store
        from policyengine import Decision, Flow

        outbox = Outbox(Store(sys.argv[1], timeout=60))
        notify = Notify(Courier(outbox, sys.argv[2], sys.argv[3]))
        writers = [threading.Thread(target=lambda: [outbox.add(b'{}') for _ in range(20)]) for _ in range(2)]
        for writer in writers:
            writer.start()
        children = []
        for number in range(4):
            notify.act(Flow({}, Decision(f"parent-{number}", "deny")))
            child = os.fork()
            if child == 0:
                try:
                    notify.act(Flow({}, Decision(f"child-{number}", "deny")))
                    while any(one.state == "pending" for one in outbox.messages()):
                        threading.Event().wait(0.02)
                    os._exit(0)
                finally:
                    os._exit(1)
            children.append(child)
        for writer in writers:
            writer.join()
        assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
        notify.stop(60)
    """
    with Receiver() as receiver:
        done = subprocess.run(
            [sys.executable, "-c", script, store.url.render_as_string(hide_password=False), receiver.url, SECRET],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        events = sorted(
            event for request in receiver.arrived if (event := json.loads(request.body).get("data", {}).get("event"))
        )
        assert events == sorted(f"{who}-{number}" for who in ("parent", "child") for number in range(4))
        assert set(receiver.counts.values()) == {1} and len(receiver.arrived) == 48
    assert Outbox(store).counts() == {"pending": 0, "delivered": 48, "failed": 0}


def test_a_process_that_ends_notes_what_it_delivered(store: Store) -> None:
    script = """if True:
        import sys
        from policyengine_records.outbox.notify import Courier, Notify
        from policyengine_records.plugin import policyengine_enforcement_actions
        from policyengine_records import Outbox, Store
        from policyengine import Decision, Flow

        notify = Notify(Courier(Outbox(Store(sys.argv[1], timeout=60)), sys.argv[2], sys.argv[3]))
        notify.act(Flow({}, Decision("e-1", "deny")))
        sys.stdin.read()
    """
    process = None
    with Receiver(seen=lambda _: process.stdin.close()) as receiver:  # it ends while the answer is on its way
        process = subprocess.Popen(
            [sys.executable, "-c", script, store.url.render_as_string(hide_password=False), receiver.url, SECRET],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        receiver.wait(1)
        assert process.wait(60) == 0
        assert process.stderr is not None and process.stderr.read() == b""
        process.stderr.close()
    assert Outbox(store).counts() == {"pending": 0, "delivered": 1, "failed": 0}


# Settings


def test_settings_become_an_action(tmp_path: Path) -> None:
    assert list(policyengine_enforcement_actions({})) == []
    settings = {"url": "https://example.com/hook", "secret": SECRET, "most": 3}
    records = {"database": f"sqlite:///{tmp_path / 'o.db'}", "notify": settings}
    action, _ = policyengine_enforcement_actions(records)
    assert isinstance(action, Notify) and (action.outbox.most, action.courier.timeout) == (3, 5)
    assert action.outbox.store.file == tmp_path / "o.db"
    action.stop()


@pytest.mark.parametrize("url", ["http://127.0.0.1/a", "http://[::1]:8/a", "http://localhost:8/a", "https://x.jp/a"])
def test_a_url_that_nobody_can_listen_in_on(url: str) -> None:
    courier_of({"url": url, "secret": SECRET}, NOWHERE)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://x.jp/a", "http to x.jp can be read on the way"),
        ("http://127.0.0.1.x.jp/a", "can be read on the way"),
        ("ftp://x.jp/a", "must begin with https"),
        ("/a", "must begin with https"),
        ("https://", "must begin with https"),
        ("https://x.jp:port/", "malformed"),
        ("https://x.jp/\x00", "malformed"),
    ],
)
def test_another_url_is_an_error_at_start(url: str, why: str) -> None:
    with pytest.raises(PluginError, match=why):
        courier_of({"url": url, "secret": SECRET}, NOWHERE)


def test_http_to_another_machine_is_allowed_where_it_is_said() -> None:
    courier_of({"url": "http://x.jp/a", "secret": SECRET, "allow_http": True}, NOWHERE)


@pytest.mark.parametrize(
    "secret",
    ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_not/base64!", "whsec_" + base64.b64encode(b"2short").decode(), ""],
)
def test_a_secret_that_is_none_is_an_error_that_does_not_say_it(secret: str) -> None:
    with pytest.raises(PluginError, match="the secret must") as error:
        courier_of({"url": "https://x.jp/a", "secret": secret}, NOWHERE)
    assert not secret or secret not in str(error.value)


def test_without_httpx_it_says_how_to_install_it() -> None:
    script = """if True:
        import sys
        sys.modules["httpx"] = None  # as Python has it where an import shall fail
        from policyengine_records.plugin import policyengine_enforcement_actions
        from policyengine.errors import PluginError
        assert list(policyengine_enforcement_actions({})) == []
        try:
            list(policyengine_enforcement_actions({"notify": {"url": "https://x.jp/a", "secret": sys.argv[1]}}))
        except PluginError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", script, SECRET], capture_output=True, text=True, check=True)
    assert "pip install 'dataflow-policyengine-records[notify]'" in done.stdout


# Failing closed


def test_a_full_outbox_denies_where_the_action_is_mandatory(store: Store) -> None:
    notify = Notify(courier(Outbox(store, most=2), NOTHING_LISTENS, backoff=lambda _: 3600.0))
    telling = engine(notify, on=["permit"])
    for _ in range(2):
        assert telling.enforce(PERMITTED).permitted
    with pytest.raises(FlowDenied) as denied:
        telling.enforce(PERMITTED)
    (reason,) = denied.value.decision.reasons
    assert reason.code == "action-failed" and "is full: 2 messages" in reason.message.en
    assert engine(notify, on=["permit"], mandatory=False).enforce(PERMITTED).permitted
    assert sum(notify.outbox.counts().values()) == 2
    with pytest.raises(RecordsError):
        notify.outbox.add(BODY)
