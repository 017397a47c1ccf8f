"""Deliberate faults of voluntary membership; the form of a row stands in ``table``."""

from __future__ import annotations

from typing import Final

from faults.fault import Fault

MEMBERSHIP: Final = "donorlab.sim.mechanisms.membership"
ON: Final = ("voluntary",)
WORLDS: Final = tuple(("umbrella", number) for number in (17, 18, 22, 30, 41, 62))

FAULTS_OF_MEMBERSHIP: Final[tuple[Fault, ...]] = (
    Fault("engine: results count on the side on which the donor now is", "5.2", MEMBERSHIP, "returns",
          "membership.inside = np.append(membership.inside, model.design.member[holder[new]])",
          "membership.inside = model.design.member[holder]", ("agreement",), WORLDS, ON),
    Fault("engine: what others get is not scaled", "5.2", MEMBERSHIP, "seen_on_both_sides",
          "found[side, d] * mean / here if here > 0 else mean", "mean",
          ("agreement", "membership: what_a_donor_cannot_know_itself_it_takes_from_its_like"), WORLDS, ON),
    Fault("engine: everybody is alike", "5.2", MEMBERSHIP, "seen_on_both_sides",
          "(budget > 0) & (budget <= budget[d] * factor * BETTER) & (budget[d] <= budget * factor * BETTER)", "budget > 0",
          ("agreement", "membership: what_a_donor_cannot_know_itself_it_takes_from_its_like"), WORLDS, ON),
    Fault("engine: what the umbrella costs is not counted", "5.2", MEMBERSHIP, "returns",
          "result[INSIDE] *= 1.0 - costs", "result[INSIDE] *= 1.0", ("agreement",), WORLDS, ON),
    Fault("engine: the fund's results are nobody's", "5.2", MEMBERSHIP, "returns",
          "sums[INSIDE] += sums[INSIDE, pool] * state.pool_paid / total", "pass", ("agreement",), WORLDS, ON),
    Fault("engine: leftovers speak for the side that was left", "5.2", MEMBERSHIP, "returns",
          "np.where(paid[OUTSIDE] > paid[INSIDE] * BETTER, OUTSIDE, more)", "side", ("agreement",), WORLDS, ON),
    Fault("engine: who gets nothing for its money does not know it", "5.2", MEMBERSHIP, "returns",
          "result[side[idle], rows[idle]] = 0.0", "pass", ("membership: who_gets_nothing_for_its_money_sees_that",)),
    Fault("engine: who is never invited counts as one that stayed outside", "5.2", MEMBERSHIP, "decide",
          "np.where(membership.charter.member, budget, 0.0)", "budget", ("agreement",), WORLDS, ON),
    Fault("engine: who has left still sets conditions", "5.2", MEMBERSHIP, "with_members",
          "charter.conditional & (member | ~charter.member)", "charter.conditional",
          ("membership: who_leaves_sets_no_conditions",)),
    Fault("engine: a donor may move each year", "5.2", MEMBERSHIP, "decide",
          "QUARTERS_A_YEAR * p.membership_term", "QUARTERS_A_YEAR",
          ("membership: nobody_moves_before_its_term_is_over",)),
    Fault("engine: nobody is curious", "5.2", MEMBERSHIP, "decide",
          "can & (_draws(model, TRYING) < p.membership_curiosity)", "can & False", ("agreement",), WORLDS, ON),
    Fault("engine: one side's mean moves alone", "5.2", MEMBERSHIP, "decide",
          "np.where(both, moved, membership.means)", "moved", ("agreement",), WORLDS, ON),
    Fault("engine: an umbrella over nobody credits everybody", "5.2", MEMBERSHIP, "with_members",
          'charter.credit if member.any() else "none"', "charter.credit",
          ("membership: an_umbrella_over_nobody_credits_nobody",)),
    Fault("oracle: who leaves keeps its lead", "5.2", "oracle.membership", "move",
          "row[:] = [1.0 for _ in row]", "pass", ("agreement",), (*WORLDS, ("umbrella", 28), ("umbrella", 61)), ON),
)  # fmt: skip
