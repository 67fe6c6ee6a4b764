"""The guarded application does what it may, and no more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

APP = Path(__file__).parents[2] / "examples" / "guarded_app.py"


def test_it_shows_the_whole() -> None:
    done = subprocess.run([sys.executable, str(APP)], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        "c-102 is written to for after-care",
        "mailer-kk sends the campaign",
        "{'id': 's-7', 'name': 'Hanako'}",
    ]
    assert [line.partition(":")[0] for line in lines[3:]] == ["stopped by clause 2-1", "stopped by clause 6"]
    assert "log: WARNING deny" in done.stderr
    assert len(APP.read_text("utf-8").splitlines()) < 100
