"""Progress on standard error: a bar on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final

from rich.console import Console

_FIRST_USE: Final = "the first use compiles for half a minute"
_LINES: Final = 8  # so many lines of progress where there is no terminal


@contextlib.contextmanager
def progress(
    what: str, total: int, unit: str = "runs", first_use: str = f" ({_FIRST_USE})"
) -> Iterator[Callable[[], None]]:
    """Show progress while the block runs; call what it yields once per finished piece of work; ``first_use`` what to expect."""
    console = Console(stderr=True)
    if console.is_terminal:
        with _bar(what, total, console, unit, first_use) as advance:
            yield advance
        return
    console.print(f"{what}: 0 of {total} {unit}{first_use}", soft_wrap=True)
    done = 0
    start = first = time.monotonic()

    def advance_line() -> None:
        nonlocal done, first
        now = time.monotonic()
        done += 1
        if done == 1:
            first = now  # what came before was compiling as well, which tells nothing about the rest
        if done * _LINES // total > (done - 1) * _LINES // total:
            left = f", about {(now - first) / (done - 1) * (total - done):.0f} s left" if 1 < done < total else ""
            console.print(f"{what}: {done} of {total} {unit}, {now - start:.0f} s{left}", soft_wrap=True)

    yield advance_line


@contextlib.contextmanager
def _bar(what: str, total: int, console: Console, unit: str, first_use: str) -> Iterator[Callable[[], None]]:
    from rich import progress as parts

    columns = (
        parts.TextColumn("{task.description}"),
        parts.BarColumn(),
        parts.MofNCompleteColumn(),
        parts.TextColumn(unit),
        parts.TimeElapsedColumn(),
        parts.TextColumn("left"),
        parts.TimeRemainingColumn(),
    )
    with parts.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(f"{what}{first_use and ' (at first use: compiling)'}", total=total)

        def advance() -> None:
            bar.update(task, advance=1, description=what)

        yield advance
