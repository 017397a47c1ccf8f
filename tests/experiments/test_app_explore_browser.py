"""Explore in a real browser: each control once, three widths, no finding of axe-core, nothing asked for elsewhere."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("panel")

from donorlab.scenarios.proposals import load_proposal
from experiments import browsing
from experiments.serving import app_server

pytestmark = pytest.mark.browser
SHOTS = Path(os.environ["DONORLAB_SCREENSHOTS"]) if "DONORLAB_SCREENSHOTS" in os.environ else None
WAIT = 90_000  # milliseconds


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with app_server() as address:
        yield address


@contextlib.contextmanager
def page(server: str, query: str = "", width: int = 1400, **context: Any) -> Iterator[Any]:
    """Yield the page at rest; at its end nothing may have been asked for elsewhere, and nothing failed."""
    with browsing.browser() as opened:
        shown, asked, errors = browsing.watched(opened, server + query, width, **context)
        shown.set_default_timeout(WAIT)
        at_rest(shown)
        yield shown
        assert [one for one in asked if not one.startswith((server, server.replace("http", "ws")))] == []
        assert errors == []


def at_rest(shown: Any) -> None:
    shown.get_by_text("At rest.").wait_for(timeout=WAIT)


def piece(shown: Any, name: str) -> Any:
    return shown.locator(f".part.{name} .piece")


def query(shown: Any) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(shown.url).query).items()}


def until(shown: Any, key: str, value: str) -> None:
    shown.wait_for_function(
        "([key, value]) => new URLSearchParams(location.search).get(key) === value", arg=[key, value]
    )


@pytest.mark.parametrize("width", browsing.WIDTHS)
def test_it_fits_and_says_something(server: str, width: int) -> None:
    with page(server, width=width) as shown:
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert "40 futures" in piece(shown, "answer").inner_text()
        browsing.kept(shown, f"app-explore-{width}", SHOTS)


def test_the_world_with_three_designs_fits(server: str) -> None:
    with page(
        server, "?scenario=world&designs=fragmented,lead-donors,budapest-treaty&reporting_rate=0.9", 1400
    ) as shown:
        assert shown.locator(".part.places svg").count() == 2
        browsing.kept(shown, "app-explore-world", SHOTS)


def test_axe_finds_nothing_serious(server: str) -> None:
    with page(server, "?scenario=synthetic-small&overhead=0.1", bypass_csp=True) as shown:
        shown.get_by_label("All outcomes").check()
        shown.get_by_text("Inequality of aid by need").wait_for()
        for one in shown.locator("details").all():
            one.evaluate("one => { one.open = true }")
        assert browsing.serious(shown) == []


def test_a_slider_answers_and_keeps_the_hand_on_it(server: str) -> None:
    with page(server) as shown:
        slider = shown.locator("input[data-act='set:overhead']")
        slider.focus()
        for _ in range(5):
            shown.keyboard.press("ArrowRight")
        until(shown, "overhead", "0.1")
        shown.get_by_text("What the last change did").wait_for()
        at_rest(shown)
        assert (
            "goes from" in piece(shown, "answer").inner_text() or "is set to 10%" in piece(shown, "answer").inner_text()
        )
        assert "(before:" in piece(shown, "answer").inner_text() or "as before" in piece(shown, "answer").inner_text()
        assert slider.evaluate("one => one.getRootNode().activeElement === one")
        assert shown.locator(".lever.set output").all_inner_texts() == ["10%"]
        browsing.kept(shown, "app-explore-lever", SHOTS)
        shown.get_by_role("button", name="Undo").click()
        shown.wait_for_function("() => (new URLSearchParams(location.search).get('overhead') || '') !== '0.1'")


def test_each_choice_is_held_in_the_address_and_comes_back(server: str) -> None:
    with page(server) as shown:
        shown.locator("select#design-1").select_option("gfce-clearing-house")
        until(shown, "designs", "fragmented,gfce-clearing-house")
        shown.locator("select#design-2").select_option("central")
        until(shown, "designs", "fragmented,central,gfce-clearing-house")
        shown.locator("select#design-0").select_option("umbrella")
        until(shown, "designs", "umbrella,central,gfce-clearing-house")
        shown.locator("select#judgement").select_option("poorest-first")
        until(shown, "judgement", "poorest-first")
        shown.locator("input#seed").fill("5")
        shown.locator("input#seed").press("Tab")
        until(shown, "seed", "5")
        shown.locator("select[data-act='set:register']").select_option("projects")
        until(shown, "register", "projects")
        at_rest(shown)
        held, said = query(shown), piece(shown, "answer").locator("p.answer").inner_text()
        shown.reload()
        at_rest(shown)
        assert query(shown) == held
        assert piece(shown, "answer").locator("p.answer").inner_text() == said
        shown.locator("button[data-act='reset'][data-value='register']").click()
        shown.wait_for_function("() => !new URLSearchParams(location.search).has('register')")
        shown.locator("select#scenario").select_option("synthetic-small")
        until(shown, "scenario", "synthetic-small")


def test_a_wrong_address_is_one_line(server: str) -> None:
    with page(server, "?scenario=toy&overhead=7&x=<script>alert(1)</script>") as shown:
        assert shown.get_by_role("alert").inner_text().startswith("The address was not understood: ")


def test_a_wrong_seed_is_told_and_the_old_one_stands(server: str) -> None:
    with page(server) as shown:
        shown.locator("input#seed").fill("0")
        shown.locator("input#seed").press("Tab")
        shown.get_by_role("alert").wait_for()
        assert shown.get_by_role("alert").inner_text() == "seed: must be a whole number from 1 to 1000000"
        assert shown.locator("input#seed").input_value() == "1"


def test_what_is_seen_is_chosen(server: str) -> None:
    with page(server, "?scenario=world") as shown:
        assert "Kenya" not in shown.content() + piece(shown, "places").inner_html()
        shown.get_by_label("Name states").check()
        shown.locator(".part.places title", has_text="Kenya").first.wait_for(state="attached")
        shown.get_by_label("Only what is told from chance").check()
        shown.get_by_label("What states have").check()
        shown.locator("#app-level").wait_for()
        browsing.kept(shown, "app-explore-named", SHOTS)


def test_break_even_is_found(server: str) -> None:
    with page(server) as shown:
        shown.locator("button[data-value='overhead'][data-act='break-even']").click()
        piece(shown, "even").get_by_text("Points of efficiency against").wait_for()
        assert "Overhead from 0 to 0.25" in piece(shown, "even").inner_text()


def test_a_proposal_is_saved_under_its_fixed_name_and_read_again(server: str, tmp_path: Path) -> None:
    with page(server, "?overhead=0.1") as shown:
        with shown.expect_download() as waiting:
            shown.get_by_text("Save umbrella as umbrella-set.yaml").click()
        saved = waiting.value
        assert saved.suggested_filename == "umbrella-set.yaml"
        saved.save_as(tmp_path / "umbrella-set.yaml")
        assert load_proposal(tmp_path / "umbrella-set.yaml").parameters["overhead"] == 0.1


def test_a_report_is_made_and_fetched(server: str, tmp_path: Path) -> None:
    pytest.importorskip("altair")
    with page(server, "?overhead=0.1") as shown:
        shown.get_by_role("button", name="Make the report").click()
        piece(shown, "kept").get_by_text("Making the runs").wait_for()
        shown.get_by_role("link", name="Fetch the report").wait_for(timeout=4 * WAIT)
        with shown.expect_download() as waiting:
            shown.get_by_role("link", name="Fetch the report").click()
        assert waiting.value.suggested_filename == "donorlab-report.html"
        waiting.value.save_as(tmp_path / "report.html")
        assert "umbrella" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_one_goes_to_the_other_page_and_back_with_what_is_set(server: str) -> None:
    with page(server, "?overhead=0.1&seed=4") as shown:
        shown.get_by_role("link", name="Watch a run", exact=True).click()
        shown.wait_for_url("**/watch?*")
        assert query(shown)["overhead"] == "0.1"
        shown.get_by_role("link", name="Explore a proposal").click()
        at_rest(shown)
        assert query(shown)["seed"] == "4"


def test_the_keyboard_reaches_the_page_first(server: str) -> None:
    with page(server) as shown:
        shown.keyboard.press("Tab")
        assert shown.evaluate("document.activeElement.getAttribute('href')") == "#main"
