"""Builder `synthetic`: a drawn world of any size, for scaling and for questions that need no real states.

Attributes come from numpy's PCG64 with the seed ``synthetic.draw``; a run's own randomness is another matter (its
seed). Nothing drawn here claims to describe a real state or donor.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from donorlab.scenarios import plain
from donorlab.scenarios.builders import Builder, Parts, default_tables, register
from donorlab.scenarios.parameters import Value
from donorlab.sim.scenario import TASKS_MAXIMUM, Beneficiaries, Donors, FloatArray, ScenarioError, suggest

ACTORS_MAXIMUM: Final = 5000
"""Ids up to this number have distinct random addresses."""
PILLARS_MAXIMUM: Final = 65536 // TASKS_MAXIMUM
BUDGET_LOW, BUDGET_HIGH = 0.4, 2.5
"""Low and high budget over the central one, as in the rule of the real donors without a published budget."""
RIVAL_PROBABILITY: Final = 0.1
CONDITIONAL_PROBABILITY: Final = 0.1
SUBREGIONS: Final = 15
REGIONS: Final = 5
INCOME_GROUPS: Final = ("Low income", "Lower middle income", "Upper middle income", "High income")


@dataclass(frozen=True)
class Options:
    """Keys of the section `synthetic`; their defaults stand in ``conf/scenario/synthetic.yaml``.

    Attributes
    ----------
    donors, beneficiaries, pillars : sizes
    draw : seed of the attributes
    budget_tail : exponent of the Pareto distribution of budgets; smaller is more unequal
    money_per_donor : EUR m a year; `money` becomes this times the number of donors. None: `money` stands
    """

    donors: int
    beneficiaries: int
    pillars: int
    draw: int
    budget_tail: float
    money_per_donor: float | None

    def __post_init__(self) -> None:
        for name, low, high in (
            ("donors", 1, ACTORS_MAXIMUM),
            ("beneficiaries", 1, ACTORS_MAXIMUM),
            ("pillars", 1, PILLARS_MAXIMUM),
            ("draw", 0, 2**32 - 1),
            ("budget_tail", 0.1, 100.0),
            ("money_per_donor", 0.0, 1e9),
        ):
            value = getattr(self, name)
            if value is None and name == "money_per_donor":
                continue
            rule = f"between {low:g} and {high:g}" if isinstance(low, float) else f"between {low} and {high}"
            where, shown = f"synthetic.{name}", plain.one_line(value)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise ScenarioError(f"{where}: '{shown}' is not a number; it must lie {rule}")
            if isinstance(low, int) and value != int(value):
                raise ScenarioError(f"{where}: {shown} is not a whole number; it must lie {rule}")
            if not low <= value <= high:
                raise ScenarioError(f"{where}: {shown} is out of range; it must lie {rule}")
            object.__setattr__(self, name, int(value) if isinstance(low, int) else float(value))


OPTIONS: Final = tuple(item.name for item in dataclasses.fields(Options))


def build(data: Mapping[str, Any]) -> Parts:
    """Return a drawn world; donors, states and growth of users are drawn from generators of their own."""
    section = data["synthetic"]
    if not isinstance(section, dict):
        raise ScenarioError(f"synthetic: must be a mapping with {', '.join(OPTIONS)}")
    for name in section:
        if name not in OPTIONS:
            raise ScenarioError(f"synthetic: unknown key '{plain.one_line(name)}'{suggest(name, OPTIONS)}")
    for name in OPTIONS:
        if name not in section:
            raise ScenarioError(f"synthetic: '{name}' is missing; it needs {', '.join(OPTIONS)}")
    options = Options(**section)
    tables = default_tables(options.pillars)
    parameters: dict[str, Value] = {}
    if options.money_per_donor is not None:
        parameters["money"] = options.money_per_donor * options.donors
    return Parts(
        **tables,
        beneficiaries=_beneficiaries(options, np.random.default_rng([options.draw, 0])),
        donors=_donors(options, len(tables["instruments"]), np.random.default_rng([options.draw, 1])),
        parameters=parameters,
    )


def _ids(letter: str, count: int) -> tuple[str, ...]:
    return tuple(f"{letter}{i:04d}" for i in range(1, count + 1))


def _beneficiaries(options: Options, rng: np.random.Generator) -> Beneficiaries:
    """Users lognormal (as unequal as real states), scores that rise with the rank of government."""
    n = options.beneficiaries
    users = np.maximum(np.exp(rng.normal(1.0, 1.9, n)), 0.01)
    rank = rng.permutation(n) / max(1, n - 1)
    place = rng.integers(SUBREGIONS, size=n)
    income = np.minimum((rank + rng.normal(0, 0.15, n)).clip(0, 0.999) * len(INCOME_GROUPS), len(INCOME_GROUPS) - 1)
    score = (0.15 + 0.55 * rank[:, None] + rng.normal(0, 0.18, (n, options.pillars))).clip(0, 1)
    ids = _ids("B", n)
    return Beneficiaries(
        ids=ids,
        names=tuple(f"State {i}" for i in range(1, n + 1)),
        regions=tuple(f"Region {p % REGIONS + 1}" for p in place.tolist()),
        subregions=tuple(f"Subregion {p + 1}" for p in place.tolist()),
        income_groups=tuple(INCOME_GROUPS[i] for i in income.astype(np.int64).tolist()),
        users_m=users,
        users_relative=users / np.median(users),
        government_rank=rank,
        norm_position=rng.normal(-0.3, 0.7, n),
        initial_score=score,
        **_growth(n, np.random.default_rng([options.draw, 2])),
    )


def _growth(n: int, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Growth of users, from a generator of its own: as spread as in real states, and independent of everything else."""
    return {
        "population_growth": rng.normal(0.013, 0.013, n).clip(-0.03, 0.04),
        "internet_share": rng.beta(1.5, 1.0, n).clip(0.02, 0.98),
        "internet_share_rate": rng.normal(0.21, 0.09, n).clip(0.0, 0.5),
    }


def _donors(options: Options, instruments: int, rng: np.random.Generator) -> Donors:
    """Budgets Pareto; mandates and skills spread around an even share; affinity skewed towards 0.

    Where no donor that is not a rival is drawn to set conditions, the largest of them does.
    """
    n = options.donors
    budget = rng.pareto(options.budget_tail, n) + 1
    budget = budget / budget.sum() * n  # mean 1: `money` scales it
    ids = _ids("D", n)
    affinity: FloatArray = rng.random((n, options.beneficiaries)) ** 2
    mandate, skill = _even(rng, n, options.pillars), _even(rng, n, instruments)
    norm_position = rng.normal(0.8, 0.9, n)
    rival = rng.random(n) < RIVAL_PROBABILITY
    conditional = rng.random(n) < CONDITIONAL_PROBABILITY
    if not (conditional & ~rival).any():  # so that conditional aid can be studied in every world
        conditional[np.argmax(np.where(rival, 0.0, budget))] = True
    return Donors(
        ids=ids,
        names=tuple(f"Donor {i}" for i in range(1, n + 1)),
        kinds=("state",) * n,
        budget_low=BUDGET_LOW * budget,
        budget_central=budget,
        budget_high=BUDGET_HIGH * budget,
        mandate=mandate,
        skill=skill,
        affinity=affinity,
        norm_position=norm_position,
        rival=rival,
        conditional=conditional,
    )


def _even(rng: np.random.Generator, rows: int, columns: int) -> FloatArray:
    """Return rows of shares, each entry in proportion to exp(.4 z)."""
    weights = np.exp(0.4 * rng.normal(size=(rows, columns)))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float64)


register("synthetic", Builder(build, required=("synthetic",), options={"synthetic": OPTIONS}))
