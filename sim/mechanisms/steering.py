"""5.1 and 5.2 Leads and pledges: where a donor holds its value back.

Leads: once a year the members' cells are divided by a linear sum assignment (scipy) that maximises how much leads
want what they lead; how many blocks a cell has follows what the optimum would spend there, how many a member has
its budget. Source: lead donors and division of labour (OECD and EU codes of conduct; Steinwand 2015 for lead
donorship); the assignment is ours. Pledges: a non-binding promise (Nunnenkamp et al. 2013).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from donorlab.sim.mechanisms.motives import attraction
from donorlab.sim.mechanisms.wants import wishes
from donorlab.sim.optimum import optimal_purchase, task_prices
from donorlab.sim.scenario import FloatArray
from donorlab.sim.value import bit_counts

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

BLOCKS_LEAST = 100
PREFERENCE_UNIT = 2.0**20  # preferences are compared as whole numbers, so that ties are ties


def largest_remainder(weights: FloatArray, total: int, least: int = 0) -> npt.NDArray[np.int64]:
    """Return whole numbers in proportion to ``weights`` that sum to ``total``, each at least ``least``.

    Remainders are given to the largest fractions, ties to the smaller index; what the least takes beyond its share
    comes from the largest numbers (ties to the smaller index).
    """
    share = weights / weights.sum() * total
    whole = np.floor(share + 1e-9).astype(np.int64)
    order = np.argsort(-np.round(share - whole, 9), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    parts: list[int] = whole.tolist()  # few and small: faster one by one than as arrays
    for i, part in enumerate(parts):
        for _ in range(part, least):
            parts[parts.index(max(parts))] -= 1
            parts[i] += 1
    return np.array(parts, dtype=np.int64)


def wish(model: CoordinationModel) -> FloatArray:
    """Return omega of each donor and cell with nothing running, (D, J, K); 0 for a donor itself."""
    giving = model.giving
    found: FloatArray = wishes(
        giving.itself, giving.visibility, giving.mandate, attraction(model, giving.need)
    )
    return found


def _counts(model: CoordinationModel) -> npt.NDArray[np.int64]:
    standing = model.state.standing
    counts: npt.NDArray[np.int64] = bit_counts(standing.ravel()).reshape(standing.shape)
    return counts


def preferences(model: CoordinationModel) -> FloatArray:
    """Return how much each donor wants to lead each unit, (D, cells or states), as whole numbers up to 2^20."""
    omega = model.wish
    wanted = omega.mean(axis=2) if model.design.division == "beneficiary" else omega.reshape(len(omega), -1)
    top = wanted.max(axis=1, keepdims=True)
    return np.floor(np.divide(wanted, top, out=np.zeros_like(wanted), where=top > 0) * PREFERENCE_UNIT)


def renew_wishes(model: CoordinationModel) -> None:
    """Make omega0 anew, with what follows from it: arrays only where leads, pledges or accounts use them."""
    nothing = np.zeros((0, 0, 0))
    model.wish = wish(model) if model.design.steers or model.accounting else nothing
    model.promise = model.wish if model.accounting else nothing
    model.preferences = preferences(model) if model.design.division != "none" else np.zeros((0, 0))


def lead_weights(model: CoordinationModel) -> None:
    """Agree on leads and write the members' factors to ``state.agreed``: 1 inside the lead, 1 - discipline outside."""
    design, state, land = model.design, model.state, model.land
    weight = state.agreed
    budget = 4.0 * model.income  # of this year
    members = np.flatnonzero(design.member & (budget > 0))
    weight[design.member] = 1.0
    money = float(budget[design.member].sum() + state.cash[design.member].sum())
    counts = _counts(model)
    price = task_prices(model.original, land)
    spend = (optimal_purchase(model.original, land, state.state_weight, counts, money) - counts) * price[:, None]
    by_state = design.division == "beneficiary"
    per_unit = spend.sum(axis=1) if by_state else spend.ravel()
    if per_unit.sum() <= 0 or len(members) == 0:
        return
    blocks = max(BLOCKS_LEAST, 2 * len(members))
    blocks_of = np.floor(per_unit / per_unit.sum() * blocks + 0.5).astype(np.int64)
    units = np.repeat(np.arange(len(per_unit)), blocks_of)  # where the optimum spends less than half a block nobody leads
    if len(units) == 0:
        return
    least = 1 if len(units) >= len(members) else 0
    leads = np.repeat(members, largest_remainder(budget[members], len(units), least))
    rows, columns = linear_sum_assignment(model.preferences.T[np.ix_(units, leads)], maximize=True)
    weight[leads] = 1.0 - design.discipline
    place = (leads[columns], units[rows]) if by_state else (leads[columns], *np.divmod(units[rows], weight.shape[2]))
    weight[place] = 1.0


def pledge_weights(model: CoordinationModel) -> None:
    """Let donors pledge and write their factors to ``state.agreed``: 1 inside the pledge, 1 - strength outside."""
    design, land, weight = model.design, model.land, model.state.agreed
    counts = _counts(model)
    length = len(land.value) - 1
    gain = np.where(counts < length, land.value[np.minimum(counts + 1, length)] - land.value[counts], 0.0)
    states = weight.shape[1]
    focus = max(1, int(np.floor(design.pledge_focus * states + 0.5)))
    for d in np.flatnonzero(design.pledging):
        attraction = (model.wish[d] * gain).sum(axis=1)
        inside = np.zeros(states, dtype=np.bool_)
        inside[np.argsort(-attraction, kind="stable")[:focus]] = True
        weight[d] = np.where(inside, 1.0, 1.0 - design.pledge_strength)[:, None]


def steer(model: CoordinationModel, quarter: int) -> None:
    """Agree and pledge up to the horizon: in the first quarter of each year, and when a design has come into force."""
    if (quarter % 4 == 1 or not model.agreed) and quarter <= model.parameters.horizon:
        model.agreed = True
        if model.design.division != "none":
            lead_weights(model)
        if model.design.pledging.any():
            pledge_weights(model)
