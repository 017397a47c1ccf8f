"""Handing out chunks, and what becomes of them."""

from __future__ import annotations

import itertools
import math
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

from donorlab.experiments.arguments import RunError
from donorlab.experiments.engines import Died, Engine
from donorlab.experiments.store import digest_of
from donorlab.experiments.sweeps import spans
from donorlab.experiments.sweeps.folder import State, SweepFolder
from donorlab.experiments.sweeps.parts import Part
from donorlab.experiments.sweeps.plan import Plan
from donorlab.experiments.sweeps.spans import Span
from donorlab.experiments.sweeps.worker import TRIES, Task, work

ROWS_MAXIMUM: Final = 20_000  # of a chunk, however fast its runs are
DEATHS_MAXIMUM: Final = 4 * TRIES  # of workers with the same chunk, until the fault is not in a run
_MEMORY: Final = 0.7  # weight of what was known of a run's time when a new chunk comes back


@dataclass
class Pace:
    """How long runs take.

    Attributes
    ----------
    each : seconds a run
    aim : seconds a chunk
    """

    each: float
    aim: float

    def size(self, left: int, workers: int) -> int:
        """Return how many runs the next chunk has: about ``aim`` seconds of work, and a share of what is left at most."""
        return max(1, min(round(self.aim / max(self.each, 1e-6)), ROWS_MAXIMUM, math.ceil(left / max(1, workers))))

    def learn(self, part: Part) -> None:
        """Take a finished chunk into account."""
        self.each = _MEMORY * self.each + (1 - _MEMORY) * part.seconds / part.rows


class Chunks:
    """Chunks that are waiting; one that comes back is the next to go out again.

    Parameters
    ----------
    plan, source, root : as a `Task` has them
    missing : runs that are not complete
    pace : how long runs take
    deaths : runs in which workers died before, and how often
    """

    def __init__(
        self, root: str, plan: Plan, source: str, missing: tuple[Span, ...], pace: Pace, deaths: Counter[int]
    ) -> None:
        self._root, self._source = root, source
        self._sweep = digest_of(plan.as_plain())
        self._queue = spans.Queue(missing)
        self._pace = pace
        self._deaths = deaths
        self._back: list[Task] = []
        self._session = uuid.uuid4().hex[:8]
        self._numbers = itertools.count(1)
        self.workers = 1

    def __iter__(self) -> Iterator[Task]:
        return self

    def __next__(self) -> Task:
        """Return the next chunk; none now does not mean that there will be none later, for one may come back."""
        if self._back:
            return self._back.pop()
        taken = self._queue.take(self._pace.size(self._queue.left, self.workers))
        if not taken:
            raise StopIteration
        known = tuple(
            (run, count) for run, count in self._deaths.items() if any(first <= run < end for first, end in taken)
        )
        return Task(self._root, self._sweep, self._source, taken, f"{self._session}-{next(self._numbers)}", known)

    def again(self, task: Task) -> None:
        """Hand a chunk out once more."""
        self._back.append(replace(task))


def drive(
    folder: SweepFolder,
    plan: Plan,
    source: str,
    engine: Engine,
    state: State,
    pace: Pace,
    advance: Callable[[Part], None] = lambda _: None,
) -> State:
    """Run all that is missing.

    Parameters
    ----------
    folder : of the sweep, held
    plan, source : what is run
    engine : where
    state : what is complete; grows
    pace : how long runs take; learns
    advance : called with each finished part

    Raises
    ------
    RunError
        If workers die again and again without beginning a run.
    """
    missing = spans.without([(1, plan.runs + 1)], state.done)
    chunks = Chunks(str(folder.root), plan, source, missing, pace, state.deaths)
    chunks.workers = engine.workers
    died: Counter[str] = Counter()
    with closing(engine.unordered(work, chunks)) as answers:
        for task, answer in answers:
            chunks.workers = engine.workers
            if isinstance(answer, Died):
                died[task.diary] += 1
                if died[task.diary] > DEATHS_MAXIMUM:
                    raise RunError(
                        f"runs {task.spans[0][0]} to {task.spans[-1][1] - 1}: {DEATHS_MAXIMUM} workers died with them"
                    )
                chunks.again(task)
                continue
            died.pop(task.diary, None)
            folder.complete(answer)
            state.add(answer)
            pace.learn(answer)
            advance(answer)
    return state
