"""Sections 4.3 and 5.2 (credit) of the ODD: how much a donor cares about a cell."""

from __future__ import annotations

from oracle.derived import NEED, POLITICAL, VISIBILITY
from oracle.records import World


def importance(world: World, j: int, k: int) -> float:
    """w_j * pillar_weight_k."""
    return world.derived.state_weight[j] * world.derived.pillar_weight[k]


def is_itself(world: World, donor: int, j: int) -> bool:
    """Whether a donor is itself the beneficiary."""
    return world.scenario.donors.ids[donor] == world.scenario.beneficiaries.ids[j]


def focus(world: World, donor: int, k: int) -> float:
    """mandate_dk * K."""
    return world.derived.mandate[donor][k] * len(world.scenario.pillars)


def need(world: World, donor: int, j: int, k: int) -> float:
    """The part of need."""
    return world.derived.motives[donor][NEED] * importance(world, j, k)


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
    return focus(world, donor, k) * (need(world, donor, j, k) + political(world, donor, j) + visibility)


def omega_alone(world: World, donor: int, j: int, k: int) -> float:
    """omega0: omega of 4.3 without own projects; no rule of credit touches it."""
    return omega(world, donor, j, k, 0)


def omega_with_credit(world: World, donor: int, j: int, k: int) -> tuple[float, float]:
    """Under a rule of credit: what needs no credit, and the part of visibility that credit pays."""
    if is_itself(world, donor, j):
        return 0.0, 0.0
    visibility = world.derived.motives[donor][VISIBILITY] * importance(world, j, k)
    own = focus(world, donor, k) * (need(world, donor, j, k) + political(world, donor, j))
    return own, focus(world, donor, k) * visibility
