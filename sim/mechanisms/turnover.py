"""4.7 Turnover: what was built goes out of date, because the threat and the technology move on.

In each quarter each item of the lists becomes obsolete if u < turnover: `standing = standing * (u >= turnover)`, in all states
at once, first and own tasks included. A live project that holds it goes on and delivers its successor; who buys it
again buys a replacement, no duplicate.
Source: assumption by analogy with the revision of ISO/IEC 27001, Annex A, between 2013 and 2022 (11 of 93 controls are
new, with the merged ones 35); that an item ages everywhere at once, and all alike, is an assumption.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim import streams
from donorlab.sim.compiled import compiled
from donorlab.sim.mechanisms.coverage import mend_beliefs
from donorlab.sim.state import DOMESTIC, OBSOLETE
from donorlab.sim.value import bit_count

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


@compiled
def obsolete_items(seed, quarter, pillar, tasks, rate):  # type: ignore[no-untyped-def]
    """Return the word of the items of a pillar that become obsolete in a quarter."""
    word = np.uint64(0)
    for task in range(tasks):
        if streams.uniform(streams.TURNOVER, seed, quarter, 0, 0, 64 * pillar + task, 0) < rate:
            word |= np.uint64(1) << np.uint64(task)
    return word


@compiled
def turnover_quarter(  # type: ignore[no-untyped-def]
    quarter, rate, seed, by_task, whole, words, seen, standing, funded, owner, deadline, next_deadline, known, visible,
    first, outdated, obsolete, obsolete_funded, flow,
):
    """Let items become obsolete, wherever they stand."""
    one = np.uint64(1)
    everyone = known.shape[0] - 1
    tasks = owner.shape[2]
    for k in range(standing.shape[1]):
        items = obsolete_items(seed, quarter, k, tasks, rate)
        outdated[k] |= items
        if not items:
            continue
        for j in range(standing.shape[0]):
            gone = standing[j, k] & items
            if not gone:
                continue
            bought = funded[j, k] & items
            standing[j, k] &= ~items
            funded[j, k] &= ~items
            obsolete[j, k] += bit_count(gone)
            obsolete_funded[j, k] += bit_count(bought)
            flow[OBSOLETE] += bit_count(gone)
            if bought:
                soonest = math.inf
                for task in range(tasks):
                    if (bought >> np.uint64(task)) & one:
                        owner[j, k, task] = DOMESTIC
                        deadline[j, k, task] = math.inf
                    soonest = min(soonest, deadline[j, k, task])
                next_deadline[j, k] = soonest
            if known[everyone, j, k] & gone:  # else nobody believes it taken by a project
                mend_beliefs(j, k, first, whole, words, seen, known, visible, by_task)


def replace(model: CoordinationModel, quarter: int) -> None:
    """What was built goes out of date, everywhere at once. The phase ``turnover = replacement``.

    Does nothing where ``turnover`` is 0.
    """
    state, p = model.state, model.parameters
    if p.turnover <= 0:
        return
    ledger = state.ledger
    turnover_quarter(
        quarter, p.turnover, model.seed, p.ignorance == "task", ledger.whole, ledger.words, ledger.seen, state.standing,
        state.funded, state.owner, state.deadline, state.next_deadline, state.known, state.visible, state.first,
        state.outdated, state.obsolete, state.obsolete_funded, state.flow,
    )  # fmt: skip
