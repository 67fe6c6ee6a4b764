"""Processes of the command line that start at once: each is forked from a server that has imported everything.

What runs is a process as any other, with an environment, a folder and standard streams of its own. Only what happens
while an interpreter starts (`python -m`, what is imported when) is not seen here; tests of that start one.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, NoReturn

_MOST = 1 << 17
"""How long a call may be, in bytes."""

_CLIENT = """\
#!{python} -ISE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect({address!r})
    call = dict(words=sys.argv[1:], folder=os.getcwd(), environment=dict(os.environ))
    socket.send_fds(server, [json.dumps(call).encode()], [0, 1, 2])
    os._exit(int(server.recv(100)) % 256)
"""
"""A program that has the server run a call of its own: what a shell finds as ``policyengine``."""


class Ran(NamedTuple):
    """What a process left behind."""

    code: int
    out: bytes
    err: bytes


def policyengine(words: Sequence[str], *, folder: Path, environment: Mapping[str, str], stdin: bytes = b"") -> Ran:
    """Run ``policyengine`` with `words`."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        streams = given.fileno(), out.fileno(), err.fileno()
        code = started(words, folder=folder, environment=environment, streams=streams)()
        for written in (out, err):
            written.seek(0)
        return Ran(code, out.read(), err.read())


def started(
    words: Sequence[str], *, folder: Path, environment: Mapping[str, str], streams: Sequence[int]
) -> Callable[[], int]:
    """Start ``policyengine`` with these descriptors as its standard streams; return what waits for its exit code."""
    call = json.dumps({"words": list(words), "folder": str(folder), "environment": dict(environment)}).encode()
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.connect(_address())
    socket.send_fds(server, [call], list(streams))

    def code() -> int:
        with server:
            answer = server.recv(_MOST)
        assert answer, "the server has gone"
        return int(answer)

    return code


def program(folder: Path) -> Path:
    """Write a program ``policyengine`` into `folder` that starts as quickly, for shells."""
    path = folder / "policyengine"
    path.write_text(_CLIENT.format(python=sys.executable, address=_address()), "utf-8")
    path.chmod(0o755)
    return path


@cache
def _address() -> str:
    """Start the server, and return where it listens. It ends with this process, however that ends."""
    address = f"{tempfile.mkdtemp(prefix='policyengine-')}/calls"
    ours, theirs = os.pipe()  # nobody writes: the server sees that our end is closed
    subprocess.Popen([sys.executable, __file__, address, str(ours)], pass_fds=[ours])
    os.close(ours)
    _held.append(theirs)
    until = time.monotonic() + 60
    while not Path(address).exists():
        assert time.monotonic() < until, "the server does not start"
        time.sleep(0.01)
    return address


_held: list[int] = []


def _serve(address: str, lifeline: int) -> None:
    import pkgutil  # noqa: PLC0415
    from importlib import import_module  # noqa: PLC0415

    import policyengine  # noqa: PLC0415

    for found in pkgutil.walk_packages(policyengine.__path__, "policyengine."):
        if not found.name.startswith(("policyengine.testing", "policyengine.pytest_plugin", "policyengine.__main__")):
            import_module(found.name)
    gc.freeze()  # what is shared stays so
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who answer
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as calls:
        calls.bind(f"{address}.new")
        calls.listen(32)
        Path(f"{address}.new").rename(address)  # it is there once somebody listens
        while lifeline not in select.select([calls, lifeline], [], [])[0]:
            call, _ = calls.accept()
            if os.fork() == 0:
                os.close(lifeline)
                calls.close()
                _answer(call)
            call.close()
    Path(address).unlink()
    Path(address).parent.rmdir()


def _answer(call: socket.socket) -> None:
    """Run one call in a child, and tell its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked, streams, *_ = socket.recv_fds(call, _MOST, 3)
    child = os.fork()
    if child == 0:
        call.close()
        _become(streams, **json.loads(asked))
    for stream in streams:
        os.close(stream)
    _, status = os.waitpid(child, 0)
    call.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(streams: Sequence[int], words: list[str], folder: str, environment: dict[str, str]) -> NoReturn:
    """Be what ``python -m policyengine`` would be."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    del sys.path[0]  # where this file is
    more = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path and path not in sys.path]
    sys.path[:0] = [folder, *more]
    sys.argv = ["policyengine", *words]
    from policyengine.cli import main  # noqa: PLC0415

    main()
    raise AssertionError("it exits")


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
