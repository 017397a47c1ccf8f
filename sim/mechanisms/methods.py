"""4.4 Methods: whether a delivered task takes depends on instrument and context, and donors follow what they saw take.

A task of instrument m takes in context c with probability ``s_mc = 1 - 2 * method_failure * u``; the context of a state is
its third of government effectiveness. In picking tasks, skill_dm is replaced by
``skill_dm * ((1 + S_dcm) / (2 + N_dcm))^method_learning``: N deliveries that donor d saw in (c, m), S of them took. Sources: no
single good model of capacity building (Pawlak 2016); the mean of a uniform prior after S of N (Laplace); contexts, form and
numbers are assumptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim import streams
from donorlab.sim.compiled import compiled

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


@compiled
def takes(chance, seed, quarter, donor_key, task, serial):  # type: ignore[no-untyped-def]
    """Return whether a delivered task takes: ``quarter`` and ``serial`` are those of the contract, ``chance`` is s_mc."""
    return streams.uniform(streams.METHOD_OUTCOME, seed, quarter, donor_key, 0, task, serial) < chance


@compiled
def witness(p, context, instrument, took, seen, trials, successes):  # type: ignore[no-untyped-def]
    """Let every donor that sees project p, as its own or another's, count a trial of the instrument."""
    for d in range(trials.shape[0]):
        if (seen[p, d >> 6] >> np.uint64(d & 63)) & np.uint64(1):
            trials[d, context, instrument] += 1
            if took:
                successes[d, context, instrument] += 1


def refresh(model: CoordinationModel) -> None:
    """Bring the weights with which tasks are picked up to date with the evidence at the start of the quarter."""
    state, p = model.state, model.parameters
    if p.method_failure > 0:
        seen_to_take = (1.0 + state.successes) / (2.0 + state.trials)
        state.skill[:] = model.giving.skill[:, None, :] * seen_to_take**p.method_learning
