"""The shop's desk, as it is deployed: under uvicorn, and under gunicorn that forks its workers after loading it."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tethered import tether

EXAMPLES = Path(__file__).parents[2] / "examples"
STAFF = {"Authorization": "Bearer the-key", "X-Desk": "desk-3", "X-Request-ID": "r-7"}
UVICORN = [sys.executable, "-m", "uvicorn", "shop_desk.app:app", "--port", "0"]
WORKER = "uvicorn.workers.UvicornWorker" if importlib.util.find_spec("uvicorn.workers") else "asgi"
GUNICORN = [
    *(sys.executable, "-m", "gunicorn", "shop_desk.app:app", "--bind", "127.0.0.1:0", "--preload"),
    *("--worker-class", WORKER, "--workers", "2", "--log-level", "info"),
]
LISTENS = re.compile(r"(?:running on|Listening at:) (http://127\.0\.0\.1:\d+)")


@contextmanager
def served(command: Sequence[str], log: Path) -> Iterator[httpx.Client]:
    """Run a server, and end it as an operator would; it ends well, and what it printed is in `log`."""
    path = os.pathsep.join([str(EXAMPLES), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "DESK_KEY": "the-key", "HOME": str(log.parent)}
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, cwd=log.parent, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    let_go = tether("kill", "-9", f"-{server.pid}")
    try:
        until = time.monotonic() + 60
        while not (found := LISTENS.search(log.read_text("utf-8"))):
            assert server.poll() is None and time.monotonic() < until, log.read_text("utf-8")
            time.sleep(0.02)
        with httpx.Client(base_url=found[1], headers=STAFF, timeout=30) as http:
            yield http
        server.terminate()
        assert server.wait(30) in (0, -signal.SIGTERM), log.read_text("utf-8")  # uvicorn ends by the signal it got
    finally:
        server.kill()
        server.wait()
        let_go()


@pytest.mark.parametrize("command", [UVICORN, GUNICORN], ids=["uvicorn", "gunicorn --preload"])
def test_it_serves_what_the_policy_permits_and_says_why_not(command: Sequence[str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    with served(command, log) as http:
        (policy,) = http.get("/readyz").json()["policies"]
        shown = http.get("/members/m-1/recommendations")
        child = http.get("/members/m-2/recommendations", headers={"Accept-Language": "ja"})
        sent = http.post("/members/m-1/parcels/parcel-kk")
        unknown = http.post("/members/m-1/parcels/hanako-express")
        offers: Any = http.get("/members/m-1/offers").json()
        stranger = httpx.get(http.base_url.join("/members/m-1/offers"))
        assert http.get("/members/nobody/recommendations").status_code == 404
    assert policy["id"] == "kumo-shop"
    assert shown.json() == {"from": {"number": "m-1", "name": "Hanako", "orders": ["tea"]}, "clauses": ["2.2"]}
    assert child.headers["content-type"] == "application/problem+json"
    assert (child.status_code, child.json()["clauses"]) == (403, ["2.1", "2.2", "2.3"])
    assert "16歳以上の会員" in child.json()["detail"]
    assert sent.json() == {"handed_over": {"number": "m-1", "name": "Hanako"}, "duties": ["check-contractor"]}
    assert (unknown.status_code, unknown.json()["clauses"]) == (403, ["5.2"])
    assert offers == {"order-handling": True, "membership": True, "advertising": False}
    assert stranger.status_code in (401, 403)
    for answer in (child, unknown):
        assert not re.search(r"m-[12]|Taro|Hanako|hanako|example\.jp|desk-3", answer.text)
    told = log.read_text("utf-8")
    assert "Traceback" not in told and not re.search(r"Taro|Hanako|example\.jp", told)
    assert re.search(r"^deny r-7:\w{16} \[5\.2\]$", told, re.MULTILINE)
