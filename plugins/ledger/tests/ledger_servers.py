"""A PostgreSQL that the tests start for themselves."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from sqlalchemy import NullPool, create_engine, text

from policyengine_ledger import Ledger

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


def run_elsewhere(url: str, deed: str, *arguments: str) -> None:
    """Do something with the `ledger` at `url` in a process of its own, whose arguments follow ``sys.argv[1]``."""
    code = f"import sys; from policyengine_ledger import Ledger; ledger = Ledger(sys.argv[1], create=False); {deed}"
    subprocess.run([sys.executable, "-c", code, url, *arguments], check=True, timeout=60)
