"""A PostgreSQL that the tests start for themselves."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from sqlalchemy import NullPool, create_engine, text

from policyengine_records import Ledger, Store
from tethered import tether

LAWS = settings(
    max_examples=500 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 12,
    phases=[Phase.explicit, Phase.generate],  # every example is a database of its own: to shrink one takes minutes
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
INSTALL = "install it: apt-get install -y postgresql"

Fresh = Callable[..., Ledger]


def opened(url: str, *, answer_within_days: float | None = None, **options: Any) -> Ledger:
    """Return a ledger in a store that is made, with its tables, where it is not there."""
    store = Store(url, **options)
    store.upgrade()
    return Ledger(store, answer_within_days=answer_within_days)


class Server:
    """A PostgreSQL of the tests' own, on a socket in a folder of its own, run by a user without privileges."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.log = self.folder.with_suffix(".log")
        self.numbers = itertools.count()
        self.user = "postgres" if os.geteuid() == 0 else ""
        if self.user:
            shutil.chown(self.folder, self.user)
        stop = f'"{programs}/pg_ctl" -D "{self.folder}/data" -m immediate stop; rm -rf "{self.folder}" "{self.log}"'
        if self.user:
            stop = f"su {self.user} -s /bin/sh -c '{stop}'; rm -rf '{self.folder}' '{self.log}'"
        self._let_go = tether("sh", "-c", stop)
        self._run("initdb", "-D", str(self.folder / "data"), "-U", "ledger", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        with self.log.open("ab") as log:
            done = subprocess.run(
                [str(self.programs / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                timeout=60,
                start_new_session=True,
                check=False,
                **({"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}),
            )
        assert done.returncode == 0, self.log.read_text("utf-8", "replace")

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=60"
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")

    def kill(self) -> None:
        """Kill every process of the server at once, as a machine that runs out of memory would."""
        locks = [self.folder / "data" / "postmaster.pid", *self.folder.glob(".s.PGSQL.*.lock")]
        parent = int(locks[0].read_text("utf-8").split()[0])
        every = [parent, *children(parent)]
        for process in every:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        while any(map(running, every)):
            time.sleep(0.01)
        for lock in locks:  # where nobody reaps the dead, they would seem alive to the next start
            lock.unlink()

    def ask(self, question: str, **values: object) -> list[Any]:
        """Return the rows of an answer, got as a user of the server on a connection of its own."""
        url = f"postgresql+psycopg://ledger@/postgres?host={self.folder}"
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            return list(connection.execute(text(question), values).scalars())

    def others(self, waiting: bool = False) -> list[int]:
        """Return the processes that serve others' connections; `waiting` waits until there is one that waits."""
        lock = " AND wait_event_type = 'Lock'" if waiting else ""
        asked = f"SELECT pid FROM pg_stat_activity WHERE usename = 'ledger' AND pid <> pg_backend_pid(){lock}"
        while not (found := self.ask(asked)) and waiting:
            time.sleep(0.01)
        return found

    def new(self) -> str:
        """Return the URL of a new, empty schema."""
        name = f"facts{next(self.numbers)}"
        url = f"postgresql://ledger@/postgres?host={self.folder}"
        engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {name}"))
        return f"{url}&options=-csearch_path%3D{name}"

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)
        self.log.unlink()
        self._let_go()


def running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if int(stat.read_text("utf-8").rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def programs_or_skip() -> Path:
    """Return the folder of PostgreSQL's programs; skip where there is none, or fail under ``ALL_SERVICES=1``."""
    found = [Path(path).parent for path in [shutil.which("initdb")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    missing = f"PostgreSQL is not there; {INSTALL}"
    if os.environ.get("ALL_SERVICES"):
        pytest.fail(missing)
    pytest.skip(missing)


def server() -> Iterator[Server]:
    started = Server(programs_or_skip())
    try:
        yield started
    finally:
        started.remove()


@contextmanager
def background(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a process beside the test, and kill it at the end, whatever the end is."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        let_go = tether("kill", "-9", str(process.pid))
        try:
            yield process
        finally:
            process.kill()
            let_go()


def elsewhere(url: str, deed: str, *arguments: str) -> list[str]:
    """Return the command that does something with the `ledger` at `url`; its arguments follow ``sys.argv[1]``."""
    before = """
import sys
from policyengine_records import Ledger, RecordsUnavailable, Store
ledger = Ledger(Store(sys.argv[1]))
"""
    return [sys.executable, "-c", before + deed, url, *arguments]


def run_elsewhere(url: str, deed: str, *arguments: str) -> None:
    """Do something with the `ledger` at `url` in a process of its own."""
    subprocess.run(elsewhere(url, deed, *arguments), check=True, timeout=60)
