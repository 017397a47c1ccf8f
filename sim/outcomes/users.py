"""What an unchanged budget means where ever more people use the Internet, and what goes out of date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim.outcomes.bound import Baseline
from donorlab.sim.outcomes.tables import ratio
from donorlab.sim.state import DELIVERED
from donorlab.sim.users import QUARTERS_A_YEAR, year_of
from donorlab.sim.value import bit_counts

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

def users_outcomes(model: CoordinationModel, base: Baseline) -> dict[str, float]:
    """Return outcomes about users and obsolete tasks.

    users_m
        Internet users of all states at the end, million
    aid_per_user
        appropriations of an average year with income / users when the money stops, EUR a year
    gain_per_user
        users-weighted mean over states of v_j - v_none_j at the end, v_j = sum_k pillar_weight_k * f(c_jk / L) / K: what aid
        adds to the protection of the average user, 0 to 1
    weight_of_users
        users-weighted mean of w_j at the end: what the state of the average user weighs, the average state weighing 1
    obsolete_share
        tasks of projects that became obsolete / tasks that projects delivered
    """
    state, land, p = model.state, model.land, model.parameters
    users = land.users_by_year
    final, then = users[-1], users[year_of(p.horizon, len(users))]
    standing = bit_counts(state.standing.ravel()).reshape(state.standing.shape)
    gained = land.value[standing] - land.value[base.standing_none[p.quarters - 1]]
    per_state = (gained * land.pillar_weight).mean(axis=1)
    years = p.horizon / QUARTERS_A_YEAR
    return {
        "users_m": float(final.sum()),
        "aid_per_user": float(state.appropriated.sum()) / years / float(then.sum()),
        "gain_per_user": float(np.average(per_state, weights=final)),
        "weight_of_users": float(np.average(land.weights_by_year[-1], weights=final)),
        "obsolete_share": ratio(
            float(state.obsolete_funded.sum()), float(model.record.flow[: p.quarters, DELIVERED].sum())
        ),
    }
