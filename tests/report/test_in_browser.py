"""A page in a browser: it fits a wide window and a telephone, light and dark, and axe-core has nothing against it."""

from __future__ import annotations

import json
import re
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from policyengine import Engine
from policyengine.report.html import as_html
from policyengine.report.notice import notice
from suite.services import needed

ROOT = Path(__file__).parents[2]
BROWSER = "apt-get install chromium"
AXE = ROOT / "site" / "play" / "node_modules" / "axe-core" / "axe.min.js"
"""What the site is tested with; `npm ci` in its folder brings it."""

LOOK = """
const shown = (of) => getComputedStyle(document.querySelector(of)).display !== "none";
const found = {
  fits: document.documentElement.scrollWidth <= innerWidth, wide: shown(".wide"), slim: shown(".slim"),
  back: getComputedStyle(document.body).backgroundColor, width: innerWidth,
};
"""
TELL = "document.body.textContent = 'FOUND' + JSON.stringify(found) + 'END';"
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(13, 17, 23)"


@pytest.fixture(scope="module")
def page() -> str:
    (policy,) = Engine.load(ROOT / "rules" / "online-shop").policies
    return as_html(notice(policy, "ja"), "ja")


def found(page: str, script: str, width: int, dark: bool, folder: Path) -> Any:
    """Return what a script finds in a page, in a window of a width."""
    chromium = needed("chromium", BROWSER)
    (folder / "page.html").write_text(page.replace("</body>", f"<script>{script}</script></body>"), "utf-8")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    colour = ["--blink-settings=preferredColorScheme=0"] if dark else []
    command = [chromium, *flags.split(), *colour, f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900"]
    command += ["--virtual-time-budget=30000", "--dump-dom", (folder / "page.html").as_uri()]
    dom = subprocess.run(command, check=True, capture_output=True, timeout=120).stdout.decode()
    told = re.search(r"FOUND(\{.*\})END", dom)
    assert told, dom[-500:]
    return json.loads(unescape(told[1]))


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (420, True)])
def test_it_fits_and_shows_the_map_that_fits(width: int, dark: bool, page: str, tmp_path: Path) -> None:
    looked = found(page, LOOK + TELL, width, dark, tmp_path)
    assert looked["fits"]
    assert (looked["wide"], looked["slim"]) == (width > 640, width <= 640)
    assert looked["back"] == (DARK if dark else LIGHT)


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (420, True)])
def test_axe_has_nothing_against_it(width: int, dark: bool, page: str, tmp_path: Path) -> None:
    if not AXE.is_file():
        pytest.skip(f"axe-core is not there; install it: npm ci in {AXE.parents[2]}")
    script = AXE.read_text("utf-8") + "; axe.run().then((run) => { const found = {against: run.violations.map((one) => "
    script += f"[one.id, one.nodes[0].html.slice(0, 200)])}}; {TELL} }});"
    assert found(page, script, width, dark, tmp_path)["against"] == []
