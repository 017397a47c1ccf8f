"""Sections 4.3 and 5.2 of the ODD, credit: what a rule pays a planner for n more tasks, in place of visibility."""

from __future__ import annotations

from oracle.records import World
from oracle.value import capacity_value

SHARING = ("equal", "by_eur", "gairing")  # the same to a donor that only takes tasks that it believes nobody takes
RULES = ("marginal", *SHARING, "shapley", "relative_impact")


def credited_gain(world: World, rule: str, stands: int, count: int, n: int) -> float:
    """Credit in units of f for n tasks where ``stands`` tasks stand and ``count`` are believed taken."""

    def gained(tasks: int) -> float:
        return capacity_value(world, stands + tasks) - capacity_value(world, stands)

    others = count - stands
    if rule == "marginal":
        return gained(others + n) - gained(others)
    if rule in SHARING:
        return n * gained(others + n) / (others + n)
    if rule == "shapley":  # it comes after none, one, ... all of the others' tasks
        total = 0.0
        for before in range(others + 1):
            total += gained(before + n) - gained(before)
        return total / (others + 1)
    assert rule == "relative_impact"
    return gained(others + n) * (n - others) / (others + n) + gained(others)
