"""Work handed out to an engine piece by piece and handed back in its order, whatever becomes of workers."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Final

from donorlab.experiments.arguments import RunError
from donorlab.experiments.crew import Crew
from donorlab.experiments.engines import Died, Engine

if TYPE_CHECKING:
    from donorlab.experiments.kept import Kept

TRIES: Final = 3  # how often a piece that ends its worker is tried by itself

type Task[Piece] = tuple[tuple[int, Piece], ...]
"""Pieces that travel together, each with its place."""


type Finished[Answer] = Callable[[int, Answer], None]
"""Takes the place of a piece of work and its answer, as soon as it is there."""


def kept_or_made[Piece, Answer](
    crew: Crew,
    pieces: Sequence[Piece],
    key: Callable[[Kept, Piece], str],
    weights: Sequence[int],
    unit: str,
    made: Callable[[list[int], Finished[Answer]], Generator[Answer]],
    told: Callable[[Answer], None],
) -> Generator[Answer]:
    """Yield answers in order: those that are kept from before, and those that are made now, which are kept at once.

    Parameters
    ----------
    crew : who works, and keeps
    pieces : of work
    key, weights, unit : what tells a piece from others, how many units it has, and how these are called; see `Kept.there`
    made : called with the places of the pieces that are missing, and with what takes their answers as they are done; yields
        them in order
    told : takes each answer, kept or made, as soon as it is there
    """
    if (kept := crew.kept) is None:
        with closing(made(list(range(len(pieces))), lambda _, answer: told(answer))) as rest:
            yield from rest
        return
    keys = [key(kept, piece) for piece in pieces]
    there = kept.there(keys, weights, unit)
    missing = [place for place, one in enumerate(keys) if one not in there]

    def finished(turn: int, answer: Answer) -> None:
        kept.put(keys[missing[turn]], answer, weights[missing[turn]])
        told(answer)

    with closing(made(missing, finished)) as rest:
        for one in keys:
            if one in there:
                answer = kept.get(one)
                told(answer)
                yield answer
                del answer
            else:
                yield next(rest)


def in_turn[Piece, Answer](
    engine: Engine,
    function: Callable[[Piece], Answer],
    tasks: Sequence[Sequence[Piece]],
    finished: Finished[Answer],
    named: Callable[[Piece], str],
) -> Generator[Answer]:
    """Yield the function's answer to each piece in their order, each as soon as all before it are there.

    Parameters
    ----------
    engine : started
    function : importable by its name
    tasks : pieces, several of which travel together
    finished : called with the place of each piece and its answer as soon as it is there
    named : how a message names a piece

    Raises
    ------
    RunError
        If a piece ends its worker each time that it is tried by itself; the message names it.
    """
    early: dict[int, Answer] = {}  # finished before their turn
    turn = 0
    queue = _Queue(tasks)
    with closing(engine.unordered(functools.partial(_each, function), queue)) as done:
        for task, answers in done:
            if isinstance(answers, Died):
                queue.came_back(task, named)
                continue
            queue.came_out()
            for place, _ in reversed(task):
                early[place] = answers.pop()  # taken out: the tables of runs are most of the memory
                finished(place, early[place])
            while turn in early:
                yield early.pop(turn)
                turn += 1


class _Queue[Piece]:
    """Tasks in their order; those that came back from workers that died are tried piece by piece, with nothing else in work.

    When a process of a pool dies, all that was in work comes back, most of it innocent: only a piece that was alone is blamed.
    """

    def __init__(self, tasks: Sequence[Sequence[Piece]]) -> None:
        self._fresh = _numbered(tasks)
        self._suspects: list[Task[Piece]] = []
        self._out, self._alone = 0, False
        self._deaths: Counter[int] = Counter()

    def __iter__(self) -> Iterator[Task[Piece]]:
        return self

    def __next__(self) -> Task[Piece]:
        """Return the next task; none now does not mean that there will be none later."""
        if self._alone or (self._suspects and self._out):
            raise StopIteration
        if self._suspects:
            self._alone = True
            task = self._suspects.pop()
        else:
            task = next(self._fresh)
        self._out += 1
        return task

    def came_out(self) -> None:
        """Note that a task is done."""
        self._out -= 1
        self._alone = False

    def came_back(self, task: Task[Piece], named: Callable[[Piece], str]) -> None:
        """Note that a worker died with a task, or before its turn came."""
        if self._alone:
            ((place, piece),) = task
            self._deaths[place] += 1
            if self._deaths[place] >= TRIES:
                raise RunError(
                    f"{named(piece)}: {TRIES} workers in a row ended unexpectedly with it; workers=1 does without them"
                )
        self.came_out()
        self._suspects += [(one,) for one in reversed(task)]


def _numbered[Piece](tasks: Sequence[Sequence[Piece]]) -> Iterator[Task[Piece]]:
    first = 0
    for task in tasks:
        yield tuple(enumerate(task, first))
        first += len(task)


# ---------------------------------------------------------------------- in a worker
def _each[Piece, Answer](function: Callable[[Piece], Answer], task: Task[Piece]) -> list[Answer]:
    return [function(piece) for _, piece in task]
