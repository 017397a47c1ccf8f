"""4.3 Motives: what draws a donor to a cell, before mandate and visibility.

``attraction_djk = need_d * v_j * pillar_weight_k + security_d * v_j * haven_j / mean(haven) + political_d * affinity_dj / mean``.
Sources: motives of aid (Alesina and Dollar 2000 and successors); safe havens as everybody's problem (Pawlak 2016); motives
as shares that replace each other: assumption. A table, made anew only when something in it has moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.scenario import FloatArray

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


@compiled
def fill_attraction(need, security, political, weight, haven, pillar_weight, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (D, J, K); ``haven`` (J,) has mean 1, or is 0 everywhere: then security is served by need."""
    somewhere = haven.sum() > 0.0
    for d in range(out.shape[0]):
        wanted = need[d] if somewhere else need[d] + security[d]
        safe = security[d] if somewhere else 0.0
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                out[d, j, k] = wanted * weight[j] * pillar_weight[k] + safe * weight[j] * haven[j] + political[d, j]


def attraction(model: CoordinationModel, need: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """Return what draws donors with motive ``need`` (D,) to each cell now, shape (D, J, K)."""
    state, giving, land = model.state, model.giving, model.land
    table = np.empty_like(state.attraction) if out is None else out
    mean = state.haven.mean()
    relative = state.haven / mean if mean > 0 else state.haven
    fill_attraction(need, giving.security, giving.political, state.state_weight, relative, land.pillar_weight, table)
    return table


def refresh(model: CoordinationModel) -> None:
    """Bring the table of the quarter up to date, if anything in it has moved."""
    if model.wants_moved:
        attraction(model, model.need, model.state.attraction)
        model.wants_moved = False
