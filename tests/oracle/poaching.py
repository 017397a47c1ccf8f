"""Section 4.4 of the ODD, poaching: donors hire away what administration they all need."""

from __future__ import annotations

from oracle.records import OracleProject, World


def administration(world: World, j: int, started: list[OracleProject]) -> float:
    """admin_j less what the donors of the started live projects have hired away."""
    parameters = world.scenario.parameters
    whole = world.derived.administration[j]
    if not started:
        return whole
    altruism = parameters.poaching_altruism
    counted = altruism + (1 - altruism) * concentration(started)
    return whole * (1 - parameters.poaching * (1 - counted))


def concentration(started: list[OracleProject]) -> float:
    """HHI of donors by number of projects: 1 where one donor has all."""
    total = 0.0
    for donor in sorted({project.donor for project in started}):
        total += (sum(project.donor == donor for project in started) / len(started)) ** 2
    return total
