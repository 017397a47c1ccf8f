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
from donorlab.experiments.engines import Died, Engine, Processes, Serial
from donorlab.experiments.store import digest_of
from donorlab.experiments.sweeps import spans
from donorlab.experiments.sweeps.diaries import DIARIES, ONE_PROCESS, TRIES, deaths_in
from donorlab.experiments.sweeps.folder import State, SweepFolder
from donorlab.experiments.sweeps.parts import Part
from donorlab.experiments.sweeps.plan import Plan
from donorlab.experiments.sweeps.spans import Span
from donorlab.experiments.sweeps.worker import Task, work

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
    prefix : of the names of diaries
    """

    def __init__(
        self, root: str, plan: Plan, source: str, missing: tuple[Span, ...], pace: Pace, prefix: str = ""
    ) -> None:
        self._root, self._source = root, source
        self._sweep = digest_of(plan.as_plain())
        self._queue = spans.Queue(missing)
        self._pace = pace
        self._back: list[Task] = []
        self._session = prefix + uuid.uuid4().hex[:8]  # so that nobody reads what an earlier session left
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
        return self.of(taken)

    def of(self, taken: tuple[Span, ...]) -> Task:
        """Return a chunk of some runs."""
        return Task(self._root, self._sweep, self._source, taken, f"{self._session}-{next(self._numbers)}")

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
    one_process = isinstance(engine, Serial)
    prefix = ONE_PROCESS if one_process else ""

    def take(part: Part) -> None:
        folder.complete(part)
        state.add(part)
        pace.learn(part)
        advance(part)

    if one_process and state.suspect is not None and not state.done.overlaps((state.suspect, state.suspect + 1)):
        take(_alone(Chunks(str(folder.root), plan, source, (), pace, prefix), folder, state.suspect))
    missing = spans.without([(1, plan.runs + 1)], state.done)
    chunks = Chunks(str(folder.root), plan, source, missing, pace, prefix)
    chunks.workers = engine.workers
    died: Counter[str] = Counter()
    with closing(engine.unordered(work, chunks)) as answers:
        for task, answer in answers:
            chunks.workers = engine.workers
            if isinstance(answer, Died):
                died[task.diary] += 1
                in_runs = len(
                    deaths_in(folder.root / DIARIES / task.diary)
                )  # those end: a run kills three times at most
                if died[task.diary] - in_runs > DEATHS_MAXIMUM:
                    raise RunError(
                        f"runs {task.spans[0][0]} to {task.spans[-1][1] - 1}: {DEATHS_MAXIMUM} workers died with them"
                    )
                chunks.again(task)
                continue
            died.pop(task.diary, None)
            take(answer)
    return state


def _alone(chunks: Chunks, folder: SweepFolder, run: int) -> Part:
    """Try a suspect in a process of its own; if that process dies in it, record the run as one that kills.

    Raises
    ------
    RunError
        If the process ended before it began the run.
    """
    task = chunks.of(((run, run + 1),))
    with Processes(1) as child:
        ((_, answer),) = list(child.unordered(work, [task]))
    if not isinstance(answer, Died):
        return answer
    if run not in deaths_in(folder.root / DIARIES / task.diary):
        raise RunError(f"run {run}: a process of its own ended before it began")
    return work(replace(task, known=((run, TRIES),)))
