"""Patterns of the default world: the size of programmes, duplication, the effect of money, small relations.

Each check runs ``world`` under ``fragmented`` and says in its docstring how it reads its row of ``tolerances.yaml``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from donorlab import scenarios
from donorlab.experiments.literature.rules import (
    above_zero,
    finding,
    information,
    nothing_twice,
    removed,
    seeds_of,
    sense,
    told,
)
from donorlab.experiments.parts import joined
from donorlab.experiments.runner import Job, Run, run_jobs
from donorlab.experiments.validation.frame import Finding, Line, Requirement, interval
from donorlab.scenarios.parameters import Value
from donorlab.sim.outcomes.distribution import nonsignificant
from donorlab.sim.scenario import FloatArray, Scenario

ARCHITECTURE: Final = "fragmented"
POOR_SIGHT: Final = {"observation_probability": 0.2}
FULL_SIGHT: Final = {"observation_probability": 1.0, "planning_slots": 0}  # 0: serial, one donor a slot
PRUNING_SEED: Final = 20261124
NONSIGNIFICANT_AID: Final = 0.10  # the most that such relations can hold: what is beyond 90% of a beneficiary's aid
SCORED_YEARS: Final = (2018, 2019, 2020)  # of the dyads: none from which affinity is taken


# ---------------------------------------------------------------------- C1
def programmes(projects: pd.DataFrame, last: int) -> pd.DataFrame:
    """Return a row a programme: ``budget`` (EUR m), ``countries``, ``months``, ``density`` (EUR m a country-year).

    Parameters
    ----------
    projects : ``Result.projects``
    last : last quarter of the run

    Notes
    -----
    A programme is what shares ``programme``: donor, region, pillar and block of 16 quarters. Its budget is what its
    projects cost the donor (tasks, fixed, relation, mismatch). It lasts from the first quarter in which one of its
    projects starts to the last in which one ends, both included; a project that runs still lasts to the end of the run;
    one that never starts counts with its money and its state, but not with its dates. A programme of which nothing
    starts has no length: its months and density are NaN.
    """
    started = projects["start"] > 0
    dated = projects.assign(
        begin=projects["start"].where(started).astype(float),
        finish=projects["end"].where(projects["end"] > 0, last).where(started).astype(float),
    )
    groups = dated.groupby("programme", sort=True)
    table = pd.DataFrame({"budget": groups["cost_m"].sum(), "countries": groups["beneficiary"].nunique()})
    quarters = groups["finish"].max() - groups["begin"].min() + 1
    table["months"] = 3.0 * quarters
    table["density"] = table["budget"] / (table["countries"] * quarters / 4)
    return table


def weighted_median(values: npt.ArrayLike, weights: npt.ArrayLike) -> float:
    """Return the smallest value at and below which at least half the weight lies; NaN values are left out."""
    x, w = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    kept = np.isfinite(x) & (w > 0)
    if not kept.any():
        return math.nan
    order = np.argsort(x[kept], kind="stable")
    held = np.cumsum(w[kept][order])
    return float(x[kept][order][np.searchsorted(held, held[-1] / 2 * (1 - 1e-12))])


def c1(need: Requirement, quick: bool, scenario: Scenario | None = None, workers: int | None = 1) -> Finding:
    """Check the size of programmes.

    How the row is read: programmes as in `programmes`. *Money-weighted median*: `weighted_median` with the programme's
    budget as weight, of density, budget, months and countries each by itself. A median is *inside* if its mean over the
    seeds lies in the range, ends included. *Programmes above EUR 1m a country-year*: their number over the number of
    programmes that have a length, unweighted; its mean over the seeds must be below the limit. All must hold. Programmes
    of the last block, which the horizon cuts short, count as all others.
    """
    seeds = seeds_of(need, quick)
    world = scenario or scenarios.load("world")
    found: dict[str, list[float]] = {name: [] for name in ("density", "budget", "months", "countries", "outliers")}
    lost = 0
    for run in _runs(world, [Job(f"seed {seed}", seed, (ARCHITECTURE,), tables=True) for seed in seeds], workers):
        table = programmes(joined([run.tables["projects"]]).to_pandas(), world.parameters.quarters)
        for name in ("density", "budget", "months", "countries"):
            found[name].append(weighted_median(table[name], table["budget"]))
        density = table["density"].dropna()
        found["outliers"].append(float((density > need.numbers["outlier"]).mean()))
        lost += len(table) - len(density)
    means = {name: interval(values) for name, values in found.items()}
    ranges = {"density": "EUR m a country-year", "budget": "EUR m", "months": "", "countries": ""}
    lines, missed = [], []
    for name, unit in ranges.items():
        low, high = need.numbers[name]
        what, inside = f"median {name}{unit and ', '}{unit}", bool(low <= means[name][0] <= high)
        lines.append(Line(what, f"mean from {low:g} to {high:g}", told(means[name], ".3g"), inside))
        if not inside:
            missed.append(f"median {name} {means[name][0]:.3g}{unit and ' '}{unit} against {low:g}-{high:g}")
    limit = float(need.numbers["outliers"])
    what, few = f"programmes above EUR {need.numbers['outlier']:g}m a country-year", bool(means["outliers"][0] < limit)
    lines.append(Line(what, f"mean below {limit:.0%}", told(means["outliers"], ".1%"), few))
    if not few:
        missed.append(f"{what} {means['outliers'][0]:.1%} against under {limit:.0%}")
    lines.append(information("programmes of which nothing ever started, all seeds together", f"{lost}"))
    return finding(
        lines,
        means["density"],
        unit="EUR m a country-year (median)",
        sentence=f"outside: {'; '.join(missed)}" if missed else "all medians inside, outliers below the limit",
        seeds=seeds,
    )


# ---------------------------------------------------------------------- P1
def slope(x: npt.ArrayLike, y: npt.ArrayLike) -> FloatArray:
    """Return the least-squares slopes of ``y`` (..., N) on ``x`` (N,), shape (...)."""
    at = np.asarray(x, dtype=float)
    centred = at - at.mean()
    return np.asarray(np.asarray(y, dtype=float) @ centred / (centred @ centred))


def p1_world(need: Requirement, quick: bool, scenario: Scenario | None = None, workers: int | None = 1) -> Finding:
    """Check that alike donors that cannot see duplicate.

    How the row is read: for each seed the least-squares slope of ``duplication_share`` on ``narrative_coherence`` over
    the values of ``similarity``, everything else at its default. *Above 0*: the 95% interval over the seeds at q = .2
    (13 slots). *Below a tenth*: the mean slope at q = 1 with serial planning is below .1 times the mean slope at q = .2.
    """
    seeds, steps = seeds_of(need, quick), [float(value) for value in need.numbers["similarity"]]
    world = scenario or scenarios.load("world")
    shares = {
        name: _grid(
            world, seeds, [{**sight, "narrative_coherence": step} for step in steps], "duplication_share", workers
        )
        for name, sight in (("poor", POOR_SIGHT), ("full", FULL_SIGHT))
    }
    poor, full = (interval(slope(steps, shares[name])) for name in ("poor", "full"))

    def ends(share: FloatArray) -> str:
        return f"{share[:, 0].mean():.1%} to {share[:, -1].mean():.1%}"

    lines = (
        above_zero("slope at q = .2", poor, ".4f"),
        removed("slope at q = 1, serial", full, poor, float(need.numbers["left"])),
        information("duplication from coherence 0 to 1, q = .2", ends(shares["poor"])),
        information("duplication from coherence 0 to 1, q = 1, serial", ends(shares["full"]), "0 by construction (T5)"),
    )
    change = sense(poor, "rises with", "falls with", "does not clearly depend on")
    twice = nothing_twice(float(shares["full"].max()))
    return finding(
        lines,
        poor,
        unit="share of task money paid twice, from coherence 0 to 1 (slope at q = .2)",
        sentence=f"duplication {change} coherence at q = .2; at q = 1 with serial planning it is {twice}",
        seeds=seeds,
    )


# ---------------------------------------------------------------------- P4
def end_slopes(money: npt.ArrayLike, welfare: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the slopes of ``welfare`` (..., N) between the first two and the last two amounts of ``money`` (N,)."""
    at, level = np.asarray(money, dtype=float), np.asarray(welfare, dtype=float)
    first = (level[..., 1] - level[..., 0]) / (at[1] - at[0])
    last = (level[..., -1] - level[..., -2]) / (at[-1] - at[-2])
    return np.asarray(first), np.asarray(last)


def p4_world(need: Requirement, quick: bool, scenario: Scenario | None = None, workers: int | None = 1) -> Finding:
    """Check that the last euro does less where there is much money, and loses less with larger projects.

    How the row is read: ``value_concavity`` is 1 and welfare is the outcome ``welfare``, after the wind-down. The *slope at
    an end* is the difference of welfare between the two amounts of money at that end, over the difference of money. For
    each seed: the lower slope less the upper, whose 95% interval over the seeds must lie above 0; and upper / lower with
    smallest and largest project doubled, less the same at the defaults, whose interval must lie above 0. The ratio of a
    seed has no meaning where its lower slope is 0 or less: then the check fails.
    """
    seeds, money = seeds_of(need, quick), [float(value) for value in need.numbers["money"]]
    world = scenario or scenarios.load("world")
    sizes = {name: getattr(world.parameters, name) for name in ("project_tasks_minimum", "project_tasks_maximum")}
    larger = {name: 2 * size for name, size in sizes.items()}
    slopes = {}
    for name, size in (("default", sizes), ("larger", larger)):
        values = [{**size, "value_concavity": 1.0, "money": amount} for amount in money]
        slopes[name] = end_slopes(money, _grid(world, seeds, values, "welfare", workers))
    gap = interval(slopes["default"][0] - slopes["default"][1])
    sensible = all((lower > 0).all() for lower, _ in slopes.values())
    ratios = {
        name: upper / lower if sensible else np.full(len(seeds), np.nan) for name, (lower, upper) in slopes.items()
    }
    gain = interval(ratios["larger"] - ratios["default"])
    ends = f"at EUR {money[0]:g}-{money[1]:g}m and {money[-2]:g}-{money[-1]:g}m a year"
    lines = (
        above_zero("welfare per EUR m a year at little money less the same at much", gap, ".5f"),
        above_zero("ratio of the slopes, projects doubled less default", gain),
        *(
            information(
                f"welfare per EUR m a year {ends}, {name} projects",
                f"{lower.mean():.5f} and {upper.mean():.5f}, ratio {ratios[name].mean():.3f}",
            )
            for name, (lower, upper) in slopes.items()
        ),
    )
    last = sense(gap, "less", "more", "neither clearly less nor clearly more")
    lost = sense(gain, "lose less", "lose more", "lose neither clearly less nor clearly more")
    return finding(
        lines,
        gap,
        unit="welfare per EUR m a year: slope at little money less slope at much",
        sentence=f"the last euro does {last} at much money than at little; larger projects "
        + (lost if sensible else "have no ratio to compare, since money does harm at the lower end"),
        seeds=seeds,
    )


# ---------------------------------------------------------------------- P9
@dataclass(frozen=True)
class Pruning:
    """What becomes of an aid matrix.

    Attributes
    ----------
    moved : share of aid in the relations that are gone, mean over the prunings
    gone : share of relations that are gone; available : share of relations that could go
    held : share of aid in all relations that could go
    enough : whether as many are gone as were wanted
    """

    moved: float
    gone: float
    available: float
    held: float
    enough: bool


def prune(aid: FloatArray, share: float, prunings: int, rng: np.random.Generator) -> Pruning:
    """Remove non-significant relations of ``aid`` (D, J) at random, until ``share`` of all relations are gone.

    Which relations are significant is decided once, before the first is removed. The number removed is the smallest
    that makes at least ``share`` of all relations; where there are fewer, all of them go.

    Raises
    ------
    ValueError
        If there is no aid.
    """
    relations = int((aid > 0).sum())
    if relations == 0:
        raise ValueError("aid: there is no relation that could be pruned")
    small = aid[nonsignificant(aid)]
    wanted = math.ceil(share * relations - 1e-9)
    count = min(wanted, len(small))
    sums = [float(rng.choice(small, count, replace=False).sum()) for _ in range(prunings)] if count else [0.0]
    total = float(aid.sum())
    held = float(small.sum()) / total
    enough = len(small) >= wanted
    return Pruning(float(np.mean(sums)) / total, count / relations, len(small) / relations, held, enough)


def aid_table(rows: pd.DataFrame, recipient: str, amount: str) -> FloatArray:
    """Return the sum of column ``amount`` by ``donor`` and ``recipient`` as a matrix (D, J), both sorted."""
    table = rows.pivot_table(index="donor", columns=recipient, values=amount, aggfunc="sum", fill_value=0.0)
    return np.asarray(table.to_numpy(dtype=float))


def observed_aid() -> FloatArray:
    """Return technical cooperation 2018-2020 by donor and recipient, sum of the years, million constant 2022 US$."""
    dyads = scenarios.dyads()
    return aid_table(dyads[dyads["year"].isin(SCORED_YEARS)], "recipient", "technical_cooperation_usd_m")


def p9(need: Requirement, quick: bool, scenario: Scenario | None = None, workers: int | None = 1) -> Finding:
    """Check that pruning small relations is cheap.

    How the row is read: the aid of a run is what each donor contracted with each state over the whole run. Relations
    go as in `prune`, the mean over the prunings is one number a run, and the upper end of its 95% interval over the
    runs must be below the limit. It fails if in any run fewer relations are non-significant than must go. The same with
    observed technical cooperation is told beside it, and nothing is demanded of it. By their definition all non-significant
    relations together hold at most 10% of aid (`nonsignificant`), so that the limit of 8% can hardly be missed; what can fail is
    that enough relations are non-significant.
    """
    seeds = seeds_of(need, quick)
    world = scenario or scenarios.load("world")
    share, limit, prunings = (
        float(need.numbers["relations"]),
        float(need.numbers["moved"]),
        int(need.numbers["prunings"]),
    )
    jobs = [Job(f"seed {seed}", seed, (ARCHITECTURE,), tables=True) for seed in seeds]
    found = [
        prune(
            aid_table(joined([run.tables["projects"]]).to_pandas(), "beneficiary", "cost_m"),
            share,
            prunings,
            np.random.default_rng((PRUNING_SEED, run.seed)),
        )
        for run in _runs(world, jobs, workers)
    ]
    target = prune(observed_aid(), share, prunings, np.random.default_rng((PRUNING_SEED, 0)))
    moved, available, held = (
        interval([getattr(one, what) for one in found]) for what in ("moved", "available", "held")
    )
    gone = float(np.mean([one.gone for one in found]))
    cheap, enough = bool(moved[2] < limit), all(one.enough for one in found)
    short = "" if enough else f"; too few relations are non-significant ({available[0]:.1%}), pruned as far as possible"
    built_in = f"by definition all of them hold at most {NONSIGNIFICANT_AID:.0%} of aid"
    return finding(
        (
            Line("aid moved", f"below {limit:.0%} (upper end)", told(moved, ".1%"), cheap),
            Line("non-significant relations", f"at least {share:.0%} in every run", told(available, ".1%"), enough),
        ),
        moved,
        unit="share of aid moved",
        sentence=f"{gone:.1%} fewer relations move {moved[0]:.1%} of aid{short}; {built_in}, so that the "
        f"limit of {limit:.0%} is nearly built in and what can fail is their number",
        seeds=seeds,
        beside=(
            information("aid in all non-significant relations", told(held, ".1%"), f"no demand: {built_in}"),
            information(
                "technical cooperation 2018-2020, the same",
                f"{target.gone:.1%} fewer relations move {target.moved:.1%} of aid; "
                f"{target.available:.1%} are non-significant and hold {target.held:.1%}",
            ),
        ),
    )


# ---------------------------------------------------------------------- runs
def _runs(scenario: Scenario, jobs: Sequence[Job], workers: int | None) -> list[Run]:
    """Return the runs of jobs of one architecture."""
    found = run_jobs({ARCHITECTURE: scenario.replace(architecture=ARCHITECTURE)}, jobs, workers)
    return [run for (run,) in found]


def _grid(
    scenario: Scenario,
    seeds: Sequence[int],
    changes: Sequence[Mapping[str, Value]],
    outcome: str,
    workers: int | None,
) -> FloatArray:
    """Return one outcome by seed and set of changes, shape (seeds, changes)."""
    jobs = [Job(f"seed {seed}, {values}", seed, (ARCHITECTURE,), values) for seed in seeds for values in changes]
    found = [run.outcomes[outcome] for run in _runs(scenario, jobs, workers)]
    return np.asarray(found, dtype=float).reshape(len(seeds), len(changes))
