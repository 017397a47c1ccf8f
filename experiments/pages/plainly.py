"""What each uncertain number is, in words of somebody who has not read the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PLAIN: Final[Mapping[str, str]] = {
    "money": "what all donors together give in a year",
    "rival_share": "the share of the money held by donors that set no conditions and stay outside",
    "motive_need": "how much a state's need weighs in what donors choose",
    "motive_security": "how much it weighs that a state shelters attackers",
    "motive_political": "how much political closeness weighs in what donors choose",
    "motive_visibility": "how much it weighs to be seen as one of few donors",
    "motive_spread": "how far donors differ in what they want",
    "herding": "how much donors follow each other to the same states",
    "salience": "how much attention a state draws after an incident",
    "incident_rate": "how often unprotected states meet an incident that donors notice",
    "user_growth": "how fast the number of Internet users grows",
    "turnover": "how fast what was built goes out of date",
    "haven_threshold": "below which capacity a state shelters attackers",
    "haven_spill": "how much such states endanger all others",
    "norm_pull": "how far aid draws states towards their donors' position",
    "peer_discount": "how much cheaper it is to do what all neighbours have done",
    "headroom": "how much of the list of tasks a state with a full score has done already",
    "initial_noise": "how far states have begun with other than the easy tasks",
    "task_cost": "what one task costs in a state of middle size",
    "task_cost_users_exponent": "how much dearer tasks are in larger states",
    "project_tasks_maximum": "how large a project may be",
    "fixed_cost": "what contracting a project costs",
    "relation_cost": "what a donor pays to begin in a state where it has nothing running",
    "mismatch": "how much more a donor pays for tasks outside its own field",
    "observation_probability": "how likely a donor sees another's project without any register",
    "planning_slots": "how often in a quarter donors decide one after the other, rather than at one moment and unseen by "
    "each other",
    "administration_users_exponent": "how much more administration larger states have",
    "administration_factor": "how much administration states have to host projects",
    "oversight_per_project": "how much of a state's administration a project takes up",
    "oversight_economies": "how much larger projects spare a state's administration",
    "presence_oversight": "how much of a state's administration each donor's presence takes up",
    "pace": "how fast a project works when nothing holds it up",
    "impatience": "how much donors mind waiting for a busy state",
    "queue_limit": "how long a queue a state bears before it takes no new project",
    "failure": "how many projects fail half way",
    "method_failure": "how much of what is delivered does not take because the method was wrong",
    "method_learning": "how strongly donors follow methods that they saw succeed",
    "poaching": "how much administration states lose to donors who hire its staff",
    "poaching_altruism": "how far a donor that hires minds what this costs others",
    "narrative_coherence": "how far donors share one view of what is wanted",
    "ownership_intercept": "how much the weakest governments make aid their own",
    "ownership_slope": "how much more the strongest governments do",
    "ownership_noise": "how far states differ in this",
    "lapse": "how fast work that nobody owns falls into disuse",
    "ownership_rate": "how fast ownership rises and falls with how aid is given",
    "mistrust_cost": "how much imposed or withheld aid harms ownership",
    "imposed_lapse": "how much faster imposed reforms fall into disuse",
    "own_effort": "how much states do by themselves",
    "crowding_out": "how much of this they leave to donors who offer to do it",
    "reform_cost": "what a reform costs a government politically",
    "reform_cost_spread": "how far governments differ in this",
    "budget_elasticity": "how much a member's budget follows what it can show for it",
    "membership_term": "for how long a donor is bound once it is in, or out",
    "membership_memory": "how much the last year counts in what donors remember",
    "membership_similarity": "how alike donors must be to compare themselves",
    "membership_curiosity": "how often donors try the other side whatever they saw",
    "tournament_noise": "how well a state's effort can be measured where states compete for aid",
}
"""By the name of the parameter; each goes on from *if we knew*, e.g. *if we knew what a reform costs a government politically*."""

JUDGEMENTS: Final[Mapping[str, str]] = {
    "by users^0.5": "states count by the root of their users",
    "equal states": "all states count the same",
    "by users": "states count by their users",
    "poorest first": "poorer states count more",
    "concavity 1": "a further task counts as much as the first",
    "concavity 3": "a further task counts much less than the first",
}
"""Value judgements by the names that commands give them."""
