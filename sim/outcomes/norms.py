"""4.6 Outcomes about norms: who drew whom, how far, and how much of it cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim.setup import yearly_budgets

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


def norm_outcomes(model: CoordinationModel) -> dict[str, float]:
    """Return outcomes about norms; weights w_j are those of the start, positions those of the data (UN votes).

    norm_alignment
        1 - mean_j w_j |x_j - X| / range, X the budget-weighted mean position of the scenario's donors, range the distance
        of the outermost positions of donors and states at the start; at most 1
    norm_shift
        mean_j w_j (x_j(T) - x_j(0)), in units of the position
    norm_contest
        1 - (sum_j w_j |net pull on j|) / (sum_j w_j pull on j): the share of all pull that opposed camps cancel; NaN
        without pull
    """
    state, land, donors = model.state, model.land, model.original.donors
    weight, now, start = land.state_weight, state.norm_position, land.norm_position
    budget = yearly_budgets(model.original)
    centre = float(np.average(donors.norm_position, weights=budget if budget.sum() > 0 else None))
    everybody = np.concatenate([donors.norm_position, start])
    spread = float(everybody.max() - everybody.min())
    distance = float((weight * np.abs(now - centre)).mean())
    gross, net = float((weight * state.pulled).sum()), float((weight * np.abs(state.pulled_net)).sum())
    return {
        "norm_alignment": 1.0 - distance / spread if spread > 0 else 1.0,
        "norm_shift": float((weight * (now - start)).mean()),
        "norm_contest": 1.0 - net / gross if gross > 0 else float("nan"),
    }
