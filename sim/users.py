"""4.7 Users: how many people use the Internet in each state, year by year, and what they weigh.

With z = user_growth * years since the start, ``users_j(y) = users_j * (1 + g_j)^z * share_j(z) / share_j(0)`` and
``share_j(z) = cap_j / (1 + (cap_j / s_j - 1) * exp(-r_j * z))``, cap_j = max(.95, s_j). Nothing that happens in a run moves
them, so that they are a table, made once for all architectures.
Source: population and share of users as in the World Bank's data of 2014 to 2024 (``beneficiaries.csv``); logistic spread
of a technology (Griliches 1957); the ceiling of 95% and that the next decade goes on like the last are assumptions.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from donorlab.sim.scenario import FloatArray, Scenario
from donorlab.sim.value import state_weights

SATURATION: Final = 0.95
"""Share of the population towards which the use of the Internet grows (assumption)."""
QUARTERS_A_YEAR: Final = 4


def logistic_share(share: float, rate: float, years: float) -> float:
    """Return the share of users after some years, from ``share`` (above 0, at most 1) at ``rate`` a year."""
    cap = max(SATURATION, share)
    return cap / (1.0 + (cap / share - 1.0) * math.exp(-rate * years))


def users_by_year(scenario: Scenario) -> FloatArray:
    """Return the users of each state in years 0 .. Y = floor(quarters / 4) of a run, million, shape (Y + 1, J)."""
    states, p = scenario.beneficiaries, scenario.parameters
    growth, share, rate = (
        np.asarray(column, dtype=np.float64).tolist()
        for column in (states.population_growth, states.internet_share, states.internet_share_rate)
    )
    users = np.empty((p.quarters // QUARTERS_A_YEAR + 1, states.count))
    for year in range(len(users)):
        z = p.user_growth * year
        for j, now in enumerate(states.users_m.tolist()):
            spread = logistic_share(share[j], rate[j], z) / logistic_share(share[j], rate[j], 0.0)
            users[year, j] = now * (1.0 + growth[j]) ** z * spread
    return users


def weights_by_year(scenario: Scenario, users: FloatArray) -> FloatArray:
    """Return w_j in each year, shape (Y + 1, J), mean 1 in every year; by income group they never move."""
    return np.array([state_weights(scenario, row) for row in users])


def year_of(quarter: int, years: int) -> int:
    """Return the row of a table of ``years`` years that holds after a quarter; beyond its end the last one."""
    return min(quarter // QUARTERS_A_YEAR, years - 1)
