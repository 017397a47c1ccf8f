"""Functions called with many arguments, in order: by this process, processes, or Dask, and kept where that was asked for."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from donorlab.experiments import engines
from donorlab.experiments.crew import Crew, Workers, crew_of, taken
from donorlab.experiments.handing import Finished, in_turn, kept_or_made

if TYPE_CHECKING:
    from donorlab.experiments.kept import Kept


def called_in_order[Answer](
    function: Callable[..., Answer],
    asked: Sequence[tuple[Any, ...]],
    workers: Workers,
    advance: Callable[[], None] = lambda: None,
    prepare: Callable[[], object] | None = None,
    unit: str = "pieces of work",
) -> list[Answer]:
    """Call a function with each tuple of arguments, in processes where that is worth while; answers in the order asked.

    Parameters
    ----------
    function : importable by its name
    asked : arguments
    workers : as in `in_order`
    advance : called after each
    prepare : called here before others start, so that all that the function needs is compiled; None: its first two calls are
        made here for that
    unit : how a call is named to the user
    """
    crew = crew_of(workers)

    def made(missing: list[int], finished: Finished[Answer]) -> Generator[Answer]:
        return _called_for(function, [asked[place] for place in missing], crew, finished, prepare)

    def key(kept: Kept, words: tuple[Any, ...]) -> str:
        return kept.key(function, *words)

    return list(kept_or_made(crew, asked, key, [1] * len(asked), unit, made, lambda _: advance()))


def _called_for[Answer](
    function: Callable[..., Answer],
    asked: Sequence[tuple[Any, ...]],
    crew: Crew,
    finished: Finished[Answer],
    prepare: Callable[[], object] | None,
) -> Generator[Answer]:
    def here(place: int) -> Answer:
        answer = function(*asked[place])
        finished(place, answer)
        return answer

    alone = crew.workers == 1 and not crew.by_dask
    first = 0 if crew.by_dask or (prepare is not None and not alone) else min(2, len(asked))
    clock = time.perf_counter()
    for place in range(first):
        if place == 1:
            clock = time.perf_counter()
        yield here(place)
    each, rest = time.perf_counter() - clock, asked[first:]
    if not rest:
        return
    if prepare is not None and not alone and crew.scheduler is None:
        prepare()
    count = crew.workers or engines.processors()
    if not crew.by_dask and (count == 1 or (crew.workers is None and first and each * len(rest) < engines.WORTHWHILE)):
        yield from map(here, range(first, len(asked)))
        return
    with replace(crew, workers=count).opened(len(rest)) as team:
        work = functools.partial(_called, team.token, function)
        calls = in_turn(
            team.engine, work, [[words] for words in rest], lambda i, one: finished(first + i, one), _named(function)
        )
        with closing(calls) as found:
            yield from found


def _named(function: Callable[..., Any]) -> Callable[[tuple[Any, ...]], str]:
    """Return how a message names a call: by those of its arguments that are short."""

    def name(words: tuple[Any, ...]) -> str:
        short = [str(one) for one in words if isinstance(one, (str, int, float, tuple))]
        return f"{function.__name__} of {', '.join(short)}"[:120]

    return name


def _called[Answer](token: str, function: Callable[..., Answer], words: tuple[Any, ...]) -> Answer:
    """Call the function; in a worker."""
    with taken(token):
        return function(*words)
