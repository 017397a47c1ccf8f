"""Who is a member when, in runs in which donors join and leave by themselves (``voluntary_membership=on``).

The umbrella is founded by nobody, by half of those invited, and by all of them: what it comes to should not depend on how it
begins, and where it does, that is a finding. Beside paired runs of coalitions (`coalitions`) these tell whether donors would
find out in time what membership is worth, from what they see.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from donorlab.experiments import tables
from donorlab.experiments.calls import called_in_order
from donorlab.experiments.crew import Workers
from donorlab.experiments.reporters import Player
from donorlab.scenarios import plugins
from donorlab.scenarios.parameters import Value
from donorlab.sim import CoordinationModel
from donorlab.sim.scenario import BoolArray, Scenario
from donorlab.sim.setup import yearly_budgets

FOUNDED: Final = {"nobody": 0.0, "half": 0.5, "all": 1.0}
"""Share of those invited that begin as members, by name."""
NOTHING: Final[Mapping[str, Value]] = {
    "register": "none", "division": "none", "joint_programming": "off", "pooled_fund": "off", "calendar": "own", "credit": "none",
    "overhead": 0.0, "negotiation_cost": 0.0, "decision_lag": 0, "budget_elasticity": 0.0,
}  # fmt: skip
"""An umbrella that does nothing and costs nothing: what is inside then is there by chance."""
FROM: Final = "half"
"""The beginning that is told by donor: both sides are seen from the first year."""


def history(scenario: Scenario, founded: float, seed: int) -> tuple[BoolArray, BoolArray]:
    """Return who was a member in each year with income, and who could compare both sides at its start, from one free run.

    Both are (years, D of the scenario); in the first year there is nothing to compare yet.
    """
    plugins.register()
    world = scenario.replace(voluntary_membership="on", founding_share=founded)
    model = CoordinationModel(world, rng=seed)
    rows = [model.inputs.donors.ids.index(name) for name in scenario.donors.ids]
    years: list[BoolArray] = []
    compared: list[BoolArray] = []
    while model.quarter < scenario.parameters.horizon:
        model.step()
        if model.quarter % 4 == 1:
            years.append(model.design.member[rows].copy())
            looks = model.membership.looks if model.membership is not None else []
            both = (
                np.isfinite(looks[-1].seen).all(axis=0) if looks else np.zeros(len(model.giving.keys), dtype=np.bool_)
            )
            compared.append(both[rows])
    return np.array(years), np.array(compared)


def histories(
    scenario: Scenario, seeds: Sequence[int], workers: Workers = 1, advance: Callable[[], None] = lambda: None
) -> pd.DataFrame:
    """Return a row a beginning, seed, year and donor with a budget that is invited.

    Returns
    -------
    pandas.DataFrame
        ``founded_by``, ``seed``, ``year`` (from 1), ``donor``, ``budget_m`` (EUR m a year), ``member``, ``compared`` (whether it
        had seen both sides, itself or with its like, when the year began).
    """
    words = [(scenario, share, seed) for share in FOUNDED.values() for seed in seeds]
    found = called_in_order(history, words, workers, advance)
    budget = yearly_budgets(scenario)
    rows = np.flatnonzero(scenario.able & (budget > 0))
    ids = [scenario.donors.ids[d] for d in rows]
    names = [(name, seed) for name in FOUNDED for seed in seeds]
    frames = [
        pd.DataFrame(
            {
                "founded_by": name,
                "seed": seed,
                "year": np.repeat(np.arange(1, len(years) + 1), len(rows)),
                "donor": np.tile(np.array(ids, dtype=object), len(years)),
                "budget_m": np.tile(budget[rows], len(years)),
                "member": years[:, rows].ravel(),
                "compared": compared[:, rows].ravel(),
            }
        )
        for (name, seed), (years, compared) in zip(names, found, strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


def by_year(found: pd.DataFrame) -> pd.DataFrame:
    """Return the share of the money of those invited that is under the umbrella, a row a beginning, seed and year."""
    held = found.assign(inside_m=found["budget_m"].where(found["member"], 0.0))
    total = held.groupby(["founded_by", "seed", "year"], sort=False)[["inside_m", "budget_m"]].sum()
    return (total["inside_m"] / total["budget_m"]).rename("share").reset_index()


@dataclass(frozen=True)
class Ends:
    """Where runs end: the share of money that is inside in the last year, means over paired seeds.

    Attributes
    ----------
    share : by beginning
    idle : by beginning, under an umbrella that does nothing
    matters : whether the beginning is told to matter (`all` less `nobody`, 95%, Student's t)
    differs : whether what the umbrella does is told to make a difference (`half`, less that of one that does nothing)
    years : with income; could_move : whether anybody could move before the last of them
    """

    share: dict[str, float]
    idle: dict[str, float]
    matters: bool
    differs: bool
    years: int
    could_move: bool


def ends(shares: pd.DataFrame, idle: pd.DataFrame, term: int) -> Ends:
    """Return where runs end, and what of it is told from chance.

    Parameters
    ----------
    shares, idle : of `by_year`, of the umbrella and of one that does nothing
    term : years for which a donor stays where it is
    """
    years = int(shares["year"].max())
    last, nothing = (
        one[one["year"] == years].pivot_table(index="seed", columns="founded_by", values="share")
        for one in (shares, idle)
    )
    return Ends(
        share={name: float(last[name].mean()) for name in FOUNDED},
        idle={name: float(nothing[name].mean()) for name in FOUNDED},
        matters=_told(last["all"] - last["nobody"]),
        differs=_told(last[FROM] - nothing[FROM]),
        years=years,
        could_move=years > term,
    )


def _told(change: pd.Series) -> bool:
    """Return whether a mean of paired seeds is told from 0."""
    count = len(change)
    error = float(change.std(ddof=1)) / math.sqrt(count) if count > 1 else math.inf
    return bool(math.isfinite(error) and abs(change.mean()) > tables.sure(count) * error)


def idle(scenario: Scenario) -> Scenario:
    """Return the same umbrella without anything that it does or costs: whoever is inside, nothing differs."""
    return scenario.replace(architecture="umbrella", **NOTHING)


def by_player(found: pd.DataFrame, players: Sequence[Player]) -> pd.DataFrame:
    """Return what the runs say of each player that is invited, from the beginning with half of them.

    Returns
    -------
    pandas.DataFrame
        ``player``, ``budget_m``, ``years_in`` (share of years in which it is a member, weighted by budget over its donors),
        ``in_at_end`` (share of runs, from half), ``in_at_end_from_nobody``, ``in_at_end_from_all``, ``joins`` and ``leaves``
        (times a run and donor, from half), ``compared`` (share of years but the first in which it had seen both sides, from half).
    """
    last = int(found["year"].max())
    rows = []
    for player in players:
        own = found[found["donor"].isin(player.ids)]
        if own.empty:
            continue
        start = own[own["founded_by"] == FROM].sort_values(["donor", "seed", "year"])
        at_end = own[own["year"] == last]
        change = start.groupby(["donor", "seed"])["member"].agg(_moves)
        row = {
            "player": player.name,
            "budget_m": player.budget_m,
            "years_in": _weighted(start, "member"),
            "in_at_end": _weighted(at_end[at_end["founded_by"] == FROM], "member"),
            "compared": _weighted(start[start["year"] > 1], "compared"),
        }
        row |= {
            f"in_at_end_from_{name}": _weighted(at_end[at_end["founded_by"] == name], "member")
            for name in FOUNDED
            if name != FROM
        }
        row |= {key: float(np.mean([move[i] for move in change])) for i, key in enumerate(("joins", "leaves"))}
        rows.append(row)
    return pd.DataFrame(rows)


def _moves(member: pd.Series) -> tuple[int, int]:
    """Return how often a donor joined and left."""
    sides = member.to_numpy(dtype=np.int64)
    step = np.diff(sides)
    return int((step > 0).sum()), int((step < 0).sum())


def _weighted(rows: pd.DataFrame, column: str) -> float:
    total = float(rows["budget_m"].sum())
    return float((rows[column] * rows["budget_m"]).sum() / total) if total > 0 else math.nan
