"""Processes are killed at random moments, between a commit and a delivery among them: no message is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from policyengine_records import Outbox, Store
from policyengine_records.outbox.courier import Courier
from policyengine_records.outbox.webhook import verify
from receiver import SECRET, Arrived, Clock, Receiver
from tethered import tether

MESSAGES, KILLS, EACH = 200, 20, 20

NURSERY = """if True:
    import os, sys
    from policyengine_records.outbox.notify import Courier, Notify
    from policyengine_records import Outbox, Store
    from policyengine import Decision, Flow

    file, url, secret, each, _ = sys.argv[1:]
    def say(word, number):
        os.write(1, f"{word} {number}\\n".encode())  # in one piece, or not at all

    courier = Courier(Outbox(Store(file, timeout=60)), url, secret)  # made once, in the nursery: its children need not
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            say("pid", os.getpid())
            notify = Notify(courier, grace=0)
            for number in range(int(line), int(line) + int(each)):
                notify.act(Flow({}, Decision(f"e-{number}", "deny")))
                say("told", number)
            os.read(os.open(sys.argv[5], os.O_RDONLY), 1)  # for ever: it delivers until it is killed
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        say("ended", code)
"""
"""Starts a process for each line that it reads, which tells of so many decisions from that number on."""


class Victim:
    """A process that is killed: after so many of its messages, or at one of its requests, before that is answered.

    Args:
        after_told: after how many messages that it says it has written; None leaves it to requests.
        at_request: at which of its requests.
    """

    def __init__(self, after_told: int | None, at_request: int | None) -> None:
        self._after_told = after_told
        self._at_request = at_request
        self._lock = threading.Lock()
        self._pid: int | None = None
        self._requests = 0

    def arrived(self, _: Arrived) -> None:
        with self._lock:
            self._requests += 1
            if self._at_request is not None and self._requests >= self._at_request:
                self._kill()

    def live(self, said: IO[str]) -> list[int]:
        """Return what it said that it had written, once it has died."""
        told: list[int] = []
        for line in said:
            word, number = line.split()
            if word == "ended":
                assert number == str(-signal.SIGKILL)
                return told
            with self._lock:
                if word == "pid":
                    self._pid = int(number)
                    continue
                assert word == "told"
                told.append(int(number))
                if len(told) == self._after_told:
                    self._kill()
        raise AssertionError("the nursery has ended")

    def _kill(self) -> None:
        if self._pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)


@contextmanager
def nursery(store: Store, url: str, fifo: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the nursery; it and its children do not outlive the block, nor two minutes."""
    os.mkfifo(fifo)
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            NURSERY,
            store.url.render_as_string(hide_password=False),
            url,
            SECRET,
            str(EACH),
            str(fifo),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

    def end() -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    let_go = tether("kill", "-9", "--", f"-{process.pid}")
    watchdog = threading.Timer(120, end)
    watchdog.start()
    try:
        with process:
            try:
                yield process
            finally:
                end()
    finally:
        watchdog.cancel()
        let_go()


def test_no_message_is_lost_whenever_a_process_is_killed(store: Store, tmp_path: Path) -> None:
    chance = random.Random(20261124)
    victim = Victim(None, None)
    told: list[int] = []
    kills = 0
    with Receiver(seen=lambda request: victim.arrived(request)) as receiver:  # noqa: PLW0108  that of the moment
        with nursery(store, receiver.url, tmp_path / "fifo") as process:
            assert process.stdin is not None and process.stdout is not None
            while kills < KILLS or len(told) < MESSAGES:
                moment = chance.randint(1, EACH)
                victim = Victim(None, moment) if kills % 2 else Victim(moment, None)
                process.stdin.write(f"{len(told)}\n")
                process.stdin.flush()
                told += victim.live(process.stdout)
                kills += 1
                assert told == list(range(len(told)))
        victim = Victim(None, None)
        before = Outbox(store).counts()
        outbox = Outbox(store, clock=Clock(Outbox(store).clock() + 3600))  # every lease has ended
        messenger = Courier(outbox, receiver.url, SECRET)
        with messenger.connected() as attempt:
            last = list(messenger.deliver(attempt))

    messages = {message.id: message for message in outbox.messages()}
    events = {json.loads(message.body)["data"]["event"] for message in messages.values()}
    assert outbox.counts() == {"pending": 0, "delivered": len(messages), "failed": 0}
    assert events >= {f"e-{number}" for number in told}  # what was acknowledged is in the outbox
    assert set(receiver.counts) == set(messages)  # what is in the outbox has arrived, and nothing else
    assert before["pending"] == len(last) > 0  # some were killed between the commit and the delivery
    assert sum(message.attempts > 1 for message in last) > 0  # some on the way
    for request in receiver.arrived:
        assert request.body == messages[request.id].body
        assert verify(request.headers, request.body, SECRET, int(request.headers["webhook-timestamp"])) == request.id
    repeats = sum(receiver.counts.values()) - len(messages)
    sys.stdout.write(
        f"{kills} kills, {len(told)} acknowledged, {len(messages)} in the outbox, {before['pending']} of them left"
        f" undelivered by the killed, {len(receiver.counts)} arrived, {repeats} arrivals were repeats, 0 lost\n"
    )
