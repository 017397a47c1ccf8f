"""Explore: the page. It binds what `explore_state` knows to live pieces and figures, and runs the work between two "
"messages."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import panel as pn

from donorlab.experiments.app import explore_answer as html
from donorlab.experiments.app import exports, shell, turns
from donorlab.experiments.app.answers import Answer
from donorlab.experiments.app.explore_controls import controls
from donorlab.experiments.app.explore_places import places, winners
from donorlab.experiments.app.explore_plots import Plots, over_time_told, waterfall
from donorlab.experiments.app.explore_saved import kept
from donorlab.experiments.app.explore_state import Exploration
from donorlab.experiments.app.levers_shown import Shown, shown
from donorlab.experiments.app.live import HERE, Live
from donorlab.experiments.arguments import InputError

if TYPE_CHECKING:
    from donorlab.experiments.app.hall import Hall

SENT: Final = 0.03
"""Seconds that the sentence has to be on its way before all else is drawn: sending takes several turns of the loop."""
SETTLED: Final = 0.04
"""Seconds before the first run: while a lever is drawn on, the next message comes before one is begun."""
BREATH: Final = 0.002
"""Seconds between two pieces of work: with none at all each turn of the loop waits for a whole run."""
LEAD: Final = (
    "Two or three ways to coordinate, on the same draws. Move a lever: an answer comes at once, and then a finer one."
)


def page(hall: Hall, asked: Mapping[str, list[str]]) -> Any:
    """Return the page of a new session.

    Parameters
    ----------
    hall : what all pages share
    asked : the address, as `urllib.parse.parse_qs` gives it
    """
    return View(hall, Exploration.opened(hall.explorer, asked)).page


class View:
    """One open page.

    Parameters
    ----------
    hall : what all pages share
    state : what is set and known
    """

    def __init__(self, hall: Hall, state: Exploration) -> None:
        self.hall, self.state = hall, state
        self.levers: tuple[Shown, ...] = ()
        self.plots = Plots(state.choice.designs)
        self.work: asyncio.Task[None] | None = None
        self.finding: asyncio.Task[None] | None = None
        self.making: asyncio.Task[None] | None = None
        style = (HERE / "explore.css").read_text(encoding="utf-8")
        names = ("controls", "answer", "numbers", "time", "euro", "places", "winners", "even", "kept")
        self.live = {name: Live(act=self.act, style=style) for name in names}
        self.figure = pn.pane.Bokeh(self.plots.over_time, sizing_mode="stretch_width")  # type: ignore[no-untyped-call]
        self._controls()
        self._looks()
        self.page = shell.framed("explore", "Explore a proposal", LEAD, self._parts())
        pn.state.onload(lambda: turns.soon(self.begin))
        pn.state.on_session_destroyed(lambda _: self.end())

    def _parts(self) -> list[shell.Part]:
        live = self.live
        over_time = pn.Column(live["time"], self.figure, sizing_mode="stretch_width")
        return [
            shell.Part("controls", "What is set", live["controls"], "aside", "set"),
            shell.Part("answer", "The answer", live["answer"]),
            shell.Part("numbers", "In numbers", live["numbers"], column="right"),
            shell.Part("euro", "Where each euro goes", live["euro"], column="right"),
            shell.Part("time", "Over time", over_time),
            shell.Part("winners", "Who gains, who loses", live["winners"], column="right"),
            shell.Part("places", "State by state", live["places"]),
            shell.Part("even", "Up to where", live["even"], column="right"),
            shell.Part("kept", "Take it with you", live["kept"], column="right"),
        ]

    # ------------------------------------------------------------------ what is done
    def act(self, name: str, value: str) -> None:
        """Do what a browser told."""
        before = self.state.choice
        done = self.state.act(name, value)
        if done.runs:
            if before.designs != self.state.choice.designs:
                self._figures()
            self._address()
            self.begin()
        if done.controls:
            self._controls(again=True)
        if done.runs:
            if self.finding is not None:
                self.finding.cancel()
            for piece, written in (("answer", html.answer), ("kept", kept), ("even", html.even)):
                self.live[piece].draw(written(self.state))  # all else when there is an answer
        elif done.looks:
            self._looks()
        if done.asks == "break-even":
            self.finding = self._started(self._found(self.state.find_break_even()), self.finding)
        if done.asks == "report":
            self._report()

    def begin(self) -> None:
        """Answer what is set now; what is still worked at is left."""
        self.work = self._started(self._run(self.state.work()), self.work)

    def end(self) -> None:
        """Stop all work: nobody looks any more."""
        for task in (self.work, self.finding, self.making):
            if task is not None:
                task.cancel()

    @staticmethod
    def _started(work: Any, before: asyncio.Task[None] | None) -> asyncio.Task[None]:
        if before is not None:
            before.cancel()
        return turns.started(work)

    async def _run(self, work: Generator[bool]) -> None:
        """Do the work a run at a time; between two runs the page can tell what was done to it, and others have their turn."""
        await asyncio.sleep(SETTLED)
        with contextlib.closing(work):
            for more in work:
                if more:
                    for place, draw in enumerate(self._pieces()):
                        draw()
                        await asyncio.sleep(BREATH if place else SENT)
                elif self.state.answer is not None:
                    self.live["answer"].draw(html.answer(self.state))
                await asyncio.sleep(BREATH)
        self._rested()

    async def _found(self, work: Generator[bool]) -> None:
        """Find break-even points beside the answer, which goes on."""
        with contextlib.closing(work):
            for more in work:
                if more:
                    self.live["even"].draw(html.even(self.state))
                await asyncio.sleep(BREATH)

    def _rested(self) -> None:
        """See whether other levers act now: one can switch off another."""
        before = self.levers
        self.levers = shown(self.state.choice)
        if [(one.name, one.users) for one in before] != [(one.name, one.users) for one in self.levers]:
            self._draw_controls()

    # ------------------------------------------------------------------ what is shown
    def _controls(self, again: bool = False) -> None:
        self.levers = shown(self.state.choice)
        self._draw_controls(again)

    def _draw_controls(self, again: bool = False) -> None:
        self.live["controls"].draw(controls(self.state.choice, self.levers), again=again)

    def _figures(self) -> None:
        self.plots = Plots(self.state.choice.designs)
        self.figure.object = self.plots.over_time

    def _looks(self) -> None:
        """Draw anew what is known."""
        for draw in self._pieces():
            draw()

    def _pieces(self) -> list[Callable[[], None]]:
        """Return what draws each piece, the answer first; what is not known yet of a choice just made stays as it was."""
        state, live = self.state, self.live
        found = [
            lambda: live["answer"].draw(html.answer(state)),
            lambda: live["even"].draw(html.even(state)),
            lambda: live["kept"].draw(kept(state)),
        ]
        known = state.answer
        if known is None:
            return found
        return [
            found[0],
            lambda: live["numbers"].draw(html.numbers(state)),
            lambda: self._over_time(known),
            lambda: live["euro"].draw(waterfall(known)),
            lambda: live["winners"].draw(winners(state)),
            lambda: live["places"].draw(places(state)),
            *found[1:],
        ]

    def _over_time(self, known: Answer) -> None:
        if self.plots.designs == known.choice.designs:
            with pn.io.unlocked():  # work of a page holds no lock of its document: that would hold up all messages
                self.plots.feed(known)
        self.live["time"].draw(over_time_told(known))

    def _address(self) -> None:
        if pn.state.location is not None:
            pn.state.location.search = "?" + urlencode(self.state.choice.to_query(), safe=",")

    # ------------------------------------------------------------------ the report
    def _report(self) -> None:
        if self.making is not None and not self.making.done():
            return
        if self.hall.reporting:
            self.state.report = "Another page is making one; try again in a minute."
            self.live["kept"].draw(kept(self.state))
            return
        self.hall.reporting = True
        self.making = self._started(self._make(), None)

    async def _make(self) -> None:
        state = self.state
        choice, folder = state.choice, self.hall.folder / secrets.token_hex(8)
        try:
            path = await exports.made(choice, folder, state.named, self._tell)
            if state.choice == choice:
                state.report_address = self.hall.export(path)
            self._tell(
                "The report is ready."
                if state.choice == choice
                else "What is set has changed meanwhile; make it again."
            )
        except InputError as error:
            self._tell(error.format_message())
        except OSError as error:
            self._tell(f"report: {error.strerror or error}")
        finally:
            self.hall.reporting = False

    def _tell(self, text: str) -> None:
        self.state.report = text
        self.live["kept"].draw(kept(self.state))
