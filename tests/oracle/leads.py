"""Section 5.2 of the ODD, division of labour: once a year members agree on who leads where."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import linear_sum_assignment

from oracle.bound import bound_price, whole_purchase
from oracle.derived import sum_in_order
from oracle.income import members_with_budget
from oracle.records import World

Unit = list[tuple[int, int]]  # the cells (j, k) that one donor leads together


def agree_on_leads(world: World) -> None:
    """Take value off outside a member's lead until the next agreement; members without a block stay as they are."""
    for donor, led in leads(world).items():
        for j in world.beneficiaries:
            for k in world.pillars:
                world.multiplier[donor][j][k] = 1.0 if not led or (j, k) in led else 1 - world.design.discipline


def leads(world: World) -> dict[int, set[tuple[int, int]]]:
    """Return the cells that each member leads (none: it has no block)."""
    result: dict[int, set[tuple[int, int]]] = {d: set() for d in world.donors if world.design.member[d]}
    members = members_with_budget(world)
    units, spend = units_and_spend(world)
    unit_blocks = blocks_of_units(spend, max(100, 2 * len(members)))
    member_blocks = blocks_of_members([world.budget[donor] for donor in members], sum(unit_blocks))

    rows = [u for u, blocks in enumerate(unit_blocks) for _ in range(blocks)]
    columns = [donor for donor, blocks in zip(members, member_blocks, strict=True) for _ in range(blocks)]
    if not rows or not columns:
        return result
    benefit = {donor: benefits(world, donor, units) for donor in members}
    matrix = np.array([[benefit[donor][u] for donor in columns] for u in rows], dtype=float)
    for row, column in zip(*linear_sum_assignment(matrix, maximize=True), strict=True):
        result[columns[column]] |= set(units[rows[row]])
    return result


def units_and_spend(world: World) -> tuple[list[Unit], list[float]]:
    """All cells or states in order, and what a planner would spend of members' money on each now."""
    members = [donor for donor in world.donors if world.design.member[donor]]
    year = sum_in_order(world.budget[donor] for donor in members)
    saved = sum_in_order(world.cash[donor] for donor in members)
    bought = whole_purchase(world, year + saved)
    units: list[Unit] = []
    spend: list[float] = []
    for j in world.beneficiaries:
        of_cell = [bought[j][k] * bound_price(world, j) for k in world.pillars]
        if world.design.division == "cell":
            units += [[(j, k)] for k in world.pillars]
            spend += of_cell
        else:
            units.append([(j, k) for k in world.pillars])
            spend.append(sum_in_order(of_cell))
    return units, spend


def blocks_of_units(spend: list[float], blocks: int) -> list[int]:
    """Share out blocks by spend, rounded; a unit may get none."""
    total = sum_in_order(spend)
    if total == 0.0:
        return [0 for _ in spend]
    return [math.floor(part / total * blocks + 0.5) for part in spend]


def blocks_of_members(budget: list[float], blocks: int) -> list[int]:
    """Share out all blocks by budget and largest remainder; ties (below 1e-9) to the smaller index.

    Then who has none takes one from who has most, unless there are fewer blocks than members.
    """
    if not budget:
        return []
    total = sum_in_order(budget)
    quota = [part / total * blocks for part in budget]
    result = [math.floor(part + 1e-9) for part in quota]
    while sum(result) < blocks:
        remainder = [quota[i] - result[i] for i in range(len(quota))]
        result[next(i for i in range(len(quota)) if remainder[i] > max(remainder) - 1e-9)] += 1
    if blocks >= len(budget):
        for i in range(len(budget)):
            if result[i] == 0:
                result[result.index(max(result))] -= 1
                result[i] = 1
    return result


def benefits(world: World, donor: int, units: list[Unit]) -> list[int]:
    """Return how much a donor wants each unit, as whole numbers up to 2^20."""
    wish = [sum_in_order(world.wish[donor][j][k] for j, k in unit) / len(unit) for unit in units]
    largest = max(wish)
    if largest == 0.0:
        return [0 for _ in wish]
    return [math.floor(value / largest * 2**20) for value in wish]
