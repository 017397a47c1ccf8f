"""5.2 Voluntary membership: once a year each donor that was invited stays, joins or leaves by what it has seen of both sides.

Running means of what a euro brings inside and outside, of the own ones and of what similar donors get; now and then a donor
tries the other side unasked. Off: who is named is a member throughout. Source: running means,
own and observed: the specification; imitation of who is alike and does better, Schlag 1998; experimentation, Roth and Erev
1995; the form is an assumption.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from donorlab.sim import streams
from donorlab.sim.design import Design
from donorlab.sim.scenario import BoolArray, FloatArray
from donorlab.sim.state import BLOCKED, COMPLETED, COST, CREDIT, DELIVERED_TASKS, DONOR, RETURNED, SIZE, STALL, STATUS
from donorlab.sim.value import bit_counts

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

FOUNDING, TRYING = 0, 1  # serials of a donor's draws
OUTSIDE, INSIDE = 0, 1
BETTER: Final = 1.0 + 1e-9  # what is as good as equal moves nobody, on any machine
QUARTERS_A_YEAR: Final = 4


@dataclass(frozen=True, eq=False)
class Look:
    """What donors saw at the end of one year, and what they did; arrays over D donors.

    Attributes
    ----------
    quarter : in which they decided
    member : who was a member in the year that was over
    seen : (2, D) what a euro brought outside and inside in that year, own or as it is with those alike (NaN: not known)
    means : (2, D) running means after it (NaN: not known)
    tried : who changes sides whatever it saw; joins, leaves : who changes sides
    """

    quarter: int
    member: BoolArray
    seen: FloatArray
    means: FloatArray
    tried: BoolArray
    joins: BoolArray
    leaves: BoolArray


@dataclass(eq=False)
class Membership:
    """Who is invited, since when each donor is on its side, what it remembers, and which project was contracted where.

    Attributes
    ----------
    charter : the design as if all who are invited were members
    means : (2, D) running means of what a euro brings outside and inside, NaN where not known
    since : (D,) quarter since which a donor is on its side
    income_before : (D,) EUR m that had arrived at the start of the year
    inside : (P,) whether the donor of each project was a member when it contracted it
    credit_before, spent_before : (P,) credit and EUR m of each project at the start of the year
    looks : what was seen and done, a row a year
    """

    charter: Design
    means: FloatArray
    since: npt.NDArray[np.int64]
    income_before: FloatArray
    inside: BoolArray
    credit_before: FloatArray
    spent_before: FloatArray
    looks: list[Look] = field(default_factory=list)


def with_members(charter: Design, member: BoolArray) -> Design:
    """Return the design with these members; the common fund is always one, and an umbrella over nobody credits nobody.

    Who is invited sets conditions, if any, while it is a member.
    """
    member = member.copy()
    if charter.pool >= 0:
        member[charter.pool] = True
    credit = charter.credit if member.any() else "none"
    conditional = charter.conditional & (member | ~charter.member)
    return dataclasses.replace(charter, member=member, credit=credit, conditional=conditional)


def _draws(model: CoordinationModel, serial: int) -> FloatArray:
    """Return (D,) uniforms of this quarter."""
    keys = model.giving.keys.tolist()
    return np.array(
        [streams.uniform(streams.MEMBERSHIP, model.seed, model.quarter, key, 0, 0, serial) for key in keys]
    )


def found(model: CoordinationModel, charter: Design) -> Design:
    """Return the design with its founding members; where membership is compulsory the design itself."""
    model.membership = None
    if not charter.voluntary or not charter.member.any():
        return charter
    donors, (credit, spent) = len(model.giving.keys), credit_and_spending(model)
    model.membership = Membership(
        charter,
        means=np.full((2, donors), np.nan),
        since=np.full(donors, max(1, model.quarter), dtype=np.int64),
        income_before=model.state.appropriated.copy(),
        inside=np.zeros(len(credit), dtype=np.bool_),
        credit_before=credit,
        spent_before=spent,
    )
    return with_members(charter, charter.member & (_draws(model, FOUNDING) < charter.founding_share))


def credit_and_spending(model: CoordinationModel) -> tuple[FloatArray, FloatArray]:
    """Return each project's part of its donor's accounts and the EUR m that its results cost so far, both (P,).

    A project's cost counts as what it can deliver is delivered (reforms that nobody wants are never), what is left when it
    ends. One that can deliver nothing at all counts whole as soon as it has stalled.
    """
    ledger = model.state.ledger
    whole, words, reals = ledger.whole[: ledger.size], ledger.words[: ledger.size], ledger.reals[: ledger.size]
    able = whole[:, SIZE] - bit_counts(words[:, BLOCKED])
    part = np.where(able > 0, whole[:, DELIVERED_TASKS] / np.maximum(1, able), whole[:, STALL] > 0)
    spent = (reals[:, COST] - reals[:, RETURNED]) * np.where(whole[:, STATUS] >= COMPLETED, 1.0, part)
    return reals[:, CREDIT].copy(), spent


def returns(model: CoordinationModel, membership: Membership) -> FloatArray:
    """Return (2, D) what a euro whose results came in the year that is over brought to its donor, outside and inside.

    Of one side only, the one on which more of its cost fell by where projects were contracted: leftovers say little of a side
    that was left long ago. Inside with the fund's, by shares of what was paid in since the start, and with overhead and
    negotiation on top of the cost. 0 on its side where it had income, nothing came and nothing is under way; NaN where nothing
    is known.
    """
    state, pool, donors = model.state, membership.charter.pool, len(model.giving.keys)
    whole = state.ledger.whole[: state.ledger.size]
    credit, spent = credit_and_spending(model)
    holder, new = whole[:, DONOR], slice(len(membership.inside), None)
    membership.inside = np.append(membership.inside, model.design.member[holder[new]])

    def by_side(values: FloatArray) -> FloatArray:
        """Sum by side and donor; the fund's is its payers'."""
        sums = np.stack(
            [np.bincount(holder, np.where(membership.inside == side, values, 0.0), donors) for side in (False, True)]
        )
        total = float(state.pool_paid.sum())
        if pool >= 0 and total > 0:
            sums[INSIDE] += sums[INSIDE, pool] * state.pool_paid / total
        return sums

    gained, paid = credit.copy(), spent.copy()
    gained[: len(membership.credit_before)] -= membership.credit_before
    paid[: len(membership.spent_before)] -= membership.spent_before
    membership.credit_before, membership.spent_before = credit, spent
    gained, paid, live = by_side(gained), by_side(paid), by_side((whole[:, STATUS] < COMPLETED).astype(np.float64))

    side, rows = model.design.member.astype(np.int64), np.arange(donors)
    more = np.where(paid[INSIDE] > paid[OUTSIDE] * BETTER, INSIDE, side)
    main = np.where(paid[OUTSIDE] > paid[INSIDE] * BETTER, OUTSIDE, more)
    of_main = paid[main, rows]
    result = np.full((2, donors), np.nan)
    result[main, rows] = np.divide(gained[main, rows], of_main, out=np.full(donors, np.nan), where=of_main > 0)
    inside = state.under_umbrella
    costs = np.divide(state.overhead_paid, inside, out=np.zeros(donors), where=inside > 0)
    result[INSIDE] *= 1.0 - costs
    idle = (of_main <= 0) & (live[side, rows] <= 0) & (state.appropriated > membership.income_before)
    result[side[idle], rows[idle]] = 0.0
    return result


def seen_on_both_sides(found: FloatArray, budget: FloatArray, factor: float) -> FloatArray:
    """Return (2, D) what each donor takes a year on each side to be worth to it, NaN where it cannot know.

    Where it has nothing of its own, what similar donors got there, scaled by how it stands among them on the side that it
    knows, because donors differ in what they want and get.

    Parameters
    ----------
    found : (2, D) returns of the year, NaN where there are none
    budget : (D,) EUR m a year of those invited, 0 of others: who is always outside tells nothing of the two sides
    factor : by which budgets of similar donors differ at the most
    """
    seen = found.copy()
    known = np.isfinite(found)
    for d in np.flatnonzero((budget > 0) & (known.sum(axis=0) == 1)):
        side = int(known[INSIDE, d])
        like = (budget > 0) & (budget <= budget[d] * factor * BETTER) & (budget[d] <= budget * factor * BETTER)
        there = found[1 - side, like & known[1 - side] & (np.arange(len(budget)) != d)]
        if len(there):
            here = float(found[side, like & known[side]].mean())
            mean = float(there.mean())
            seen[1 - side, d] = found[side, d] * mean / here if here > 0 else mean
    return seen


def decide(model: CoordinationModel) -> None:
    """Let donors look back on the year that is over, and put the design with its new members in force if anyone moves."""
    membership = model.membership
    if membership is None:
        return
    p, state, member, budget = model.parameters, model.state, model.design.member, model.giving.budget
    seen = seen_on_both_sides(
        returns(model, membership), np.where(membership.charter.member, budget, 0.0), p.membership_similarity
    )
    both = np.isfinite(seen).all(axis=0)
    moved = np.where(
        np.isnan(membership.means), seen, membership.means + p.membership_memory * (seen - membership.means)
    )
    membership.means = np.where(both, moved, membership.means)
    side = member.astype(np.int64)
    rows = np.arange(len(side))
    own, others = membership.means[side, rows], membership.means[1 - side, rows]

    can = membership.charter.member & (state.appropriated > membership.income_before)
    can &= model.quarter - membership.since >= QUARTERS_A_YEAR * p.membership_term
    tried = can & (_draws(model, TRYING) < p.membership_curiosity)
    moves = tried | (can & (others > own * BETTER))  # a mean that is not known is not higher
    joins, leaves = moves & ~member, moves & member
    membership.looks.append(Look(model.quarter, member.copy(), seen, membership.means.copy(), tried, joins, leaves))
    membership.income_before = state.appropriated.copy()
    if model.trace:
        model.trace.moved(model, joins, leaves)
    if moves.any():
        membership.since[moves] = model.quarter
        model.adopt_members(with_members(membership.charter, member ^ moves))
