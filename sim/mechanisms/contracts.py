"""5.3 Will and conditions: a reform is adopted by the state itself, or not at all.

A state has own will if its benefit is at least its cost; against conditions it is willing if
``credibility * (stake - replaced) >= cost - benefit``. Sources: threshold of compliance with an outside option
(derived from Collier et al. 1997 and Kanbur on ex-ante conditionality; rivals that replace aid: Hernandez 2017);
ownership makes reform the state's own interest (Dollar and Svensson 2000: domestic traits predict, donors do not);
threats that are what the donor would really do (Buchanan 1975; Svensson 2000 and 2003); the number of conditions as the
donor's choice (Hernandez 2017; the rule is an assumption).

*Endogenous credibility* is subgame perfection: refused, a donor withholds only if that is better for it. A euro of the
project was worth ``omega * (f((s + n) / L) - f(s / L)) * exp(-impatience * wait) / C`` when it was contracted, and the
returnable R buys as much elsewhere, of which opportunity_cost counts; released without the r reforms the project still brings
``omega * (f((s + n - r) / L) - f(s / L)) * exp(-impatience * wait)``. Omega and the wait cancel.

With linked conditions a state weighs all conditional aid of members in it, but a refusal costs it no more than the one
project, and only that project's donor stays away. That states believe in a loss that is never carried out in full, and do
not learn that it is not, is an assumption in favour of linked conditions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
    DEMANDED,
    DONOR,
    FIXED,
    FLAGS,
    IMPOSED,
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
from donorlab.sim.value import bit_count

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
    credibility : probability that a threat is carried out (0 or 1 where it is what the donor would really do; in a
        tournament by how much adopting raises the chance to be paid; 1 where a record is rewarded)
    reforms, demanded : reform tasks of the project, and how many the donor demands (0 where it sets no condition): those
        with the lowest numbers, at ``demanded / reforms`` of cost and benefit
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
    reforms: int
    demanded: int


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
    stake = conditional if linked and member[whole[p, DONOR]] else whole[p, SIZE] * reals[p, PRICE]
    return stake, stake * rivals / everyone


@compiled
def is_willing(conditional, credibility, stake, replaced, cost, benefit, share):  # type: ignore[no-untyped-def]
    """Return whether a state adopts a reform: by its own will, or because a condition makes it worth its while.

    ``share`` is what is demanded of the reforms of the project.
    """
    return benefit >= cost or (conditional and credibility * (stake - replaced) >= (cost - benefit) * share)


@compiled
def would_withhold(opportunity_cost, kept, standing, tasks, reforms, value):  # type: ignore[no-untyped-def]
    """Return whether a donor whose condition is refused does better by withholding than by releasing the money.

    ``kept`` is the share of the project's cost that would return; ``standing`` tasks stand in the cell, ``tasks`` are contracted,
    ``reforms`` of them would not be done; ``value`` is f by number of tasks. No contracted task stands yet when this is asked.
    """
    promised = value[standing + tasks] - value[standing]
    unreformed = value[standing + tasks - reforms] - value[standing]
    return opportunity_cost * promised * kept > unreformed


@compiled
def terms_of(  # type: ignore[no-untyped-def]
    p, reforms, credibility, endogenous, opportunity_cost, choosing, linked, cost, benefit, member, rival, whole,
    reals, first, standing, value,
):
    """Return (credibility, stake, replaced, demanded) of conditional project p, which holds ``reforms`` reform tasks.

    A donor that chooses demands the largest number of reforms that it expects the state to accept; 0: it sets no condition.
    """
    j, k = whole[p, BENEFICIARY], whole[p, PILLAR]
    stake, replaced = stake_of(p, linked, first, whole, reals, member, rival)
    if endogenous:
        kept = (reals[p, COST] - reals[p, FIXED] - reals[p, MONITORING]) / reals[p, COST]
        size = whole[p, SIZE]
        carried_out = would_withhold(opportunity_cost, kept, bit_count(standing[j, k]), size, reforms, value)
        credibility = 1.0 if carried_out else 0.0
    demanded = reforms
    if choosing:
        while demanded > 0 and not is_willing(
            True, credibility, stake, replaced, cost[j], benefit[j], demanded / reforms
        ):
            demanded -= 1
    return credibility, stake, replaced, demanded


@compiled
def without_lowest(word, count):  # type: ignore[no-untyped-def]
    """Return the word without its ``count`` lowest bits."""
    for _ in range(count):
        word &= word - np.uint64(1)
    return word


@compiled
def withhold(  # type: ignore[no-untyped-def]
    p, quarter, by_task, impatience, queue_limit, whole, words, reals, seen, known, visible, first, last, own_running,
    undelivered, room, attenuation, closed, cash,
):
    """End project p before it starts; all its money but fixed and monitoring cost returns to the donor."""
    j, k, d = whole[p, BENEFICIARY], whole[p, PILLAR], whole[p, DONOR]
    end_project(p, WITHHELD, quarter, first, whole, words, own_running, undelivered)
    whole[p, START] = 0
    reals[p, RETURNED] = reals[p, COST] - reals[p, FIXED] - reals[p, MONITORING]
    cash[d] += reals[p, RETURNED]
    unlink_ended(j, first, last, whole)
    mend_beliefs(j, k, first, whole, words, seen, known, visible, by_task)
    update_wait(j, impatience, queue_limit, undelivered, room, attenuation, closed)


@compiled
def decide_on(  # type: ignore[no-untyped-def]
    p, decision, quarter, shun, seed, by_task, impatience, queue_limit, reform_words, donor_keys, words, seen, known, visible,
    last, own_running, undelivered, room, attenuation, closed, cash, shun_until,
    credibility, endogenous, opportunity_cost, choosing, linked, cost, benefit, member, rival, whole, reals,
    first, standing, value,
):
    """Decide on the reforms of project p: willing, all or those demanded, or blocked, or the project withheld.

    ``decision`` is the state's own (0 or 1), or OWN_JUDGEMENT for the rule above.
    """
    j, k, d = whole[p, BENEFICIARY], whole[p, PILLAR], whole[p, DONOR]
    reforms = words[p, TASKS] & reform_words[k]
    if not reforms:
        return
    whole[p, FLAGS] |= REFORM
    count = bit_count(reforms)
    conditional = (whole[p, FLAGS] & CONDITIONAL) != 0
    threat, stake, replaced, demanded = 0.0, 0.0, 0.0, count
    if conditional:
        threat, stake, replaced, demanded = terms_of(
            p, count, credibility, endogenous, opportunity_cost, choosing, linked, cost, benefit, member, rival,
            whole, reals, first, standing, value,
        )
        whole[p, DEMANDED] = demanded
        if demanded == 0:  # no condition is set
            whole[p, FLAGS] ^= CONDITIONAL
            conditional, demanded = False, count
    if decision >= 0:
        willing = decision == 1
    else:
        willing = is_willing(conditional, threat, stake, replaced, cost[j], benefit[j], demanded / count)
    if willing:
        whole[p, FLAGS] |= WILLING
        if conditional and benefit[j] < cost[j]:
            whole[p, FLAGS] |= IMPOSED
        words[p, BLOCKED] = without_lowest(reforms, demanded)
        return
    if conditional:
        u = streams.uniform(streams.WITHHOLD, seed, quarter, donor_keys[d], 0, 0, whole[p, SERIAL])
        if u < threat:  # always where it is 1, never where it is 0
            withhold(
                p, quarter, by_task, impatience, queue_limit, whole, words, reals, seen, known, visible, first, last,
                own_running, undelivered, room, attenuation, closed, cash,
            )
            shun_until[d, j] = quarter + shun
            return
    words[p, BLOCKED] = reforms


@compiled
def decide_quarter(begin, end, *rest):  # type: ignore[no-untyped-def]
    """Decide on all projects in rows ``begin`` to ``end`` by the rule."""
    for p in range(begin, end):
        decide_on(p, OWN_JUDGEMENT, *rest)


def _terms(model: CoordinationModel) -> tuple[object, ...]:
    """Return what ``terms_of`` takes after the project and its number of reforms."""
    state, land, design = model.state, model.land, model.design
    ledger = state.ledger
    return (
        design.credibility, design.credibility_rule == "endogenous", design.opportunity_cost, design.conditions_choice == "on",
        design.linked, land.reform_cost, model.parameters.reform_benefit * state.ownership, design.member,
        model.inputs.donors.rival, ledger.whole, ledger.reals, state.first, state.standing, land.value,
    )  # fmt: skip


def _arguments(model: CoordinationModel, quarter: int) -> tuple[object, ...]:
    state, p = model.state, model.parameters
    return (
        quarter, model.design.shun_quarters, model.seed, p.ignorance == "task", p.impatience, p.queue_limit,
        model.land.reform_words, model.giving.keys, state.ledger.words, state.ledger.seen, state.known, state.visible,
        state.last, state.own_running, state.undelivered, state.room, state.attenuation, state.closed, state.cash,
        state.shun_until, *_terms(model),
    )  # fmt: skip


def contract(model: CoordinationModel, quarter: int) -> None:
    """A state adopts a reform by its own will, or for a condition set before. The phase ``contract = ex_ante``."""
    ledger = model.state.ledger
    begin = model.first_row
    if model.python_beneficiaries:
        _ask(model, quarter, begin)
    else:
        decide_quarter(begin, ledger.size, *_arguments(model, quarter))


def _ask(model: CoordinationModel, quarter: int, begin: int) -> None:
    """Decide project by project, asking overridden states in Python."""
    land = model.land
    ledger = model.state.ledger
    for p in range(begin, ledger.size):
        j, k = int(ledger.whole[p, BENEFICIARY]), int(ledger.whole[p, PILLAR])
        decision = OWN_JUDGEMENT
        if j in model.python_beneficiaries and ledger.words[p, TASKS] & land.reform_words[k]:
            decision = int(bool(model.beneficiary_agents[j].decide_reform(_view(model, quarter, p))))
        decide_on(p, decision, *_arguments(model, quarter))


def _view(model: CoordinationModel, quarter: int, p: int) -> ReformView:
    """Return what the state of project p is told when it decides."""
    land, inputs = model.land, model.inputs
    whole, words = model.state.ledger.whole[p], model.state.ledger.words[p]
    j, k = int(whole[BENEFICIARY]), int(whole[PILLAR])
    benefit = float(model.parameters.reform_benefit * model.state.ownership[j])
    reforms = int(bit_count(words[TASKS] & land.reform_words[k]))
    terms = (0.0, 0.0, 0.0, 0)
    if whole[FLAGS] & CONDITIONAL:
        terms = terms_of(p, reforms, *_terms(model))
    demanded = int(terms[3])
    credibility, stake, replaced = terms[:3] if demanded > 0 else (0.0, 0.0, 0.0)
    return ReformView(
        quarter, inputs.donors.ids[whole[DONOR]], inputs.pillars[k], demanded > 0, float(land.reform_cost[j]),
        benefit, stake, replaced, credibility, reforms, demanded,
    )  # fmt: skip


def reform_rule(view: ReformView) -> bool:
    """Return what a state decides by the rule of this file."""
    share = view.demanded / view.reforms
    return bool(
        is_willing(view.conditional, view.credibility, view.stake, view.replaced, view.cost, view.benefit, share)
    )
