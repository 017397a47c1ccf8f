"""The price of ignorance, donor by donor: what is not paid twice if a donor reports, by Shapley's rule over reporters.

The game: donors act apart and see each other as ever, but a free register (no overhead, no delay, nobody leads) shows all
of them whatever those in a coalition S have reported. ``v(S)`` = EUR m a year paid twice if nobody reports, less that if S
reports. A donor's price is its Shapley value: its mean contribution over all orders in which donors may begin to report.
Source: Shapley 1953; sampled orders, Castro, Gomez and Tejada 2009; an order and its reverse as a pair (antithetic), Mitchell
et al. 2022. What is not paid twice is spent elsewhere: it is no saving to the donor but money that begins to work.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from donorlab.experiments.crew import Workers
from donorlab.experiments.runner import Job, Run, run_jobs
from donorlab.experiments.tables import sure
from donorlab.scenarios.parameters import Value
from donorlab.sim.scenario import Scenario
from donorlab.sim.setup import yearly_budgets

NAME: Final = "register"  # what the one scenario of the game is called
REPORTS: Final = ("plans", "projects")
FREE: Final[Mapping[str, Value]] = {
    "reporting_rate": 1.0, "decision_lag": 0, "register_lag": 0, "overhead": 0.0, "negotiation_cost": 0.0, "budget_elasticity": 0.0,
    "division": "none", "joint_programming": "off", "pooled_fund": "off", "calendar": "own", "credit": "none",
}  # fmt: skip
"""A register that costs nothing, is never late and does nothing else."""
KINDS: Final[Mapping[str, str]] = {
    "state": "states",
    "regional_org": "regional organisations",
    "international_org": "international organisations",
    "foundation_company": "companies and foundations",
}
MEASURES: Final = ("saved_m", "efficiency")


@dataclass(frozen=True)
class Player:
    """One donor, or all others of a kind together.

    Attributes
    ----------
    name : id of the donor, or for example ``17 other states``
    ids : of its donors
    budget_m : EUR m a year
    """

    name: str
    ids: tuple[str, ...]
    budget_m: float


def game(scenario: Scenario, report: str) -> Scenario:
    """Return the world in which members share a free register of what ``report`` says."""
    return scenario.replace(architecture="umbrella", register=report, **FREE)


def players(scenario: Scenario, largest: int, everybody: bool = False) -> list[Player]:
    """Return the ``largest`` members with a budget by themselves, and the others by kind.

    Parameters
    ----------
    largest : how many stand alone; ties by id
    everybody : also those outside; their groups are apart from those of members

    Notes
    -----
    A kind of which one donor is left is that donor. Those alone come first, largest first, then the groups.
    """
    budget, donors, able = yearly_budgets(scenario), scenario.donors, scenario.able
    rows: list[int] = np.flatnonzero((able | everybody) & (budget > 0)).tolist()
    rows.sort(key=lambda d: (-budget[d], donors.ids[d]))
    alone = [Player(donors.ids[d], (donors.ids[d],), float(budget[d])) for d in rows[:largest]]
    rest: dict[tuple[str, bool], list[int]] = {}
    for d in rows[largest:]:
        rest.setdefault((donors.kinds[d], bool(able[d])), []).append(d)
    together = [
        Player(
            donors.ids[some[0]] if len(some) == 1 else f"{len(some)} other {KINDS.get(kind, kind)}",
            tuple(sorted(donors.ids[d] for d in some)),
            float(budget[some].sum()),
        )
        for (kind, _), some in rest.items()
    ]
    return alone + sorted(together, key=lambda one: (-one.budget_m, one.name))


@dataclass(frozen=True)
class Sample:
    """The runs of sampled orders.

    Attributes
    ----------
    players : who may report
    pairs : (P, n) an order of the players (indices) for each pair; the second order of a pair is its reverse
    seeds : of the pairs
    jobs : in the order that `values` reads: each pair's sets along its order, then along its reverse without both ends
    """

    players: tuple[Player, ...]
    pairs: npt.NDArray[np.int64]
    seeds: tuple[int, ...]
    jobs: tuple[Job, ...]


def sample(who: Sequence[Player], permutations: int, seed: int) -> Sample:
    """Draw ``permutations`` orders (an even number) and list what must be run."""
    count, pairs = len(who), permutations // 2
    generator = np.random.default_rng([seed, permutations])
    orders = np.array([generator.permutation(count) for _ in range(pairs)], dtype=np.int64).reshape(pairs, count)
    seeds = tuple(range(seed, seed + pairs))
    jobs: list[Job] = []
    for order, own in zip(orders, seeds, strict=True):
        jobs += [_job(who, order[:size], own) for size in range(count + 1)]
        jobs += [_job(who, order[::-1][:size], own) for size in range(1, count)]
    return Sample(tuple(who), orders, seeds, tuple(jobs))


def curve_jobs(who: Sequence[Player], order: Sequence[int], seeds: Sequence[int]) -> list[Job]:
    """List the runs in which the first none, one, two ... of an order report, for each seed."""
    return [_job(who, order[:size], seed) for seed in seeds for size in range(len(who) + 1)]


def _job(who: Sequence[Player], chosen: Sequence[int] | npt.NDArray[np.int64], seed: int) -> Job:
    ids = tuple(sorted(name for i in chosen for name in who[int(i)].ids))
    label = f"seed {seed}, {len(ids)} reporters"
    return Job(label, seed, (NAME,), changes={"reporters": ids}, waterfall=True)  # type: ignore[dict-item]


def run(
    scenario: Scenario, jobs: Sequence[Job], workers: Workers, advance: Callable[[], None] = lambda: None
) -> npt.NDArray[np.float64]:
    """Run jobs and return what of each is paid twice (EUR m a year) and its efficiency, (jobs, 2)."""
    years = scenario.parameters.horizon / 4
    done = run_jobs({NAME: scenario}, jobs, workers, advance)
    return np.array([[paid_twice_m(one) / years, one.outcomes["efficiency"]] for (one,) in done])


def paid_twice_m(one: Run) -> float:
    """Return what a run paid twice, EUR m: both bars of its waterfall, base cost of tasks."""
    fall = one.waterfall
    if fall is None:
        raise ValueError("the waterfall of the run was not kept")
    return fall.appropriated_m * (fall.shares["duplication_ignorance"] + fall.shares["duplication_race"])


def values(found: Sample, measured: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return each player's contribution in each pair of orders, (P, n, 2): EUR m a year not paid twice, and efficiency.

    Parameters
    ----------
    found : of `sample`
    measured : (jobs, 2) of `run`, in the order of the jobs
    """
    count, size = len(found.players), 2 * len(found.players)
    result = np.zeros((len(found.pairs), count, 2))
    for pair, order in enumerate(found.pairs):
        rows = measured[pair * size : (pair + 1) * size] * (-1.0, 1.0)  # what is not paid twice counts
        forward = rows[: count + 1]
        backward = np.vstack([rows[:1], rows[count + 1 :], rows[count : count + 1]])
        result[pair, order] += np.diff(forward, axis=0) / 2
        result[pair, order[::-1]] += np.diff(backward, axis=0) / 2
    return result


def table(found: Sample, contributions: npt.NDArray[np.float64], scenario: Scenario) -> pd.DataFrame:
    """Return a row a player, single donors first, then groups; in each the highest price first.

    Returns
    -------
    pandas.DataFrame
        ``player``, ``donors`` (ids), ``count`` (of them), ``budget_m``, ``budget_share`` (of the money of all donors), and for
        ``saved_m`` (EUR m a year) and ``efficiency``: the value, ``_error`` (standard error over pairs of orders; NaN for one
        pair), ``_low`` and ``_high`` (95%, Student's t); ``saved_share`` of what all reporters together save.
    """
    pairs = len(contributions)
    mean = contributions.mean(axis=0)
    error = contributions.std(axis=0, ddof=1) / math.sqrt(pairs) if pairs > 1 else np.full_like(mean, math.nan)
    reach = sure(pairs)
    frame = pd.DataFrame(
        {
            "player": [one.name for one in found.players],
            "donors": [" ".join(one.ids) for one in found.players],
            "count": [len(one.ids) for one in found.players],
            "budget_m": [one.budget_m for one in found.players],
        }
    )
    frame["budget_share"] = frame["budget_m"] / float(yearly_budgets(scenario).sum())
    for column, name in enumerate(MEASURES):
        frame[name] = mean[:, column]
        frame[f"{name}_error"] = error[:, column]
        frame[f"{name}_low"] = mean[:, column] - reach * error[:, column]
        frame[f"{name}_high"] = mean[:, column] + reach * error[:, column]
    whole = float(frame["saved_m"].sum())
    frame["saved_share"] = frame["saved_m"] / whole if whole else math.nan
    groups = frame["count"] > 1  # else a group would come first for being many
    return frame.assign(group=groups).sort_values(
        ["group", "saved_m", "player"], ascending=[True, False, True], ignore_index=True
    ).drop(columns="group")  # fmt: skip


def curve(
    who: Sequence[Player], order: Sequence[int], seeds: Sequence[int], measured: npt.NDArray[np.float64]
) -> pd.DataFrame:
    """Return what is left as the first none, one, two ... of an order report; means over seeds.

    Returns
    -------
    pandas.DataFrame
        ``reporters`` (number of players), ``donors`` (number of donors in them), ``last`` (the player that was added),
        ``paid_twice_m`` (EUR m a year) with ``paid_twice_error`` of the mean, ``removed`` (share of what all of them remove; above
        1 where fewer remove more than all do), ``removed_low``, ``removed_high`` (95% over seeds, Student's t; NaN for one) and
        ``efficiency``.

    Notes
    -----
    The error of a ratio of means R = a / b is that of the mean of a - R b, divided by b (delta method).
    """
    count, runs = len(who) + 1, len(seeds)
    cube = measured.reshape(runs, count, 2)
    mean, paid = cube.mean(axis=0), cube[..., 0]
    error = paid.std(axis=0, ddof=1) / math.sqrt(runs) if runs > 1 else np.full(count, math.nan)
    whole = mean[0, 0] - mean[-1, 0]
    removed = (mean[0, 0] - mean[:, 0]) / whole if whole > 0 else np.full(count, math.nan)
    left = (paid[:, :1] - paid) - removed * (paid[:, :1] - paid[:, -1:])
    reach = np.full(count, math.nan)
    if runs > 1 and whole > 0:
        reach = sure(runs) * left.std(axis=0, ddof=1) / math.sqrt(runs) / whole
    return pd.DataFrame(
        {
            "reporters": range(count),
            "donors": np.cumsum([0, *(len(who[i].ids) for i in order)]),
            "last": ["", *(who[i].name for i in order)],
            "paid_twice_m": mean[:, 0],
            "paid_twice_error": error,
            "removed": removed,
            "removed_low": removed - reach,
            "removed_high": removed + reach,
            "efficiency": mean[:, 1],
        }
    )
