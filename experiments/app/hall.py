"""What all open pages share: remembered runs, how many pages may be open, the reports that were made."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import panel as pn
import tornado.web

from donorlab.experiments.app import settable, shell
from donorlab.experiments.app.answers import STAGES, Explorer
from donorlab.experiments.app.choices import Choice
from donorlab.experiments.app.levers_shown import shown
from donorlab.experiments.app.live import Live
from donorlab.sim.scenario import ScenarioError

QUERY_LONGEST, KEYS_MOST = 4_000, 100
"""Characters and keys of an address beyond which it is not read."""
PAUSE: Final = 0.05  # seconds between two pieces of work that nobody waits for
EXPORTS_MOST: Final = 20
"""Reports that are kept to be fetched; the oldest goes first."""
EXPORT: Final = "donorlab-report.html"
"""What a report is called when it is saved; no browser has a say in it."""


class Hall:
    """All that is shared.

    Parameters
    ----------
    sessions : pages that may be open at once
    memory_mb : how much memory finished runs may take
    """

    def __init__(self, sessions: int = 40, memory_mb: float = 128.0) -> None:
        self.explorer = Explorer(memory_mb)
        self.sessions = sessions
        self.open = 0
        self._folder = tempfile.TemporaryDirectory(prefix="donorlab-app-", ignore_cleanup_errors=True)
        self._exports: dict[str, Path] = {}
        self.reporting = False  # one report is made at a time: it takes all processors

    # ------------------------------------------------------------------ pages
    def pages(self) -> dict[str, Callable[[], Any]]:
        """Return what makes each page, by its path."""
        return {"/": self._counted(_explore), "/watch": self._counted(_watch)}

    def _counted(self, make: Callable[[Hall, Mapping[str, list[str]]], Any]) -> Callable[[], Any]:
        def page() -> Any:
            if self.open >= self.sessions:
                return full(self.sessions)
            self.open += 1
            pn.state.on_session_destroyed(self._left)
            return make(self, query(pn.state.location.search if pn.state.location else ""))

        return page

    def _left(self, _: Any) -> None:
        self.open -= 1

    def warm(self) -> None:
        """Run what the first screen shows, so that whoever opens it does not wait for compiled code."""
        choice = Choice()
        self.explorer.answer(choice, STAGES[choice.scenario][:1])
        shown(choice)

    async def warm_further(self) -> None:
        """Read the other worlds, a design at a time between what pages ask for, so that changing to one is no wait."""
        for world in settable.WORLDS:
            for design in settable.names():
                await asyncio.sleep(PAUSE)
                with contextlib.suppress(ScenarioError):  # a proposal that names donors which this world does not have
                    settable.loaded(world, design)
            settable.designs(world)

    # ------------------------------------------------------------------ exports
    @property
    def folder(self) -> Path:
        """Where reports are made; it goes when the app ends."""
        return Path(self._folder.name)

    def export(self, path: Path) -> str:
        """Return the address under which a finished file can be fetched; it cannot be guessed."""
        token = secrets.token_urlsafe(24)
        self._exports[token] = path
        while len(self._exports) > EXPORTS_MOST:
            gone = self._exports.pop(next(iter(self._exports)))
            gone.unlink(missing_ok=True)
        return f"./export/{token}/{EXPORT}"

    def routes(self) -> list[tuple[Any, ...]]:
        """Return the one further route: files that were exported."""
        return [(rf"/export/([A-Za-z0-9_-]{{32}})/{EXPORT}", _Export, {"exports": self._exports})]

    def close(self) -> None:
        """Remove what was exported."""
        self._folder.cleanup()


class _Export(tornado.web.RequestHandler):
    """Hands out a finished report, and nothing else."""

    def initialize(self, exports: Mapping[str, Path]) -> None:
        self.exports = exports

    def get(self, token: str) -> None:
        path = self.exports.get(token)
        if path is None or not path.is_file():
            raise tornado.web.HTTPError(404)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{EXPORT}"')
        self.set_header("X-Content-Type-Options", "nosniff")
        self.write(path.read_bytes())


def query(text: str) -> dict[str, list[str]]:
    """Return what an address asks for, by key; nothing of one that is too long.

    Parameters
    ----------
    text : what stands behind the path, with or without its question mark
    """
    text = text.removeprefix("?")
    if len(text) > QUERY_LONGEST:
        return {"address": ["too long"]}  # a key that no page has: it is refused in words
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=KEYS_MOST)
    except ValueError:
        return {"address": ["too many keys"]}


def full(most: int) -> Any:
    """Return the page of an app in which no more pages can be opened."""
    said = Live(
        html=f'<p class="wrong">{most} pages are open already, and no more can be. Close one, and load this again.</p>'
    )
    return shell.framed("explore", "DonorLab is full", "", [shell.Part("said", "What is wrong", said)])


def _explore(hall: Hall, asked: Mapping[str, list[str]]) -> Any:
    from donorlab.experiments.app.views_explore import page

    return page(hall, asked)


def _watch(hall: Hall, asked: Mapping[str, list[str]]) -> Any:
    from donorlab.experiments.app.views_watch import page

    return page(hall, asked)
