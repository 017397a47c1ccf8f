"""Deliberate faults of safe havens, incidents and what draws donors (4.3, 4.7); see ``table``."""

from __future__ import annotations

from typing import Final

from faults.fault import Fault

EXPOSURE: Final = "donorlab.sim.mechanisms.exposure"
MOTIVES: Final = "donorlab.sim.mechanisms.motives"

FAULTS_OF_HAVENS: Final[tuple[Fault, ...]] = (
    Fault("engine: a safe haven exposes nobody else", "4.7", EXPOSURE, "fill_exposure", "(1.0 - spill * share)", "1.0",
          ("havens: a_weakest_link_exposes_everybody", "havens: exposure_by_hand",
           "havens: the_last_haven_is_worth_more_than_its_users")),
    Fault("engine: havens are counted by states and not by users", "4.7", EXPOSURE, "fill_exposure",
          "everybody += users[j]\n        sheltered += users[j] * haven[j]",
          "everybody += 1.0\n        sheltered += haven[j]", ("havens: exposure_by_hand",)),
    Fault("engine: who just reaches the threshold is a haven", "4.7", EXPOSURE, "fill_havens", "< threshold", "<= threshold",
          ("havens: havens_are_weak_in_law_or_technique",)),
    Fault("engine: any pillar makes a haven", "4.7", EXPOSURE, "fill_havens", "haven_pillar[k] and ", "",
          ("havens: havens_are_weak_in_law_or_technique",)),
    Fault("engine: incidents do not follow exposure", "4.7", EXPOSURE, "draw_incidents", "rate * exposure[j]", "rate",
          ("havens: incidents_come_as_often_as_states_are_exposed",)),
    Fault("engine: donors do not notice that havens have changed", "4.7", EXPOSURE, "havens",
          "        model.wants_moved |= moved\n", "", ("havens: what_draws_donors_is_never_out_of_date",)),
    Fault("engine: donors do not notice that an incident is forgotten", "4.7", EXPOSURE, "draw_incidents",
          "(alarm_until[j] > quarter) != before", "(alarm_until[j] > quarter) > before",
          ("havens: what_draws_donors_is_never_out_of_date",)),
    Fault("engine: an incident is never forgotten", "4.3", MOTIVES, "fill_attraction", "alarm_until[j] >= quarter",
          "alarm_until[j] > 0", ("havens: an_incident_is_remembered_for_its_quarters",)),
    Fault("engine: security is lost where nobody is a haven", "4.3", MOTIVES, "fill_attraction",
          "wanted = need[d] if mean > 0.0 else need[d] + security[d]", "wanted = need[d]",
          ("havens: without_any_haven_security_is_need",)),
    Fault("engine: havens draw by their number", "4.3", MOTIVES, "fill_attraction", "haven[j] / mean", "haven[j]",
          ("havens: security_draws_to_havens",)),
    Fault("engine: donors are drawn by themselves", "4.3", MOTIVES, "fill_crowd",
          "present[j] - (1 if own_running[d, j] > 0 else 0)", "present[j]", ("havens: herding_by_hand",)),
    Fault("engine: the first look forgets the others", "4.3", "donorlab.sim.mechanisms.wants", "promise_of_states",
          "pull *= crowd[d, j]", "pass", ("havens: the_planners_first_look_promises_no_state_too_little",)),
    Fault("engine: wishes stay those of the first day", "5.1", "donorlab.sim.model", "CoordinationModel.observe",
          "renew_wishes(self)", "pass",
          ("havens: wishes_are_renewed_once_a_year_and_at_adoption",)),
)  # fmt: skip
