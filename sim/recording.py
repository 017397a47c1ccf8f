"""7. Record: what is written down each quarter, and the tables made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from donorlab.sim.compiled import compiled
from donorlab.sim.scenario import FloatArray
from donorlab.sim.state import FLOW_NAMES
from donorlab.sim.value import bit_count

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

WELFARE, CASH, LIVE, PROJECTS, OVERHEAD = range(5)


@dataclass(eq=False)
class Record:
    """Rows by quarter.

    Attributes
    ----------
    numbers : (T, 5) welfare, cash EUR m, live projects, projects contracted and overhead paid (EUR m) so far
    tasks : (T, K) tasks standing by pillar, over all states
    flow : (T, 5) what happened in the quarter, see FLOW_NAMES
    standing_at_horizon : (J, K) words, and own_at_horizon : number of own tasks up to then
    """

    numbers: FloatArray
    tasks: FloatArray
    flow: FloatArray
    standing_at_horizon: npt.NDArray[np.uint64] | None = None
    own_at_horizon: int = 0

    @staticmethod
    def sized(quarters: int, pillars: int) -> Record:
        """Return an empty record for T quarters and K pillars."""
        return Record(
            numbers=np.zeros((quarters, 5)),
            tasks=np.zeros((quarters, pillars)),
            flow=np.zeros((quarters, len(FLOW_NAMES))),
        )


@compiled
def _write(  # type: ignore[no-untyped-def]
    row, cash, overhead, projects, own_running, standing, state_weight, pillar_weight, value, flow, numbers, tasks, flows,
):
    welfare = 0.0
    for k in range(standing.shape[1]):
        tasks[row, k] = 0
    for j in range(standing.shape[0]):
        inner = 0.0
        for k in range(standing.shape[1]):
            count = bit_count(standing[j, k])
            tasks[row, k] += count
            inner += pillar_weight[k] * value[count]
        welfare += state_weight[j] * inner
    numbers[row, WELFARE] = welfare
    numbers[row, CASH] = cash.sum()
    numbers[row, LIVE] = own_running.sum()
    numbers[row, PROJECTS] = projects
    numbers[row, OVERHEAD] = overhead.sum()
    for i in range(flow.shape[0]):
        flows[row, i] = flow[i]


def record(model: CoordinationModel) -> None:
    """Write down the quarter that ends."""
    state, land, kept = model.state, model.land, model.record
    row = model.quarter - 1
    if row >= len(kept.numbers):  # a user steps on beyond the end of the run: that is allowed
        kept.numbers = np.vstack([kept.numbers, np.zeros_like(kept.numbers[:1])])
        kept.tasks = np.vstack([kept.tasks, np.zeros_like(kept.tasks[:1])])
        kept.flow = np.vstack([kept.flow, np.zeros_like(kept.flow[:1])])
    _write(
        row, state.cash, state.overhead_paid, state.ledger.size, state.own_running, state.standing,
        state.state_weight, land.pillar_weight,
        land.value, state.flow, kept.numbers, kept.tasks, kept.flow,
    )  # fmt: skip
    if model.quarter == model.parameters.horizon:
        kept.standing_at_horizon = state.standing.copy()
        kept.own_at_horizon = int(state.own_tasks.sum())
