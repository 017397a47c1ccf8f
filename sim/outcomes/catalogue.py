"""The names of all outcomes, with unit and formula (the specification's table is made of this)."""

from __future__ import annotations

from typing import Final

CATALOGUE: Final[dict[str, tuple[str, str]]] = {
    "efficiency": (
        "share",
        "(W(T) - W_none(T)) / (W_bound(T) - W_none(T)), T after the wind-down; at most 1; not clipped",
    ),
    "efficiency_at_horizon": ("share", "the same at the horizon"),
    "path_efficiency": ("share", "the same with sums over the quarters 1 to horizon"),
    "welfare": ("-", "W after the wind-down"),
    "welfare_no_aid": ("-", "W_none after the wind-down"),
    "welfare_bound": ("-", "W_bound after the wind-down"),
    "bound_gap": ("share", "(dual - primal) / primal of the bound after the wind-down"),
    "appropriated_m": ("EUR m", "money that arrived at donors"),
    "contracted_m": ("EUR m", "money paid for projects"),
    "projects": ("number", "projects contracted"),
    "transaction_cost_share": ("share", "(fixed + relation + monitoring cost) / appropriations"),
    "mismatch_cost_share": ("share", "what donors paid above base cost and transaction cost / appropriations"),
    "overhead_share": ("share", "(overhead + negotiation) / appropriations"),
    "compliance_rate": ("share", "conditional projects with reform tasks that the state adopts / all such projects"),
    "release_rate": ("share", "conditional projects with reform tasks that are not withheld / all such projects"),
    "conditions_demanded": (
        "share",
        "reform tasks that donors who set conditions demand / reform tasks in their projects (1 unless they choose how many)",
    ),
    "stalled_share": ("share", "projects that ended with reforms nobody wanted / projects that ended"),
    "idle_share": ("share", "cash at the end / appropriations"),
    "absorption_use": ("share", "tasks progressed / administration of all states, quarters 1 to horizon"),
    "poached_share": ("share", "administration lost to donors' hiring / administration of all states, quarters 1 to horizon"),
    "failure_share": ("share", "failed projects / projects that ended"),
    "spoiled_share": ("share", "delivered tasks that did not take / delivered tasks"),
    "unfinished_share": ("share", "projects neither completed nor failed at the end / projects"),
    "ownership": ("share", "mean ownership of states at the end"),
    "ownership_start": ("share", "mean ownership of states at the start"),
    "sustained_share": (
        "share",
        "tasks that projects owned at the horizon, or when all aid was cut if earlier, and that stand and are owned by the same "
        "project at the end / all such tasks",
    ),
    "safe_havens": (
        "number",
        "states with tasks standing / L < haven_threshold in a pillar legal or technical (any pillar where there is neither)",
    ),
    "exposure": (
        "share",
        "mean over users of 1 - sum_k pillar_weight_k f(c_jk / L) / K * (1 - haven_spill * H), H = share of users in havens",
    ),
    "exposed_users_m": ("millions", "exposure times all users at the end"),
    "duplication_share": ("share", "duplicated base cost / base cost of all contracted tasks"),
    "duplication_ignorance_share": ("share", "the part that could have been seen"),
    "duplication_race_share": ("share", "the part contracted in the same slot"),
    "objective_overlap": (
        "share",
        "base cost contracted where another donor had a live project in the cell / all base cost",
    ),
    "method_overlap": ("share", "of these, where one contained a task of the same instrument"),
    "task_overlap": ("share", "of these, where one contained the same task"),
    "fragmentation_hhi": ("index", "mean over recipients of sum_i s_ij^2, s_ij = share of donor i in the aid to j"),
    "effective_donors": ("number", "mean over recipients of 1 / sum_i s_ij^2"),
    "donors_per_recipient": ("number", "mean over recipients of the number of donors"),
    "nonsignificant_relations_share": ("share", "relations neither concentrated nor important (OECD 2009) / relations"),
    "orphans": ("number", "states with r_j < .5, r_j = (share of aid) / (share of need)"),
    "darlings": ("number", "states with r_j > 1.5"),
    "coverage_gini": ("index", "Gini coefficient of r_j weighted by need"),
    "attribution_share": ("share", "own-effort tasks / tasks standing at the end and not at the start"),
    "attribution_share_at_horizon": ("share", "the same at the horizon"),
    "membership": ("share", "money that arrived while its donor was a member of an umbrella / appropriations"),
    "members": ("number", "donors with a budget that are members at the end"),
    "members_joined": ("number", "times that a donor joined an umbrella in the run"),
    "members_left": ("number", "times that a member left it"),
    "norm_alignment": (
        "share",
        "1 - mean of w_j * distance from x_j to X / range of positions, X = budget-weighted mean of the scenario's donors",
    ),
    "norm_shift": ("position", "mean of w_j (x_j(T) - x_j(0)), UN voting position"),
    "norm_contest": ("share", "1 - net pull / pull, over states by w_j: what opposed camps cancel"),
    "users_m": ("million", "Internet users of all states at the end"),
    "aid_per_user": ("EUR a year", "appropriations of an average year with income / users at the horizon"),
    "gain_per_user": (
        "share",
        "users-weighted mean of sum_k pillar_weight_k * (f(c_jk / L) - f(c_jk / L) without aid) / K at the end",
    ),
    "weight_of_users": ("-", "users-weighted mean of w_j at the end"),
    "obsolete_share": ("share", "tasks of projects that became obsolete / tasks that projects delivered"),
}
