"""Who gives where, who is served, and to whom growth is owed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim.outcomes.tables import Payments, ratio, sums
from donorlab.sim.recording import gained
from donorlab.sim.scenario import BoolArray, FloatArray

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

ORPHAN, DARLING = 0.5, 1.5
TOLERANCE = 1e-9


def aid_matrix(model: CoordinationModel, paid: Payments) -> FloatArray:
    """Return EUR m contracted by donor and beneficiary over the run, shape (D, J)."""
    shape = (len(model.giving.keys), len(model.land.keys))
    flat = sums(paid.donor * shape[1] + paid.beneficiary, paid.cost, shape[0] * shape[1])
    return np.asarray(flat.reshape(shape))


def need(model: CoordinationModel) -> FloatArray:
    """Return the need of each state at the start, w_j * sum_k pillar_weight_k * (1 - f(c_jk)), shape (J,)."""
    land = model.land
    open_value = 1.0 - land.value[land.initial_count]
    return np.asarray(land.state_weight * (open_value * land.pillar_weight).sum(axis=1))


def aid_need_ratio(model: CoordinationModel, aid: FloatArray) -> FloatArray:
    """Return r_j = (share of aid) / (share of need), shape (J,); NaN where a state has no need or there is no aid."""
    needs, received = need(model), aid.sum(axis=0)
    if received.sum() <= 0 or needs.sum() <= 0:
        return np.full(len(needs), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(needs > 0, (received / received.sum()) / (needs / needs.sum()), np.nan)


def weighted_gini(values: FloatArray, weights: FloatArray) -> float:
    """Return the Gini coefficient of ``values`` weighted by ``weights``, 0 (equal) to 1."""
    keep = np.isfinite(values) & (weights > 0)
    values, weights = values[keep], weights[keep]
    total = float((values * weights).sum())
    if total <= 0:
        return float("nan")
    order = np.argsort(values, kind="stable")
    w = weights[order] / weights.sum()
    held = np.cumsum(values[order] * weights[order]) / total
    before = np.concatenate([[0.0], held[:-1]])
    return float(1.0 - (w * (held + before)).sum())


def nonsignificant(aid: FloatArray) -> BoolArray:
    """Return which relations of ``aid`` (D, J) are neither concentrated nor important (OECD 2009), shape (D, J).

    A relation, aid above 0, is concentrated if the donor's share of the beneficiary's aid is at least its share of all
    aid, and important if the donor is among the largest that together give 90% of the beneficiary's aid.
    """
    total = aid.sum()
    if total <= 0:
        return np.zeros(aid.shape, dtype=np.bool_)
    given, received = aid.sum(axis=1), aid.sum(axis=0)
    relations = aid > 0
    served = received > 0
    share = np.divide(aid, received, out=np.zeros_like(aid), where=served)
    concentrated = share >= (given / total)[:, None] * (1.0 - TOLERANCE)
    order = np.argsort(-share, axis=0, kind="stable")
    ranked = np.take_along_axis(share, order, axis=0)
    before = np.cumsum(ranked, axis=0) - ranked
    important = np.zeros_like(relations)
    np.put_along_axis(important, order, before < 0.9 - TOLERANCE, axis=0)
    return np.asarray(relations & ~concentrated & ~important)


def nonsignificant_share(aid: FloatArray) -> float:
    """Return the share of relations that are not significant, NaN where there is no aid; see `nonsignificant`."""
    return ratio(float(nonsignificant(aid).sum()), float((aid > 0).sum()))


def distribution_outcomes(model: CoordinationModel, paid: Payments) -> dict[str, float]:
    """Return outcomes about relations and states.

    fragmentation_hhi, effective_donors
        unweighted means over recipients of sum_i s_ij^2 and of its inverse, s_ij = donor i's share of j's aid
    donors_per_recipient
        mean number of donors over recipients
    nonsignificant_relations_share
        see ``nonsignificant_share``
    orphans, darlings
        number of states with r_j = (share of aid) / (share of need) below .5 / above 1.5
    coverage_gini
        Gini coefficient of r_j weighted by need
    attribution_share, attribution_share_at_horizon
        own-effort tasks / tasks standing at the end (at the horizon) and not at the start; what replaces a first
        task that became obsolete did not stand at the start
    """
    aid = aid_matrix(model, paid)
    received = aid.sum(axis=0)
    served = received > 0
    share = aid[:, served] / received[served]
    hhi = (share**2).sum(axis=0)
    r = aid_need_ratio(model, aid)
    new, own = gained(model)
    new_then, own_then = model.record.gained_at_horizon
    return {
        "fragmentation_hhi": float(hhi.mean()) if served.any() else float("nan"),
        "effective_donors": float((1.0 / hhi).mean()) if served.any() else float("nan"),
        "donors_per_recipient": float((aid[:, served] > 0).sum(axis=0).mean()) if served.any() else float("nan"),
        "nonsignificant_relations_share": nonsignificant_share(aid),
        "orphans": float((r < ORPHAN).sum()) if np.isfinite(r).any() else float("nan"),
        "darlings": float((r > DARLING).sum()) if np.isfinite(r).any() else float("nan"),
        "coverage_gini": weighted_gini(r, need(model)),
        "attribution_share": ratio(own, new),
        "attribution_share_at_horizon": ratio(own_then, new_then),
    }
