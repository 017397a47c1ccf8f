"""Which change would have shown a payment that it was the second one: only what the facts at its moment prove.

Nothing is run again and nothing is guessed. A change *shows* a duplicated payment if by it the donor would have known, when it
chose, of a project that held the task, all else as it was: then it would not have chosen the task (4.2: a donor picks among
what it believes open). What it would have bought in its place, and what would have followed, is not claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from donorlab.sim.sightings import serial_order, would_see
from donorlab.sim.state import DONOR

if TYPE_CHECKING:
    from donorlab.sim import CoordinationModel

PROJECTS: Final = "projects"
PLANS: Final = "plans"
SERIAL: Final = "serial"
BOTH: Final = "plans and serial"


@dataclass(frozen=True)
class Remedy:
    """A change, and of the duplicated payments for a task how many it would have shown, worth ``lost_m`` EUR m."""

    name: str
    payments: int
    lost_m: float


def register_lag(model: CoordinationModel) -> int:
    """Return the lag of the register of projects that is in force, or else of one as the scenario would have it."""
    return model.design.register_lag if model.design.register == "projects" else model.parameters.register_lag


def remedies(model: CoordinationModel, paid: pd.DataFrame, who: pd.DataFrame) -> tuple[Remedy, ...]:
    """Return what each change would have shown.

    Parameters
    ----------
    model : finished and traced
    paid : all payments for one task (``task_payments``)
    who : who could know of whom among them (``sightings_frame``)

    Notes
    -----
    In both registers everybody is a member and reports everything; the one of projects shows them ``register_lag`` + 1 quarters
    after their start, so that it shows what had started early enough. The serial calendar has donors plan in the order of
    the draws that gave them their slots; a later one sees an earlier one by its own draw or by the register that there is.
    """
    lag = register_lag(model)
    found = dict.fromkeys((PROJECTS, PLANS, SERIAL, BOTH), (0, 0.0))

    def add(name: str, payments: int, each: float) -> None:
        count, money = found[name]
        found[name] = (count + payments, money + payments * each)

    unseen = paid[paid["paid_twice"] & ~paid["by_race"]]
    for project, quarter, price in zip(unseen["project"], unseen["quarter"], unseen["price_m"], strict=True):
        earlier = who[(who["project"] == project) & ~who["same_slot"]]
        visible = (earlier["started"] > 0) & (earlier["started"] + 1 + lag <= quarter)
        add(PROJECTS, int(visible.any()), price)
        for name in (PLANS, BOTH):
            add(name, int(len(earlier) > 0), price)
    for (quarter, slot), lost in paid[paid["by_race"]].groupby(["quarter", "slot"]):
        group = paid[(paid["quarter"] == quarter) & (paid["slot"] == slot)]
        avoided = _avoided(model, [int(p) for p in group["project"]], int(group["task"].iloc[0]))
        price = float(lost["price_m"].mean())  # the same for all: one state, pillar and quarter
        add(SERIAL, min(avoided, len(lost)), price)
        add(BOTH, len(lost), price)
    return tuple(Remedy(name, *numbers) for name, numbers in found.items())


def _avoided(model: CoordinationModel, group: list[int], task: int) -> int:
    """Return how many of a race's payments would not have been made, had its donors planned one after the other."""
    still: list[int] = []
    for p in serial_order(model, group):
        donor = int(model.state.ledger.whole[p, DONOR])
        if not any(would_see(model, other, donor, task) for other in still):
            still.append(p)
    return len(group) - len(still)
