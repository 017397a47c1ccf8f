"""Watch: the page. It binds what `watch_state` knows to live pieces, and makes runs and plays them while the page stays alive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import panel as pn

from donorlab.experiments.app import shell, turns, watch_asked
from donorlab.experiments.app.live import Live
from donorlab.experiments.app.watch_now import SPEEDS
from donorlab.experiments.app.watch_state import ALL, Changes, Watch
from donorlab.experiments.app.watch_tiles import Marks

if TYPE_CHECKING:
    from donorlab.experiments.app.hall import Hall

STYLE: Final = (Path(__file__).parent / "watch.css").read_text(encoding="utf-8")
_REST: Final = 0.05  # seconds between two quarters in which others have their turn, however long one took
LEAD: Final = "One run of one design, quarter by quarter: who pays for what in which state, and what is paid for twice."
PARTS: Final = {
    "controls": "Move through the run",
    "said": "What is going on",
    "now": "What was paid twice so far",
    "tiles": "Tasks of a state",
    "setting": "What is watched",
    "places": "Capacity and safe havens of all states",
    "money": "Money in this quarter",
}


def page(hall: Hall, asked: Mapping[str, list[str]]) -> Any:
    """Return the page of a new session."""
    session = Session(Watch(*watch_asked.read(asked)), plays=not asked)
    parts = [
        shell.Part(name, title, session.pieces[name], "aside" if name == "setting" else "section")
        for name, title in PARTS.items()
    ]
    return shell.framed("watch", "Watch a run", LEAD, parts)


class Session:
    """One page that is open.

    Parameters
    ----------
    watch : what it knows
    plays : whether it plays as soon as there is a run: a page without an address shows at once what it is for
    """

    def __init__(self, watch: Watch, plays: bool = False) -> None:
        self.watch = watch
        self.plays = plays
        self.pieces = {name: Live(act=self.act) for name in PARTS}
        for piece in self.pieces.values():
            piece.stylesheets = [*piece.stylesheets, STYLE]
        self._looks: dict[str, Marks] = {}
        self._recording: asyncio.Task[None] | None = None
        self._playing: asyncio.Task[None] | None = None
        self.pieces["setting"].draw(watch.setting_html())
        self.pieces["said"].draw(watch.said_html())
        self.location: Any = pn.state.location
        if pn.state.curdoc is not None:
            pn.state.onload(lambda: turns.soon(self._record))
            pn.state.on_session_destroyed(self._left)

    # ------------------------------------------------------------------ what happens
    def act(self, name: str, value: str) -> None:
        """Do what was done in the browser."""
        self.show(self.watch.act(name, value))

    def show(self, changed: Changes) -> None:
        """Draw what changed, and begin what is to be made or played."""
        watch, pieces = self.watch, self.pieces
        if "setting" in changed:
            pieces["setting"].draw(watch.setting_html(), again=True)
        if "run" in changed:
            self._record()
        if watch.facts is not None and watch.making is None:
            self._whole("controls", changed, watch.controls_html, watch.control_marks)
            self._whole("tiles", changed, watch.tiles_html, watch.tile_marks)
            self._whole("places", changed, watch.places_html, watch.place_marks)
            if "frame" in changed:
                pieces["now"].draw(watch.now_html())
                pieces["money"].draw(watch.money_html())
            if watch.playing and (self._playing is None or self._playing.done()):
                self._playing = turns.started(self._play())
        if "said" in changed:
            pieces["said"].draw(watch.said_html())
        if "address" in changed and self.location is not None:
            self.location.search = f"?{urlencode(watch.asked.to_query())}"

    def _whole(self, name: str, changed: Changes, html: Callable[[], str], marks: Callable[[], Marks]) -> None:
        """Draw a large piece where it is another one, else send only what of it changed."""
        if name in changed:
            self._looks[name] = marks()
            self.pieces[name].mark({})  # before: marks of another picture must not be laid over this one
            self.pieces[name].draw(html())
        elif "frame" in changed:
            old, new = self._looks.get(name, {}), marks()
            self._looks[name] = new
            self.pieces[name].mark({key: look for key, look in new.items() if old.get(key) != look})

    # ------------------------------------------------------------------ what takes time
    def _record(self) -> None:
        if self._recording is not None:
            self._recording.cancel()
        self._recording = turns.started(self._made())

    async def _made(self) -> None:
        """Make the run; after each quarter all pages have their turn."""
        for number in self.watch.record():
            if number % 4 == 0:
                self.pieces["said"].draw(self.watch.said_html())
            await asyncio.sleep(0)
        if self.plays:
            self.plays = False
            self.watch.playing = True
        self.show(ALL)

    async def _play(self) -> None:
        """Go on quarter by quarter until the end, or until somebody stops it."""
        now = asyncio.get_running_loop().time
        drawn = now()
        while self.watch.playing:
            await asyncio.sleep(max(SPEEDS[self.watch.speed] - (now() - drawn), _REST))
            drawn = now()
            self.show(self.watch.tick())

    def _left(self, _: Any) -> None:
        self.watch.playing = False
        for task in (self._recording, self._playing):
            if task is not None:
                task.cancel()
