"""4.5 Ownership and lapse: what projects delivered falls into disuse unless the state owns it.

A task that a project owns lapses when the hazard summed since delivery, lapse * (1 - ownership) a quarter,
exceeds -ln u. Source: imposed reform decays at a rate d * (1 - ownership), owned reform persists (literature
on conditionality and ownership, e.g. Killick 1998); the rate is an assumption.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.mechanisms.coverage import mend_beliefs
from donorlab.sim.state import DOMESTIC, LAPSED

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


@compiled
def lapse_quarter(  # type: ignore[no-untyped-def]
    rate, by_task, ownership, whole, words, seen, standing, funded, owner, deadline, next_deadline, hazard, known,
    visible, first, lapsed, flow,
):
    """Let funded tasks lapse whose time has come."""
    one = np.uint64(1)
    for j in range(standing.shape[0]):
        hazard[j] += rate * (1.0 - ownership[j])
        for k in range(standing.shape[1]):
            if hazard[j] <= next_deadline[j, k]:
                continue
            soonest = math.inf
            for task in range(owner.shape[2]):
                if (funded[j, k] >> np.uint64(task)) & one:
                    if hazard[j] > deadline[j, k, task]:
                        bit = one << np.uint64(task)
                        standing[j, k] &= ~bit
                        funded[j, k] &= ~bit
                        owner[j, k, task] = DOMESTIC
                        deadline[j, k, task] = math.inf
                        lapsed[j, k] += 1
                        flow[LAPSED] += 1
                    else:
                        soonest = min(soonest, deadline[j, k, task])
            next_deadline[j, k] = soonest
            mend_beliefs(j, k, first, whole, words, seen, known, visible, by_task)


def lapse(model: CoordinationModel, quarter: int) -> None:
    """Lapse: the phase ``lapse = exponential``. Not called at all when ``lapse`` is 0."""
    state, p = model.state, model.parameters
    if p.lapse <= 0:
        return
    ledger = state.ledger
    lapse_quarter(
        p.lapse, p.ignorance == "task", state.ownership, ledger.whole, ledger.words, ledger.seen, state.standing,
        state.funded, state.owner, state.deadline, state.next_deadline, state.hazard, state.known, state.visible,
        state.first, state.lapsed, state.flow,
    )  # fmt: skip
