"""4.3 Motives: what draws a donor to a cell, before mandate and visibility.

``attraction_djk = need_d * v_j * pillar_weight_k + security_d * v_j * haven_j / mean(haven) + political_d * affinity_dj / mean``,
``v_j = state_weight_j * (1 + salience)`` while an incident of j is remembered; ``crowd_dj = 1 + herding * others_dj / mean``.
Sources: motives of aid (Alesina and Dollar 2000 and successors); safe havens as everybody's problem (Pawlak 2016); attention
(Davies and Klasen 2019) and herding (Frot and Santiso 2011) for the sign; motives as shares that replace each other and both
forms: assumption. Tables; the first is made anew only when something in it has moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.scenario import FloatArray

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


@compiled
def fill_attraction(  # type: ignore[no-untyped-def]
    quarter, need, security, political, weight, salience, alarm_until, haven, pillar_weight, out
):
    """Fill ``out`` (D, J, K); where no state is a safe haven, security is served by need."""
    mean = haven.mean()
    for d in range(out.shape[0]):
        wanted = need[d] if mean > 0.0 else need[d] + security[d]
        safe = security[d] if mean > 0.0 else 0.0
        for j in range(out.shape[1]):
            felt = weight[j] * (1.0 + salience) if alarm_until[j] >= quarter else weight[j]
            sought = haven[j] / mean if mean > 0.0 else 0.0
            for k in range(out.shape[2]):
                out[d, j, k] = wanted * felt * pillar_weight[k] + safe * felt * sought + political[d, j]


@compiled
def fill_crowd(herding, own_running, present, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (D, J): 1 + herding * other donors with a live project in the state, over their mean over states."""
    donors, states = own_running.shape
    for j in range(states):
        present[j] = 0
        for d in range(donors):
            if own_running[d, j] > 0:
                present[j] += 1
    for d in range(donors):
        total = 0
        for j in range(states):
            others = present[j] - (1 if own_running[d, j] > 0 else 0)
            out[d, j] = others
            total += others
        mean = total / states
        for j in range(states):
            out[d, j] = 1.0 + herding * out[d, j] / mean if mean > 0.0 else 1.0


def attraction(model: CoordinationModel, need: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """Return what draws donors with motive ``need`` (D,) to each cell now, shape (D, J, K)."""
    state, giving = model.state, model.giving
    table = np.empty_like(state.attraction) if out is None else out
    fill_attraction(
        max(1, model.quarter), need, giving.security, giving.political, state.state_weight, model.parameters.salience,
        state.alarm_until, state.haven, model.land.pillar_weight, table,
    )  # fmt: skip
    return table


def refresh(model: CoordinationModel) -> None:
    """Bring the table of the quarter up to date, if anything in it has moved."""
    if model.wants_moved:
        attraction(model, model.need, model.state.attraction)
        model.wants_moved = False


def see_others(model: CoordinationModel) -> None:
    """Let donors see who works where as Plan begins, if that matters to them."""
    herding, state = model.parameters.herding, model.state
    if herding > 0:
        fill_crowd(herding, state.own_running, model.scratch.best, state.crowd)
