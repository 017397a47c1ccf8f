"""Plug-in of ``literature/halonen-miniature``: donors that cannot speak play the symmetric mixed equilibrium.

Cells of one task, n donors that choose one each at the same time; a duplicate is worth nothing and a donor is credited
what it adds (marginal contribution). In the symmetric equilibrium all cells that are played pay the same:
``V_c (1 - p_c)^(n - 1) = lambda`` where p_c > 0, ``V_c <= lambda`` elsewhere, and the p_c sum to 1. With two donors and two
cells ``p = V_P / (V_P + V_S)``. Source: derived here, after Halonen-Akatwijuka 2007.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import brentq

from donorlab.sim import streams
from donorlab.sim.mechanisms import register_mechanism
from donorlab.sim.mechanisms.answers import Contract
from donorlab.sim.mechanisms.calendar import contract_together
from donorlab.sim.mechanisms.planning import AFFORDABLE
from donorlab.sim.scenario import FloatArray, ScenarioError

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

MIXED: Final = streams.stream_key("mixed strategy")


def symmetric_equilibrium(values: FloatArray, donors: int) -> FloatArray:
    """Return the probability with which each of ``donors`` donors plays each cell, shape (C,)."""
    if donors == 1:
        return np.asarray(np.eye(len(values))[int(np.argmax(values))])

    def played(level: float) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            left = np.where(values > level, level / values, 1.0)
        return np.asarray(1.0 - left ** (1.0 / (donors - 1)))

    level = brentq(lambda one: played(one).sum() - 1.0, 0.0, float(values.max()), xtol=1e-15, rtol=1e-14)
    result = played(level)
    return np.asarray(result / result.sum())


def mixed(model: CoordinationModel, quarter: int) -> None:
    """Donors that cannot speak play the symmetric mixed equilibrium. The phase ``planning = mixed``.

    Raises
    ------
    ScenarioError
        If cells have more than one task.
    """
    state, land = model.state, model.land
    if model.parameters.tasks_per_pillar != 1:
        raise ScenarioError("mechanism.planning=mixed: cells of one task only; set tasks_per_pillar=1")
    cheapest = float(land.task_price.min()) + float(model.fixed.min()) + model.relation
    players = [d for d in range(len(state.cash)) if state.cash[d] + AFFORDABLE >= cheapest]
    values = np.outer(land.state_weight, land.pillar_weight).ravel() * (land.value[1] - land.value[0])
    values = np.where((state.standing | state.known[-1]).ravel() == 0, values, 0.0)
    if not players or values.max() <= 0:
        contract_together(model, quarter, {})
        return
    bounds = np.cumsum(symmetric_equilibrium(values, len(players)))
    pillars = land.standing.shape[1]
    answers = {}
    for d in players:
        u = streams.uniform(MIXED, model.seed, quarter, int(model.giving.keys[d]), 0, 0, 0)
        cell = min(int(np.searchsorted(bounds, u, side="right")), len(values) - 1)
        answers[d] = [Contract(cell // pillars, cell % pillars, 1)]
    contract_together(model, quarter, answers)


register_mechanism("planning", "mixed", mixed)
