"""Value judgements as a switch: the ranking of architectures when states count equally, by users, or poorest first."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from donorlab.experiments.runner import Job, Run
from donorlab.scenarios.parameters import Value
from donorlab.sim.scenario import Scenario, ScenarioError

SEEDS: Final = 10
SWITCHES: Final[dict[str, dict[str, Value]]] = {
    "equal states": {"user_weight_exponent": 0.0, "state_weighting": "users"},
    "by users": {"user_weight_exponent": 1.0, "state_weighting": "users"},
    "poorest first": {"state_weighting": "poorest"},
}


@dataclass(frozen=True)
class Swap:
    """Two architectures of which one is ahead under one value judgement and behind under another.

    Attributes
    ----------
    one, other : architectures
    ahead, behind : value judgement under which ``one`` is furthest ahead, and furthest behind
    by, minus : its lead there, and its deficit there, both above 0
    """

    one: str
    other: str
    ahead: str
    behind: str
    by: float
    minus: float


def as_set(scenario: Scenario) -> str:
    """Return the name of the scenario's own value judgement."""
    p = scenario.parameters
    for name, changes in SWITCHES.items():
        if all(getattr(p, key) == value for key, value in changes.items()):
            return name
    return f"by users^{p.user_weight_exponent:g}"


def possible(scenario: Scenario) -> tuple[dict[str, dict[str, Value]], dict[str, str]]:
    """Return the switches other than the scenario's own that it allows, and those it does not with the reason."""
    allowed: dict[str, dict[str, Value]] = {}
    refused: dict[str, str] = {}
    for name, changes in SWITCHES.items():
        if name == as_set(scenario):
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


def swaps(mean: pd.DataFrame) -> list[Swap]:
    """Return the pairs of architectures whose order depends on the value judgement, the largest first.

    The size of a swap is the smaller of lead and deficit: a pair that is ahead by a hair nowhere changes places much.
    """
    found = []
    for one, other in itertools.combinations(mean.columns, 2):
        lead = mean[one] - mean[other]
        by, minus = float(lead.max()), -float(lead.min())
        if by > 0 and minus > 0:
            found.append(Swap(str(one), str(other), str(lead.idxmax()), str(lead.idxmin()), by, minus))
    return sorted(found, key=lambda swap: -min(swap.by, swap.minus))
