"""Sections 4.3 and 5.2 (credit) of the ODD: how much a donor cares about a cell, but for the presence of others."""

from __future__ import annotations

from oracle.derived import NEED, POLITICAL, SECURITY, VISIBILITY
from oracle.records import World


def attention(world: World, j: int) -> float:
    """v_j: the weight of a state, raised while an incident there is remembered."""
    if world.alarm_until[j] >= world.quarter:
        return world.state_weight[j] * (1 + world.scenario.parameters.salience)
    return world.state_weight[j]


def is_itself(world: World, donor: int, j: int) -> bool:
    """Whether a donor is itself the beneficiary."""
    return world.scenario.donors.ids[donor] == world.scenario.beneficiaries.ids[j]


def focus(world: World, donor: int, k: int) -> float:
    """mandate_dk * K."""
    return world.derived.mandate[donor][k] * len(world.scenario.pillars)


def need(world: World, donor: int, j: int, k: int) -> float:
    """The part of need; security is part of it while nobody is a haven."""
    motives = world.derived.motives[donor]
    wanted = motives[NEED] if any(world.haven) else motives[NEED] + motives[SECURITY]
    return wanted * attention(world, j) * world.derived.pillar_weight[k]


def security(world: World, donor: int, j: int) -> float:
    """The part of security: havens alone draw it."""
    if not any(world.haven):
        return 0.0
    mean = sum(world.haven) / len(world.haven)
    return world.derived.motives[donor][SECURITY] * attention(world, j) * world.haven[j] / mean


def political(world: World, donor: int, j: int) -> float:
    """The part of political affinity."""
    derived = world.derived
    if derived.mean_affinity[donor] == 0.0:
        return 0.0
    return derived.motives[donor][POLITICAL] * derived.affinity[donor][j] / derived.mean_affinity[donor]


def omega(world: World, donor: int, j: int, k: int, own_live: int) -> float:
    """omega of 4.3; ``own_live`` is r_dj."""
    if is_itself(world, donor, j):
        return 0.0
    visibility = world.derived.motives[donor][VISIBILITY] / (1 + own_live)
    drawn = need(world, donor, j, k) + security(world, donor, j) + political(world, donor, j)
    return focus(world, donor, k) * (drawn + visibility)


def make_wishes(world: World) -> None:
    """omega0: omega of 4.3 without own projects, herding or credit; it stays for a year."""
    world.wish = [
        [[omega(world, donor, j, k, 0) for k in world.pillars] for j in world.beneficiaries] for donor in world.donors
    ]


def omega_with_credit(world: World, donor: int, j: int, k: int) -> tuple[float, float]:
    """Under a rule of credit: what needs no credit, and the part of visibility that credit pays.

    ``marginal`` counts as need, and so rises with incidents; what other rules pay is measured in welfare and does not.
    """
    if is_itself(world, donor, j):
        return 0.0, 0.0
    weight = attention(world, j) if world.design.credit[donor] == "marginal" else world.state_weight[j]
    visibility = world.derived.motives[donor][VISIBILITY] * weight * world.derived.pillar_weight[k]
    own = need(world, donor, j, k) + security(world, donor, j) + political(world, donor, j)
    return focus(world, donor, k) * own, focus(world, donor, k) * visibility
