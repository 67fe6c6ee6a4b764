"""Builds the playground: static files, made of the sources here, the package, wheels of PyPI and packages of npm."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from starts import ROOT, starts

HERE: Final = Path(__file__).parent
PLAY: Final = HERE / "play"

_FOR_PYODIDE: Final = ("--python-version=3.14", "--implementation=cp", "--abi=cp314", "--abi=none")
_PLATFORMS: Final = ("--platform=pyemscripten_2026_0_wasm32", "--platform=any")
_LEFT_OUT: Final = ("cli", "testing", "pytest_plugin.py")
"""Rooms of the package for which there is nothing in a browser."""
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)


def build(out: Path) -> None:
    """Write the playground to a folder, anew.

    Args:
        out: the folder; what it holds goes.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    if not (PLAY / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PLAY, check=True)
    (out / "starts.json").write_text(json.dumps(starts(), ensure_ascii=False), "utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        library = Path(scratch, "library")
        _collect(library)
        subprocess.run(["node", "compile.mjs", str(library)], cwd=PLAY, check=True)
        _pack(library, out / "library.zip")
    subprocess.run(["node", "bundle.mjs", str(out.resolve())], cwd=PLAY, check=True)


def _collect(library: Path) -> None:
    """Put what the engine is made of into a folder: wheels, the package, our own."""
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-compile",
    ]
    wheels = ["--only-binary=:all:", *_FOR_PYODIDE, *_PLATFORMS, f"--requirement={HERE / 'requirements-browser.txt'}"]
    subprocess.run([*pip, f"--target={library}", *wheels], check=True)
    skipped = shutil.ignore_patterns("__pycache__", *_LEFT_OUT)
    shutil.copytree(ROOT / "src" / "policyengine", library / "policyengine", ignore=skipped)
    shutil.copytree(PLAY / "python", library, ignore=skipped, dirs_exist_ok=True)
    for useless in ("bin", "attr/tests", "jsonschema/tests", "jsonschema/benchmarks", "referencing/tests"):
        shutil.rmtree(library / useless, ignore_errors=True)


def _pack(folder: Path, archive: Path) -> None:
    """Pack a folder; the same files give the same bytes."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, file.read_bytes())


if __name__ == "__main__":
    build(Path(sys.argv[1]))
