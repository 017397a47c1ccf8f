"""Outcomes of sections 4.5 to 4.7 and 7 of the ODD, at the end of a run."""

from __future__ import annotations

from oracle.derived import sum_in_order
from oracle.havens import exposures
from oracle.records import World


def outcomes(world: World) -> dict[str, float]:
    """The outcomes that the political economy adds, by name."""
    delivered = sum(world.run.delivered)
    return {
        **of_membership(world),
        **of_norms(world),
        **of_exposure(world),
        **of_ownership(world),
        "obsolete_share": world.run.obsolete_funded / delivered if delivered > 0 else float("nan"),
        "sustained_share": sustained(world),
        **of_users(world),
        **of_delivery(world),
    }


def of_membership(world: World) -> dict[str, float]:
    """Share of the money that arrived at members, members with a budget at the end, who joined and who left."""
    arrived = sum_in_order(sum_in_order(year) / 4 for year in budgets_by_quarter(world))
    moves = [joins for _, _, joins in world.run.moves]
    at_end = [d for d in world.donors if world.design.member[d] and world.derived.yearly_budget[d] > 0.0]
    return {
        "membership": sum_in_order(world.run.arrived_inside) / arrived if arrived > 0.0 else float("nan"),
        "members": float(len(at_end)),
        "members_joined": float(sum(moves)),
        "members_left": float(len(moves) - sum(moves)),
    }


def budgets_by_quarter(world: World) -> list[list[float]]:
    """The yearly budgets in force in each quarter with income."""
    horizon = world.scenario.parameters.horizon
    years = world.run.yearly_budgets
    return [years[t // 4] if years else world.run.yearly_budget for t in range(horizon)]


def of_users(world: World) -> dict[str, float]:
    """Users of the last year, and the mean weight of the state in which a user lives."""
    users = sum_in_order(world.users)
    weighed = sum_in_order(u * w for u, w in zip(world.users, world.state_weight, strict=True))
    return {"users_m": users, "weight_of_users": weighed / users}


def of_delivery(world: World) -> dict[str, float]:
    """Share of delivered tasks that did not take; share of administration that donors hired away, up to the horizon."""
    delivered = sum(len(project.delivered) for project in world.ledger)
    spoiled = sum(len(project.spoiled) for project in world.ledger)
    horizon = world.scenario.parameters.horizon
    poached = sum_in_order(sum_in_order(quarter) for quarter in world.run.poached[:horizon])
    whole = sum_in_order(world.derived.administration) * horizon
    return {
        "spoiled_share": spoiled / delivered if delivered > 0 else float("nan"),
        "poached_share": poached / whole if whole > 0.0 else float("nan"),
    }


def of_norms(world: World) -> dict[str, float]:
    """How far states moved, how much of the pull opposed camps cancelled, how near states are to the mean donor."""
    start, end = [float(x) for x in world.scenario.beneficiaries.norm_position], world.norm_position
    weight, states = world.derived.state_weight, len(end)
    shift = sum_in_order(w * (b - a) for w, a, b in zip(weight, start, end, strict=True)) / states
    gross = sum_in_order(w * g for w, g in zip(weight, world.run.gross_pull, strict=True))
    net = sum_in_order(w * abs(b - a) for w, a, b in zip(weight, start, end, strict=True))

    donors = [float(x) for x in world.given.donors.norm_position]
    budget = dict(zip(world.scenario.donors.ids, world.derived.yearly_budget, strict=True))
    money = [budget[name] for name in world.given.donors.ids]
    if sum_in_order(money) == 0.0:
        money = [1.0 for _ in money]
    mean = sum_in_order(m * x for m, x in zip(money, donors, strict=True)) / sum_in_order(money)
    extent = max(donors + start) - min(donors + start)
    away = sum_in_order(w * abs(x - mean) for w, x in zip(weight, end, strict=True))
    return {
        "norm_shift": shift,
        "norm_contest": 1 - net / gross if gross > 0.0 else float("nan"),
        "norm_alignment": 1 - away / (states * extent) if extent > 0.0 else 1.0,
    }


def of_exposure(world: World) -> dict[str, float]:
    """Havens and exposure at the end."""
    exposed = sum_in_order(users * e for users, e in zip(world.users, exposures(world), strict=True))
    return {
        "safe_havens": float(sum(world.haven)),
        "exposure": exposed / sum_in_order(world.users),
        "exposed_users_m": exposed,
    }


def of_ownership(world: World) -> dict[str, float]:
    """Mean ownership of states, at the end and at the start."""
    states = len(world.beneficiaries)
    return {
        "ownership": sum_in_order(world.ownership) / states,
        "ownership_start": sum_in_order(world.derived.ownership) / states,
    }


def sustained(world: World) -> float:
    """Of the funded tasks that stood at the horizon: share that stands, funded by the same project, at the end."""
    then = world.owned_at_horizon
    if not then:
        return float("nan")
    now = world.owned_tasks()
    return sum(now.get(where) is project for where, project in then.items()) / len(then)
