"""The report in a real browser: it asks for nothing, fits three widths, has no serious finding of axe-core, and prints."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

from donorlab.experiments.pages import printing
from experiments import browsing
from experiments.conftest import Shell

pytestmark = pytest.mark.browser
SMALL = ("toy", "architectures=[fragmented,umbrella,conditional]", "replications=3", "draws=16", "workers=1")
SHOTS = Path(os.environ["DONORLAB_SCREENSHOTS"]) if "DONORLAB_SCREENSHOTS" in os.environ else None


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a small comparison; of the folders in DONORLAB_REPORT where it names a page."""
    if "DONORLAB_REPORT" in os.environ:
        return Path(os.environ["DONORLAB_REPORT"])
    here = tmp_path_factory.mktemp("report")
    for words in (
        ("compare", *SMALL, f"out={here / 'compare'}"),
        ("report", str(here / "compare"), f"out={here / 'page'}"),
    ):
        done = Shell(here)(*words)
        assert done.exit_code == 0, done.output
    return here / "page" / "report.html"


@pytest.mark.parametrize("width", browsing.WIDTHS)
def test_the_page_asks_for_nothing_and_fits(page: Path, width: int) -> None:
    with browsing.browser() as opened:
        shown, asked, errors = browsing.watched(opened, page.as_uri(), width)
        browsing.kept(shown, f"report-{width}", SHOTS)
        assert asked == []
        assert errors == []
        assert shown.evaluate("document.documentElement.scrollWidth") <= width


def test_axe_finds_nothing_serious(page: Path) -> None:
    with browsing.browser() as opened:
        shown, _, _ = browsing.watched(opened, page.as_uri(), 900, bypass_csp=True)
        shown.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert browsing.serious(shown) == []


def test_a_button_makes_a_picture_live_without_the_network(page: Path) -> None:
    with browsing.browser() as opened:
        shown, asked, errors = browsing.watched(opened, page.as_uri(), 900)
        button = shown.locator("button.live").first
        name = button.get_attribute("data-chart")
        button.click()
        shown.wait_for_selector("div.live svg")
        assert not shown.locator(f"#{name}").is_visible()
        assert (asked, errors) == ([], [])


def test_without_scripts_everything_is_there_but_the_buttons(page: Path) -> None:
    with browsing.browser() as opened:
        shown = opened.new_context(java_script_enabled=False).new_page()
        shown.goto(page.as_uri())
        assert shown.locator("svg.chart").count() >= 3
        assert shown.locator("button.live:visible").count() == 0


def test_the_keyboard_reaches_the_answer_first(page: Path) -> None:
    with browsing.browser() as opened:
        shown, _, _ = browsing.watched(opened, page.as_uri(), 900)
        shown.keyboard.press("Tab")
        assert shown.evaluate("document.activeElement.getAttribute('href')") == "#answer"


def test_it_prints_as_a_document(page: Path, tmp_path: Path) -> None:
    with browsing.browser():
        pass  # passes over where there is no Chromium
    target = tmp_path / "report.pdf"
    printing.printed(page, target)
    assert target.read_bytes().startswith(b"%PDF")
    info = subprocess.run(
        ["pdftotext", "-f", "1", "-l", "1", str(target), "-"], capture_output=True, text=True, check=False
    )
    if info.returncode == 0:
        for words in ("donors who act apart", "What evidence would change this?", "The scenario:"):
            assert words in info.stdout, "page one holds the whole answer and its words"
