"""5.3 Reforms of a quarter: which projects must be decided on, what a state is told, and what follows from its answer.

Refused reform tasks are blocked; a project that is not paid ends before it starts, and all its money but the fixed and
monitoring cost returns. Contract mechanisms differ in what is at stake and in who is not paid; what they have in common
stands here. Source: an interface; the rule is that of ``contracts`` (assumption: a donor comes back at once to a state that
did what it promised and was not paid).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from donorlab.sim.mechanisms.contracts import ReformView, is_willing, stake_of, withhold
from donorlab.sim.state import BENEFICIARY, BLOCKED, CONDITIONAL, DONOR, FLAGS, IMPOSED, PILLAR, REFORM, TASKS, WILLING
from donorlab.sim.value import bit_count

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


def to_decide(model: CoordinationModel) -> list[int]:
    """Return the ledger rows of this quarter's contracts that hold reform tasks, in ledger order."""
    ledger = model.state.ledger
    rows: npt.NDArray[np.int64] = np.arange(model.first_row, ledger.size)
    reforms = ledger.words[rows, TASKS] & model.land.reform_words[ledger.whole[rows, PILLAR]]
    found: list[int] = rows[reforms != 0].tolist()
    return found


def is_conditional(model: CoordinationModel, p: int) -> bool:
    """Return whether project p comes with conditions."""
    return bool(model.state.ledger.whole[p, FLAGS] & CONDITIONAL)


def stake(model: CoordinationModel, p: int) -> tuple[float, float]:
    """Return (stake, replaced) of project p, EUR m, as ``contracts`` has them."""
    state, design = model.state, model.design
    found: tuple[float, float] = stake_of(
        p, design.linked, state.first, state.ledger.whole, state.ledger.reals, design.member, model.inputs.donors.rival
    )
    return found


def cost_and_benefit(model: CoordinationModel, j: int) -> tuple[float, float]:
    """Return what a reform costs state j and what it gains by it, EUR m a project."""
    return float(model.land.reform_cost[j]), float(model.parameters.reform_benefit * model.state.ownership[j])


def by_the_rule(
    model: CoordinationModel, p: int, probability: float = 0.0, at_stake: float = 0.0, replaced: float = 0.0
) -> bool:
    """Return whether the state of project p adopts its reforms by the rule of ``contracts``.

    ``probability`` is by how much adopting raises the chance to get what is at stake.
    """
    cost, benefit = cost_and_benefit(model, int(model.state.ledger.whole[p, BENEFICIARY]))
    return bool(is_willing(is_conditional(model, p), probability, at_stake, replaced, cost, benefit, 1.0))


def adopts(
    model: CoordinationModel, quarter: int, p: int, probability: float = 0.0, at_stake: float = 0.0, replaced: float = 0.0
) -> bool:
    """Return whether the state of project p adopts its reforms; overridden states are asked in Python."""
    j, k, d = (int(model.state.ledger.whole[p, column]) for column in (BENEFICIARY, PILLAR, DONOR))
    if j not in model.python_beneficiaries:
        return by_the_rule(model, p, probability, at_stake, replaced)
    cost, benefit = cost_and_benefit(model, j)
    reforms = int(bit_count(model.state.ledger.words[p, TASKS] & model.land.reform_words[k]))
    view = ReformView(
        quarter=quarter,
        donor=model.inputs.donors.ids[d],
        pillar=model.inputs.pillars[k],
        conditional=is_conditional(model, p),
        cost=cost,
        benefit=benefit,
        stake=at_stake,
        replaced=replaced,
        credibility=probability,
        reforms=reforms,
        demanded=reforms if is_conditional(model, p) else 0,
    )
    return bool(model.beneficiary_agents[j].decide_reform(view))


def carry_out(
    model: CoordinationModel, quarter: int, adopted: Mapping[int, bool], unpaid: Collection[int] = ()
) -> None:
    """Let follow what follows, in the order of ``adopted``: adopted reforms go on, refused ones are blocked.

    Parameters
    ----------
    adopted : ledger row of each project that was decided on to whether the state adopts, in ledger order
    unpaid : rows of those that are withheld; where the state had refused, the donor stays away shun_quarters
    """
    ledger, state, design = model.state.ledger, model.state, model.design
    p = model.parameters
    for row, willing in adopted.items():
        j, k, d = (int(ledger.whole[row, column]) for column in (BENEFICIARY, PILLAR, DONOR))
        ledger.whole[row, FLAGS] |= REFORM | (WILLING if willing else 0)
        cost, benefit = cost_and_benefit(model, j)
        if willing and benefit < cost:
            ledger.whole[row, FLAGS] |= IMPOSED
        if row in unpaid:
            withhold(
                row, quarter, p.ignorance == "task", p.impatience, p.queue_limit, ledger.whole, ledger.words, ledger.reals,
                ledger.seen, state.known, state.visible, state.first, state.last, state.own_running, state.undelivered,
                state.room, state.attenuation, state.closed, state.cash,
            )  # fmt: skip
            if not willing:
                state.shun_until[d, j] = quarter + design.shun_quarters
        elif not willing:
            ledger.words[row, BLOCKED] = ledger.words[row, TASKS] & model.land.reform_words[k]
