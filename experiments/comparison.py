"""A comparison of architectures as tables: paired replications, ensemble, break-even points, value judgements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from donorlab.experiments import break_even, ensemble, values
from donorlab.experiments.runner import TABLES, Job, Run, run_jobs

if TYPE_CHECKING:
    from donorlab.sim import Scenario


@dataclass(frozen=True)
class Comparison:
    """The tables of a paired comparison; each has columns ``architecture`` and ``seed`` first.

    Attributes
    ----------
    scenarios : one scenario an architecture, which differ in nothing else
    seeds : the replications, the same for every architecture
    runs : a row a run, with its outcomes
    waterfalls : a row a run, with shares of appropriations (``to_BAR``, ``reverse_BAR``) and harm
    steps, projects, beneficiaries, donors : the tables of each run, one under the other
    """

    scenarios: Mapping[str, Scenario]
    seeds: tuple[int, ...]
    runs: pd.DataFrame
    waterfalls: pd.DataFrame
    steps: pd.DataFrame
    projects: pd.DataFrame
    beneficiaries: pd.DataFrame
    donors: pd.DataFrame


@dataclass(frozen=True)
class Study:
    """A comparison with what it is worth: over assumptions, levers and value judgements; None where not asked for.

    Attributes
    ----------
    comparison : paired replications at the scenario's values
    plan, draws : the ensemble's plan, and a row a draw and architecture
    curves : efficiency by lever, value, architecture and seed
    rankings : efficiency by value judgement, architecture and seed
    """

    comparison: Comparison
    plan: ensemble.Plan | None
    draws: pd.DataFrame | None
    curves: pd.DataFrame | None
    rankings: pd.DataFrame | None


@dataclass(frozen=True)
class Asked:
    """All runs of a study, in the order in which they are made."""

    replications: list[Job]
    futures: list[Job]
    levers: list[Job]
    judgements: list[Job]

    @property
    def jobs(self) -> list[Job]:
        """All of them."""
        return [*self.replications, *self.futures, *self.levers, *self.judgements]

    @property
    def runs(self) -> int:
        """Number of runs."""
        return sum(len(job.architectures) for job in self.jobs)


def asked(
    scenarios: Mapping[str, Scenario],
    seeds: Sequence[int],
    plan: ensemble.Plan | None = None,
    with_break_even: bool = False,
    with_values: bool = False,
) -> Asked:
    """Return the runs that a study needs."""
    names = tuple(scenarios)
    return Asked(
        replications=[Job(f"replication {seed}", seed, names, waterfall=True, tables=True) for seed in seeds],
        futures=ensemble.jobs(plan, names) if plan is not None else [],
        levers=break_even.jobs(scenarios, seeds) if with_break_even else [],
        judgements=values.jobs(scenarios, seeds) if with_values else [],
    )


def study(
    scenarios: Mapping[str, Scenario],
    seeds: Sequence[int],
    plan: ensemble.Plan | None = None,
    with_break_even: bool = False,
    with_values: bool = False,
    workers: int | None = 1,
    advance: Callable[[], None] = lambda: None,
) -> Study:
    """Run everything and put it into tables.

    Parameters
    ----------
    scenarios : scenario by name of its architecture
    seeds : replications
    plan : of the ensemble; None for no ensemble
    with_break_even, with_values : whether these are asked for
    workers : as in `run_jobs`
    advance : called after each run
    """
    wanted = asked(scenarios, seeds, plan, with_break_even, with_values)
    found = iter(run_jobs(scenarios, wanted.jobs, workers, advance))
    comparison = compared(scenarios, seeds, [next(found) for _ in wanted.replications])
    futures = [next(found) for _ in wanted.futures]
    levers = [next(found) for _ in wanted.levers]
    judgements = [next(found) for _ in wanted.judgements]
    own = values.as_set(next(iter(scenarios.values())))
    return Study(
        comparison=comparison,
        plan=plan,
        draws=ensemble.table(plan, futures, tuple(scenarios)) if plan is not None else None,
        curves=break_even.curves(wanted.levers, levers, comparison.runs) if with_break_even else None,
        rankings=values.rankings(wanted.judgements, judgements, comparison.runs, own) if with_values else None,
    )


def compared(scenarios: Mapping[str, Scenario], seeds: Sequence[int], found: Iterable[Sequence[Run]]) -> Comparison:
    """Return the tables of replications.

    Returns
    -------
    Comparison
        ``runs`` has the outcomes and ``relative_to_central``, gain over the gain of the paired central run (NaN
        without one).
    """
    rows: list[dict[str, Any]] = []
    falls: list[dict[str, Any]] = []
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    for run in (run for job in found for run in job):
        label = {"architecture": run.architecture, "seed": run.seed}
        rows.append(label | run.outcomes)
        if run.waterfall is not None:
            falls.append(label | ensemble.flat(run.waterfall))
        for name in list(run.tables):  # taken out: the tables of many runs are most of the memory
            parts[name].append(_labelled(run.tables.pop(name), run.architecture, run.seed, list(scenarios)))
    runs = pd.DataFrame(rows)
    runs["relative_to_central"] = ensemble.relative_to_central(runs, "seed")
    joined = {name: pd.concat(parts.pop(name), ignore_index=True) for name in TABLES}
    return Comparison(dict(scenarios), tuple(seeds), runs, pd.DataFrame(falls), **joined)


def _labelled(frame: pd.DataFrame, architecture: str, seed: int, architectures: list[str]) -> pd.DataFrame:
    """Return a table of a run with architecture and seed in front, a meaningful index as a column."""
    labelled = frame.reset_index(drop=frame.index.name is None)
    names = pd.Categorical([architecture] * len(labelled), categories=architectures)
    labelled.insert(0, "architecture", pd.Series(names, index=labelled.index))
    labelled.insert(1, "seed", seed)
    return labelled
