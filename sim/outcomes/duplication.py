"""Duplication of objectives, of methods and of tasks (nested measures)."""

from __future__ import annotations

import numpy as np

from donorlab.sim.outcomes.tables import Payments, ratio
from donorlab.sim.scenario import FloatArray


def duplication_outcomes(paid: Payments, price: FloatArray) -> dict[str, float]:
    """Return shares of the base cost of all contracted tasks.

    Parameters
    ----------
    paid : projects; price : (P,) base cost of one task of each project, EUR m

    objective_overlap
        paid where another donor had a live project in the same beneficiary and pillar at the contract
    method_overlap
        of these, where one contains a task of the same instrument
    task_overlap
        of these, where one contains the same task
    duplication_share = duplication_ignorance_share + duplication_race_share
        paid for a task that stood or was in another live project: that could have been seen; that could not yet
    """
    total = float(paid.base_cost.sum())
    return {
        "duplication_share": ratio(float(paid.duplicated_cost.sum()), total),
        "duplication_ignorance_share": ratio(float(paid.ignorance_cost.sum()), total),
        "duplication_race_share": ratio(float(paid.race_cost.sum()), total),
        "objective_overlap": ratio(float((paid.objective * price).sum()), total),
        "method_overlap": ratio(float((paid.method * price).sum()), total),
        "task_overlap": ratio(float(np.sum(paid.same_task * price)), total),
    }
