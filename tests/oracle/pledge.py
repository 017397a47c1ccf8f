"""Section 5.1 of the ODD: a promise to stay with one's own favourite states."""

from __future__ import annotations

import math

from oracle.records import World
from oracle.value import gain_of_next_task


def make_pledges(world: World) -> None:
    """Let each donor that pledges take value off outside its favourites, until the next pledge."""
    for donor in world.donors:
        if world.design.pledges[donor]:
            promised = favourites(world, donor)
            for j in world.beneficiaries:
                for k in world.pillars:
                    world.multiplier[donor][j][k] = 1.0 if j in promised else 1 - world.design.pledge_strength


def favourites(world: World, donor: int) -> list[int]:
    """The states where the donor wants the next task of all pillars most; ties to the smaller index."""
    wish = []
    for j in world.beneficiaries:
        total = 0.0
        for k in world.pillars:
            total += world.wish[donor][j][k] * gain_of_next_task(world, len(world.standing[j][k]))
        wish.append(total)
    ranked = sorted(world.beneficiaries, key=lambda j: (-wish[j], j))
    return ranked[: max(1, math.floor(world.design.pledge_focus * len(ranked) + 0.5))]
