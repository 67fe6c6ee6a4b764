"""Every shipped TOML file is accepted by the tools that editors use, and these find by its schema what is wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(path.relative_to(ROOT) for folder in ("rules", "examples") for path in (ROOT / folder).rglob("*.toml"))
TOOLS = {"tombi": ["lint", "--offline", "--no-cache"], "taplo": ["lint"]}


def lint(tool: str, *files: Path) -> subprocess.CompletedProcess[str]:
    found = shutil.which(tool, path=str(Path(sys.executable).parent))
    assert found is not None, f"{tool} belongs to the tools of development"
    return subprocess.run(
        [found, *TOOLS[tool], *map(str, files)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_shipped_is_sound(tool: str) -> None:
    done = lint(tool, *SHIPPED)
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    ("found", "wrong"),
    [("from = 2013-02-01T00:00:00+09:00", "from = 2013"), ("[policy]", "[policy]\nunheard_of = 1")],
)
def test_what_is_wrong_is_found(tool: str, found: str, wrong: str, tmp_path: Path) -> None:
    text = (ROOT / "rules/alc-smart-learning/policy.toml").read_text(encoding="utf-8")
    assert found in text
    schema = (ROOT / "schemas/policy.schema.json").as_uri()
    changed = text.replace("#:schema ../../schemas/policy.schema.json", f"#:schema {schema}").replace(found, wrong, 1)
    file = tmp_path / "policy.toml"
    file.write_text(changed, encoding="utf-8")
    done = lint(tool, file)
    assert done.returncode != 0 or "unheard_of" in done.stdout + done.stderr
