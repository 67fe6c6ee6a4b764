"""A real receiver of webhooks: an HTTP server on a port of this machine that answers as it is told."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

Answer = int | str | tuple[int, dict[str, str]]
"""A status, a status with headers, ``hang`` (no answer), ``drop`` (the connection), ``drip`` (a byte now and then)."""


class Arrived(NamedTuple):
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that have died, and what is meant to be said of all else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Receiver:
    """Listens while the block runs.

    Args:
        answers: of the first requests, in order; all others are answered with 200.
        seen: called with each request, before it is answered.
    """

    def __init__(self, answers: Iterable[Answer] = (), seen: Callable[[Arrived], Any] | None = None) -> None:
        self._answers = list(answers)
        self._seen = seen
        self.arrived: list[Arrived] = []
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> Receiver:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, number: int) -> list[Arrived]:
        """Wait until so many requests have arrived, and return all."""
        return self.until(lambda: len(self.arrived) >= number)

    def until(self, holds: Callable[[], bool]) -> list[Arrived]:
        """Wait until `holds`, looking whenever a request has arrived, and return all."""
        with self._changed:
            assert self._changed.wait_for(holds, timeout=60), f"{len(self.arrived)} requests have arrived"
            return list(self.arrived)

    @property
    def counts(self) -> Counter[str]:
        """How often each id has arrived."""
        return Counter(request.id for request in self.arrived)

    def _took(self, request: Arrived) -> Answer:
        with self._changed:
            number = len(self.arrived)
            self.arrived.append(request)
            self._changed.notify_all()
        if self._seen is not None:
            self._seen(request)
        return self._answers[number] if number < len(self._answers) else 200

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:  # its sender has died: this is no message
                    self.close_connection = True
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = receiver._took(Arrived(self.path, headers, body))
                if answer == "hang":
                    receiver._over.wait(60)
                elif answer == "drip":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
                    while not receiver._over.wait(0.02):
                        try:
                            self.wfile.write(b"a")
                        except OSError:
                            break
                elif answer != "drop":
                    status, more = answer if isinstance(answer, tuple) else (int(answer), {})
                    self.send_response(status)
                    for name, value in {"content-length": "0", **more}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    return
                self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
