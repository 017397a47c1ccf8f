"""4.5 Ownership moves: with aid that is aligned and chosen it rises, with aid that is imposed or withheld it falls.

`o += ownership_rate * (a * ch * (1 - o) - mistrust_cost * (im + mi) * o)`, over the last four quarters in a state: a =
cosine of tasks delivered by pillar and own priorities, ch = chosen of the projects contracted, im = imposed of the tasks
delivered, mi = withheld or imposed of the projects contracted; nothing moves where nothing was delivered.
Sources: ownership, alignment and choice of the Paris Declaration (OECD 2005); imposed reform, Killick 1998; the form and the
rates are assumptions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from donorlab.sim.compiled import compiled
from donorlab.sim.state import BENEFICIARY, CHOSEN, FLAGS, IMPOSED, QUARTER, STATUS, WITHHELD

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

MEMORY = 4  # quarters that count: as many as State.delivered holds


@compiled
def alignment_of(j, delivered, priority):  # type: ignore[no-untyped-def]
    """Return the cosine of the tasks delivered in state j, by pillar, and its own priorities; 0 where either is 0."""
    product, done, wanted = 0.0, 0.0, 0.0
    for k in range(priority.shape[1]):
        tasks = 0.0
        for quarter in range(delivered.shape[0]):
            tasks += delivered[quarter, j, k]
        product += tasks * priority[j, k]
        done += tasks * tasks
        wanted += priority[j, k] * priority[j, k]
    if done == 0.0 or wanted == 0.0:
        return 0.0
    return min(1.0, product / math.sqrt(done * wanted))  # rounding must not lift it above what the bound allows


@compiled
def ownership_quarter(quarter, rate, mistrust, size, whole, delivered, priority, contracts, ownership):  # type: ignore[no-untyped-def]
    """Move the ownership (J,) of all states; ``contracts`` (3, J) is scratch: contracted, chosen, withheld or imposed."""
    contracts[:] = 0
    p = size - 1
    while p >= 0 and whole[p, QUARTER] > quarter - MEMORY:  # the ledger is in the order of contracts
        j = whole[p, BENEFICIARY]
        contracts[0, j] += 1
        if whole[p, FLAGS] & CHOSEN:
            contracts[1, j] += 1
        if whole[p, STATUS] == WITHHELD or whole[p, FLAGS] & IMPOSED:
            contracts[2, j] += 1
        p -= 1
    pillars = priority.shape[1]
    for j in range(ownership.shape[0]):
        done, imposed = 0, 0
        for past in range(delivered.shape[0]):
            imposed += delivered[past, j, pillars]
            for k in range(pillars):
                done += delivered[past, j, k]
        if done == 0:
            continue
        made = max(1, contracts[0, j])
        gain = alignment_of(j, delivered, priority) * (contracts[1, j] / made) * (1.0 - ownership[j])
        loss = mistrust * (imposed / done + contracts[2, j] / made) * ownership[j]
        ownership[j] = min(1.0, max(0.0, ownership[j] + rate * (gain - loss)))


def alignment(model: CoordinationModel, quarter: int) -> None:
    """Move ownership with what was delivered: the phase ``ownership = alignment``. Does nothing where ownership_rate is 0."""
    state, p = model.state, model.parameters
    if p.ownership_rate <= 0:
        return
    ownership_quarter(
        quarter, p.ownership_rate, p.mistrust_cost, state.ledger.size, state.ledger.whole, state.delivered,
        model.land.priority, model.scratch.contracts, state.ownership,
    )  # fmt: skip
