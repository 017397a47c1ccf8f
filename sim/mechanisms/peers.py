"""4.8 Peers: what a state's neighbours have done already costs it less.

``price_jk = kappa_j * (1 - peer_discount * m_jk)``, m_jk the mean over peers i of the share of the open tasks of (j, k) that stand
in (i, k); 0 where there is no peer or nothing is open. EUR m a task. Source: exchange of good practice between countries
and through regional organisations (Pawlak 2016); the form is an assumption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from donorlab.sim.compiled import compiled
from donorlab.sim.value import bit_count

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


@compiled
def fill_prices(discount, tasks, base, standing, peer_start, peer_of, price):  # type: ignore[no-untyped-def]
    """Fill ``price`` (J, K); the peers of state j are ``peer_of[peer_start[j]:peer_start[j + 1]]``, ``base`` (J,) is kappa."""
    for j in range(standing.shape[0]):
        peers = peer_start[j + 1] - peer_start[j]
        for k in range(standing.shape[1]):
            free = tasks - bit_count(standing[j, k])
            price[j, k] = base[j]
            if peers == 0 or free == 0:
                continue
            done = 0
            for at in range(peer_start[j], peer_start[j + 1]):
                done += bit_count(standing[peer_of[at], k] & ~standing[j, k])
            price[j, k] = base[j] * (1.0 - discount * (done / (peers * free)))


def peers(model: CoordinationModel, quarter: int) -> None:
    """What a state's peers have done already costs it less. The phase ``peers = neighbours``.

    Called before quarter 1 too (``quarter`` 0); off at peer_discount 0.
    """
    state, land, p = model.state, model.land, model.parameters
    if p.peer_discount <= 0:
        return
    fill_prices(
        p.peer_discount, p.tasks_per_pillar, land.task_price, state.standing, land.peer_start, land.peer_of, state.price
    )
