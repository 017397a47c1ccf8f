"""5.3 Selectivity: aid follows a state's record of reforms, and nothing is promised or withheld.

``record_j = (1 + A_j) / (2 + A_j + B_j)``, A adopted and B refused reform projects of donors that set conditions. Their value
in j is multiplied by ``max(0, 1 + selectivity * (record_j / mean record - 1))``. A state adopts if ``benefit + reward >= cost``,
``reward = selectivity * M_j / (3 + A_j + B_j) / mean record`` less the share that rivals replace: what one more adopted instead of
refused reform would add to a year of such aid, M_j, if aid followed the value in proportion. Source: aid that is allocated
by retrospective outcomes in place of bought reforms (Collier et al. 1997); form of the record (rule of succession, Laplace 1814)
and of the reward are assumptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from donorlab.sim.mechanisms.reforms import adopts, carry_out, is_conditional, to_decide
from donorlab.sim.scenario import FloatArray
from donorlab.sim.state import (
    BENEFICIARY,
    COMPLETED,
    CONDITIONAL,
    DONOR,
    FLAGS,
    PRICE,
    QUARTER,
    REFORM,
    SIZE,
    STATUS,
    WILLING,
)

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

YEAR = 4  # quarters
CERTAIN = 1.0  # what a record brings is not promised by anybody, so that nobody can break a promise


def decided(model: CoordinationModel, rows: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (A, B), (J,) each: adopted and refused reform projects with conditions among the first ``rows`` projects."""
    whole, states = model.state.ledger.whole[:rows], len(model.land.keys)
    flags = whole[:, FLAGS]
    counted = (flags & CONDITIONAL != 0) & (flags & REFORM != 0)
    willing = flags & WILLING != 0
    adopted = np.bincount(whole[counted & willing, BENEFICIARY], minlength=states)
    refused = np.bincount(whole[counted & ~willing, BENEFICIARY], minlength=states)
    return adopted, refused


def record(adopted: npt.NDArray[np.int64], refused: npt.NDArray[np.int64]) -> FloatArray:
    """Return each state's record, (J,): 1/2 where nothing was decided on yet."""
    return np.asarray((1.0 + adopted) / (2.0 + adopted + refused))


def follow_records(model: CoordinationModel, quarter: int) -> None:
    """Multiply what leads and pledges left of the value of donors with conditions by what the records make of it."""
    state, who = model.state, model.design.conditional
    if not who.any():
        return
    found = record(*decided(model, state.ledger.size))
    factor = np.maximum(0.0, 1.0 + model.parameters.selectivity * (found / found.mean() - 1.0))
    shape = (len(who), *state.standing.shape)
    state.weight = state.agreed.copy() if len(state.agreed) else np.ones(shape)
    state.weight[who] *= factor[None, :, None]


def aid_of_a_year(model: CoordinationModel, quarter: int) -> FloatArray:
    """Return M, (J,): base cost of what donors with conditions contracted in each state in this and the last three quarters."""
    whole = model.state.ledger.whole[: model.state.ledger.size]
    rows = (whole[:, QUARTER] > quarter - YEAR) & (whole[:, FLAGS] & CONDITIONAL != 0)
    return _base_cost(model, rows)


def share_of_rivals(model: CoordinationModel) -> FloatArray:
    """Return rivals' share of the base cost of the projects live in each state, (J,); 0 where there are none."""
    whole = model.state.ledger.whole[: model.state.ledger.size]
    live = whole[:, STATUS] < COMPLETED
    everyone = _base_cost(model, live)
    rivals = _base_cost(model, live & model.inputs.donors.rival[whole[:, DONOR]])
    return np.divide(rivals, everyone, out=np.zeros_like(everyone), where=everyone > 0)


def _base_cost(model: CoordinationModel, rows: npt.NDArray[np.bool_]) -> FloatArray:
    """Return the base cost of some projects by state, EUR m, (J,)."""
    ledger = model.state.ledger
    whole, price = ledger.whole[: ledger.size][rows], ledger.reals[: ledger.size, PRICE][rows]
    money = np.bincount(whole[:, BENEFICIARY], weights=whole[:, SIZE] * price, minlength=len(model.land.keys))
    return np.asarray(money, dtype=np.float64)


def contract(model: CoordinationModel, quarter: int) -> None:
    """Aid follows a state's record of reforms, and nothing is promised or withheld. The phase ``contract = ex_post``."""
    p, whole = model.parameters, model.state.ledger.whole
    adopted, refused = decided(model, model.first_row)
    mean = float(record(adopted, refused).mean())
    money, rivals = aid_of_a_year(model, quarter), share_of_rivals(model)
    answers = {}
    for row in to_decide(model):
        j = int(whole[row, BENEFICIARY])
        reward = 0.0
        if is_conditional(model, row):
            reward = p.selectivity * float(money[j]) / float(3 + adopted[j] + refused[j]) / mean
        answers[row] = adopts(model, quarter, row, CERTAIN if reward else 0.0, reward, reward * float(rivals[j]))
        if is_conditional(model, row):
            (adopted if answers[row] else refused)[j] += 1
    carry_out(model, quarter, answers)


contract.before_plan = follow_records  # type: ignore[attr-defined]
