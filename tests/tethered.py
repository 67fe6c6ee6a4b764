"""What must not outlive the tests: it ends even where they are killed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable


def tether(*command: str) -> Callable[[], None]:
    """Have `command` run when this process ends, however it ends; return what calls that off.

    Args:
        command: what ends, say, a server: ``kill -9 PID``.
    """
    waiting = 'read -r _ || exec "$@"'  # nothing is ever written but the line that calls it off
    keeper = subprocess.Popen(
        ["sh", "-c", waiting, "sh", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )

    def let_go() -> None:
        if keeper.returncode is None:
            keeper.communicate("\n", timeout=60)

    return let_go
