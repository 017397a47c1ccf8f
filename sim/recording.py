"""7. Record: what is written down each quarter, and the tables made of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from donorlab.sim.compiled import compiled
from donorlab.sim.mechanisms.exposure import exposure, users_now
from donorlab.sim.scenario import FloatArray
from donorlab.sim.state import FLOW_NAMES
from donorlab.sim.value import bit_count, bit_counts

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

WELFARE, CASH, LIVE, PROJECTS, OVERHEAD, HAVENS, EXPOSURE, EXPOSED = range(8)


@dataclass(eq=False)
class Record:
    """Rows by quarter.

    Attributes
    ----------
    numbers : (T, 8) welfare, cash EUR m, live projects, projects contracted and overhead paid (EUR m) so far; safe havens,
        mean exposure of users, users times exposure (millions)
    tasks : (T, K) tasks standing by pillar, over all states
    flow : (T, 8) what happened in the quarter, see FLOW_NAMES; members : (T,) donors with a budget under an umbrella
    standing_at_horizon : (J, K) words, and gained_at_horizon : how many of these are new since the start and how many of
        those are own tasks
    owner_when_aid_ended : (J, K, L) ledger row that owned a task at the horizon, or when all aid was cut if earlier, else
        DOMESTIC
    """

    numbers: FloatArray
    tasks: FloatArray
    flow: FloatArray
    members: npt.NDArray[np.int64]
    standing_at_horizon: npt.NDArray[np.uint64] | None = None
    gained_at_horizon: tuple[int, int] = (0, 0)
    owner_when_aid_ended: npt.NDArray[np.int32] | None = None

    @staticmethod
    def sized(quarters: int, pillars: int) -> Record:
        """Return an empty record for T quarters and K pillars."""
        return Record(
            numbers=np.zeros((quarters, 8)),
            tasks=np.zeros((quarters, pillars)),
            flow=np.zeros((quarters, len(FLOW_NAMES))),
            members=np.zeros(quarters, dtype=np.int64),
        )


@compiled
def _write(  # type: ignore[no-untyped-def]
    row, cash, overhead, projects, own_running, standing, state_weight, pillar_weight, value, flow, haven,
    exposed, users, numbers, tasks, flows,
):
    welfare, everybody, felt = 0.0, 0.0, 0.0
    for k in range(standing.shape[1]):
        tasks[row, k] = 0
    for j in range(standing.shape[0]):
        inner = 0.0
        for k in range(standing.shape[1]):
            count = bit_count(standing[j, k])
            tasks[row, k] += count
            inner += pillar_weight[k] * value[count]
        welfare += state_weight[j] * inner
        everybody += users[j]
        felt += users[j] * exposed[j]
    numbers[row, WELFARE] = welfare
    numbers[row, CASH] = cash.sum()
    numbers[row, LIVE] = own_running.sum()
    numbers[row, PROJECTS] = projects
    numbers[row, OVERHEAD] = overhead.sum()
    numbers[row, HAVENS] = haven.sum()
    numbers[row, EXPOSURE] = felt / everybody if everybody > 0.0 else math.nan
    numbers[row, EXPOSED] = felt
    for i in range(flow.shape[0]):
        flows[row, i] = flow[i]


def aid_ends(model: CoordinationModel) -> None:
    """Keep what projects own, when aid ends for the first time: all of it is cut, or the horizon is over."""
    if model.record.owner_when_aid_ended is None:
        model.record.owner_when_aid_ended = model.state.owner.copy()


def gained(model: CoordinationModel) -> tuple[int, int]:
    """Return how many tasks stand that are no first tasks (what replaces an obsolete one is none), and how many are own."""
    state = model.state
    new = state.standing & ~(model.land.standing & ~state.outdated)
    own = new & ~state.funded
    return int(bit_counts(new.ravel()).sum()), int(bit_counts(own.ravel()).sum())


def record(model: CoordinationModel) -> None:
    """Write down the quarter that ends."""
    state, land, kept = model.state, model.land, model.record
    row = model.quarter - 1
    if row >= len(kept.numbers):  # a user steps on beyond the end of the run: that is allowed
        kept.numbers = np.vstack([kept.numbers, np.zeros_like(kept.numbers[:1])])
        kept.tasks = np.vstack([kept.tasks, np.zeros_like(kept.tasks[:1])])
        kept.flow = np.vstack([kept.flow, np.zeros_like(kept.flow[:1])])
        kept.members = np.append(kept.members, 0)
    _write(
        row, state.cash, state.overhead_paid, state.ledger.size, state.own_running, state.standing,
        state.state_weight, land.pillar_weight,
        land.value, state.flow, state.haven, exposure(model, model.scratch.exposure), users_now(model),
        kept.numbers, kept.tasks, kept.flow,
    )  # fmt: skip
    kept.members[row] = np.count_nonzero(model.design.member & (model.giving.budget > 0))
    if model.quarter == model.parameters.horizon:
        kept.standing_at_horizon = state.standing.copy()
        kept.gained_at_horizon = gained(model)
        aid_ends(model)
