"""What goes out of date, and what states weigh, worked out the long way for comparison with the engine."""

import math

import numpy as np

from donorlab.sim import streams


def obsolete(p, seed, quarter, pillars):
    """Words of the items that become obsolete in a quarter, one a pillar."""
    return [
        sum(
            1 << task
            for task in range(p.tasks_per_pillar)
            if streams.uniform(streams.TURNOVER, seed, quarter, 0, 0, 64 * k + task, 0) < p.turnover
        )
        for k in range(pillars)
    ]


def survivors(world, base, quarter):
    """Number of first tasks of each cell that never became obsolete up to a quarter, (J, K)."""
    left = [[int(word) for word in row] for row in base.land.standing]
    for t in range(1, quarter + 1):
        gone = obsolete(world.parameters, base.seed, t, len(world.pillars))
        left = [[word & ~out for word, out in zip(row, gone, strict=True)] for row in left]
    return np.array([[word.bit_count() for word in row] for row in left])


def bound_start(world, base, quarter):
    """Tasks from which the bound buys at the end of a quarter, (J, K)."""
    counts = survivors(world, base, quarter) + base.own_counts[quarter - 1]
    return np.minimum(world.parameters.tasks_per_pillar, counts)


def users_after(world, year):
    """Users of each state after some years, million."""
    states, z = world.beneficiaries, world.parameters.user_growth * year
    found = []
    for users, growth, share, rate in zip(
        states.users_m, states.population_growth, states.internet_share, states.internet_share_rate, strict=True
    ):
        # population grows by itself; among the people up to the cap the odds of being a user rise by exp(rate) a year
        cap = max(0.95, share)
        open_to = cap - share
        odds = math.inf if open_to == 0 else share / open_to * math.exp(rate * z)
        then = cap if math.isinf(odds) else cap * odds / (1 + odds)
        found.append(users * (1 + growth) ** z * then / share)
    return np.array(found)


def weights_after(world, year):
    """Weight w_j of each state after some years, mean 1."""
    p = world.parameters
    if p.state_weighting == "poorest":
        raw = np.array([world.income_group_weights[group] for group in world.beneficiaries.income_groups])
    else:
        raw = users_after(world, year) ** p.user_weight_exponent
    return raw / raw.mean()
