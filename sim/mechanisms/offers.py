"""4.3 Offers: whether a state could choose between donors.

A donor that contracts anything in a quarter offers a project to the states of its choice_cells best cells at the start of its
slot; a project is chosen if another donor offered its state one in that quarter.
Sources: choice as part of ownership (Paris Declaration, OECD 2005); that a donor offers what it would do in its best cells is
an assumption.

Computed only where ownership moves. Exact shortcut: states are looked at in the order of the bound that the planner uses, until
the last of the best cells is certain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from donorlab.sim.compiled import compiled
from donorlab.sim.mechanisms.wants import best_joint
from donorlab.sim.state import BENEFICIARY, CHOSEN, DONOR, FLAGS, NO_OFFER, SEVERAL
from donorlab.sim.value import bit_count

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


@compiled
def place(score, j, k, cells):  # type: ignore[no-untyped-def]
    """Put a cell among the best ``cells`` (3, N): score, state, pillar; higher scores first, ties to the smallest j, then k."""
    last = cells.shape[1] - 1
    i = last + 1
    while i > 0:
        behind = cells[0, i - 1] > score
        if cells[0, i - 1] == score:
            behind = cells[1, i - 1] < j or (cells[1, i - 1] == j and cells[2, i - 1] < k)
        if behind:
            break
        i -= 1
    if i > last:
        return
    for behind_it in range(last, i, -1):
        for row in range(3):
            cells[row, behind_it] = cells[row, behind_it - 1]
    cells[0, i] = score
    cells[1, i] = j
    cells[2, i] = k


@compiled
def make_offers(  # type: ignore[no-untyped-def]
    d, promised, size, fixed_costs, relation, factor, weight, credited, rule, standing, known, own_running, attenuation,
    visibility, value, price, price_factor, mandate, attraction, crowd, state_weight, pillar_weight, counts_added, cells,
    offered,
):
    """Enter donor d's offers in ``offered`` (J,). Nobody has contracted anything since the start of its slot.

    ``promised`` (J,) holds the promise of each state and is used up; ``cells`` (3, choice_cells) is scratch;
    ``counts_added`` (J, K) is 0.
    """
    tasks = value.shape[0] - 1
    cells[:] = 0
    last = cells.shape[1] - 1
    while True:
        j = 0
        for i in range(1, promised.shape[0]):
            if promised[i] > promised[j]:
                j = i
        if promised[j] <= 0 or promised[j] < cells[0, last]:  # no state that is left can hold one of the best cells
            break
        promised[j] = 0
        own = own_running[d, j]
        fixed = fixed_costs[d] + (relation if own == 0 else 0.0)
        for k in range(standing.shape[1]):
            if bit_count(standing[j, k] | known[d, j, k]) < tasks:
                score, _ = best_joint(
                    d, j, k, attenuation[j], counts_added, size, fixed, visibility[d] / (1 + own), factor, weight,
                    credited, rule, standing, known, value, price, price_factor, mandate, attraction, crowd, state_weight,
                    pillar_weight,
                )
                if score > 0:
                    place(score, j, k, cells)
    for i in range(cells.shape[1]):
        if cells[0, i] > 0:
            j = cells[1, i]
            if offered[j] == NO_OFFER:
                offered[j] = d
            elif offered[j] != d:
                offered[j] = SEVERAL


@compiled
def mark(start, stop, offered, whole):  # type: ignore[no-untyped-def]
    """Mark the projects in rows ``start`` to ``stop`` as chosen, to whose state another donor made an offer."""
    for p in range(start, stop):
        by = offered[whole[p, BENEFICIARY]]
        if by == SEVERAL or (by != NO_OFFER and by != whole[p, DONOR]):
            whole[p, FLAGS] |= CHOSEN


def begin(model: CoordinationModel) -> None:
    """Forget the offers of the last quarter."""
    model.state.offered[:] = NO_OFFER


def mark_chosen(model: CoordinationModel) -> None:
    """Mark the projects of this quarter that were chosen, when all offers are made."""
    state = model.state
    if len(state.offered):
        mark(model.first_row, state.ledger.size, state.offered, state.ledger.whole)
