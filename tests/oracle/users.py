"""Section 4.7 of the ODD, users: population and the share of it that is online grow, and with them weights of states."""

from __future__ import annotations

import math

from donorlab.sim.scenario import Beneficiaries
from oracle.derived import weights_of_states
from oracle.records import World

CEILING = 0.95  # share of a population that is online in the end


def online(share: float, rate: float, years: float) -> float:
    """share_j: the logistic path of the share of users, from ``share`` towards its ceiling."""
    ceiling = max(CEILING, share)
    return ceiling / (1 + (ceiling / share - 1) * math.exp(-rate * years))


def column(states: Beneficiaries, name: str) -> list[float] | None:
    """A column of the beneficiaries that a scenario may lack."""
    values = getattr(states, name, None)
    return None if values is None else [float(value) for value in values]


def users_after(states: Beneficiaries, years: float) -> list[float]:
    """Users of each state (million) after so many years of growth."""
    growth = column(states, "population_growth")
    share, rate = column(states, "internet_share"), column(states, "internet_share_rate")
    result = []
    for j in range(states.count):
        users = float(states.users_m[j])
        if growth is not None:
            users *= (1 + growth[j]) ** years
        if share is not None and rate is not None and share[j] > 0.0:
            users *= online(share[j], rate[j], years) / online(share[j], rate[j], 0.0)
        result.append(users)
    return result


def grow(world: World, quarter: int) -> None:
    """The phase: at the end of each year users, and weights by users, are those of the next one."""
    speed = world.scenario.parameters.user_growth
    if speed == 0.0 or quarter % 4 != 0:
        return
    world.users = users_after(world.scenario.beneficiaries, speed * (quarter // 4))
    world.state_weight = weights_of_states(world.scenario, world.users)
