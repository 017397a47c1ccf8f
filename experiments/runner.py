"""Runs, many of them: one after the other or in processes, always in the same order and with the same numbers.

A job is one seed of one set of parameter values under several architectures, which share what the seed fixes. The
first jobs run in this process, so that everything is compiled before others start; they load it. Finished jobs are
handed on in their order as soon as all before them are, so that nobody need hold them all.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from donorlab import sim
from donorlab.experiments import engines
from donorlab.experiments.arguments import InputError, RunError
from donorlab.experiments.engines import processors as processors
from donorlab.experiments.parts import TABLES, packed
from donorlab.scenarios.parameters import Value
from donorlab.sim.outcomes.bound import Baseline
from donorlab.sim.outcomes.waterfall import Waterfall
from donorlab.sim.scenario import Scenario, ScenarioError

WORKERS_MAXIMUM: Final = 256
_RUNS_A_TASK: Final = 20  # runs sent to a worker at a time
_TASKS_A_WORKER: Final = 4  # at least so many, so that none waits long for the last


@dataclass(frozen=True)
class Job:
    """One seed of one set of values under several architectures.

    Attributes
    ----------
    label : how a failure names it, for example ``draw 17``
    seed : replication number
    architectures : which scenarios are run
    changes : parameter values that differ from the scenario's
    waterfall, tables : what is kept besides the outcomes
    """

    label: str
    seed: int
    architectures: tuple[str, ...]
    changes: Mapping[str, Value] = field(default_factory=dict)
    waterfall: bool = False
    tables: bool = False


@dataclass(frozen=True)
class Run:
    """What is kept of one run; its tables as `packed`."""

    architecture: str
    seed: int
    outcomes: dict[str, float]
    waterfall: Waterfall | None
    tables: dict[str, Any]


def run_job(scenarios: Mapping[str, Scenario], job: Job) -> list[Run]:
    """Run one job in this process.

    Raises
    ------
    ScenarioError
        If its values cannot be simulated; the message names the job.
    RunError
        If a run fails; the message names the job.
    """
    runs: list[Run] = []
    base = None
    for architecture in job.architectures:
        with telling_where(f"{job.label} under {architecture}"):
            scenario = scenarios[architecture]
            if job.changes:
                scenario = scenario.replace(**job.changes)
            if base is None:
                base = sim.baseline(scenario, job.seed)
            runs.append(run_one(scenario, architecture, job.seed, base, job.waterfall, job.tables))
    return runs


@contextlib.contextmanager
def telling_where(where: str) -> Iterator[None]:
    """Name the run in what goes wrong inside the block: in a ScenarioError, or in the RunError that all else becomes."""
    try:
        yield
    except ScenarioError as error:
        raise ScenarioError(f"{where}: {error}") from error
    except MemoryError:
        raise
    except Exception as error:
        raise RunError(f"{where} failed: {type(error).__name__}: {error}") from error


def run_one(
    scenario: Scenario, label: str, seed: int, base: Baseline, waterfall: bool = False, tables: bool = False
) -> Run:
    """Run one scenario once and keep what is asked for.

    Parameters
    ----------
    scenario, seed, base : as `donorlab.sim.simulate` takes them
    label : of the architecture or proposal
    waterfall, tables : what is kept besides the outcomes
    """
    result = sim.simulate(scenario, seed=seed, baseline=base)
    kept = {name: packed(getattr(result, name), label, seed) for name in TABLES} if tables else {}
    run = Run(label, seed, result.outcomes, result.waterfall if waterfall else None, kept)
    del result
    gc.collect(1)  # a finished model refers to itself: a large one would stay until Python thinks of it
    return run


def run_jobs(
    scenarios: Mapping[str, Scenario],
    jobs: Sequence[Job],
    workers: int | None = None,
    advance: Callable[[], None] = lambda: None,
) -> list[list[Run]]:
    """Run all jobs and return their runs in the order of the jobs; parameters as of `in_order`."""
    return list(in_order(scenarios, jobs, workers, advance))


def in_order(
    scenarios: Mapping[str, Scenario],
    jobs: Sequence[Job],
    workers: int | None = None,
    advance: Callable[[], None] = lambda: None,
) -> Generator[list[Run]]:
    """Run all jobs and yield the runs of each, in the order of the jobs whatever the number of workers.

    Parameters
    ----------
    scenarios : scenario by name of its architecture
    jobs : what to run
    workers : number of processes; 1 for none besides this one; None: as many as processors where it is worth while
    advance : called once for each finished run

    Notes
    -----
    Close the generator (``contextlib.closing``) if it is left early: that ends the workers.
    """

    def here(job: Job) -> list[Run]:
        found = run_job(scenarios, job)
        for _ in found:
            advance()
        return found

    yield from map(here, jobs[:1])
    rest = jobs[1:]
    if workers != 1 and len(rest) > 1:
        begun = time.perf_counter()
        second = here(rest[0])
        each = (time.perf_counter() - begun) / max(1, len(rest[0].architectures))
        yield second
        rest = rest[1:]
        if workers is None:
            workers = processors()
            if workers == 1 or each * sum(len(job.architectures) for job in rest) < engines.WORTHWHILE:
                workers = 1
        if workers > 1:
            yield from _in_processes(scenarios, rest, workers, advance)
            return
    yield from map(here, rest)


def checked_workers(text: str) -> int | None:
    """Read the key ``workers``: a number, or None for ``auto``."""
    if text == "auto":
        return None
    if not text.isdecimal() or not 1 <= int(text) <= WORKERS_MAXIMUM:
        raise InputError(f"workers: '{text}' is neither auto nor a number from 1 to {WORKERS_MAXIMUM}")
    return int(text)


# ---------------------------------------------------------------------- processes
def _in_processes(
    scenarios: Mapping[str, Scenario], jobs: Sequence[Job], workers: int, advance: Callable[[], None]
) -> Generator[list[Run]]:
    """Run jobs in processes and yield their runs in the order of the jobs."""
    tasks = _tasks(jobs, workers)

    def finished(runs: list[list[Run]]) -> None:
        for _ in (run for job in runs for run in job):
            advance()

    with (
        engines.Processes(min(workers, len(tasks)), _take, (dict(scenarios),)) as engine,
        contextlib.closing(_ordered(engine, _work, tasks, finished)) as found,
    ):
        for runs in found:
            yield from runs


def in_processes[Answer](
    function: Callable[..., Answer],
    asked: Sequence[tuple[Any, ...]],
    workers: int,
    advance: Callable[[], None] = lambda: None,
) -> list[Answer]:
    """Call a function with each tuple of arguments, in processes; return what it returns, in the order asked.

    Parameters
    ----------
    function : importable by its name; all that it needs compiled should be compiled before
    asked : arguments
    workers : number of processes
    advance : called after each
    """
    with engines.Processes(min(workers, max(1, len(asked)))) as engine:
        return list(_ordered(engine, functools.partial(_called, function), asked, lambda _: advance()))


def called_in_order[Answer](
    function: Callable[..., Answer],
    asked: Sequence[tuple[Any, ...]],
    workers: int | None,
    advance: Callable[[], None] = lambda: None,
) -> list[Answer]:
    """Call a function with each tuple of arguments, in processes where that is worth while; answers in the order asked.

    Parameters
    ----------
    function : importable by its name; its first calls are made here, so that all that it needs compiled is
    asked : arguments
    workers : as in `in_order`
    advance : called after each
    """

    def here(words: tuple[Any, ...]) -> Answer:
        answer = function(*words)
        advance()
        return answer

    found = [here(words) for words in asked[:1]]
    begun = time.perf_counter()
    found += [here(words) for words in asked[1:2]]
    each, rest = time.perf_counter() - begun, asked[2:]
    count = workers or (processors() if each * len(rest) >= engines.WORTHWHILE else 1)
    return found + (in_processes(function, rest, count, advance) if count > 1 and rest else [here(one) for one in rest])


def _ordered[Task, Answer](
    engine: engines.Engine,
    function: Callable[[Task], Answer],
    tasks: Sequence[Task],
    finished: Callable[[Answer], None],
) -> Generator[Answer]:
    """Yield the answers in the order of the tasks, each as soon as all before it are there.

    Raises
    ------
    RunError
        If a worker dies.
    """
    early: dict[int, Answer] = {}  # finished before their turn
    turn = 0
    numbered = enumerate(tasks)
    with contextlib.closing(engine.unordered(functools.partial(_second, function), numbered)) as done:
        for (place, _), answer in done:
            if isinstance(answer, engines.Died):
                raise RunError("a worker process ended unexpectedly; workers=1 does without them")
            finished(answer)
            early[place] = answer
            del answer
            while turn in early:
                yield early.pop(turn)
                turn += 1


def _second[Task, Answer](function: Callable[[Task], Answer], pair: tuple[int, Task]) -> Answer:
    return function(pair[1])


def _called[Answer](function: Callable[..., Answer], words: tuple[Any, ...]) -> Answer:
    return function(*words)


def _tasks(jobs: Sequence[Job], workers: int) -> list[list[Job]]:
    """Put several jobs together, so that little time is lost between them; not those with tables, which are large."""
    runs = sum(len(job.architectures) for job in jobs)
    size = max(1, min(_RUNS_A_TASK, math.ceil(runs / (workers * _TASKS_A_WORKER))))
    tasks: list[list[Job]] = []
    room = 0
    for job in jobs:
        if room <= 0 or job.tables:
            tasks.append([])
            room = 0 if job.tables else size
        tasks[-1].append(job)
        room -= len(job.architectures)
    return tasks


_scenarios: dict[str, Scenario] = {}


def _take(scenarios: dict[str, Scenario]) -> None:
    """Keep what all jobs share; in a worker."""
    _scenarios.update(scenarios)


def _work(jobs: Sequence[Job]) -> list[list[Run]]:
    return [run_job(_scenarios, job) for job in jobs]
