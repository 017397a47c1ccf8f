"""Efficiency, and what happened to the money: outcomes measured against the bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim.outcomes.bound import Baseline, bound_money, certificate
from donorlab.sim.outcomes.tables import Payments, ratio
from donorlab.sim.recording import WELFARE
from donorlab.sim.state import (
    COMPLETED,
    CONDITIONAL,
    DOMESTIC,
    FAILED,
    POACHED,
    PROGRESS,
    REFORM,
    STALLED,
    WILLING,
    WITHHELD,
)  # fmt: skip

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

ROUNDING = 1e-9


def _share_of_reachable(gain: float, reachable: float, level: float) -> float:
    """Return gain / reachable; NaN where money could not raise welfare beyond rounding. Never clipped."""
    return gain / reachable if reachable > ROUNDING * max(1.0, abs(level)) else float("nan")


def _sustained_share(model: CoordinationModel) -> float:
    """Return what of the tasks that projects owned when aid ended is still owned by the same project (it stands then)."""
    then, now = model.record.owner_when_aid_ended, model.state.owner
    if then is None:  # a run that was stopped before its horizon
        return float("nan")
    owned = then != DOMESTIC
    return ratio(float((owned & (now == then)).sum()), float(owned.sum()))


def efficiency_outcomes(model: CoordinationModel, base: Baseline, paid: Payments) -> dict[str, float]:
    """Return outcomes against the bound and shares of the money.

    efficiency
        (W(T) - W_none(T)) / (W_bound(T) - W_none(T)) after the wind-down; at most 1; negative when aid did harm; NaN
        where there is no money
    efficiency_at_horizon, path_efficiency
        the same at the horizon; with sums over the quarters 1 to horizon
    welfare, welfare_no_aid, welfare_bound, bound_gap
        levels at the end (sum over states and pillars of weight times value); relative duality gap
    transaction_cost_share, overhead_share, idle_share
        fixed, relation and monitoring cost; overhead and negotiation; cash never spent; over all appropriations
    compliance_rate, release_rate
        conditional projects with reform tasks that the state adopts; that are not withheld / all such projects (where donors
        choose how many reforms to demand: those of which they demand at least one)
    conditions_demanded
        reform tasks demanded / reform tasks, over all projects of donors that set conditions, also where they demand none
    stalled_share
        projects that ended with reforms nobody wanted / projects that ended
    absorption_use
        tasks progressed / administrative capacity of all states, over the quarters to the horizon
    poached_share
        administration lost to donors' hiring / administrative capacity of all states, over the quarters to the horizon
    failure_share
        failed projects / projects that ended (NaN where none ended)
    spoiled_share
        delivered tasks that did not take / delivered tasks (NaN where none was delivered)
    ownership, ownership_start
        mean over states, 0 to 1, at the end and at the start
    sustained_share
        of the tasks that projects owned at the horizon (or when all aid was cut, if earlier), those that the same project
        owns at the end (NaN where there were none)
    """
    p, record = model.parameters, model.record
    end, horizon = p.quarters - 1, p.horizon - 1
    welfare = record.numbers[:, WELFARE]
    none, bound = base.welfare_none, base.welfare_bound
    if bound_money(model.original) <= 0:  # nothing can be reached; what goes out of date leaves a gap all the same
        bound = none
    proof = certificate(model.original, base, p.quarters)
    appropriated = float(model.state.appropriated.sum())
    ended = int((paid.status >= COMPLETED).sum())
    promised = (paid.flags & CONDITIONAL != 0) & (paid.flags & REFORM != 0)
    asked = (paid.flags & REFORM != 0) & (paid.demanded >= 0)
    overhead = float(model.state.overhead_paid.sum())
    used = float(record.flow[: p.horizon, PROGRESS].sum())
    hosted = float(model.land.administration.sum()) * p.horizon
    return {
        "efficiency": _share_of_reachable(welfare[end] - none[end], bound[end] - none[end], bound[end]),
        "efficiency_at_horizon": _share_of_reachable(
            welfare[horizon] - none[horizon], bound[horizon] - none[horizon], bound[horizon]
        ),
        "path_efficiency": _share_of_reachable(
            float((welfare[: p.horizon] - none[: p.horizon]).sum()),
            float((bound[: p.horizon] - none[: p.horizon]).sum()),
            float(bound[: p.horizon].sum()),
        ),
        "welfare": float(welfare[end]),
        "welfare_no_aid": float(none[end]),
        "welfare_bound": float(base.welfare_bound[end]),
        "bound_gap": proof.gap,
        "appropriated_m": appropriated,
        "contracted_m": float(paid.cost.sum()),
        "projects": float(len(paid.cost)),
        "transaction_cost_share": ratio(float(paid.transaction_cost.sum()), appropriated),
        "mismatch_cost_share": ratio(float(paid.mismatch_cost.sum()), appropriated),
        "idle_share": ratio(float(model.state.cash.sum() + model.state.withdrawn.sum()), appropriated),
        "absorption_use": ratio(used, hosted),
        "poached_share": ratio(float(record.flow[: p.horizon, POACHED].sum()), hosted),
        "overhead_share": ratio(overhead, appropriated),
        "compliance_rate": ratio(float((promised & (paid.flags & WILLING != 0)).sum()), float(promised.sum())),
        "release_rate": ratio(float((promised & (paid.status != WITHHELD)).sum()), float(promised.sum())),
        "conditions_demanded": ratio(float(paid.demanded[asked].sum()), float(paid.reforms[asked].sum())),
        "stalled_share": ratio(float((paid.status == STALLED).sum()), ended),
        "failure_share": ratio(float((paid.status == FAILED).sum()), ended),
        "spoiled_share": ratio(float(paid.spoiled.sum()), float(paid.delivered.sum())),
        "unfinished_share": ratio(float((paid.status < COMPLETED).sum()), len(paid.cost)),
        "ownership": float(np.mean(model.state.ownership)),
        "ownership_start": float(np.mean(model.land.ownership)),
        "sustained_share": _sustained_share(model),
    }
