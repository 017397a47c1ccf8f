"""Who has his turn: all that a page does is done on the server's event loop, one after the other.

Newer versions of Bokeh call back on threads of their own, older ones on the loop; what a page knows must not be changed by two
at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import panel as pn
from bokeh.document import Document
from panel.io.state import set_curdoc

_loops: list[asyncio.AbstractEventLoop] = []
_tasks: set[asyncio.Task[None]] = set()  # asyncio itself holds them weakly


def use(loop: asyncio.AbstractEventLoop) -> None:
    """Make known on which loop the server runs."""
    _loops[:] = [loop]


def soon(function: Callable[..., object], *given: Any, page: Document | None = None) -> None:
    """Call a function on the loop; at once where no server runs, as in tests.

    Parameters
    ----------
    function : of a page
    given : its arguments
    page : the document that it may change; the present one if left out
    """
    page = page or pn.state.curdoc
    if not _loops or _loops[0].is_closed():
        function(*given)
        return
    _loops[0].call_soon_threadsafe(_with_page, page, function, given)


def started(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Start work of the present page on the loop, from the loop."""
    task = asyncio.get_running_loop().create_task(_of_page(pn.state.curdoc, work))
    _tasks.add(task)
    task.add_done_callback(_ended)
    task.add_done_callback(lambda _: work.close())  # of a task that was cancelled before it began
    return task


def _ended(task: asyncio.Task[None]) -> None:
    """Let a task go; a fault of it is told where the server was started, for nobody waits for it."""
    _tasks.discard(task)
    if not task.cancelled() and (fault := task.exception()) is not None:
        logging.getLogger(__name__).error("work of a page ended with a fault of ours", exc_info=fault)


def _with_page(page: Document | None, function: Callable[..., object], given: tuple[Any, ...]) -> None:
    with set_curdoc(page):
        function(*given)


async def _of_page(page: Document | None, work: Coroutine[Any, Any, None]) -> None:
    with set_curdoc(page):
        await work
