"""Section 5.2 of the ODD, voluntary membership: once a year donors compare what a euro brings inside and outside."""

from __future__ import annotations

from dataclasses import dataclass, field

from donorlab.sim import streams
from oracle.derived import sum_in_order
from oracle.design import POOL, Design
from oracle.records import OracleProject, World

ENDED = ("completed", "failed", "withheld", "stalled")
Side = bool  # whether inside


@dataclass
class Memory:
    """What one donor remembers."""

    since: int = 1  # the quarter since which it is on its side
    mean: dict[Side, float] = field(default_factory=dict)  # running means, where known


@dataclass
class Voluntary:
    """What has to be known where membership is voluntary."""

    invited: list[bool]
    credit: str
    lag: int
    conditional: list[bool]
    memory: list[Memory]
    contracted_inside: dict[int, bool] = field(default_factory=dict)  # project number -> side
    settled_credit: dict[int, float] = field(default_factory=dict)  # project number -> credit up to the last year
    settled_cost: dict[int, float] = field(default_factory=dict)


def found(design: Design, names: tuple[str, ...], keys: list[int], scenario_parameters: object, seed: int) -> Voluntary:
    """Let some of those invited be members at the start; changes the design."""
    share = scenario_parameters.founding_share  # type: ignore[attr-defined]
    voluntary = Voluntary(
        invited=list(design.member),
        credit=next((rule for rule, one in zip(design.credit, design.member, strict=True) if one), "none"),
        lag=next((lag for lag, one in zip(design.decision_lag, design.member, strict=True) if one), 0),
        conditional=list(design.conditional),
        memory=[Memory() for _ in names],
    )
    founders = []
    for name, key, invited in zip(names, keys, voluntary.invited, strict=True):
        u = streams.uniform(streams.MEMBERSHIP, seed, 0, key, 0, 0, 0)
        founders.append(name == POOL or (invited and u < share))
    set_members(design, voluntary, founders)
    return voluntary


def set_members(design: Design, voluntary: Voluntary, members: list[bool]) -> None:
    """Put what follows from membership in force."""
    design.member = members
    design.credit = [voluntary.credit if one else "none" for one in members]
    design.decision_lag = [voluntary.lag if one else 0 for one in members]
    design.conditional = [
        sets and (inside or not invited)
        for sets, inside, invited in zip(voluntary.conditional, members, voluntary.invited, strict=True)
    ]


def note_sides(world: World) -> None:
    """Remember of each new project on which side it was contracted."""
    if world.voluntary is not None:
        for number in range(len(world.voluntary.contracted_inside), len(world.ledger)):
            donor = world.ledger[number].donor
            world.voluntary.contracted_inside[number] = world.design.member[donor]


def look_back(world: World, quarter: int) -> None:
    """In the first quarter of a year, but the first: who joins, who leaves."""
    voluntary = world.voluntary
    if voluntary is None or quarter == 1 or quarter % 4 != 1 or quarter > world.scenario.parameters.horizon:
        return
    parameters = world.scenario.parameters
    own = returns_of_the_year(world, voluntary)
    moving = []
    for donor in world.donors:
        seen = {side: seen_by(world, own, donor, side) for side in (False, True)}
        memory = voluntary.memory[donor]
        if seen[False] is not None and seen[True] is not None:
            for side, value in seen.items():
                if side in memory.mean:
                    memory.mean[side] += parameters.membership_memory * (value - memory.mean[side])
                else:
                    memory.mean[side] = value
    for donor in world.donors:
        memory, inside = voluntary.memory[donor], world.design.member[donor]
        had_income = world.income_of_year[donor] > 0.0
        if not voluntary.invited[donor] or not had_income:
            continue
        if quarter - memory.since < 4 * parameters.membership_term:
            continue
        u = streams.uniform(streams.MEMBERSHIP, world.seed, quarter, world.derived.donor_key[donor], 0, 0, 1)
        better = len(memory.mean) == 2 and memory.mean[not inside] > memory.mean[inside] * (1 + 1e-9)
        if u < parameters.membership_curiosity or better:
            moving.append(donor)
    move(world, voluntary, moving, quarter)


def move(world: World, voluntary: Voluntary, moving: list[int], quarter: int) -> None:
    """Let these change sides: their budgets are the scenario's, nobody has a lead until the next agreement."""
    members = list(world.design.member)
    for donor in moving:
        voluntary.memory[donor].since = quarter
        members[donor] = not members[donor]
        world.run.moves.append((quarter, donor, members[donor]))
    if moving:
        set_members(world.design, voluntary, members)
        for donor in world.donors:
            if not members[donor]:
                world.budget[donor] = world.derived.yearly_budget[donor]
            for row in world.multiplier[donor]:
                row[:] = [1.0 for _ in row]


def cost_so_far(project: OracleProject) -> float:
    """What its results cost: its cost by what it can deliver of its tasks, all of it once it has ended."""
    paid = project.cost - project.returned
    if project.status in ENDED:
        return paid
    if not project.workable:
        return paid if project.stalled else 0.0
    return paid * len(project.delivered) / len(project.workable)


def of_year(
    world: World, voluntary: Voluntary
) -> tuple[list[dict[Side, float]], list[dict[Side, float]], list[dict[Side, int]]]:
    """Return by donor and side what its results of the year brought and cost, and how many of its projects are live."""
    credit = [{False: 0.0, True: 0.0} for _ in world.donors]
    cost = [{False: 0.0, True: 0.0} for _ in world.donors]
    live = [{False: 0, True: 0} for _ in world.donors]
    for number, project in enumerate(world.ledger):
        side = voluntary.contracted_inside[number]
        credit[project.donor][side] += project.credit - voluntary.settled_credit.get(number, 0.0)
        cost[project.donor][side] += cost_so_far(project) - voluntary.settled_cost.get(number, 0.0)
        live[project.donor][side] += project.live
        voluntary.settled_credit[number] = project.credit
        voluntary.settled_cost[number] = cost_so_far(project)
    return credit, cost, live


def returns_of_the_year(world: World, voluntary: Voluntary) -> list[dict[Side, float]]:
    """Return for each donor what a euro brought on the side where most of its results came from, if it can know."""
    note_sides(world)
    credit, cost, live = of_year(world, voluntary)
    paid_in = [sum_in_order(quarter[donor] for quarter in world.run.pooled) for donor in world.donors]
    if world.design.pool is not None and sum_in_order(paid_in) > 0.0:
        fund = world.design.pool
        of_fund = (credit[fund][True], cost[fund][True])
        for donor in world.donors:
            share = paid_in[donor] / sum_in_order(paid_in)
            credit[donor][True] += of_fund[0] * share
            cost[donor][True] += of_fund[1] * share
            if share > 0.0:
                live[donor][True] += live[fund][True]
    result: list[dict[Side, float]] = []
    for donor in world.donors:
        here = world.design.member[donor]
        main = here
        for side in (False, True):
            if cost[donor][side] > cost[donor][not side] * (1 + 1e-9):
                main = side
        if cost[donor][main] > 0.0:
            overhead = sum_in_order(quarter[donor] for quarter in world.run.overhead)
            arrived = world.run.arrived_inside[donor]
            kept = 1 - (overhead / arrived if arrived > 0.0 else 0.0)
            result.append({main: credit[donor][main] / cost[donor][main] * (kept if main else 1.0)})
        elif world.income_of_year[donor] > 0.0 and not live[donor][here]:
            result.append({here: 0.0})
        else:
            result.append({})
    return result


def seen_by(world: World, own: list[dict[Side, float]], donor: int, side: Side) -> float | None:
    """What a donor takes a side to be worth: its own, or what its like got there, scaled by how it stands among them."""
    if side in own[donor]:
        return own[donor][side]
    invited = world.voluntary.invited if world.voluntary else []
    budget = [b if one else 0.0 for b, one in zip(world.derived.yearly_budget, invited, strict=True)]
    if budget[donor] <= 0.0 or (not side) not in own[donor]:
        return None
    factor = world.scenario.parameters.membership_similarity * (1 + 1e-9)
    like = [
        other
        for other in world.donors
        if budget[other] > 0.0 and budget[other] <= factor * budget[donor] and budget[donor] <= factor * budget[other]
    ]
    there = [own[other][side] for other in like if other != donor and side in own[other]]
    if not there:
        return None
    here = [own[other][not side] for other in like if (not side) in own[other]]
    mean_there, mean_here = sum_in_order(there) / len(there), sum_in_order(here) / len(here)
    return own[donor][not side] * mean_there / mean_here if mean_here > 0.0 else mean_there
