"""Deliberate faults of peers, poaching, room by tasks and methods; the form of a row stands in ``table``."""

from __future__ import annotations

from typing import Final

from faults.fault import Fault

ABSORPTION: Final = "donorlab.sim.mechanisms.absorption"
METHODS: Final = "donorlab.sim.mechanisms.methods"

FAULTS_OF_PEERS: Final[tuple[Fault, ...]] = (
    Fault("engine: peers make cheaper what is not open", "4.8", "donorlab.sim.mechanisms.peers", "fill_prices",
          "standing[peer_of[at], k] & ~standing[j, k]", "standing[peer_of[at], k]",
          ("peers: the_price_falls_with_what_peers_have_done",)),
    Fault("engine: the discount is not shared among peers", "4.8", "donorlab.sim.mechanisms.peers", "fill_prices",
          "(peers * free)", "free", ("peers: the_price_falls_with_what_peers_have_done",)),
    Fault("engine: a state is its own peer", "4.8", "donorlab.sim.setup", "peers_of",
          "np.fill_diagonal(peers, False)", "pass",
          ("peers: peers_are_of_the_subregion_or_of_an_organisation_that_is_not_everybodys",)),
    Fault("engine: an organisation of all makes all peers", "4.8", "donorlab.sim.setup", "peers_of",
          " & (donors.affinity < 1.0).any(axis=1)", "",
          ("peers: peers_are_of_the_subregion_or_of_an_organisation_that_is_not_everybodys",)),
    Fault("engine: the bound knows no peers", "6", "donorlab.sim.optimum", "lowest_base_prices",
          "land.task_price * (1.0 - scenario.parameters.peer_discount)", "land.task_price",
          ("peers: t6_needs_the_lowest_price",)),
    Fault("engine: donors hire by their number alone", "4.4", ABSORPTION, "administration_left",
          "squares += 2 * hired[whole[p, DONOR]] + 1", "squares += 1",
          ("poaching: administration_lost_is_that_of_the_closed_form",)),
    Fault("engine: altruism does not restrain hiring", "4.4", ABSORPTION, "administration_left",
          "altruism + (1.0 - altruism) * (squares", "0.0 + (1.0 - 0.0) * (squares",
          ("poaching: administration_lost_is_that_of_the_closed_form",)),
    Fault("engine: own effort has the administration that was hired away", "4.9", "donorlab.sim.mechanisms.effort",
          "own_effort", "state.administration", "land.administration",
          ("poaching: own_effort_lives_of_what_is_left",)),
    Fault("engine: room by tasks is shared by project", "4.4", ABSORPTION, "share_room",
          "grants[i] = parts[i] * rate", "grants[i] = left / waiting", ("poaching: room_is_shared_by_parts",)),
    Fault("engine: what does not take stands", "4.4", ABSORPTION, "deliver_quarter",
          "                if not took:\n", "                if False:\n",
          ("methods: what_does_not_take_is_worked_paid_and_not_there",)),
    Fault("engine: a spoiled task is not believed open again", "4.4", ABSORPTION, "deliver_quarter",
          "first, whole, words)\n                    reopened = True\n                elif",
          "first, whole, words)\n                elif",
          ("methods: a_spoiled_task_is_open_again_for_all_who_knew_of_it",)),
    Fault("engine: after a spoiled payment nobody becomes useful", "4.4", ABSORPTION, "deliver_quarter",
          "pass_on(p, bit & ~words[p, DUPLICATED], first, whole, words)", "pass",
          ("methods: after_a_spoiled_useful_payment_the_next_in_line_is_the_useful_one",)),
    Fault("engine: spoiled payments count as lapsed", "6", "donorlab.sim.outcomes.waterfall", "_fate",
          "if words[p, SPOILED] & bit:\n        return FAILURE", "if words[p, SPOILED] & bit:\n        return LAPSED",
          ("methods: what_does_not_take_is_worked_paid_and_not_there",)),
    Fault("engine: all donors see all deliveries", "4.4", METHODS, "witness",
          "if (seen[p, d >> 6] >> np.uint64(d & 63)) & np.uint64(1):", "if True:",
          ("methods: who_sees_a_delivery_learns_from_it_and_nobody_else",)),
    Fault("engine: failures teach nothing", "4.4", METHODS, "refresh",
          "(2.0 + state.trials)", "(2.0 + state.successes)",
          ("methods: weights_are_the_mean_of_a_uniform_prior_to_a_power",)),
)  # fmt: skip
