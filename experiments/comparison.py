"""A comparison of architectures as tables: paired replications, ensemble, break-even points, value judgements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import pandas as pd

from donorlab.experiments import break_even, ensemble, rivals, values
from donorlab.experiments.crew import Workers
from donorlab.experiments.parts import FIGURES_NEED, joined
from donorlab.experiments.runner import Job, Run, in_order

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
    steps, beneficiaries : of the tables of each run, one under the other, the columns that figures need
    """

    scenarios: Mapping[str, Scenario]
    seeds: tuple[int, ...]
    runs: pd.DataFrame
    waterfalls: pd.DataFrame
    steps: pd.DataFrame
    beneficiaries: pd.DataFrame


Sink = Callable[[str, Any], None]
"""Takes the name of a table and a part of it, see `donorlab.experiments.parts`."""


def _forget(_name: str, _part: Any) -> None:
    """Keep nothing."""


@dataclass(frozen=True)
class Study:
    """A comparison with what it is worth: over assumptions, levers and value judgements; None where not asked for.

    Attributes
    ----------
    comparison : paired replications at default values
    plan, draws : the ensemble's plan, and a row a draw and architecture
    curves : efficiency by lever, value, architecture and seed
    rankings : efficiency by value judgement, architecture and seed
    contest, contested : which rival submodels, and a row a set of forms, architecture and future
    """

    comparison: Comparison
    plan: ensemble.Plan | None
    draws: pd.DataFrame | None
    curves: pd.DataFrame | None
    rankings: pd.DataFrame | None
    contest: rivals.Contest | None = None
    contested: pd.DataFrame | None = None


@dataclass(frozen=True)
class Asked:
    """All runs of a study, in the order in which they are made."""

    replications: list[Job]
    futures: list[Job]
    levers: list[Job]
    judgements: list[Job]
    rivals: list[Job]

    @property
    def jobs(self) -> list[Job]:
        """All of them."""
        return [*self.replications, *self.futures, *self.levers, *self.judgements, *self.rivals]

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
    contest: rivals.Contest | None = None,
) -> Asked:
    """Return the runs that a study needs."""
    names = tuple(scenarios)
    return Asked(
        replications=[Job(f"replication {seed}", seed, names, waterfall=True, tables=True) for seed in seeds],
        futures=ensemble.jobs(plan, names) if plan is not None else [],
        levers=break_even.jobs(scenarios, seeds) if with_break_even else [],
        judgements=values.jobs(scenarios, seeds) if with_values else [],
        rivals=rivals.jobs(contest, plan) if contest is not None and plan is not None else [],
    )


def study(
    scenarios: Mapping[str, Scenario],
    seeds: Sequence[int],
    plan: ensemble.Plan | None = None,
    with_break_even: bool = False,
    with_values: bool = False,
    contest: rivals.Contest | None = None,
    workers: Workers = 1,
    advance: Callable[[], None] = lambda: None,
    sink: Sink = _forget,
) -> Study:
    """Run everything and put it into tables.

    Parameters
    ----------
    scenarios : scenario by name of its architecture
    seeds : replications
    plan : of the ensemble; None for no ensemble
    with_break_even, with_values : whether these are asked for
    contest : rival submodels, on futures of the plan; None for none
    workers : as in `in_order`
    advance : called after each run
    sink : takes the tables of the replications, part by part, always in the same order
    """
    wanted = asked(scenarios, seeds, plan, with_break_even, with_values, contest)
    every = {**scenarios, **(rivals.scenarios(contest) if contest is not None else {})}
    with closing(in_order(every, wanted.jobs, workers, advance)) as found:
        comparison = compared(scenarios, seeds, islice(found, len(wanted.replications)), sink)
        futures = list(islice(found, len(wanted.futures)))
        levers = list(islice(found, len(wanted.levers)))
        judgements = list(islice(found, len(wanted.judgements)))
        others = list(found)
    own = values.as_set(next(iter(scenarios.values())))
    return Study(
        comparison=comparison,
        plan=plan,
        draws=ensemble.table(plan, futures, tuple(scenarios)) if plan is not None else None,
        curves=break_even.curves(wanted.levers, levers, comparison.runs) if with_break_even else None,
        rankings=values.rankings(wanted.judgements, judgements, comparison.runs, own) if with_values else None,
        contest=contest,
        contested=rivals.table(contest, wanted.rivals, others, futures) if contest is not None else None,
    )


def compared(
    scenarios: Mapping[str, Scenario], seeds: Sequence[int], found: Iterable[Sequence[Run]], sink: Sink = _forget
) -> Comparison:
    """Return the tables of replications.

    Returns
    -------
    Comparison
        ``runs`` has the outcomes and ``relative_to_central``, gain over the gain of the paired central run (NaN
        without one).
    """
    rows: list[dict[str, Any]] = []
    falls: list[dict[str, Any]] = []
    parts: dict[str, list[Any]] = {name: [] for name in FIGURES_NEED}
    for run in (run for job in found for run in job):
        label = {"architecture": run.architecture, "seed": run.seed}
        rows.append(label | run.outcomes)
        if run.waterfall is not None:
            falls.append(label | ensemble.flat(run.waterfall))
        for name in list(run.tables):  # taken out: the tables of many runs are most of the memory
            part = run.tables.pop(name)
            sink(name, part)
            if name in parts:
                parts[name].append(part.select(FIGURES_NEED[name]))
    runs = pd.DataFrame(rows)
    runs["relative_to_central"] = ensemble.relative_to_central(runs, "seed")
    kept = {name: table_of(parts.pop(name), list(scenarios)) for name in FIGURES_NEED}
    return Comparison(dict(scenarios), tuple(seeds), runs, pd.DataFrame(falls), **kept)


def table_of(parts: Sequence[Any], architectures: Sequence[str]) -> pd.DataFrame:
    """Return parts as one table, architectures in the order in which they were asked for."""
    frame: pd.DataFrame = joined(list(parts)).to_pandas()
    frame["architecture"] = frame["architecture"].cat.set_categories(list(architectures))
    return frame
