"""5.2 Register: what members come to see of each other's projects.

A register of plans shows a reported project at the end of the slot in which it was contracted (see ``planning``),
a register of projects from its start plus a lag. Source: a joint, forward-looking database of planned projects as
the remedy of coordination failure (Halonen-Akatwijuka 2007); clearing houses show running projects only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from donorlab.sim.compiled import compiled
from donorlab.sim.mechanisms.coverage import show_project
from donorlab.sim.state import COMPLETED, FLAGS, NEXT, REPORTED, RUNNING, START, STATUS

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


@compiled
def register_projects(quarter, lag, first, whole, words, seen, known, member):  # type: ignore[no-untyped-def]
    """Show members the reported live projects that started ``lag`` + 1 quarters ago."""
    for j in range(first.shape[0]):
        p = first[j]
        while p >= 0:
            running = whole[p, STATUS] >= RUNNING and whole[p, STATUS] < COMPLETED
            if running and whole[p, FLAGS] & REPORTED and whole[p, START] + 1 + lag == quarter:
                show_project(p, whole, words, seen, known, member)
            p = whole[p, NEXT]


def observe(model: CoordinationModel, quarter: int) -> None:
    """Bring the register of projects up to date."""
    design, state = model.design, model.state
    if design.register == "projects":
        ledger = state.ledger
        register_projects(
            quarter, design.register_lag, state.first, ledger.whole, ledger.words, ledger.seen, state.known, design.member
        )
