"""4.7 Safe havens: where little is done against attackers, and what that means for everybody.

``haven_j = 1`` where a pillar ``legal`` or ``technical`` has tasks standing / L < haven_threshold; H = share of users who
live in havens; ``exposure_j = 1 - sum_k pillar_weight_k * f(c_jk / L) / K * (1 - haven_spill * H)``; an incident of state j
with a Poisson draw of mean ``incident_rate * exposure_j``, remembered for salience_quarters. Source: safe havens are
everybody's problem (Pawlak 2016), as a weakest link (Hirshleifer 1983); attention after events (Davies and Klasen 2019,
for the sign); the form is an assumption. On its weakest link no bound is claimed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim import streams
from donorlab.sim.compiled import compiled
from donorlab.sim.scenario import FloatArray
from donorlab.sim.users import year_of
from donorlab.sim.value import bit_count

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


def users_now(model: CoordinationModel) -> FloatArray:
    """Return (J,) millions of internet users as the quarter ends."""
    users = model.land.users_by_year
    now: FloatArray = users[year_of(model.quarter, len(users))]
    return now


@compiled
def fill_havens(threshold, haven_pillar, standing, tasks, haven):  # type: ignore[no-untyped-def]
    """Write 1 to ``haven`` (J,) where one of the pillars that count lies below the threshold; return whether any changed."""
    moved = False
    for j in range(standing.shape[0]):
        found = 0.0
        for k in range(standing.shape[1]):
            if haven_pillar[k] and bit_count(standing[j, k]) / tasks < threshold:
                found = 1.0
        moved = moved or found != haven[j]
        haven[j] = found
    return moved


@compiled
def fill_exposure(spill, haven, users, standing, pillar_weight, value, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (J,): what a state lacks of its own protection, and loses of it through others' havens."""
    everybody, sheltered = 0.0, 0.0
    for j in range(haven.shape[0]):
        everybody += users[j]
        sheltered += users[j] * haven[j]
    share = sheltered / everybody if everybody > 0.0 else 0.0
    pillars = standing.shape[1]
    for j in range(standing.shape[0]):
        own = 0.0
        for k in range(pillars):
            own += pillar_weight[k] * value[bit_count(standing[j, k])]
        out[j] = 1.0 - own / pillars * (1.0 - spill * share)


@compiled
def draw_incidents(quarter, rate, remembered, seed, keys, exposure, alarm_until):  # type: ignore[no-untyped-def]
    """Draw the incidents of a quarter; return whether attention to any state differs between this quarter and the next."""
    moved = False
    for j in range(exposure.shape[0]):
        before = alarm_until[j] >= quarter
        u = streams.uniform(streams.INCIDENT, seed, quarter, keys[j], 0, 0, 0)
        if streams.poisson_quantile(u, rate * exposure[j]) > 0:
            alarm_until[j] = quarter + remembered
        moved = moved or (alarm_until[j] > quarter) != before
    return moved


def exposure(model: CoordinationModel, out: FloatArray | None = None) -> FloatArray:
    """Return the exposure of each state now, share, shape (J,)."""
    state, land = model.state, model.land
    table = np.empty(len(land.keys)) if out is None else out
    fill_exposure(
        model.parameters.haven_spill, state.haven, users_now(model), state.standing, land.pillar_weight, land.value, table
    )
    return table


def havens(model: CoordinationModel, quarter: int) -> None:
    """Where little is done against attackers they settle, and incidents are drawn. The phase ``exposure = havens``.

    Quarter 0: from the first tasks, no draws.

    Does nothing where ``haven_threshold`` and ``salience`` are 0.
    """
    state, land, p = model.state, model.land, model.parameters
    if p.haven_threshold > 0:
        moved = fill_havens(p.haven_threshold, land.haven_pillar, state.standing, p.tasks_per_pillar, state.haven)
        model.wants_moved |= moved
    if p.salience > 0 and quarter > 0:
        exposed = exposure(model, model.scratch.exposure)
        model.wants_moved |= draw_incidents(
            quarter, p.incident_rate, p.salience_quarters, model.seed, land.keys, exposed, state.alarm_until
        )
