"""The courier takes what is due in an outbox to one webhook, and tries again."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from policyengine.errors import PluginError
from policyengine_records.outbox.webhook import PREFIX, key_of, sign

if TYPE_CHECKING:
    import ssl

    import httpx

    from policyengine_records.outbox.outbox import Message, Outbox

_log = logging.getLogger("policyengine.notify")

_RETRIED: Final = frozenset({408, 425, 429})
"""The answers below 500 after which a message is sent again."""

_FIRST, _LONGEST = 2.0, 3600.0
"""Seconds: what the first delay is below, and what no delay is above, whatever the receiver asks for."""

_ROW: Final = 5
"""How many failed attempts in a row make all others wait as well: the receiver is down, not one message amiss."""

LOOK: Final = 30.0
"""After how many seconds to look for messages that other processes have left."""

_DRAINED: Final = 1 << 16
"""How many bytes of an answer are read so that the connection can be used again; nobody looks at them."""


def jittered(attempts: int) -> float:
    """Return how many seconds to wait after so many attempts: anything up to a bound that doubles (full jitter)."""
    return random.uniform(0, min(_LONGEST, _FIRST * 2 ** min(attempts - 1, 20)))


class Answer(NamedTuple):
    """What came of one attempt.

    Args:
        accepted: whether the receiver has the message.
        again: whether another attempt may do better.
        why: what went wrong, for people.
        after: how many seconds the receiver wants to be left alone.
    """

    accepted: bool
    again: bool = True
    why: str = ""
    after: float | None = None


class Courier:
    """Delivers what is due in an outbox, one message at a time.

    Args:
        outbox: the messages.
        url: where they go.
        secret: signs them.
        timeout: how many seconds one attempt may take in all.
        max_age: after how many seconds a message that is still not accepted is given up.
        backoff: how many seconds to wait after so many attempts.

    Raises:
        PluginError: httpx is missing, or the URL or the secret is malformed.
    """

    def __init__(
        self,
        outbox: Outbox,
        url: str,
        secret: str,
        *,
        timeout: float = 5.0,
        max_age: float = 72 * 3600.0,
        backoff: Callable[[int], float] = jittered,
        allow_http: bool = False,
    ) -> None:
        try:
            import httpx  # noqa: PLC0415  optional, and slow to import

            self._trusted = httpx.create_ssl_context()
            _import_all(self._trusted)
        except ImportError:
            raise PluginError(
                "the action notify needs httpx; install it with: pip install 'dataflow-policyengine-records[notify]'"
            ) from None
        _refuse_url(url, allow_http)
        try:
            httpx.URL(url)
        except httpx.InvalidURL as error:
            raise PluginError(f"the action notify: the url is malformed: {error}") from None
        try:
            key_of(secret)
        except ValueError as error:
            raise PluginError(
                f'the action notify: {error}; a new one: python -c "import base64, secrets;'
                f" print('{PREFIX}' + base64.b64encode(secrets.token_bytes(32)).decode())\""
            ) from None
        self.outbox = outbox
        self.timeout = timeout
        self.backoff = backoff
        self._url = url
        self._secret = secret
        self._max_age = max_age
        self._not_before = 0.0
        self._row = 0

    @contextmanager
    def connected(self) -> Iterator[Callable[[Message], Answer]]:
        """Keep a connection for as long as the block runs; yields what makes one attempt."""
        import asyncio  # noqa: PLC0415

        import httpx  # noqa: PLC0415

        host = urlsplit(self._url).hostname or ""
        with asyncio.Runner() as runner:
            client = httpx.AsyncClient(
                follow_redirects=False,
                timeout=self.timeout,
                verify=self._trusted,
                trust_env=not _is_loopback(host),  # a proxy of the environment cannot reach this machine's own hosts
                headers={"content-type": "application/json", "user-agent": "dataflow-policyengine"},
            )
            try:
                yield lambda message: runner.run(self._attempt(client, message))
            finally:
                with suppress(Exception):
                    runner.run(client.aclose())

    def deliver(self, attempt: Callable[[Message], Answer]) -> Iterator[Message]:
        """Attempt what is due, until nothing is, or the receiver is down or wants to be left alone.

        Args:
            attempt: of `connected`.

        Yields:
            The message, after each attempt, as the outbox has it then.

        Raises:
            RecordsUnavailable: the outbox could not be read or written. What was delivered and could not be noted is
                sent again when its lease has ended.
        """
        clock = self.outbox.clock
        while clock() >= self._not_before and (message := self.outbox.claim()) is not None:
            answer = attempt(message)
            self._row = self._row + 1 if answer.again and not answer.accepted else 0
            if answer.accepted:
                self.outbox.delivered(message)
            else:
                self._failed(message, answer, clock())
            yield self.outbox.message(message.id) or message
            if self._row >= _ROW:
                self._not_before = max(self._not_before, clock() + min(self.backoff(self._row - _ROW + 1), LOOK))
                return

    def wait(self) -> float | None:
        """Return in how many seconds something is due; None where nothing is pending."""
        due = self.outbox.next_due()
        return None if due is None else max(due, self._not_before) - self.outbox.clock()

    def _failed(self, message: Message, answer: Answer, now: float) -> None:
        if not answer.again:
            _log.error("%s: %s; given up", message.id, answer.why)
            self.outbox.give_up(message, answer.why)
            return
        delay = self.backoff(message.attempts)
        if answer.after is not None:
            delay = max(delay, answer.after)
            self._not_before = now + answer.after
        if now + delay > message.since + self._max_age:
            why = f"{answer.why}; given up after {self._max_age / 3600:g} h"
            _log.error("%s: %s", message.id, why)
            self.outbox.give_up(message, why)
            return
        _log.info("%s: %s; again in %.0f s", message.id, answer.why, delay)
        self.outbox.postpone(message, now + delay, answer.why)

    async def _attempt(self, client: httpx.AsyncClient, message: Message) -> Answer:
        import asyncio  # noqa: PLC0415

        import httpx  # noqa: PLC0415

        now = self.outbox.clock()
        headers = {
            "webhook-id": message.id,
            "webhook-timestamp": str(int(now)),
            "webhook-signature": sign(message.id, int(now), message.body, self._secret),
        }
        try:
            async with (
                asyncio.timeout(self.timeout),
                client.stream("POST", self._url, content=message.body, headers=headers) as response,
            ):
                answer = _answer(response.status_code, response.headers, now)
                with suppress(httpx.HTTPError, TimeoutError):
                    await _drain(response)
                return answer
        except (httpx.TimeoutException, TimeoutError):
            return Answer(False, why=f"no answer within {self.timeout:g} s")
        except (httpx.HTTPError, OSError) as error:
            return Answer(False, why=f"{type(error).__name__}: {error}"[:300])


async def _drain(response: httpx.Response) -> None:
    size = 0
    async for piece in response.aiter_raw():
        size += len(piece)
        if size > _DRAINED:
            return


def _answer(status: int, headers: Mapping[str, str], now: float) -> Answer:
    if 200 <= status < 300:
        return Answer(True)
    if status >= 500 or status in _RETRIED:
        return Answer(False, True, f"status {status}", _retry_after(headers.get("retry-after", ""), now))
    if 300 <= status < 400:
        return Answer(False, False, f"status {status}: redirects are not followed")
    return Answer(False, False, f"status {status}")


def _retry_after(value: str, now: float) -> float | None:
    """Return how many seconds a receiver asks for, within bounds; None where it asks for nothing that is understood."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  needed where somebody asks for it alone

    value = value.strip()
    if value.isascii() and value.isdecimal():
        return min(float(value[:9]), _LONGEST)
    try:
        until = parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(until - now, 0.0), _LONGEST)


def _import_all(trusted: ssl.SSLContext) -> None:
    """Import all that an attempt needs, which httpx does bit by bit: a process that forks meanwhile breaks its child.

    Raises:
        ImportError: httpx is missing.
    """
    import asyncio  # noqa: PLC0415

    import anyio  # noqa: PLC0415
    import httpx  # noqa: PLC0415

    async def go_through() -> None:
        async with httpx.AsyncClient(verify=trusted, trust_env=False):
            await anyio.sleep(0)

    thread = threading.Thread(target=lambda: asyncio.run(go_through()))  # whoever loads an engine may have a loop here
    thread.start()
    thread.join()


def _refuse_url(url: str, allow_http: bool) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
        parts.port  # noqa: B018  raises where it is no number
    except ValueError:
        raise PluginError("the action notify: the url is malformed") from None
    if parts.scheme not in ("http", "https") or not host:
        raise PluginError("the action notify: the url must begin with https:// and name a host")
    if parts.scheme == "http" and not allow_http and not _is_loopback(host):
        raise PluginError(f"the action notify: http to {host} can be read on the way; use https, or set allow_http")


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415  needed where the action is configured alone

    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
