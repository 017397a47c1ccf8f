"""How many projects the money can pay for, roughly: the size of a run."""

from __future__ import annotations

from donorlab.sim.scenario import Parameters


def project_cost(parameters: Parameters, price: float, larger_by: int = 0) -> float:
    """Return what a project of middling size costs where the donor has one already, EUR m.

    Parameters
    ----------
    parameters : of the scenario
    price : of a task, EUR m
    larger_by : tasks added to every project
    """
    size = (parameters.project_tasks_minimum + parameters.project_tasks_maximum) / 2 + larger_by
    return parameters.fixed_cost + size * price


def expected_projects(parameters: Parameters, price: float, larger_by: int = 0) -> float:
    """Return how many such projects all the money of a run buys."""
    return parameters.money * parameters.horizon / 4 / project_cost(parameters, price, larger_by)
