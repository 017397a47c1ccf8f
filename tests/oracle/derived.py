"""Section 2 of the ODD: all that is computed once, before the first quarter.

Plain Python lists and floats; the scenario's arrays are read and never written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from donorlab.sim import streams
from donorlab.sim.scenario import Beneficiaries, Donors, Parameters, Scenario

# Positions in a list of motives.
NEED, SECURITY, POLITICAL, VISIBILITY = range(4)


@dataclass
class Derived:
    """The fixed facts of one run; d, j, k, l index donors, beneficiaries, pillars and tasks."""

    instrument: list[list[int]]  # [k][l]
    yearly_budget: list[float]  # [d]
    task_price: list[float]  # [j]
    administration: list[float]  # [j]
    ownership: list[float]  # [j] at the start
    state_weight: list[float]  # [j] at the start
    pillar_weight: list[float]  # [k]
    first_tasks: list[list[set[int]]]  # [j][k]
    priority: list[list[float]]  # [j][k]
    motives: list[list[float]]  # [d][need, security, political, visibility]
    mandate: list[list[float]]  # [d][k]
    affinity: list[list[float]]  # [d][j]
    mean_affinity: list[float]  # [d]
    donor_key: list[int]  # address of a donor in draws
    beneficiary_key: list[int]  # address of a beneficiary in draws


def derive(scenario: Scenario, seed: int) -> Derived:
    """Compute the table "derived once per run" for one scenario and seed."""
    parameters, states, donors = scenario.parameters, scenario.beneficiaries, scenario.donors
    donor_key = [streams.actor_key(name) for name in donors.ids]
    beneficiary_key = [streams.actor_key(name) for name in states.ids]

    budget = yearly_budgets(donors, parameters)
    pillar_weight = over_mean([float(x) for x in scenario.pillar_weights])
    first = first_tasks(states, parameters, beneficiary_key, seed)
    affinity = [[float(x) for x in row] for row in donors.affinity]
    given = given_motives(donors)
    motives = own_motives(parameters, donor_key, given, seed)
    mandate = [[float(x) for x in row] for row in donors.mandate]
    motives, mandate = narrative(parameters, budget, motives, mandate, given)
    motives = without_empty_factors(parameters, motives, affinity)

    return Derived(
        instrument=[task_instruments(list(mix), parameters.tasks_per_pillar) for mix in scenario.instrument_mix],
        yearly_budget=budget,
        task_price=task_prices(states, parameters),
        administration=administrations(states, parameters),
        ownership=ownerships(states, parameters, beneficiary_key, seed),
        state_weight=weights_of_states(scenario, [float(users) for users in states.users_m]),
        pillar_weight=pillar_weight,
        first_tasks=first,
        priority=[priorities(cells, pillar_weight, parameters.tasks_per_pillar) for cells in first],
        motives=motives,
        mandate=mandate,
        affinity=affinity,
        mean_affinity=[sum_in_order(row) / len(row) for row in affinity],
        donor_key=donor_key,
        beneficiary_key=beneficiary_key,
    )


def sum_in_order(values: Iterable[float]) -> float:
    """Add one after the other from the first on, as a loop would (``sum`` corrects its rounding)."""
    total = 0.0
    for value in values:
        total += value
    return total


def over_mean(values: list[float]) -> list[float]:
    """Divide by the mean, so that the mean becomes 1; all zeros stay zeros."""
    mean = sum_in_order(values) / len(values)
    if mean == 0.0:
        return [0.0 for _ in values]
    return [value / mean for value in values]


def standard_normal(stream: int, seed: int, actor: int, cell: int = 0) -> float:
    """Return z(stream, actor, cell): a standard normal draw truncated at +-2."""
    return float(streams.normal_cut(streams.uniform(stream, seed, 0, actor, 0, cell, 0)))


# --- task lists -------------------------------------------------------------------------------------------


def task_instruments(mix: list[float], tasks: int) -> list[int]:
    """Lay the mix along the list by largest remainder, so that every prefix has the mix."""
    used = [0 for _ in mix]
    result = []
    for task in range(tasks):
        due = [float(mix[m]) * (task + 1) - used[m] for m in range(len(mix))]
        chosen = next(m for m in range(len(mix)) if due[m] > max(due) - 1e-9)
        used[chosen] += 1
        result.append(chosen)
    return result


# --- money ------------------------------------------------------------------------------------------------


def yearly_budgets(donors: Donors, parameters: Parameters) -> list[float]:
    """Place the money between the low, central and high totals, then scale rivals and others."""
    low = [float(x) for x in donors.budget_low]
    central = [float(x) for x in donors.budget_central]
    high = [float(x) for x in donors.budget_high]
    money = parameters.money
    if not sum_in_order(low) < sum_in_order(central) < sum_in_order(high):
        budgets = central
    elif money <= sum_in_order(low):
        budgets = low
    elif money >= sum_in_order(high):
        budgets = high
    elif money <= sum_in_order(central):
        budgets = interpolated(low, central, money)
    else:
        budgets = interpolated(central, high, money)

    rival = [bool(x) for x in donors.rival]
    rivals_total = sum_in_order(b for b, r in zip(budgets, rival, strict=True) if r)
    others_total = sum_in_order(b for b, r in zip(budgets, rival, strict=True) if not r)
    rivals_money = parameters.rival_share * money
    others_money = (1 - parameters.rival_share) * money
    if rivals_total == 0.0:
        rivals_money, others_money = 0.0, money
    elif others_total == 0.0:
        rivals_money, others_money = money, 0.0

    result = []
    for budget, is_rival in zip(budgets, rival, strict=True):
        total, share = (rivals_total, rivals_money) if is_rival else (others_total, others_money)
        result.append(budget * (share / total) if total > 0.0 else 0.0)
    return result


def interpolated(below: list[float], above: list[float], money: float) -> list[float]:
    """Each donor's budget at the place of ``money`` between the two totals."""
    place = (money - sum_in_order(below)) / (sum_in_order(above) - sum_in_order(below))
    return [b + place * (a - b) for b, a in zip(below, above, strict=True)]


# --- states -----------------------------------------------------------------------------------------------


def task_prices(states: Beneficiaries, parameters: Parameters) -> list[float]:
    """kappa_j: what one task costs in each state."""
    return [
        parameters.task_cost * float(users) ** parameters.task_cost_users_exponent for users in states.users_relative
    ]


def administrations(states: Beneficiaries, parameters: Parameters) -> list[float]:
    """admin_j: the tasks that each state can work on in a quarter."""
    result = []
    for rank, users in zip(states.government_rank, states.users_relative, strict=True):
        at_median_users = parameters.administration_intercept + parameters.administration_slope * float(rank)
        scale = float(users) ** parameters.administration_users_exponent
        result.append(parameters.administration_factor * at_median_users * scale)
    return result


def ownerships(states: Beneficiaries, parameters: Parameters, keys: list[int], seed: int) -> list[float]:
    """Ownership by rank of government plus noise, kept within .05 and .95."""
    result = []
    for rank, key in zip(states.government_rank, keys, strict=True):
        noise = parameters.ownership_noise * standard_normal(streams.OWNERSHIP, seed, key)
        value = parameters.ownership_intercept + parameters.ownership_slope * float(rank) + noise
        result.append(min(0.95, max(0.05, value)))
    return result


def weights_of_states(scenario: Scenario, users_m: list[float]) -> list[float]:
    """w_j: by users (of a year) or by income group, mean 1."""
    states, parameters = scenario.beneficiaries, scenario.parameters
    if parameters.state_weighting == "poorest":
        return over_mean([float(scenario.income_group_weights[group]) for group in states.income_groups])
    return over_mean([users**parameters.user_weight_exponent for users in users_m])


def first_tasks(states: Beneficiaries, parameters: Parameters, keys: list[int], seed: int) -> list[list[set[int]]]:
    """Tasks that stand before the first quarter: mostly the easy ones."""
    length = parameters.tasks_per_pillar
    result = []
    for key, scores in zip(keys, states.initial_score, strict=True):
        cells = []
        for pillar, score in enumerate(scores):
            count = min(length, math.floor(float(score) * parameters.headroom * length + 0.5))
            place = []
            for task in range(length):
                z = standard_normal(streams.INITIAL, seed, key, 64 * pillar + task)
                place.append((task / length + parameters.initial_noise * z, task))
            cells.append({task for _, task in sorted(place)[:count]})
        result.append(cells)
    return result


def priorities(cells: list[set[int]], pillar_weight: list[float], length: int) -> list[float]:
    """A state's own priorities: the weight of a pillar times what is open there at first; sum 1."""
    raw = [weight * (1 - len(tasks) / length) for weight, tasks in zip(pillar_weight, cells, strict=True)]
    if sum_in_order(raw) == 0.0:
        return [0.0 for _ in raw]
    return [value / sum_in_order(raw) for value in raw]


# --- donors -----------------------------------------------------------------------------------------------


def shares(values: list[float]) -> list[float]:
    """Divide by the sum; all zeros stay zeros."""
    total = sum_in_order(values)
    if total == 0.0:
        return [0.0 for _ in values]
    return [value / total for value in values]


def given_motives(donors: Donors) -> list[list[float] | None]:
    """Motives given for single donors; None where the parameters decide."""
    assert donors.motives is not None
    rows = [[float(x) for x in row] for row in donors.motives]
    return [None if math.isnan(row[NEED]) else row for row in rows]


def own_motives(
    parameters: Parameters, keys: list[int], given: list[list[float] | None], seed: int
) -> list[list[float]]:
    """Each donor's motives: the central ones with a personal factor each, or those given for it."""
    central = shares(
        [
            parameters.motive_need,
            parameters.motive_security,
            parameters.motive_political,
            parameters.motive_visibility,
        ]
    )
    result = []
    for key, own in zip(keys, given, strict=True):
        if own is not None:
            result.append(own)
            continue
        personal = []
        for motive in range(4):
            z = standard_normal(streams.MOTIVES, seed, key, motive)
            personal.append(central[motive] * math.exp(parameters.motive_spread * z))
        result.append(shares(personal))
    return result


def narrative(
    parameters: Parameters,
    budget: list[float],
    motives: list[list[float]],
    mandate: list[list[float]],
    given: list[list[float] | None],
) -> tuple[list[list[float]], list[list[float]]]:
    """Narrative coherence: donors move towards one set of motives and mandates; visibility fades.

    Donors whose motives are given count in the mean, but keep their motives and mandates.
    """
    nu = parameters.narrative_coherence
    if nu == 0.0:
        return motives, mandate
    pillars = len(mandate[0])
    if parameters.narrative_target == "need":
        target_motives = [1.0, 0.0, 0.0, 0.0]
        target_mandate = [1 / pillars for _ in range(pillars)]
    else:
        target_motives = weighted_mean(motives, budget)
        target_mandate = weighted_mean(mandate, budget)
    new_motives, new_mandate = list(motives), list(mandate)
    for d in range(len(motives)):
        if given[d] is None:
            mixed = mix(motives[d], target_motives, nu)
            mixed[VISIBILITY] = (1 - nu) * mixed[VISIBILITY]
            new_motives[d] = shares(mixed)
            new_mandate[d] = mix(mandate[d], target_mandate, nu)
    return new_motives, new_mandate


def mix(own: list[float], target: list[float], nu: float) -> list[float]:
    """(1 - nu) * own + nu * target, entry by entry."""
    return [(1 - nu) * a + nu * b for a, b in zip(own, target, strict=True)]


def weighted_mean(rows: list[list[float]], weights: list[float]) -> list[float]:
    """Mean of rows by weight; equal weights where all weights are 0."""
    if sum_in_order(weights) == 0.0:
        weights = [1.0 for _ in weights]
    total = sum_in_order(weights)
    return [sum_in_order(w * row[c] for w, row in zip(weights, rows, strict=True)) / total for c in range(len(rows[0]))]


def without_empty_factors(
    parameters: Parameters, motives: list[list[float]], affinity: list[list[float]]
) -> list[list[float]]:
    """Where there are no havens security goes to need; so does the political share of a donor without any affinity."""
    result = []
    for own, row in zip(motives, affinity, strict=True):
        need, security, political, visibility = own
        if parameters.haven_threshold == 0.0:
            need, security = need + security, 0.0
        if all(value == 0.0 for value in row):
            need, political = need + political, 0.0
        result.append([need, security, political, visibility])
    return result
