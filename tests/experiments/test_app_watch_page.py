"""Watch a run: what a page sends to its browser, without one: a quarter redraws little, and playing ends."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("panel")

from donorlab.experiments.app import views_watch, watch_asked
from donorlab.experiments.app.lessons import lessons
from donorlab.experiments.app.watch_state import Records, Watch


class Location(SimpleNamespace):
    """An address that remembers each change."""

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__.setdefault("seen", []).append(value)
        super().__setattr__(name, value)


async def page(quarter: str = "0", plays: bool = False) -> views_watch.Session:
    asked, wrong = watch_asked.read({"lesson": [lessons()[0].key], "quarter": [quarter]})
    session = views_watch.Session(Watch(asked, wrong, Records()), plays)
    session.location = Location()
    await session._made()
    return session


def test_a_quarter_sends_only_what_changed() -> None:
    async def go() -> None:
        session = await page("4")
        before = {name: piece.html for name, piece in session.pieces.items()}
        assert all(before[name] for name in views_watch.PARTS)
        tiles = session.watch.tile_marks()
        session.show(session.watch.act("step", ""))
        after = {name: piece.html for name, piece in session.pieces.items()}
        assert {name for name in after if after[name] != before[name]} == {"now", "money"}
        now = session.watch.tile_marks()
        changed = {key: list(look) for key, look in now.items() if tiles[key] != look}
        assert session.pieces["tiles"].marks == changed
        assert 0 < len(changed) < len(now)
        assert session.pieces["controls"].marks == {"quarter": [None, "5"]}
        session.show(session.watch.act("state", "CORA"))
        assert session.pieces["tiles"].marks == {}  # none of another state is laid over the new tiles

    asyncio.run(go())


def test_playing_leaves_the_address_alone_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(views_watch.SPEEDS, "normal", 0.0)
    monkeypatch.setattr(views_watch, "_REST", 0.0)

    async def go() -> None:
        session = await page("10", plays=True)
        assert session.watch.playing
        assert session._playing is not None
        await session._playing
        assert session.watch.asked.quarter == 16
        assert not session.watch.playing
        assert len(session.location.seen) == 1
        assert "quarter=16" in session.location.search
        session.show(session.watch.act("play", ""))
        first = session._playing
        session._left(None)
        with pytest.raises(asyncio.CancelledError):
            await first
        assert session.watch.asked.quarter == 0

    asyncio.run(go())


def test_what_is_refused_is_drawn_again_as_it_was() -> None:
    async def go() -> None:
        session = await page()
        before = session.pieces["setting"].html
        session.show(session.watch.act("seed", "0"))
        assert session.pieces["setting"].html != before  # sent, so that the browser shows the seed that holds
        assert session.pieces["setting"].html.strip() == before.strip()
        assert 'role="alert"' in session.pieces["said"].html

    asyncio.run(go())
