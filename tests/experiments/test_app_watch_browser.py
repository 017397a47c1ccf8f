"""Watch a run in a real browser: each control once, three widths, no serious finding of axe-core, no request beyond the server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("panel")

from donorlab.experiments.app import settable
from experiments import browsing
from experiments.serving import app_server

pytestmark = pytest.mark.browser
SHOTS = Path(os.environ["DONORLAB_SCREENSHOTS"]) if "DONORLAB_SCREENSHOTS" in os.environ else None
ALONE = "watch?lesson=alone"
LOOKS = "els => els.map(one => one.className)"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with app_server() as found:
        yield found


@pytest.fixture(scope="module")
def opened() -> Iterator[Any]:
    with browsing.browser() as found:
        yield found


def at(opened: Any, address: str, path: str, width: int = 1400, **context: Any) -> Any:
    """Open a page and wait for its tiles; nothing may be asked for elsewhere, and nothing may go wrong."""
    page, asked, errors = browsing.watched(opened, address + path, width, **context)
    page.wait_for_selector("button.tile")
    page.asked_and_errors = lambda: ([one for one in asked if not one.startswith(address)], errors)
    return page


def ended(page: Any) -> None:
    assert page.asked_and_errors() == ([], [])
    page.close()


def when(page: Any, text: str) -> None:
    page.locator(".when", has_text=text).wait_for()


def tiles(page: Any) -> list[str]:
    found: list[str] = page.locator("button.tile").evaluate_all(LOOKS)
    return found


def focused(page: Any) -> str:
    """Return the data-key of what has the focus, through shadow roots."""
    found: str = page.evaluate(
        "() => { let one = document.activeElement; while (one && one.shadowRoot) { one = one.shadowRoot.activeElement; }"
        " return one ? one.dataset.key || '' : ''; }"
    )
    return found


@pytest.mark.parametrize("width", browsing.WIDTHS)
def test_it_fits_and_asks_for_nothing_elsewhere(opened: Any, address: str, width: int) -> None:
    page = at(opened, address, f"{ALONE}&quarter=12", width)
    page.locator("button.tile.twice").first.click()
    page.wait_for_selector(".receipt")
    browsing.kept(page, f"watch-{width}", SHOTS)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ended(page)


def test_on_a_projector_all_that_matters_is_seen_at_once(opened: Any, address: str) -> None:
    for path in (f"{ALONE}&quarter=12", "watch?lesson=world&quarter=30"):
        page = at(opened, address, path)
        for what in (".transport", ".numbers", ".charts", "#state", "button.tile >> nth=-1"):
            box = page.locator(what).first.bounding_box()
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= 900, (path, what)
        browsing.kept(page, f"watch-projector-{'world' if 'world' in path else 'toy'}", SHOTS)
        ended(page)


@pytest.mark.parametrize(
    "path", [f"{ALONE}&quarter=12", f"{ALONE}&quarter=12&hidden=1", "watch?lesson=world&quarter=20"]
)
def test_axe_finds_nothing_serious(opened: Any, address: str, path: str) -> None:
    page = at(opened, address, path, 1400, bypass_csp=True)
    if "world" in path:
        page.locator("[data-act=most]").click()
        page.wait_for_selector("button.tile.twice")
    page.locator("button.tile.twice").first.click()
    page.wait_for_selector(".receipt")
    for one in page.locator("details").all():
        one.evaluate("one => { one.open = true; }")
    assert browsing.serious(page) == []
    browsing.kept(page, f"watch-open-{path[-8:].replace('=', '-')}", SHOTS)
    ended(page)


def test_each_button_moves_the_run_and_rewinding_gives_the_same_tiles(opened: Any, address: str) -> None:
    page = at(opened, address, ALONE)
    when(page, "The start")
    start = tiles(page)
    press = lambda name: page.locator(f"[data-act={name}]").click()  # noqa: E731
    press("step")
    when(page, "Year 1, quarter 1")
    press("next")
    when(page, "Year 2, quarter 1")
    assert page.locator("button.tile.new").count() == 1
    first = tiles(page)
    press("end")
    when(page, "Year 4, quarter 4")
    assert tiles(page) != first
    slider = page.locator("#quarter")
    assert slider.input_value() == "16"
    slider.fill("5")
    when(page, "Year 2, quarter 1")
    assert tiles(page) == first
    slider.focus()
    page.keyboard.press("ArrowRight")
    when(page, "Year 2, quarter 2")
    assert focused(page) == "quarter"  # the slider under the hand is not drawn anew
    press("back")
    when(page, "Year 2, quarter 1")
    assert tiles(page) == first
    press("start")
    when(page, "The start")
    assert tiles(page) == start
    page.wait_for_url("**quarter=0**")
    ended(page)


def test_it_plays_pauses_and_stops_at_the_end(opened: Any, address: str) -> None:
    page = at(opened, address, f"{ALONE}&quarter=3")
    page.locator("#speed").select_option("slow")
    button = page.locator("[data-act=play]")
    button.click()
    page.locator("[data-act=play]", has_text="Pause").wait_for()
    when(page, "Year 1, quarter 4")
    button.click()
    page.locator("[data-act=play]", has_text="Play").wait_for()
    held = page.locator(".when").inner_text()
    page.wait_for_timeout(2_000)
    assert page.locator(".when").inner_text() == held
    page.locator("#speed").select_option("fast")
    button.click()
    when(page, "Year 4, quarter 4")
    page.locator("[data-act=play]", has_text="Play").wait_for()
    page.wait_for_url("**quarter=16**")
    ended(page)


def test_without_an_address_it_plays_at_once(opened: Any, address: str) -> None:
    page = at(opened, address, "watch")
    page.locator("[data-act=play]", has_text="Pause").wait_for()
    page.wait_for_selector("button.tile.twice", timeout=30_000)
    ended(page)


def test_a_receipt_takes_the_focus_and_gives_it_back(opened: Any, address: str) -> None:
    page = at(opened, address, f"{ALONE}&quarter=12")
    tile = page.locator("button.tile.twice").first
    key = tile.get_attribute("data-key")
    tile.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".receipt")
    assert focused(page) == "receipt"
    assert "PAID TWICE" in page.locator(".receipt").inner_text()
    assert "tells the whole run" in page.locator(".receipt").inner_text()
    page.locator("[data-act=close]").click()
    page.wait_for_selector(".receipt", state="detached")
    assert focused(page) == key
    ended(page)


def test_a_state_is_chosen_from_the_list_the_map_and_the_button(opened: Any, address: str) -> None:
    page = at(opened, address, "watch?lesson=world&quarter=8")
    page.locator("path[data-value=BRA]").click(force=True)
    page.wait_for_selector("path.here[data-value=BRA]")
    assert page.locator("#state").input_value() == "BRA"
    page.locator("#state").select_option("IDN")
    page.wait_for_selector("path.here[data-value=IDN]")
    before = page.locator("path[data-mark='place BRA'] title").text_content()
    page.locator("[data-act=end]").click()
    when(page, "Year 14, quarter 4")
    assert page.locator("path[data-mark='place BRA'] title").text_content() != before
    page.locator("[data-act=most]").click()
    page.wait_for_selector("button.tile.twice")
    ended(page)


def test_a_lesson_sets_everything_and_its_designs_can_be_switched(opened: Any, address: str) -> None:
    page = at(opened, address, ALONE)
    page.locator("#lesson").select_option("worse")
    page.get_by_text("Less is paid twice, and yet the donors reach less.").wait_for()
    page.locator("#state").wait_for()
    page.wait_for_url("**overhead=0.2**watch=umbrella**")
    page.get_by_text("Notes for the teacher").click()
    assert page.get_by_text("a fifth of the money goes to the secretariat").is_visible()
    page.locator("[data-act=end]").click()
    when(page, "Year 4, quarter 4")
    under = tiles(page)
    page.locator("[data-act=watch][data-value=fragmented]").click()
    page.locator("[data-act=watch][data-value=fragmented][aria-pressed=true]").wait_for()
    page.wait_for_url("**watch=fragmented**")
    page.wait_for_timeout(500)
    assert tiles(page) != under
    page.locator("summary", has_text="World, design and seed").click()
    page.locator("#seed").fill("5")
    page.locator("#seed").press("Tab")
    page.wait_for_url("**seed=5**")
    page.locator("#design").select_option("central")
    page.wait_for_url("**watch=central**")
    page.locator("#scenario").select_option("synthetic-small")
    page.wait_for_url("**scenario=synthetic-small**")
    page.locator("option", has_text="State 30").first.wait_for(state="attached")
    assert page.locator("a", has_text="Compare the designs").get_attribute("href").startswith("./?scenario=synthetic")
    ended(page)


def test_hidden_shows_no_name(opened: Any, address: str) -> None:
    page = at(opened, address, f"{ALONE}&quarter=12")
    page.locator("#hidden").check()
    page.wait_for_url("**hidden=1**")
    page.locator("option", has_text="State 5").first.wait_for(state="attached")
    page.locator("button.tile.twice").first.click()
    page.wait_for_selector(".receipt")
    whole = page.evaluate(
        "() => { const inside = root => [...root.querySelectorAll('*')].map(one => one.shadowRoot ? one.shadowRoot.innerHTML"
        " + inside(one.shadowRoot) : '').join(''); return document.documentElement.outerHTML + inside(document); }"
    )
    states = settable.loaded("toy", "fragmented").beneficiaries
    for text in (whole, page.url, page.title()):
        for name in (*states.ids, *states.names):
            assert name not in text
    browsing.kept(page, "watch-hidden", SHOTS)
    ended(page)


def test_a_wrong_address_is_told_in_one_line(opened: Any, address: str) -> None:
    page = at(opened, address, "watch?quarter=99")
    wrong = page.locator(".piece [role=alert]")
    assert wrong.inner_text() == "quarter: '99' is none of this run; it has 0 (the start) to 16"
    page.locator("[data-act=step]").click()
    wrong.wait_for(state="detached")
    ended(page)


def test_the_other_page_is_given_the_choice_and_no_more(opened: Any, address: str) -> None:
    page = at(opened, address, "watch?lesson=worse&quarter=3")
    page.locator("[data-act=step]").click()
    page.wait_for_url("**quarter=4**")
    page.locator("nav a[data-page=explore]").click()
    page.wait_for_url(f"{address}?scenario=toy&**")
    assert "overhead=0.2" in page.url
    assert not any(f"{key}=" in page.url for key in ("watch", "state", "quarter", "lesson", "hidden"))
    page.close()
