"""The deliberate faults: rule, place, the piece of source that is replaced, and what must notice.

``caught_by`` names checks of ``of_oracle`` (faults of the oracle) or ``of_engine`` (faults of the engine, run without
compilation). ``worlds`` are the drawn worlds (architecture and number) on which agreement and invariants are checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Fault:
    """One rule broken on purpose.

    Attributes
    ----------
    name : what is wrong; section : of ``sim/ODD.md``
    module, function : where; right, wrong : the piece of its source and what stands in its place
    caught_by : names of checks; worlds : ``(architecture, number)`` of drawn worlds
    """

    name: str
    section: str
    module: str
    function: str
    right: str
    wrong: str
    caught_by: tuple[str, ...] = ("agreement",)
    worlds: tuple[tuple[str, int], ...] = ()


FAULTS: Final[tuple[Fault, ...]] = (
    Fault("the fixed cost is skipped", "4.3", "oracle.wants", "fixed_cost",
          "return share * world.scenario.parameters.fixed_cost", "return 0.0"),
    Fault("the relation cost is skipped", "4.3", "oracle.wants", "relation_cost",
          "return world.scenario.parameters.relation_cost", "return 0.0"),
    Fault("mismatch is skipped", "4.3", "oracle.wants", "project_cost",
          "(1 + world.scenario.parameters.mismatch * outside)", "1.0"),
    Fault("the wait does not matter", "4.3", "oracle.wants", "perceived_value",
          "math.exp(-world.scenario.parameters.impatience * wait)", "1.0"),
    Fault("visibility does not fade with presence", "4.3", "oracle.omega", "omega", " / (1 + own_live)", ""),
    Fault("a donor gives to itself", "4.3", "oracle.omega", "is_itself",
          "return world.scenario.donors.ids[donor] == world.scenario.beneficiaries.ids[j]", "return False"),
    Fault("ties go to the largest index", "4.3", "oracle.wants", "best_choice", "score > best.score", "score >= best.score"),
    Fault("scores are not rounded", "4.3", "oracle.wants", "integer_score",
          "math.floor(value / cost / world.largest_score * 2**40)", "value / cost / world.largest_score * 2**40"),
    Fault("cash goes below zero", "4.3", "oracle.planning", "donor_plans", "world.cash[donor] + 1e-9", "world.cash[donor] + 0.5"),
    Fault("the queue limit is ignored", "4.3", "oracle.wants", "best_choice", "wait > parameters.queue_limit or ", ""),
    Fault("everything is seen", "4.2", "oracle.coverage", "announce",
          "if u < world.scenario.parameters.observation_probability:", "if True:"),
    Fault("nothing is seen", "4.2", "oracle.coverage", "announce",
          "if u < world.scenario.parameters.observation_probability:", "if False:"),
    Fault("a donor forgets its contracts of the slot", "4.2", "oracle.coverage", "believed_taken",
          "world.live() + own_new", "world.live()"),
    Fault("tasks of ended projects stay taken", "4.2", "oracle.coverage", "believed_taken",
          "world.live() + own_new", "[*world.ledger, *own_new]"),
    Fault("skill does not guide the choice of tasks", "4.2", "oracle.coverage", "pick_tasks",
          "if all(weight == 0.0 for weight in weights):", "if True:"),
    Fault("all payments of a race are duplicated", "4.2", "oracle.coverage", "form_race_groups",
          "            else:\n                project.duplicated.add(task)", "            project.duplicated.add(task)"),
    Fault("a race is counted as ignorance", "4.2", "oracle.coverage", "judge_duplication",
          "if stands or len(in_this_slot) < len(holders):", "if stands or holders:"),
    Fault("the first to finish does not become the useful one", "4.2", "oracle.coverage", "finished",
          "if group is None or group.finished:", "if True:"),
    Fault("after a loss nobody becomes useful", "4.2", "oracle.coverage", "reclassify_after_loss",
          "other.duplicated.discard(task)", "pass"),
    Fault("oversight is forgotten", "4.4", "oracle.delivery", "oversight",
          "return total + parameters.presence_oversight * present", "return 0.0"),
    Fault("presence takes nothing", "4.4", "oracle.delivery", "oversight",
          "return total + parameters.presence_oversight * present", "return total"),
    Fault("the floor of room is ignored", "4.4", "oracle.delivery", "room", "world.scenario.parameters.room_floor", "1e-6"),
    Fault("work goes faster than the pace", "4.4", "oracle.delivery", "work",
          "min(world.scenario.parameters.pace, project.workload - project.progress)", "project.workload - project.progress"),
    Fault("what one cannot use is not shared again", "4.4", "oracle.delivery", "shared_equally",
          "available -= limits[i]", "available -= share"),
    Fault("failure does not depend on government and ownership", "4.4", "oracle.delivery", "failure_probability",
          "2 * (1 - (rank + world.derived.ownership[j]) / 2)", "1"),
    Fault("lapse is forgotten", "4.5", "oracle.evolve", "lapse", "if hazard * quarters > -math.log(u):", "if False:"),
    Fault("ownership does not slow lapse", "4.5", "oracle.evolve", "lapse", "* (1 - world.derived.ownership[j])", "* 1.0"),
    Fault("a duplicate takes over a standing task, which can then lapse", "4.5", "oracle.delivery", "let_stand",
          "if task in world.standing[j][k]:\n        return 0", "if False:\n        return 0"),
    Fault("own effort is forgotten", "4.9", "oracle.evolve", "own_tasks",
          "world.standing[j][k].update(done)\n    return len(done)", "return 0"),
    Fault("own effort does the tasks of live projects", "4.9", "oracle.evolve", "own_tasks",
          "sorted(not_standing - in_projects)", "sorted(not_standing)"),
    Fault("nothing is crowded out", "4.9", "oracle.evolve", "own_tasks",
          "1 - parameters.crowding_out * running / len(not_standing)", "1.0"),
    Fault("donors' work leaves all administration to own effort", "4.9", "oracle.evolve", "own_tasks",
          "derived.administration[j] - overseen - progressed", "derived.administration[j]"),
    Fault("the wind-down has income", "3", "oracle.income", "appropriate",
          "if quarter <= world.scenario.parameters.horizon:", "if True:"),
    Fault("a pledge is ignored", "5.1", "oracle.pledge", "make_pledges",
          "1.0 if j in promised else 1 - world.design.pledge_strength", "1.0"),
    Fault("the decision lag is ignored", "5.2", "oracle.planning", "contract", "world.design.decision_lag[donor]", "0"),
    Fault("the register reports to non-members", "5.2", "oracle.register", "show_to_members",
          "world.design.member[other] and ", ""),
    Fault("the register has no lag", "5.2", "oracle.register", "show_due_projects", " + world.design.register_lag", ""),
    Fault("all members report", "5.2", "oracle.register", "report", "u < design.reporting_rate", "True"),
    Fault("leads are ignored", "5.2", "oracle.leads", "agree_on_leads",
          "1.0 if not led or (j, k) in led else 1 - world.design.discipline", "1.0"),
    Fault("a joiner pays the full fixed cost", "5.2", "oracle.wants", "fixed_cost",
          "share = world.design.joiner_fixed_share if joined else 1.0", "share = 1.0"),
    Fault("a joiner does not wait longer", "5.2", "oracle.joint", "as_joiner",
          "math.exp(-world.scenario.parameters.impatience)", "1.0"),
    Fault("overhead is not paid", "5.2", "oracle.income", "appropriate", "world.design.overhead * income", "0.0"),
    Fault("negotiation is shared by head", "5.2", "oracle.income", "negotiation_shares",
          "world.budget[donor] / total", "1 / len(members)"),
    Fault("members keep their share of the pool", "5.2", "oracle.income", "appropriate",
          "income - overhead[donor] - pooled[donor]", "income - overhead[donor]"),
    Fault("budgets respond without limits", "5.2", "oracle.income", "response", "return min(1.25, max(0.75,", "return max(0.0, min(9.0,"),
    Fault("every state wants its reforms", "5.3", "oracle.conditions", "has_own_will",
          "return missing_will(world, j) <= 0.0", "return True"),
    Fault("refused reforms are worked on", "5.3", "oracle.conditions", "decide",
          "project.blocked = reform_tasks(world, project)", "pass"),
    Fault("what is refused is always released", "5.3", "oracle.conditions", "withholds",
          "return u < world.design.credibility", "return False"),
    Fault("rivals do not replace what is at stake", "5.3", "oracle.conditions", "threat",
          "return stake - replaced", "return stake"),
    Fault("conditions are never linked", "5.3", "oracle.conditions", "threat", "if design.linked_conditions and", "if False and"),
    Fault("withheld money does not return", "5.3", "oracle.conditions", "withhold",
          "world.cash[project.donor] += project.returned", "pass"),
    Fault("a donor that withheld comes back at once", "5.3", "oracle.conditions", "withhold",
          "quarter + world.design.shun_quarters", "quarter"),
    Fault("a stalled project ends at once", "5.3", "oracle.delivery", "finish_tasks",
          "project.stalled + world.scenario.parameters.reform_patience", "project.stalled"),
    # --- of the engine, without compilation ---
    Fault("engine: a lapsed task of a live project is not believed taken again", "4.2",
          "donorlab.sim.mechanisms.ownership", "lapse_quarter",
          "mend_beliefs(j, k, first, whole, words, seen, known, visible, by_task)", "pass"),
    Fault("engine: cash does not pay for the relation", "4.3", "donorlab.sim.mechanisms.planning", "plan_donor",
          "cash[d] -= cost", "cash[d] -= cost - due"),
    Fault("engine: shortcuts look at too few states", "4.3", "donorlab.sim.mechanisms.planning", "promise_of_states",
          "factor * (1.0 + 1e-9)) + 1", "factor * 0.9) + 1"),
    Fault("engine: motives enter twice", "4.3", "donorlab.sim.mechanisms.planning", "best_in_state",
          "need[d] * state_weight[j] * pillar_weight[k]", "need[d] * need[d] * state_weight[j] * pillar_weight[k]"),
    Fault("engine: the bound has no ceiling of own effort", "6", "donorlab.sim.outcomes.bound", "_paths",
          "solve_bound(start, weight", "solve_bound(initial, weight"),
    Fault("engine: the bound has the money of one architecture", "6", "donorlab.sim.outcomes.bound", "bound_money",
          "total = float(yearly_budgets(scenario).sum())",
          'total = float(yearly_budgets(scenario).sum()) * (1 - scenario.parameters.overhead * (scenario.architecture == "umbrella"))'),
    Fault("engine: the bound pays the fixed cost for every task", "6", "donorlab.sim.optimum", "task_prices",
          "fixed / p.project_tasks_maximum", "fixed"),
    Fault("engine: the bound leaves out the last task", "6", "donorlab.sim.optimum", "solve_bound", "primal = fraction", "primal = 0.0"),
    Fault("engine: the waterfall loses a bar", "6", "donorlab.sim.outcomes.waterfall", "waterfall",
          '"mismatch": float(paid.mismatch_cost.sum()),', '"mismatch": 0.0,'),
    Fault("engine: the waterfall charges duplicates to failure", "6", "donorlab.sim.outcomes.waterfall", "_sort_payments",
          "                else:\n                    bins[p, kind] += 1", "                else:\n                    bins[p, FAILURE] += 1"),
    Fault("engine: each member of a race pays for all of it", "4.2", "donorlab.sim.outcomes.tables", "_race_shares",
          "group_total[q] += 1.0 / members", "group_total[q] += 1.0"),
)  # fmt: skip
