"""Worlds with exactly one friction: in each, one bar of the loss waterfall alone is above zero (T9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim.scenario import Scenario

_FAST: Final = {"horizon": 4, "administration_intercept": 1000.0, "planning_slots": 0}


def one_cell(
    donors: int = 2,
    budget: float = 10.0,
    instruments: Sequence[str] = ("training",),
    tasks: int = 64,
    **changes: Any,
) -> Scenario:
    """Return one state with one pillar, where nothing can be misallocated.

    Parameters
    ----------
    donors : their number
    budget : EUR m a year and donor; a task costs 1
    instruments : of the pillar, in equal shares
    tasks : in the pillar's list
    **changes : parameters
    """
    mix = [1.0 / len(instruments)] * len(instruments)
    plain = {**_FAST, "money": donors * budget, "tasks_per_pillar": tasks, "wind_down": 40, "pace": 10.0}
    return scenario(
        score=[[0.0]],
        mandate=[[1.0]] * donors,
        skill=[mix] * donors,
        mix=[mix],
        budget=[budget] * donors,
        donor_ids=[f"D{i}" for i in range(donors)],
        state_ids=["S"],
        instruments=list(instruments),
        parameters=plain_parameters(**plain | changes),
    )


def two_pillars(mandate: list[float], pillar_weights: list[float], **changes: Any) -> Scenario:
    """Return one donor and one state with two pillars."""
    return scenario(
        score=[[0.0, 0.0]],
        mandate=[mandate],
        skill=[[1.0]],
        mix=[[1.0], [1.0]],
        budget=[10.0],
        donor_ids=["D"],
        state_ids=["S"],
        pillar_weights=pillar_weights,
        parameters=plain_parameters(**{**_FAST, "money": 10.0, "tasks_per_pillar": 20, "wind_down": 20} | changes),
    )


def two_states(affinity: list[float], **changes: Any) -> Scenario:
    """Return one donor and two states with one pillar."""
    return scenario(
        score=[[0.0], [0.0]],
        mandate=[[1.0]],
        skill=[[1.0]],
        mix=[[1.0]],
        budget=[10.0],
        donor_ids=["D"],
        state_ids=["S", "T"],
        affinity=[affinity],
        parameters=plain_parameters(**{**_FAST, "money": 10.0, "tasks_per_pillar": 20, "wind_down": 20} | changes),
    )


ALONE: Final[Mapping[str, Callable[[], Scenario]]] = {
    "overhead": lambda: one_cell(overhead=0.2).replace(architecture="umbrella"),
    "transaction": lambda: one_cell(fixed_cost=0.25),
    "mismatch": lambda: two_pillars([0.8, 0.2], [0.0, 1.0], mismatch=1 / 3),
    "duplication_ignorance": lambda: one_cell(donors=4, observation_probability=0.0, pace=0.3, tasks=40),
    "duplication_race": lambda: one_cell(donors=4, planning_slots=1, tasks=40),
    "non_compliance": lambda: one_cell(instruments=("advice", "training"), reform_cost=9.0),
    "failure": lambda: one_cell(failure=0.5, project_tasks_maximum=4, project_tasks_minimum=4, budget=16.0),
    "pipeline": lambda: one_cell(pace=0.1, wind_down=1),
    "congestion": lambda: one_cell(administration_intercept=2.0, pace=100.0, wind_down=1),
    "idle": lambda: one_cell(budget=40.0, tasks=8),
    "lapse": lambda: one_cell(lapse=0.05),
    "displaced_own_effort": lambda: one_cell(own_effort=0.006),
    "misallocation_pillars": lambda: two_pillars([0.9, 0.1], [1.0, 1.0]),
    "misallocation_states": lambda: two_states([1.0, 0.1], motive_political=1.0, motive_need=0.0),
}
"""For each loss of the waterfall, a world in which it is the only one."""
