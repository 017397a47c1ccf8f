"""4.7 Users: the number of Internet users grows, and with it what a state weighs.

At the end of every fourth quarter `w_j` becomes `users_j(year) ^ user_weight_exponent / mean`. Planners, leads, pledges and
welfare read the weight of the year; prices and administration stay as they were.
Source: growth of population and of the share of users, World Bank (``donorlab.sim.users`` holds the table); that donors
follow users as they are, and do not look ahead, is an assumption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from donorlab.sim.users import QUARTERS_A_YEAR, year_of

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


def grow(model: CoordinationModel, quarter: int) -> None:
    """The number of Internet users grows. The phase ``users = growth``.

    Does nothing within a year, or where ``user_growth`` is 0.
    """
    if model.parameters.user_growth <= 0 or quarter % QUARTERS_A_YEAR:
        return
    weights = model.land.weights_by_year
    model.state.state_weight[:] = weights[year_of(quarter, len(weights))]
    model.wants_moved = True
