"""5.3 Will and conditions: a reform is adopted by the state itself, or not at all.

A state has own will if its benefit is at least its cost; against conditions it is willing if
``credibility * (stake - replaced) >= cost - benefit``. Sources: threshold of compliance with an outside option
(derived from Collier et al. 1997 and Kanbur on ex-ante conditionality; rivals that replace aid: Hernandez 2017);
ownership makes reform the state's own interest (Dollar and Svensson 2000: domestic traits predict, donors do not).

With linked conditions a state weighs all conditional aid of members in it, but a refusal costs it no more than the one
project, and only that project's donor stays away. That states believe in a loss that is never carried out in full, and do
not learn that it is not, is an assumption in favour of linked conditions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from donorlab.sim import streams
from donorlab.sim.compiled import compiled
from donorlab.sim.mechanisms.absorption import end_project, unlink_ended
from donorlab.sim.mechanisms.coverage import mend_beliefs
from donorlab.sim.mechanisms.planning import update_wait
from donorlab.sim.state import (
    BENEFICIARY,
    BLOCKED,
    CONDITIONAL,
    COST,
    DONOR,
    FIXED,
    FLAGS,
    MONITORING,
    NEXT,
    PILLAR,
    PRICE,
    REFORM,
    RETURNED,
    SERIAL,
    SIZE,
    START,
    TASKS,
    WILLING,
    WITHHELD,
)

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

OWN_JUDGEMENT = -1


@dataclass(frozen=True)
class ReformView:
    """What a state knows when it decides on the reforms of one project.

    Attributes
    ----------
    quarter : number; donor, pillar : names
    conditional : whether the money may be withheld
    cost, benefit : EUR m, of the reform to the state
    stake, replaced : EUR m at stake, and of it what rivals would replace (0 where there are no conditions)
    credibility : probability that a threat is carried out
    """

    quarter: int
    donor: str
    pillar: str
    conditional: bool
    cost: float
    benefit: float
    stake: float
    replaced: float
    credibility: float


@compiled
def stake_of(p, linked, first, whole, reals, member, rival):  # type: ignore[no-untyped-def]
    """Return (stake, replaced) of project p, EUR m."""
    j = whole[p, BENEFICIARY]
    rivals = 0.0
    everyone = 0.0
    conditional = 0.0
    q = first[j]
    while q >= 0:
        money = whole[q, SIZE] * reals[q, PRICE]
        everyone += money
        if rival[whole[q, DONOR]]:
            rivals += money
        if whole[q, FLAGS] & CONDITIONAL and member[whole[q, DONOR]]:
            conditional += money
        q = whole[q, NEXT]
    stake = conditional if linked else whole[p, SIZE] * reals[p, PRICE]
    return stake, stake * rivals / everyone


@compiled
def is_willing(conditional, credibility, stake, replaced, cost, benefit):  # type: ignore[no-untyped-def]
    """Return whether a state adopts a reform: by its own will, or because a condition makes it worth its while."""
    return benefit >= cost or (conditional and credibility * (stake - replaced) >= cost - benefit)


@compiled
def decide_on(  # type: ignore[no-untyped-def]
    p, decision, quarter, credibility, linked, shun, seed, by_task, impatience, queue_limit, reform_words,
    cost, benefit, member, rival, donor_keys, whole, words, reals, seen, known, visible, first, last, own_running,
    undelivered, room, attenuation, closed, cash, shun_until,
):
    """Decide on the reforms of project p: willing, blocked, or the project withheld.

    ``decision`` is the state's own (0 or 1), or OWN_JUDGEMENT for the rule above.
    """
    j, k, d = whole[p, BENEFICIARY], whole[p, PILLAR], whole[p, DONOR]
    reforms = words[p, TASKS] & reform_words[k]
    if not reforms:
        return
    whole[p, FLAGS] |= REFORM
    conditional = (whole[p, FLAGS] & CONDITIONAL) != 0
    if decision >= 0:
        willing = decision == 1
    else:
        stake, replaced = 0.0, 0.0
        if conditional:
            stake, replaced = stake_of(p, linked, first, whole, reals, member, rival)
        willing = is_willing(conditional, credibility, stake, replaced, cost[j], benefit[j])
    if willing:
        whole[p, FLAGS] |= WILLING
        return
    if conditional:
        u = streams.uniform(streams.WITHHOLD, seed, quarter, donor_keys[d], 0, 0, whole[p, SERIAL])
        if u < credibility:
            end_project(p, WITHHELD, quarter, first, whole, words, own_running, undelivered)
            whole[p, START] = 0
            reals[p, RETURNED] = reals[p, COST] - reals[p, FIXED] - reals[p, MONITORING]
            cash[d] += reals[p, RETURNED]
            shun_until[d, j] = quarter + shun
            unlink_ended(j, first, last, whole)
            mend_beliefs(j, k, first, whole, words, seen, known, visible, by_task)
            update_wait(j, impatience, queue_limit, undelivered, room, attenuation, closed)
            return
    words[p, BLOCKED] = reforms


@compiled
def decide_quarter(begin, end, *rest):  # type: ignore[no-untyped-def]
    """Decide on all projects in rows ``begin`` to ``end`` by the rule."""
    for p in range(begin, end):
        decide_on(p, OWN_JUDGEMENT, *rest)


def _arguments(model: CoordinationModel, quarter: int) -> tuple[object, ...]:
    state, land, design, p = model.state, model.land, model.design, model.parameters
    ledger = state.ledger
    return (
        quarter, design.credibility, design.linked, design.shun_quarters, model.seed, p.ignorance == "task", p.impatience,
        p.queue_limit, land.reform_words, land.reform_cost, p.reform_benefit * state.ownership, design.member,
        model.inputs.donors.rival, model.giving.keys, ledger.whole, ledger.words, ledger.reals, ledger.seen, state.known,
        state.visible, state.first, state.last, state.own_running, state.undelivered, state.room, state.attenuation,
        state.closed, state.cash, state.shun_until,
    )  # fmt: skip


def contract(model: CoordinationModel, quarter: int) -> None:
    """Let states decide on reforms: the phase ``contract = ex_ante``."""
    ledger = model.state.ledger
    begin = model.first_row
    if model.python_beneficiaries:
        _ask(model, quarter, begin)
    else:
        decide_quarter(begin, ledger.size, *_arguments(model, quarter))


def _ask(model: CoordinationModel, quarter: int, begin: int) -> None:
    """Decide project by project, asking overridden states in Python."""
    state, land, design, inputs = model.state, model.land, model.design, model.inputs
    ledger = state.ledger
    for p in range(begin, ledger.size):
        j, k, d = (int(ledger.whole[p, column]) for column in (BENEFICIARY, PILLAR, DONOR))
        decision = OWN_JUDGEMENT
        if j in model.python_beneficiaries and ledger.words[p, TASKS] & land.reform_words[k]:
            conditional = bool(ledger.whole[p, FLAGS] & CONDITIONAL)
            stake, replaced = 0.0, 0.0
            if conditional:
                stake, replaced = stake_of(
                    p, design.linked, state.first, ledger.whole, ledger.reals, design.member, inputs.donors.rival
                )
            benefit = float(model.parameters.reform_benefit * state.ownership[j])
            view = ReformView(
                quarter, inputs.donors.ids[d], inputs.pillars[k], conditional, float(land.reform_cost[j]),
                benefit, stake, replaced, design.credibility if conditional else 0.0,
            )  # fmt: skip
            decision = int(bool(model.beneficiary_agents[j].decide_reform(view)))
        decide_on(p, decision, *_arguments(model, quarter))


def reform_rule(view: ReformView) -> bool:
    """Return what a state decides by the rule of this file."""
    return bool(
        is_willing(view.conditional, view.credibility, view.stake, view.replaced, view.cost, view.benefit)
    )

