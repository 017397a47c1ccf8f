"""A stand-in for the model: a small scenario and made-up runs, so that tests of the command line take no time."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from donorlab.scenarios.parameters import parameter_defaults
from donorlab.sim.outcomes.waterfall import BARS, Waterfall
from donorlab.sim.scenario import Beneficiaries, Donors, Parameters, Scenario, ScenarioError

REGIONS = ("Africa", "Americas", "Asia", "Europe", "Oceania")
GROUPS = ("Low income", "Lower middle income", "Upper middle income", "High income")
PILLARS = ("legal", "technical", "organisational", "capacity_development", "cooperation")
INSTRUMENTS = ("advice", "training", "institution", "exchange")
LEVEL = {"fragmented": (0.41, 0.18, 0.015), "umbrella": (0.51, 0.08, 0.02), "central": (0.58, 0.0, 0.0)}


def scenario(states: int = 20, donors: int = 6, architecture: str = "fragmented", **changes: Any) -> Scenario:
    """Return a small scenario with default parameters."""
    rng = np.random.default_rng(1)
    ids = tuple(f"S{j:03d}" for j in range(states))
    given = tuple(f"D{d:02d}" for d in range(donors))
    return Scenario(
        name="fake",
        title="A made-up world",
        description="For tests only.",
        pillars=PILLARS,
        instruments=INSTRUMENTS,
        pillar_weights=np.ones(5),
        instrument_mix=np.full((5, 4), 0.25),
        income_group_weights=dict.fromkeys(GROUPS, 1.0),
        beneficiaries=Beneficiaries(
            ids=ids,
            names=tuple(f"State {j}" for j in range(states)),
            regions=tuple(REGIONS[j % 5] for j in range(states)),
            subregions=tuple(REGIONS[j % 5] for j in range(states)),
            income_groups=tuple(GROUPS[j % 4] for j in range(states)),
            users_m=np.exp(rng.normal(1, 1.5, states)),
            users_relative=np.exp(rng.normal(0, 1.5, states)),
            government_rank=rng.random(states),
            norm_position=np.zeros(states),
            initial_score=rng.random((states, 5)),
        ),
        donors=Donors(
            ids=given,
            names=tuple(f"Donor {d}" for d in range(donors)),
            kinds=("state",) * donors,
            budget_low=np.full(donors, 10.0),
            budget_central=np.full(donors, 20.0),
            budget_high=np.full(donors, 40.0),
            mandate=np.full((donors, 5), 0.2),
            skill=np.full((donors, 4), 0.25),
            affinity=np.ones((donors, states)),
            norm_position=np.zeros(donors),
            rival=np.zeros(donors, dtype=bool),
            conditional=np.arange(donors) == 0,
        ),
        parameters=Parameters(**{**parameter_defaults(), **changes}),
        architecture=architecture,
    )


def load(name: str, overrides: list[str]) -> Scenario:
    """Stand in for ``donorlab.scenarios.load``."""
    if name != "fake":
        raise ScenarioError(f"unknown scenario '{name}' (did you mean 'fake'?)")
    changes: dict[str, Any] = {}
    for word in overrides:
        key, text = word.split("=", 1)
        if key in ("architecture", "states"):
            changes[key] = int(text) if key == "states" else text
        elif key in parameter_defaults():
            changes[key] = float(text)
        else:
            raise ScenarioError(f"unknown parameter '{key}'")
    if changes.get("architecture") == "credit":
        changes.setdefault("credit", "marginal")  # as its own file says
    return scenario(**changes)


def baseline(inputs: Scenario, seed: int) -> SimpleNamespace:
    """Stand in for ``donorlab.sim.baseline``."""
    return SimpleNamespace(seed=seed)


def configuration(name: str, overrides: tuple[str, ...]) -> dict[str, Any]:
    """Stand in for ``donorlab.scenarios.configuration``."""
    return {"name": name, "overrides": list(overrides)}


def waterfall(level: float) -> Waterfall:
    """Return made-up shares that sum to 1."""
    shares = {name: (1 - level) / (len(BARS) - 1) for name, _ in BARS} | {"effective": level}
    reverse = shares | {"failure": 2 * shares["failure"], "duplication_race": 0.0}
    return Waterfall(shares=shares, reverse=reverse, harm=0.0, appropriated_m=100.0)


def simulate(inputs: Scenario, seed: int = 1, baseline: Any = None, **_: Any) -> SimpleNamespace:
    """Stand in for ``donorlab.sim.simulate``: smooth curves and a little noise."""
    rng = np.random.default_rng(seed)
    level, ignorance, race = LEVEL.get(inputs.architecture, (0.5, 0.1, 0.01))
    if inputs.architecture == "umbrella":
        level -= inputs.parameters.overhead  # as good as fragmented at 0.1
    if inputs.architecture == "central" and inputs.parameters.state_weighting == "poorest":
        level = 0.3
    noise = rng.normal(0, 0.01, 4)
    quarters, states = inputs.parameters.quarters, inputs.beneficiaries
    t = np.arange(1, quarters + 1)
    money_time = np.minimum(t, inputs.parameters.horizon) / inputs.parameters.horizon
    none = 100 + 0.5 * t
    bound = none + 80 * money_time
    welfare = none + (bound - none) * (level + noise[0])
    capacity_none = 0.4 + 0.1 * t / quarters
    aid = np.exp(rng.normal(0, 1.2 if inputs.architecture == "fragmented" else 0.5, states.count)) * 10
    need = np.ones(states.count)
    ratio = (aid / aid.sum()) / (need / need.sum())
    outcomes = {
        "efficiency": level + noise[0],
        "efficiency_at_horizon": level - 0.05 + noise[0],
        "path_efficiency": level - 0.1 + noise[0],
        "relative_to_central": math.nan,
        "duplication_share": ignorance + race + abs(noise[1]),
        "duplication_ignorance_share": ignorance + abs(noise[1]),
        "duplication_race_share": race,
        "objective_overlap": 4 * ignorance,
        "method_overlap": 3 * ignorance,
        "transaction_cost_share": 0.13 + noise[2],
        "idle_share": 0.02,
        "donors_per_recipient": 7.5 if ignorance else 1.0,
        "effective_donors": 3.5 if ignorance else 1.0,
        "orphans": float((ratio < 0.5).sum()),
        "darlings": float((ratio > 1.5).sum()),
        "coverage_gini": 0.4,
        "attribution_share": 0.6 + noise[3],
        "welfare": welfare[-1],
        "welfare_no_aid": none[-1],
        "welfare_bound": bound[-1],
    }
    steps = pd.DataFrame(
        {
            "quarter": t,
            "welfare": welfare,
            "welfare_no_aid": none,
            "welfare_bound": bound,
            "capacity_no_aid": capacity_none,
            "capacity": capacity_none + 0.25 * level * money_time,
        }
    )
    beneficiaries = pd.DataFrame(
        {
            "name": states.names,
            "region": states.regions,
            "income_group": states.income_groups,
            "users_m": states.users_m,
            "need": need,
            "aid_m": aid,
            "donors": 4,
            "aid_need_ratio": ratio,
            "capacity_initial": 0.4,
        },
        index=pd.Index(states.ids, name="iso3"),
    )
    projects = pd.DataFrame({"donor": [0, 1], "beneficiary": [0, 1], "tasks": [2, 3], "cost_m": [0.5, 0.7]})
    donors = pd.DataFrame({"budget_m": [10.0] * inputs.donors.count}, index=pd.Index(inputs.donors.ids, name="donor"))
    return SimpleNamespace(
        scenario=inputs,
        seed=seed,
        outcomes=outcomes,
        steps=steps,
        projects=projects,
        beneficiaries=beneficiaries,
        donors=donors,
        waterfall=waterfall(level),
    )
