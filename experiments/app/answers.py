"""Answers to a choice, at once and then finer: a few paired replications, more of them, a small ensemble.

Work is cut into single runs, so that who asks can stop after any of them: close the generator when a lever moves, and what is
finished is kept for the next answer. No other processes: the app's sessions share this one.
"""

from __future__ import annotations

import dataclasses
import gc
import itertools
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pandas as pd

from donorlab import sim
from donorlab.experiments import break_even, chances, comparison, ensemble, falls, levers, tables
from donorlab.experiments.app import settable
from donorlab.experiments.app.choices import Choice, Ready, ready
from donorlab.experiments.app.memory import Memory
from donorlab.experiments.arguments import InputError, defaults
from donorlab.experiments.comparison import Comparison
from donorlab.experiments.ensemble import Futures, Plan
from donorlab.experiments.outcomes import OUTCOMES
from donorlab.experiments.parts import FIGURES_NEED, packed
from donorlab.experiments.runner import Job, Run, telling_where
from donorlab.experiments.store import digest_of
from donorlab.sim.outcomes.bound import Baseline
from donorlab.sim.scenario import Mechanisms, Scenario

SMALLEST: Final = float(defaults("compare")["smallest_difference"])
_STATES: Final = ("region", "capacity_final", "aid_m", "duplicated_cost_m", "haven", "aid_need_ratio")
"""Of the table of states, what maps need besides."""


@dataclass(frozen=True)
class Stage:
    """How far an answer goes: so many paired replications, and so many futures; each stage holds the ones before it."""

    name: str
    seeds: int
    futures: int


STAGES: Final[Mapping[str, tuple[Stage, ...]]] = {
    "toy": (Stage("first", 4, 0), Stage("more", 20, 0), Stage("futures", 20, 40)),
    "synthetic-small": (Stage("first", 2, 0), Stage("more", 6, 0), Stage("futures", 6, 20)),
    "world": (Stage("first", 2, 0), Stage("more", 6, 0), Stage("futures", 6, 20)),
}
"""By world, fixed: what is answered must not depend on how fast a machine is."""


@dataclass(frozen=True)
class Answer:
    """What is known of a choice at the end of a stage.

    Attributes
    ----------
    choice, stage : of what, and how far
    idle : settings that do nothing here, with the reason
    comparison : paired replications at the choice's values
    plan, draws : futures, and a row a future and design; None before the last stage
    states : a row a design, replication and state: capacity at the end, aid, what was paid twice, haven
    """

    choice: Choice
    stage: Stage
    idle: Mapping[str, str]
    comparison: Comparison
    plan: Plan | None
    draws: pd.DataFrame | None
    states: pd.DataFrame

    @property
    def first(self) -> str:
        """The design that others are held against."""
        return self.choice.designs[0]

    @property
    def others(self) -> tuple[str, ...]:
        """All other designs."""
        return self.choice.designs[1:]

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row an outcome that a table shows, as ``compare`` stores it."""
        return self.summary_of([item.name for item in OUTCOMES if item.group])

    def summary_of(self, outcomes: Sequence[str]) -> pd.DataFrame:
        """Return the rows of a few outcomes: all of them take some runs' time."""

        def only(frame: pd.DataFrame, pair: str) -> pd.DataFrame:
            return frame[["architecture", pair, *(name for name in outcomes if name in frame)]]

        draws = None if self.draws is None else only(self.draws, "draw")
        return tables.summarise(only(self.comparison.runs, "seed"), draws, SMALLEST)

    @cached_property
    def waterfall(self) -> pd.DataFrame:
        """A row a bar and design: shares of all money; without their ranges over futures, which take long."""
        return falls.summarise(self.comparison.waterfalls, None)

    @cached_property
    def steps(self) -> pd.DataFrame:
        """A row a design and quarter: mean capacity, and without aid."""
        columns = ["capacity", "capacity_no_aid"]
        return self.comparison.steps.groupby(["architecture", "quarter"], observed=True)[columns].mean().reset_index()

    @cached_property
    def efficiency(self) -> pd.DataFrame:
        """A row a design after the first: paired difference in efficiency, its standard error, whether it is told from chance."""
        wide = tables.paired(self.comparison.runs, "efficiency")
        limit = tables.sure(len(wide))
        rows = []
        for name in self.others:
            lead = wide[name] - wide[self.first]
            mean, error = float(lead.mean(skipna=False)), tables.standard_error(lead)
            told = bool(abs(mean) > limit * error) if error > 0 else bool(mean != 0 and error == 0)
            rows.append({"design": name, "difference": mean, "standard_error": error, "told": told})
        return pd.DataFrame(rows, columns=["design", "difference", "standard_error", "told"])

    @cached_property
    def counts(self) -> dict[str, Futures]:
        """In how many futures each other design is better, the same and worse; empty before the last stage."""
        if self.draws is None:
            return {}
        apart = ensemble.differences(self.draws)
        return {name: ensemble.futures(apart[name], SMALLEST) for name in self.others}

    @cached_property
    def by_state(self) -> pd.DataFrame:
        """A row a design and state: mean capacity at the end and aid, and of designs after the first the change of capacity.

        Returns
        -------
        DataFrame
            ``architecture``, ``iso3``, ``name``, ``region``, ``income_group``, ``capacity_final``, ``aid_m``, ``haven`` (share of
            replications); ``change`` in capacity against the first, ``told`` and ``verdict`` by the rules of `chances` (NaN, False
            and ``same`` for the first)
        """
        frame = self.states
        keys = ["architecture", "iso3"]
        about = frame.groupby(keys, observed=True, sort=False)[["name", "region", "income_group"]].first()
        means = frame.groupby(keys, observed=True, sort=False)[["capacity_final", "aid_m", "haven"]].mean()
        found = about.join(means).reset_index()
        wide = {name: self._wide(name) for name in self.choice.designs}
        parts = []
        for name in self.choice.designs:
            own = found[found["architecture"] == name].set_index("iso3")
            if name == self.first:
                parts.append(own.assign(change=float("nan"), told=False, verdict="same").reset_index())
                continue
            told = chances.changes((wide[name] - wide[self.first]).to_numpy())
            columns = {"change": told.mean, "told": told.told, "verdict": told.verdicts(SMALLEST)}
            new = pd.DataFrame(columns, index=wide[name].columns)
            parts.append(own.join(new).reset_index())
        return pd.concat(parts, ignore_index=True)

    def _wide(self, name: str) -> pd.DataFrame:
        own = self.states[self.states["architecture"] == name]
        # there is one value of each, and a table of means would take four times as long
        return own.pivot(index="seed", columns="iso3", values="capacity_final")  # noqa: PD010

    def groups(self, by: str = "income_group") -> pd.DataFrame:
        """Return a row a design and group of states (by ``income_group`` or ``region``): mean capacity, its change, states."""
        grouped = self.by_state.groupby(["architecture", by], observed=True, sort=False)
        columns = {
            "capacity_final": ("capacity_final", "mean"),
            "change": ("change", "mean"),
            "states": ("iso3", "size"),
        }
        return grouped.agg(**columns).reset_index()


@dataclass(frozen=True)
class Progress:
    """What one step did: so many runs of a stage are at hand, and the answer once all are."""

    stage: Stage
    done: int
    of: int
    answer: Answer | None = None


@dataclass(frozen=True)
class _Kept:
    """What stays of one run."""

    run: Run
    states: Any


class Explorer:
    """Answers choices, and remembers runs.

    Parameters
    ----------
    limit_mb : how much memory finished runs may take
    """

    def __init__(self, limit_mb: float = 128.0) -> None:
        self.memory = Memory(limit_mb)
        self.runs = 0  # made since the start, without those that were remembered

    def refine(self, choice: Choice, stages: Sequence[Stage] | None = None) -> Generator[Progress]:
        """Yield after each run, and at the end of each stage with its answer.

        Parameters
        ----------
        choice : what is asked
        stages : how far; those of the world if left out

        Raises
        ------
        InputError, ScenarioError, RunError
            In one line.
        """
        made = ready(choice)
        stages = STAGES[choice.scenario] if stages is None else stages
        most = max(stage.futures for stage in stages)
        for stage in stages:
            plan = (
                self._plan(choice, made, most) if stage.futures else None
            )  # not before it is needed: it takes some runs' time
            jobs = [
                *self._replications(choice, stage),
                *(ensemble.jobs(plan, choice.designs)[: stage.futures] if plan else []),
            ]
            found: list[list[_Kept]] = []
            of = len(jobs) * len(choice.designs)
            for job in jobs:
                found.append([])
                for step in self._job(choice, made, job, found[-1]):
                    if step:
                        yield Progress(stage, sum(map(len, found)), of)
            yield Progress(stage, of, of, _answer(choice, made, stage, plan, found))

    def answer(self, choice: Choice, stages: Sequence[Stage] | None = None) -> Answer:
        """Return the answer of the last stage, without pause."""
        for progress in self.refine(choice, stages):
            last = progress.answer
        assert last is not None
        return last

    def break_even(self, choice: Choice, parameter: str, seeds: int = 4) -> Generator[pd.DataFrame | None]:
        """Yield None after each run, then a line a design: where its lead over the first changes its sign.

        Parameters
        ----------
        choice : what is asked
        parameter : of `break_even.PARAMETERS`
        seeds : replications

        Raises
        ------
        InputError
            If no such points are known of the parameter, or it does nothing here.
        """
        if parameter not in break_even.PARAMETERS:
            raise InputError(f"{parameter}: break-even points are there for {', '.join(break_even.PARAMETERS)}")
        made, numbers = ready(choice), range(choice.seed, choice.seed + seeds)
        base = [Job(f"replication {seed}", seed, choice.designs) for seed in numbers]
        moved = [job for job in break_even.jobs(made.scenarios, numbers) if parameter in job.changes]
        if not moved:
            raise InputError(f"{parameter}: does nothing under {', '.join(choice.designs[1:])}")
        found: list[list[_Kept]] = []
        for job in (*base, *moved):
            found.append([])
            for step in self._job(choice, made, job, found[-1]):
                if step:
                    yield None
        runs = [[kept.run for kept in part] for part in found]
        central = pd.DataFrame(
            {"architecture": run.architecture, "seed": run.seed, **run.outcomes}
            for run in itertools.chain(*runs[: len(base)])
        )
        lines = break_even.lines(break_even.curves(moved, runs[len(base) :], central))
        yield lines.assign(reading=[break_even.reading(line, SMALLEST) for line in lines.to_dict("records")])

    # ------------------------------------------------------------------ runs
    @staticmethod
    def _replications(choice: Choice, stage: Stage) -> list[Job]:
        seeds = range(choice.seed, choice.seed + stage.seeds)
        return [Job(f"replication {seed}", seed, choice.designs, waterfall=True, tables=True) for seed in seeds]

    def _job(self, choice: Choice, made: Ready, job: Job, found: list[_Kept]) -> Generator[bool]:
        """Fill ``found`` with the runs of a job and yield after each of them whether it was made now."""
        for name in job.architectures:
            with telling_where(f"{job.label} under {name}"):
                scenario = made.scenarios[name]
                scenario = scenario.replace(**job.changes) if job.changes else scenario
                key = _key(choice.scenario, name, scenario, job)
                kept = self.memory.get(key)
                fresh = kept is None
                if kept is None:
                    kept = _kept(scenario, name, job, self._baseline(choice.scenario, scenario, job.seed))
                    self.runs += 1
                    self.memory.put(key, kept)
            found.append(kept)
            yield fresh

    def _plan(self, choice: Choice, made: Ready, count: int) -> Plan:
        """Return the futures of a choice; levers are no part of them, so that they are drawn once while a lever moves."""
        first = made.scenarios[choice.designs[0]]
        held = sorted(name for name in made.given if name not in settable.levers())
        key = digest_of(["plan", choice.scenario, count, held, _of_the_world(first)])
        found: Plan | None = self.memory.get(key)
        if found is None:
            found = _plan(made, count)
            self.memory.put(key, found)
        return found

    def _baseline(self, world: str, scenario: Scenario, seed: int) -> Baseline:
        """Return what scenario and seed fix for all designs; levers are no part of it."""
        key = digest_of(["baseline", world, seed, _of_the_world(scenario)])
        found: Baseline | None = self.memory.get(key)
        if found is None:
            found = sim.baseline(scenario, seed)
            self.memory.put(key, found)
        return found


def _plan(made: Ready, count: int) -> Plan:
    """Return the first futures that ``compare`` would draw, with what is set held."""
    return ensemble.plan(next(iter(made.scenarios.values())), count, made.given)


def _of_the_world(scenario: Scenario) -> dict[str, Any]:
    """Return the parameters that no design chooses."""
    chosen = settable.levers()
    return {name: value for name, value in vars(scenario.parameters).items() if name not in chosen}


def _key(world: str, design: str, scenario: Scenario, job: Job) -> str:
    """Return what decides a run, as a digest: a lever that its design does not use is no part of it."""
    if scenario.mechanisms != Mechanisms():  # a mechanism of a third party may read any parameter
        return digest_of([world, design, job.seed, job.waterfall, job.tables, vars(scenario.parameters)])
    made = levers.composition(scenario)
    return digest_of([world, design, job.seed, job.waterfall, job.tables, _of_the_world(scenario), made])


def _kept(scenario: Scenario, name: str, job: Job, base: Baseline) -> _Kept:
    """Run one design once and keep what charts need."""
    result = sim.simulate(scenario, seed=job.seed, baseline=base)
    parts: dict[str, Any] = {}
    states = None
    if job.tables:
        steps = list(FIGURES_NEED["steps"])
        parts["steps"] = packed(result.steps[_own(steps)], name, job.seed)
        people = [
            *FIGURES_NEED["beneficiaries"],
            *(column for column in _STATES if column not in FIGURES_NEED["beneficiaries"]),
        ]
        states = packed(result.beneficiaries[_own(people)], name, job.seed)
        parts["beneficiaries"] = states.select(FIGURES_NEED["beneficiaries"])
    run = Run(name, job.seed, result.outcomes, result.waterfall if job.waterfall else None, parts)
    del result
    gc.collect(1)  # a finished model refers to itself: a large one would stay until Python thinks of it
    return _Kept(run, states)


def _own(columns: Sequence[str]) -> list[str]:
    """Return the columns that a run's own table has: without those that `packed` puts in front."""
    return [column for column in columns if column not in ("architecture", "seed", "iso3")]


# ---------------------------------------------------------------------- answers
def _answer(choice: Choice, made: Ready, stage: Stage, plan: Plan | None, found: Sequence[Sequence[_Kept]]) -> Answer:
    """Return the answer of finished runs: replications first, then futures."""
    near, far = found[: stage.seeds], found[stage.seeds :]
    seeds = range(choice.seed, choice.seed + stage.seeds)
    # the comparison takes tables out of what it is given
    runs = [[dataclasses.replace(kept.run, tables=dict(kept.run.tables)) for kept in part] for part in near]
    part_of_plan = (
        dataclasses.replace(plan, draws=plan.draws.iloc[: stage.futures]) if plan is not None and far else None
    )
    return Answer(
        choice=choice,
        stage=stage,
        idle=made.idle,
        comparison=comparison.compared(made.scenarios, seeds, runs),
        plan=part_of_plan,
        draws=(
            ensemble.table(part_of_plan, [[kept.run for kept in part] for part in far], choice.designs)
            if part_of_plan is not None
            else None
        ),
        states=comparison.table_of([kept.states for part in near for kept in part], choice.designs),
    )
