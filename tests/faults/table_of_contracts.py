"""The deliberate faults of the contracts by record and by rank (section 5.3 of the ODD); see ``table``."""

from __future__ import annotations

from typing import Final

from faults.fault import Fault

BY_RECORD = "oracle.contracts_by_record"
BY_RANK = "oracle.contracts_by_rank"
RECORDS = (("conditional/ex_post", 6), ("conditional/ex_post", 8), ("umbrella_conditional/ex_post", 21))
RANKS = (("conditional/tournament", 16), ("conditional/tournament", 65), ("umbrella_conditional/tournament", 7))

FAULTS_OF_CONTRACTS: Final[tuple[Fault, ...]] = (
    Fault("donors do not look at records", "5.3", BY_RECORD, "look_at_records",
          "max(0.0, 1 + steep * (records[j] / world.mean_record - 1))", "1.0", ("agreement",), RECORDS),
    Fault("all donors look at records", "5.3", BY_RECORD, "look_at_records",
          "sets = world.design.conditional[donor]", "sets = True", ("agreement",), RECORDS),
    Fault("a bad record brings less than nothing", "5.3", BY_RECORD, "look_at_records",
          "max(0.0, 1 + steep * (records[j] / world.mean_record - 1))",
          "abs(1 + steep * (records[j] / world.mean_record - 1))", ("agreement",), RECORDS),
    Fault("refusals leave no record", "5.3", BY_RECORD, "record", "(2 + len(projects))", "(2 + adopted)",
          ("agreement",), RECORDS),
    Fault("decisions of the same quarter do not count", "5.3", BY_RECORD, "reward",
          "len(decided_before(world, j, project))",
          "len([p for p in decided_before(world, j, project) if p.quarter < quarter])",
          ("agreement", "by hand: each_decision_counts_for_the_next_in_the_same_quarter"),
          (("umbrella_conditional/ex_post", 3),)),
    Fault("a year of aid is a quarter", "5.3", BY_RECORD, "reward", "quarter - 3 <= other.quarter",
          "quarter <= other.quarter", ("agreement", "by hand: a_year_of_aid_ends_after_four_quarters"), RECORDS),
    Fault("a year of aid has five quarters", "5.3", BY_RECORD, "reward", "quarter - 3", "quarter - 4",
          ("agreement", "by hand: a_year_of_aid_ends_after_four_quarters"), RECORDS),
    Fault("rivals leave a record its worth", "5.3", BY_RECORD, "reward", " * (1 - rivals)", "",
          ("agreement", "by hand: rivals_make_a_record_worth_less"), RECORDS),
    Fault("a record counts for aid without conditions", "5.3", BY_RECORD, "decide",
          "project.conditional and reward", "reward", ("agreement",), RECORDS),
    Fault("who refuses has no chance to be paid", "5.3", BY_RANK, "advantage", "left / (competitors - others)", "0",
          ("agreement", "by hand: what_adopting_adds_to_the_chance"), RANKS),
    Fault("nobody answers the others", "5.3", BY_RANK, "compete", "for _ in range(len(group)):", "for _ in ():",
          ("agreement", "by hand: beliefs_start_from_own_will"), (("conditional/tournament", 26),)),
    Fault("all competitors are paid", "5.3", BY_RANK, "places",
          "math.ceil(world.scenario.parameters.prize_share * len(group) - 1e-9)", "len(group)",
          ("agreement", "by hand: losers_are_not_paid_and_only_who_refused_is_shunned",
           "by hand: the_best_measured_are_paid"), RANKS),
    Fault("the worst are paid", "5.3", BY_RANK, "decide", "key=lambda p: -performance(world, p)",
          "key=lambda p: performance(world, p)", ("agreement", "by hand: the_best_measured_are_paid"), RANKS),
    Fault("performance is measured without noise", "5.3", BY_RANK, "performance",
          "world.scenario.parameters.tournament_noise", "0.0",
          ("agreement", "by hand: the_best_measured_are_paid",
           "by hand: noise_can_bring_one_who_refused_before_one_who_adopted"), RANKS),
    Fault("a donor stays away from a loser that adopted", "5.3", BY_RANK, "end_unpaid", "if project.complied:",
          "if False:", ("agreement", "by hand: losers_are_not_paid_and_only_who_refused_is_shunned"), RANKS),
    Fault("refused reforms of those who are paid are worked on", "5.3", BY_RANK, "decide",
          "project.blocked = reform_tasks(world, project)", "pass",
          ("agreement", "by hand: losers_are_not_paid_and_only_who_refused_is_shunned"), RANKS),
    Fault("engine: what was decided before in the quarter is forgotten", "5.3", "donorlab.sim.mechanisms.selectivity",
          "contract", "(adopted if answers[row] else refused)[j] += 1", "pass", ("agreement",), RECORDS),
    Fault("engine: refusals leave no record", "5.3", "donorlab.sim.mechanisms.selectivity", "record",
          "(2.0 + adopted + refused)", "(2.0 + adopted)",
          ("agreement", "contracts: donors_with_conditions_follow_the_record_and_their_leads"), RECORDS),
    Fault("engine: a project that is not paid keeps its money", "5.3", "donorlab.sim.mechanisms.contracts", "withhold",
          "cash[d] += reals[p, RETURNED]", "pass", ("agreement", "conservation"), RANKS),
    Fault("engine: a common shock helps the first", "5.3", "donorlab.sim.mechanisms.tournament", "performance",
          "+ common_shock", "+ common_shock * (np.arange(len(group)) == 0)",
          ("contracts: a_common_shock_changes_nothing",)),
    Fault("engine: competitors answer in the wrong order", "5.3", "donorlab.sim.mechanisms.tournament",
          "settled", "for i in range(len(believed)):", "for i in reversed(range(len(believed))):",
          ("contracts: who_answers_first_adopts",)),
    Fault("engine: a state is not asked", "5.3", "donorlab.sim.mechanisms.reforms", "adopts",
          "if j not in model.python_beneficiaries:", "if True:", ("contracts: states_that_decide_otherwise_are_heard",)),
)  # fmt: skip
