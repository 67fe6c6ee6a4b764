"""``python -m policyengine`` is the command ``policyengine``, where what the command needs is installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Final

NEEDED: Final = ("click", "rich")
"""What the command needs beside what the library needs: the extra ``cli``."""


def main() -> None:
    """Run the command line; or say what is missing for it, and leave with exit code 2."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        names = ", ".join(missing)
        sys.stderr.write(
            f"The command policyengine needs more than the library does, and {names} is not installed. "
            'Install it with: pip install "dataflow-policyengine[cli]"\n'
            f"コマンド policyengine には、ライブラリのほかに {names} が必要です。"
            'pip install "dataflow-policyengine[cli]" でインストールしてください。\n'
        )
        sys.exit(2)
    from policyengine.cli import main as run  # noqa: PLC0415  needs what is asked for above

    run()


if __name__ == "__main__":
    main()
