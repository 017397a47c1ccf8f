"""4.6 Norms: deliveries draw a state towards the positions of those who deliver.

``x_j += norm_pull * sum_i (n_ij / n_j) * (x_i - x_j)``, n_ij tasks delivered in state j by donor i in the quarter: camps
that pull in opposite directions cancel. Donors' positions are fixed. Source: capacity building as an instrument of
foreign policy, norms promoted with it (Pawlak 2016); the form (opinion dynamics, DeGroot 1974) and the rate are assumptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from donorlab.sim.compiled import compiled

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


@compiled
def pull_quarter(pull, donor_position, weight, delivered_by, position, influence, pulled, pulled_net):  # type: ignore[no-untyped-def]
    """Move the positions of states (J,) and note who drew how far.

    ``influence`` (D,) sums w_j / J * |pull|; ``pulled`` (J,) the distances that donors drew a state, ``pulled_net`` (J,)
    with their signs.
    """
    donors, states = delivered_by.shape
    for j in range(states):
        total = 0
        for i in range(donors):
            total += delivered_by[i, j]
        if total == 0:
            continue
        here = position[j]
        move = 0.0
        for i in range(donors):
            if delivered_by[i, j] > 0:
                drawn = pull * delivered_by[i, j] / total * (donor_position[i] - here)
                move += drawn
                influence[i] += weight[j] / states * abs(drawn)
                pulled[j] += abs(drawn)
        position[j] = here + move
        pulled_net[j] += move


def norms(model: CoordinationModel, quarter: int) -> None:
    """Deliveries draw a state towards the positions of those who deliver. The phase ``norms = deliveries``.

    Not called at all when ``norm_pull`` is 0.
    """
    state, p = model.state, model.parameters
    if p.norm_pull <= 0:
        return
    pull_quarter(
        p.norm_pull, model.inputs.donors.norm_position, model.land.state_weight, state.delivered_by, state.norm_position,
        state.influence, state.pulled, state.pulled_net,
    )  # fmt: skip
