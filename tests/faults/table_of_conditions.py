"""Deliberate faults of threats and of the number of conditions (``sim/ODD.md`` 5.3); see ``table``."""

from __future__ import annotations

from typing import Final

from faults.fault import Fault

FAULTS_OF_CONDITIONS: Final[tuple[Fault, ...]] = (
    Fault("threats are as credible as given, whatever the donor would do", "5.3", "oracle.conditions", "credibility",
          "if not world.design.credibility_follows:", "if True:",
          ("agreement", "by hand: a_threat_is_credible_where_the_money_does_more_elsewhere",
           "by hand: a_credible_threat_is_always_carried_out_and_an_empty_one_never"), (("conditional", 7),)),
    Fault("withheld money does elsewhere all that it promised", "5.3", "oracle.conditions", "gain_of_withholding",
          "world.design.opportunity_cost * promised", "promised",
          ("agreement", "by hand: a_threat_is_credible_where_the_money_does_more_elsewhere"), (("conditional", 7),)),
    Fault("what does not return works elsewhere too", "5.3", "oracle.conditions", "gain_of_withholding",
          "promised * returns", "promised",
          ("agreement", "by hand: what_does_not_return_does_nothing_elsewhere"), (("conditional", 145),)),
    Fault("a project released without its reforms does all its tasks", "5.3", "oracle.conditions", "gain_of_releasing",
          "len(project.tasks) - len(reform_tasks(world, project))", "len(project.tasks)",
          ("agreement", "by hand: a_threat_is_credible_where_the_money_does_more_elsewhere"), (("conditional", 5),)),
    Fault("all reforms are demanded although donors choose", "5.3", "oracle.conditions", "set_conditions",
          "if world.design.number_is_chosen and", "if False and",
          ("agreement", "by hand: as_many_reforms_are_demanded_as_a_state_accepts",
           "by hand: an_empty_threat_demands_nothing", "by hand: a_rival_lowers_what_is_demanded"), (("conditional", 5),)),
    Fault("a donor that demands nothing may withhold", "5.3", "oracle.conditions", "set_conditions",
          "project.conditional = False", "pass",
          ("agreement", "by hand: as_many_reforms_are_demanded_as_a_state_accepts"), (("conditional", 5),)),
    Fault("reforms that nobody demanded are adopted", "5.3", "oracle.conditions", "decide",
          "project.blocked = beyond_demand(world, project)", "pass",
          ("agreement", "by hand: as_many_reforms_are_demanded_as_a_state_accepts"), (("conditional", 66),)),
    Fault("the hardest reforms are demanded first", "5.3", "oracle.conditions", "beyond_demand",
          "sorted(reform_tasks(world, project))", "sorted(reform_tasks(world, project), reverse=True)",
          ("agreement", "by hand: as_many_reforms_are_demanded_as_a_state_accepts"), (("conditional", 66),)),
    Fault("engine: what a state wants itself is imposed", "5.3", "donorlab.sim.mechanisms.contracts", "decide_on",
          "if conditional and benefit[j] < cost[j]:", "if conditional:", ("agreement",), (("conditional", 7),)),
    Fault("engine: a threat that costs nothing either way is carried out", "5.3", "donorlab.sim.mechanisms.contracts",
          "would_withhold", "* kept > unreformed", "* kept >= unreformed", ("agreement",), (("conditional", 133),)),
)  # fmt: skip
