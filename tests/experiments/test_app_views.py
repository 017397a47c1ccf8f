"""The page of Explore bound to its pieces: work that is left when a lever moves, what is drawn, and what stays in memory."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

pytest.importorskip("panel")

import panel as pn

from donorlab.experiments.app import answers
from donorlab.experiments.app import hall as halls
from donorlab.experiments.app.answers import Stage
from donorlab.experiments.app.explore_state import Exploration
from donorlab.experiments.app.views_explore import View


@pytest.fixture(scope="module")
def hall() -> halls.Hall:
    return halls.Hall(memory_mb=2)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few runs an answer; and no session that holds what a page asks to be called for: there is none here."""
    monkeypatch.setitem(answers.STAGES, "toy", (Stage("first", 1, 0), Stage("more", 2, 0), Stage("futures", 2, 2)))
    monkeypatch.setattr(pn.state, "onload", lambda _: None)
    monkeypatch.setattr(pn.state, "on_session_destroyed", lambda _: None)


async def opened(hall: halls.Hall) -> View:
    view = View(hall, Exploration.opened(hall.explorer, {}))
    view.begin()
    await rest(view)
    return view


async def rest(view: View) -> None:
    while view.work is not None and not view.work.done():
        await asyncio.sleep(0)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def test_a_page_comes_to_rest_with_all_pieces_drawn(hall: halls.Hall) -> None:
    async def work() -> None:
        view = await opened(hall)
        assert view.state.resting
        assert [name for name, piece in view.live.items() if not piece.html] == []
        assert list(view.plots._time.data["umbrella"])[-1] > 0.1  # the figure is fed
        view.end()

    run(work)


def test_a_lever_that_moves_ends_the_work_before(hall: halls.Hall) -> None:
    async def work() -> None:
        view = await opened(hall)
        runs = hall.explorer.runs
        tasks = []
        for value in range(1, 9):  # drawn over eight places without pause
            view.act("set:overhead", f"{value / 50:g}")
            tasks.append(view.work)
            await asyncio.sleep(0)
        await rest(view)
        assert all(task is not None and task.cancelled() for task in tasks[:-1])
        assert view.state.choice.settings == {"overhead": 0.16}
        assert view.state.resting
        assert hall.explorer.runs - runs < 8 * 8  # not eight times all that an answer takes
        assert "“Overhead” is set to 16%" in view.live["answer"].html
        view.end()

    run(work)


def test_new_designs_have_a_new_figure(hall: halls.Hall) -> None:
    async def work() -> None:
        view = await opened(hall)
        view.act("design-2", "central")
        await rest(view)
        assert view.figure.object is view.plots.over_time
        assert set(view.plots._time.data) == {"year", "fragmented", "umbrella", "central"}
        view.end()

    run(work)


def test_a_refused_value_is_told_and_the_controls_drawn_as_they_are(hall: halls.Hall) -> None:
    async def work() -> None:
        view = await opened(hall)
        view.act("seed", "0")
        assert "seed: must be a whole number" in view.live["answer"].html
        assert 'value="1"' in view.live["controls"].html
        view.end()

    run(work)


def test_break_even_does_not_end_the_answer(hall: halls.Hall) -> None:
    async def work() -> None:
        view = View(hall, Exploration.opened(hall.explorer, {}))
        view.begin()
        view.act("break-even", "overhead")
        await rest(view)
        assert view.finding is not None
        await view.finding
        assert view.state.resting
        assert "Points of efficiency" in view.live["even"].html
        view.end()

    run(work)


def test_the_line_to_type_is_the_one_that_is_set_at_once(hall: halls.Hall) -> None:
    async def work() -> None:
        view = await opened(hall)
        view.act("set:overhead", "0.13")
        assert "umbrella-set.yaml" in view.live["kept"].html
        view.end()

    run(work)


def test_a_second_report_waits(hall: halls.Hall) -> None:
    async def work() -> None:
        view = await opened(hall)
        hall.reporting = True
        view.act("report", "")
        assert "Another page is making one" in view.live["kept"].html
        hall.reporting = False
        view.end()

    run(work)


def test_play_for_long_takes_no_more_memory(hall: halls.Hall) -> None:
    """Scaled: an hour of play is many levers moved and many pages opened and closed."""
    gone: list[weakref.ref[View]] = []

    async def work() -> None:
        for opening in range(3):
            view = await opened(hall)
            for value in range(6):
                view.act("set:overhead", f"{(value + opening) / 100:g}")
                await rest(view)
                assert hall.explorer.memory.bytes <= hall.explorer.memory.limit
                assert len(view.state.found) + len(view.state.base) <= 6
            view.end()
            gone.append(weakref.ref(view))
            del view
            await asyncio.sleep(0)

    run(work)
    gc.collect()
    assert [one for one in gone if one() is not None] == []
