"""What each published model leads us to expect, beside what the scenario of that model shows.

One module a model, with one function ``reproduce(quick, watch)``; its scenario stands in ``donorlab.scenarios.literature``.
What decides is shared with the rows of the frozen file: see ``rules``, and ``judge`` of a model.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from donorlab.experiments.validation.frame import Line, interval
from donorlab.scenarios import build, configuration, literature
from donorlab.sim.scenario import Scenario

__all__ = [
    "Advance",
    "Line",
    "Reproduction",
    "Theorem",
    "Watch",
    "each",
    "idle",
    "interval",
    "names",
    "reproduce",
    "scenario",
    "section",
    "seeds",
    "silent",
]

Advance = Callable[[], None]
"""Called after each piece of work."""
Watch = Callable[[str, int], AbstractContextManager[Advance]]
"""What shows progress: a name and the number of pieces, as `donorlab.experiments.progress.progress`."""


def idle() -> None:
    """Do nothing after a piece of work."""


@contextlib.contextmanager
def silent(what: str, total: int) -> Iterator[Advance]:
    """Show no progress."""
    yield idle


def each[T](pieces: Iterable[T], advance: Advance) -> Iterator[T]:
    """Yield each piece of work, and call ``advance`` when it is done."""
    for piece in pieces:
        yield piece
        advance()


class Theorem(Line):
    """A line that must hold exactly: if it does not agree, the program is wrong, not the model."""


@dataclass(frozen=True)
class Reproduction:
    """What was expected of a published model, and what was found.

    Attributes
    ----------
    name : without ``literature/``; title, source : words
    lines : expected beside found; a `Theorem` must hold exactly
    not_reproduced : pairs (what, why)
    seeds : the replications that it rests on
    """

    name: str
    title: str
    source: str
    lines: tuple[Line, ...]
    not_reproduced: tuple[tuple[str, str], ...]
    seeds: tuple[int, ...]

    @property
    def sound(self) -> bool:
        """Whether all that must hold exactly does."""
        return all(line.agrees is not False for line in self.lines if isinstance(line, Theorem))


def names() -> tuple[str, ...]:
    """Return the names of the published models, sorted."""
    return tuple(name.removeprefix(literature.PREFIX) for name in literature.names())


def reproduce(name: str, quick: bool = False, watch: Watch = silent) -> Reproduction:
    """Run what is asked of one published model; ``quick`` with fewer seeds, ``watch`` shows progress."""
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    result: Reproduction = module.reproduce(quick, watch)
    return result


def scenario(name: str, changes: Mapping[str, Any] | None = None, overrides: Sequence[str] = ()) -> Scenario:
    """Return a published model's scenario, with sections of its file changed (``donors``, ``pillar_weights`` ...)."""
    return build({**_read(name, tuple(overrides)), **(changes or {})})


def section(name: str, what: str) -> dict[str, Any]:
    """Return one section of a published model's file, for example its donors."""
    found: dict[str, Any] = copy.deepcopy(_read(name, ())[what])
    return found


@functools.cache
def _read(name: str, overrides: tuple[str, ...]) -> dict[str, Any]:
    return configuration(f"{literature.PREFIX}{name}", overrides)  # `build` copies it


def seeds(count: int) -> tuple[int, ...]:
    """Return replications 1 to ``count``."""
    return tuple(range(1, count + 1))
