"""Section 4.8 of the ODD: a task that peers have done already is cheaper."""

from __future__ import annotations

from donorlab.sim.scenario import Scenario
from oracle.records import World


def peers(scenario: Scenario) -> list[set[int]]:
    """The peers of each state: its subregion, or its fellow members of regional organisations; never itself."""
    states = range(scenario.beneficiaries.count)
    if scenario.parameters.peer_scope == "subregion":
        subregion = scenario.beneficiaries.subregions
        return [{i for i in states if i != j and subregion[i] == subregion[j]} for j in states]
    organisations = [members for members in memberships(scenario) if members]
    return [{i for members in organisations if j in members for i in members if i != j} for j in states]


def memberships(scenario: Scenario) -> list[set[int]]:
    """The members of each regional organisation that does not serve everybody."""
    result = []
    for kind, row in zip(scenario.donors.kinds, scenario.donors.affinity, strict=True):
        if kind == "regional_org" and min(row) < 1.0:
            result.append({j for j, affinity in enumerate(row) if affinity >= 1.0})
    return result


def prices(world: World) -> list[list[float]]:
    """price_jk: kappa_j less what peers' examples save."""
    return [[price(world, j, k) for k in world.pillars] for j in world.beneficiaries]


def price(world: World, j: int, k: int) -> float:
    """Base price of a task in one cell."""
    kappa = world.derived.task_price[j]
    still_open = set(range(world.scenario.parameters.tasks_per_pillar)) - world.standing[j][k]
    fellows = world.peers[j]
    if not fellows or not still_open:
        return kappa
    examples = sum(len(still_open & world.standing[i][k]) for i in fellows)
    return kappa * (1 - world.scenario.parameters.peer_discount * examples / (len(fellows) * len(still_open)))
