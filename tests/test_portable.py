"""The sources run where there is no POSIX: what only some systems have is asked for before it is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((*ROOT.glob("src/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")))
POSIX = frozenset({"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty", "readline", "curses"})
EVERYWHERE = {
    "os": "O_CREAT O_EXCL O_RDONLY O_RDWR O_WRONLY O_TRUNC O_APPEND W_OK R_OK access close cpu_count devnull dup dup2 "
    "environ fdopen fsencode fspath fstat fsync getpid link listdir open path remove rename replace scandir sep stat "
    "strerror unlink urandom walk",
    "signal": "SIGINT SIGTERM SIG_DFL SIG_IGN Signals getsignal raise_signal signal",
}
"""What Windows has as well."""
OF_ONE = {"signal": {"SIG_BLOCK", "SIG_SETMASK"}}
"""What is there wherever what is done with it is: `signal.pthread_sigmask`."""


def foreign(tree: ast.Module) -> Iterator[str]:
    """Yield what a module uses that Windows does not have, and for which it does not ask."""
    asked = {
        (node.args[0].id, node.args[1].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", None) in ("hasattr", "getattr")
        and isinstance(node.args[0], ast.Name)
        and isinstance(node.args[1], ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
            yield from (f"import {name}" for name in modules if name.partition(".")[0] in POSIX)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in EVERYWHERE:
            known = {*EVERYWHERE[node.value.id].split(), *OF_ONE.get(node.value.id, ())}
            if node.attr not in known and (node.value.id, node.attr) not in asked:
                yield f"{node.value.id}.{node.attr}"


@pytest.mark.parametrize("file", SOURCES, ids=[str(file.relative_to(ROOT)) for file in SOURCES])
def test_what_only_some_systems_have_is_asked_for(file: Path) -> None:
    assert list(foreign(ast.parse(file.read_text("utf-8")))) == []


def test_what_is_looked_for_is_found() -> None:
    tree = ast.parse("import os, fcntl\nos.fork()\nos.O_CLOEXEC\nif hasattr(os, 'getuid'): os.getuid()\n")
    assert sorted(foreign(tree)) == ["import fcntl", "os.O_CLOEXEC", "os.fork"]
