"""4.9 Own effort: what states do by themselves.

Each quarter a state completes own tasks, Poisson with mean own_effort * admin left * ownership * priority * (1 -
crowding_out * donor tasks in progress / open tasks). Source: fitted on states with little technical cooperation,
ITU GCI 2020 to 2024 (126 of 134 beneficiaries rose; correlation with technical cooperation -.08); without this,
domestic reform would be credited to donors. Crowding out: Torsvik 2005 for the sign; the size is an assumption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim import streams
from donorlab.sim.compiled import compiled
from donorlab.sim.state import OWN
from donorlab.sim.value import bit_count

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


@compiled
def own_draw(seed, quarter, key, pillar, rate, free_administration, ownership, priority, crowding):  # type: ignore[no-untyped-def]
    """Return the number of own tasks drawn; ``crowding`` is the share lost to donors' tasks in progress."""
    mean = rate * free_administration * ownership * priority * (1.0 - crowding)
    return streams.poisson_quantile(streams.uniform(streams.EFFORT, seed, quarter, key, 0, pillar, 0), mean)


@compiled
def own_effort_quarter(  # type: ignore[no-untyped-def]
    quarter, rate, crowding_out, tasks, seed, keys, administration, ownership, priority,
    oversight, progressed, standing, known, own_tasks, own_drawn, flow,
):
    """Let all states do own tasks: the lowest-numbered ones that neither stand nor are in a live project."""
    one = np.uint64(1)
    everyone = known.shape[0] - 1
    for j in range(standing.shape[0]):
        free_administration = max(0.0, administration[j] - oversight[j] - progressed[j])
        for k in range(standing.shape[1]):
            free = tasks - bit_count(standing[j, k])
            if free == 0:
                continue
            running = known[everyone, j, k] & ~standing[j, k]
            crowding = crowding_out * bit_count(running) / free
            count = own_draw(
                seed, quarter, keys[j], k, rate, free_administration, ownership[j], priority[j, k], crowding
            )
            own_drawn[j, k] += count
            taken = standing[j, k] | running
            for task in range(tasks):
                if count == 0:
                    break
                if not (taken >> np.uint64(task)) & one:
                    standing[j, k] |= one << np.uint64(task)
                    own_tasks[j, k] += 1
                    flow[OWN] += 1
                    count -= 1


def own_effort(model: CoordinationModel, quarter: int) -> None:
    """States do own tasks at random, as far as administration and ownership allow. The phase ``effort = poisson``.

    Not called at all when ``own_effort`` is 0.
    """
    state, land, p = model.state, model.land, model.parameters
    if p.own_effort <= 0:
        return
    own_effort_quarter(
        quarter, p.own_effort, p.crowding_out, p.tasks_per_pillar, model.seed, land.keys, state.administration,
        state.ownership, land.priority, state.oversight, state.progressed, state.standing, state.known,
        state.own_tasks, state.own_drawn, state.flow,
    )  # fmt: skip
