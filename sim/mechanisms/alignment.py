"""4.5 Ownership moves: with aid that is aligned and chosen it rises, with aid that is imposed or withheld it falls.

`o += ownership_rate * (a * ch * (1 - o) - mistrust_cost * (im + mi) * o)`, over the last four quarters in a state: a =
cosine of tasks delivered by pillar and own priorities, ch = chosen of the projects contracted, im = imposed of the tasks
delivered, mi = withheld or imposed of the projects contracted; nothing moves where nothing was delivered.
With `alignment_alone` ch = 1.
Sources: ownership, alignment and choice of the Paris Declaration (OECD 2005); imposed reform, Killick 1998; the form and the
rates are assumptions.

Choice as a factor of the whole gain has a fixed sign against architectures with few donors: where nobody else offers, ch = 0
and ownership never rises, whatever is delivered. On `world` (three seeds) .80 of the projects are chosen under `fragmented`,
.77 under `umbrella`, .59 with a common fund, none under `central`; `central` less `fragmented` in efficiency is +11.9 points
at ownership_rate 0, +8.3 at .01, +1.1 at .03, `umbrella` less `fragmented` +2.9, +3.1 and +1.3. With `alignment_alone` they are
+13.6 at .01 and at .03, and +3.6 and +2.5.
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
def ownership_quarter(  # type: ignore[no-untyped-def]
    quarter, rate, mistrust, choice, size, whole, delivered, priority, contracts, ownership,
):
    """Move the ownership (J,) of all states; ``contracts`` (3, J) is scratch: contracted, chosen, withheld or imposed.

    ``choice``: whether only what was chosen makes aid a state's own; if not, ch is 1.
    """
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
        chosen = contracts[1, j] / made if choice else 1.0
        gain = alignment_of(j, delivered, priority) * chosen * (1.0 - ownership[j])
        loss = mistrust * (imposed / done + contracts[2, j] / made) * ownership[j]
        ownership[j] = min(1.0, max(0.0, ownership[j] + rate * (gain - loss)))


def _move(model: CoordinationModel, quarter: int, choice: bool) -> None:
    """Move ownership; does nothing where ownership_rate is 0."""
    state, p = model.state, model.parameters
    if p.ownership_rate <= 0:
        return
    ownership_quarter(
        quarter, p.ownership_rate, p.mistrust_cost, choice, state.ledger.size, state.ledger.whole, state.delivered,
        model.land.priority, model.scratch.contracts, state.ownership,
    )  # fmt: skip


def alignment(model: CoordinationModel, quarter: int) -> None:
    """Aligned and chosen aid raises ownership. The phase ``ownership = alignment``.

    Source: ownership, alignment and choice of the Paris Declaration (OECD 2005); that both are needed is an assumption.
    """
    _move(model, quarter, choice=True)


def alignment_alone(model: CoordinationModel, quarter: int) -> None:
    """Aligned aid raises ownership, whoever else offers. The phase ``ownership = alignment_alone``.

    Source: alignment of the Paris Declaration (OECD 2005), without choice between donors; the form is an assumption.
    """
    _move(model, quarter, choice=False)
