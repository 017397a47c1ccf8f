"""Section 4.3 of the ODD, herding: the presence of others makes a state worth more to a donor."""

from __future__ import annotations

from oracle.records import World


def presence_of_others(world: World) -> None:
    """At the beginning of Plan: the factor 1 + herding * o_dj for every donor and state."""
    herding = world.scenario.parameters.herding
    world.crowd = [[1.0 for _ in world.beneficiaries] for _ in world.donors]
    if herding == 0.0:
        return
    present = [{project.donor for project in world.live() if project.beneficiary == j} for j in world.beneficiaries]
    for donor in world.donors:
        others = [len(donors - {donor}) for donors in present]
        mean = sum(others) / len(others)
        if mean > 0.0:
            world.crowd[donor] = [1 + herding * number / mean for number in others]
