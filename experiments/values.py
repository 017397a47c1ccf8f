"""Value judgements as a switch: the ranking of architectures when other states count more, or other tasks.

States count equally, by users, or poorest first; each further task counts as much as the first one, or much less.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from donorlab.experiments.runner import Job, Run
from donorlab.experiments.tables import paired, standard_error, sure
from donorlab.scenarios.parameters import Value
from donorlab.sim.scenario import Scenario, ScenarioError

SEEDS: Final = 10
SWITCHES: Final[dict[str, dict[str, Value]]] = {
    "equal states": {"user_weight_exponent": 0.0, "state_weighting": "users"},
    "by users": {"user_weight_exponent": 1.0, "state_weighting": "users"},
    "poorest first": {"state_weighting": "poorest"},
}
"""Who counts how much."""
CONCAVITY: Final[dict[str, dict[str, Value]]] = {
    "concavity 1": {"value_concavity": 1.0},
    "concavity 3": {"value_concavity": 3.0},
}
"""How much a further task of a pillar is worth: the ends of the range of ``value_concavity``."""


@dataclass(frozen=True)
class Swap:
    """Two architectures of which one is ahead under one value judgement and behind under another.

    Attributes
    ----------
    one, other : architectures
    ahead, behind : value judgement under which ``one`` is furthest ahead, and furthest behind
    by, minus : its lead there, and its deficit there, both above 0 beyond noise
    """

    one: str
    other: str
    ahead: str
    behind: str
    by: float
    minus: float


def as_set(scenario: Scenario) -> str:
    """Return the name of the scenario's own value judgement: who counts how much."""
    p = scenario.parameters
    for name, changes in SWITCHES.items():
        if all(getattr(p, key) == value for key, value in changes.items()):
            return name
    return f"by users^{p.user_weight_exponent:g}"


def possible(scenario: Scenario) -> tuple[dict[str, dict[str, Value]], dict[str, str]]:
    """Return the switches other than the scenario's own that it allows, and those it does not with the reason."""
    allowed: dict[str, dict[str, Value]] = {}
    refused: dict[str, str] = {}
    concavity = scenario.parameters.value_concavity
    for name, changes in (SWITCHES | CONCAVITY).items():
        if name == as_set(scenario) or changes.get("value_concavity") == concavity:
            continue
        try:
            scenario.replace(**changes)
        except ScenarioError as error:
            refused[name] = str(error)
        else:
            allowed[name] = changes
    return allowed, refused


def jobs(scenarios: Mapping[str, Scenario], seeds: Sequence[int]) -> list[Job]:
    """Return the runs of each switch; those of the scenario's own value judgement exist already."""
    allowed, _ = possible(next(iter(scenarios.values())))
    return [
        Job(f"{name}, replication {seed}", seed, tuple(scenarios), changes)
        for name, changes in allowed.items()
        for seed in seeds[:SEEDS]
    ]


def rankings(asked: Sequence[Job], runs: Sequence[Sequence[Run]], central: pd.DataFrame, own: str) -> pd.DataFrame:
    """Return efficiency by value judgement, architecture and seed; the scenario's own comes first.

    Parameters
    ----------
    asked : the jobs; runs : of each
    central : replications at the scenario's own value judgement
    own : its name
    """
    seeds = list(dict.fromkeys(central["seed"]))[:SEEDS]
    rows: list[dict[str, Any]] = [
        {"judgement": own, "architecture": row["architecture"], "seed": row["seed"], "efficiency": row["efficiency"]}
        for row in central[central["seed"].isin(seeds)].to_dict("records")
    ]
    for job, found in zip(asked, runs, strict=True):
        name = job.label.rpartition(", replication ")[0]
        rows += [
            {
                "judgement": name,
                "architecture": run.architecture,
                "seed": run.seed,
                "efficiency": run.outcomes["efficiency"],
            }
            for run in found
        ]
    return pd.DataFrame(rows)


def means(frame: pd.DataFrame) -> pd.DataFrame:
    """Return mean efficiency, a row a value judgement, a column an architecture, both in their order."""
    wide = frame.pivot_table(
        index="judgement", columns="architecture", values="efficiency", dropna=False, observed=True
    )
    return wide.loc[frame["judgement"].unique(), frame["architecture"].unique()]


def leads(frame: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    """Return by how much one architecture is ahead of another, a row a value judgement.

    Returns
    -------
    DataFrame
        lead (mean paired difference in efficiency) and error (its standard error; NaN with one seed)
    """
    rows = {}
    for judgement in frame["judgement"].unique():
        wide = paired(frame[frame["judgement"] == judgement], "efficiency")
        lead = wide[one] - wide[other]
        rows[judgement] = {"lead": float(lead.mean(skipna=False)), "error": standard_error(lead)}
    return pd.DataFrame.from_dict(rows, orient="index")


def swaps(frame: pd.DataFrame) -> tuple[list[Swap], int]:
    """Return the pairs of architectures whose order depends on the value judgement, the largest first.

    A lead counts where it is told from 0 (`tables.sure` standard errors of the paired difference), so that chance alone
    swaps nobody; with one seed nothing is. The size of a swap is the smaller of lead and
    deficit: a pair that is ahead by a hair nowhere changes places much.

    Parameters
    ----------
    frame : of `rankings`

    Returns
    -------
    swaps : beyond noise
    within : number of pairs whose means change places, but not beyond noise
    """
    found: list[Swap] = []
    within = 0
    limit = sure(frame["seed"].nunique())
    for one, other in itertools.combinations(frame["architecture"].unique(), 2):
        by_judgement = leads(frame, one, other)
        lead = by_judgement["lead"]
        clear = lead[lead.abs() > limit * by_judgement["error"]]  # with one seed there is no error, and none is
        if len(clear) and clear.max() > 0 and clear.min() < 0:
            by, minus = float(clear.max()), -float(clear.min())
            found.append(Swap(str(one), str(other), str(clear.idxmax()), str(clear.idxmin()), by, minus))
        elif lead.max() > 0 and lead.min() < 0:
            within += 1
    return sorted(found, key=lambda swap: -min(swap.by, swap.minus)), within
