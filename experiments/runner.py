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
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from donorlab import sim
from donorlab.experiments import engines
from donorlab.experiments.arguments import InputError, RunError
from donorlab.experiments.crew import Crew, Workers, crew_of, taken
from donorlab.experiments.engines import processors as processors
from donorlab.experiments.handing import Finished, in_turn, kept_or_made
from donorlab.experiments.parts import TABLES, packed
from donorlab.scenarios.parameters import Value
from donorlab.sim.outcomes.bound import Baseline
from donorlab.sim.outcomes.waterfall import Waterfall
from donorlab.sim.scenario import Scenario, ScenarioError

if TYPE_CHECKING:
    from donorlab.experiments.kept import Kept

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
    workers: Workers = None,
    advance: Callable[[], None] = lambda: None,
) -> list[list[Run]]:
    """Run all jobs and return their runs in the order of the jobs; parameters as of `in_order`."""
    return list(in_order(scenarios, jobs, workers, advance))


def in_order(
    scenarios: Mapping[str, Scenario],
    jobs: Sequence[Job],
    workers: Workers = None,
    advance: Callable[[], None] = lambda: None,
) -> Generator[list[Run]]:
    """Run all jobs and yield the runs of each, in the order of the jobs whoever does the work.

    Parameters
    ----------
    scenarios : scenario by name of its architecture
    jobs : what to run
    workers : a crew; or only a number of processes, 1 for none besides this one, None: as many as processors where it is
        worth while
    advance : called once for each finished run

    Notes
    -----
    Close the generator (``contextlib.closing``) if it is left early: that ends the workers.
    """
    crew = crew_of(workers)

    def told(runs: list[Run]) -> None:
        for _ in runs:
            advance()

    def made(missing: list[int], finished: Finished[list[Run]]) -> Generator[list[Run]]:
        return _made(scenarios, [jobs[place] for place in missing], crew, finished)

    def key(kept: Kept, job: Job) -> str:
        return kept.key(run_job, [(name, scenarios[name]) for name in job.architectures], replace(job, label=""))

    weights = [len(job.architectures) for job in jobs]
    yield from kept_or_made(crew, jobs, key, weights, "runs", made, told)


def _made(
    scenarios: Mapping[str, Scenario], jobs: Sequence[Job], crew: Crew, finished: Finished[list[Run]]
) -> Generator[list[Run]]:
    """Run jobs in order: the first ones here, so that everything is compiled, and as it is worth while all others elsewhere."""

    def here(place: int) -> list[Run]:
        found = run_job(scenarios, jobs[place])
        finished(place, found)
        return found

    if crew.scheduler is not None:
        if jobs:
            yield from _elsewhere(scenarios, jobs, crew, finished)
        return
    yield from map(here, range(len(jobs[:1])))
    begun = 1
    if crew.by_dask and len(jobs) > 1:
        yield from _elsewhere(scenarios, jobs[1:], crew, lambda place, runs: finished(place + 1, runs))
        return
    if crew.workers != 1 and len(jobs) > 2:
        clock = time.perf_counter()
        second = here(1)
        each = (time.perf_counter() - clock) / max(1, len(jobs[1].architectures))
        yield second
        del second
        begun = 2
        workers = crew.workers
        if workers is None:
            workers = engines.processors()
            if workers == 1 or each * sum(len(job.architectures) for job in jobs[2:]) < engines.WORTHWHILE:
                workers = 1
        if workers > 1:
            several = replace(crew, workers=workers)
            yield from _elsewhere(scenarios, jobs[2:], several, lambda place, runs: finished(place + 2, runs))
            return
    yield from map(here, range(begun, len(jobs)))


def checked_workers(text: str) -> int | None:
    """Read the key ``workers``: a number, or None for ``auto``."""
    if text == "auto":
        return None
    if not text.isdecimal() or not 1 <= int(text) <= WORKERS_MAXIMUM:
        raise InputError(f"workers: '{text}' is neither auto nor a number from 1 to {WORKERS_MAXIMUM}")
    return int(text)


# ---------------------------------------------------------------------- elsewhere
def _elsewhere(
    scenarios: Mapping[str, Scenario], jobs: Sequence[Job], crew: Crew, finished: Finished[list[Run]]
) -> Generator[list[Run]]:
    """Run jobs in workers and yield their runs in the order of the jobs."""
    with crew.opened(len(jobs), scenarios) as team:
        work = functools.partial(_work, team.token)
        tasks = _tasks(jobs, team.engine.workers)
        with closing(in_turn(team.engine, work, tasks, finished, lambda job: job.label)) as found:
            yield from found


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


def _work(token: str, job: Job) -> list[Run]:
    """Run a job; in a worker."""
    with taken(token) as scenarios:
        return run_job(scenarios, job)
