"""Checks of the oracle that a fault of the oracle must fail: agreement with the engine, and those that need no engine."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable

import numpy as np
import pytest
from agreement import compare_outcomes
from oracle import (
    invariants,
    test_oracle,
    test_oracle_attention,
    test_oracle_conditions,
    test_oracle_contracts,
    test_oracle_delivery,
    test_oracle_design,
    test_oracle_moving,
    test_oracle_rules,
)
from oracle import model as oracle
from oracle.worlds import numbered

from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import baseline
from faults.drawn import agreement, drawn
from faults.table import Fault

NEAR = 1e-9
Check = Callable[[Fault], None]


def outcomes(fault: Fault) -> None:
    """Bound, run without aid and outcomes of the political economy are the same in engine and oracle."""
    for number, world in drawn(fault):
        compare_outcomes(world, number)


def keeps_invariants(fault: Fault) -> None:
    """Money, tasks, projects and shares add up (``oracle.invariants``)."""
    for number, world in drawn(fault):
        invariants.check(world, oracle.run(world, number))


def domestic(fault: Fault) -> None:
    """First tasks stand for ever."""
    for number, world in drawn(fault):
        run = oracle.run(world, number)
        for quarter in run.standing:
            for row, first in zip(quarter, run.standing_start, strict=True):
                assert all(b >= a for a, b in zip(first, row, strict=True))


def no_aid(fault: Fault) -> None:
    """Without money a run is the run without aid of the bound."""
    for number, given in drawn(fault):
        world = given.replace(money=0.0, pooled_fund="off")
        np.testing.assert_allclose(oracle.run(world, number).welfare, baseline(world, number).welfare_none, rtol=NEAR)


def bound(fault: Fault) -> None:
    """T6: no run exceeds the bound."""
    for number, world in drawn(fault):
        limit = baseline(world, number).welfare_bound
        assert (np.array(oracle.run(world, number).welfare) <= limit * (1 + NEAR)).all()


def optimum(fault: Fault) -> None:
    """T5: donors without motive and friction buy what a planner would."""
    chance = np.random.default_rng(1)
    world = scenario(
        score=[[0.1], [0.4], [0.0]], users=chance.lognormal(0, 0.6, 3).tolist(), mandate=[[1.0]] * 3, skill=[[1.0]] * 3,
        mix=[[1.0]], budget=[8.0, 4.0, 16.0], donor_ids=["A", "B", "C"], state_ids=["S", "T", "U"],
        parameters=plain_parameters(
            money=28.0, user_weight_exponent=0.5, tasks_per_pillar=10, planning_slots=0, administration_intercept=1e6,
            pace=100.0, horizon=3,
        ),
    )  # fmt: skip
    run, money, land = oracle.run(world, 1), 21, baseline(world, 1).land
    found = land.initial_count.copy()
    for _ in range(money):
        gain = land.state_weight * np.append(np.diff(land.value), 0.0)[found[:, 0]]
        found[int(np.argmax(gain)), 0] += 1
    assert [len(row[0]) for row in run.standing[-1]] == found[:, 0].tolist()


COVERED = {0.0: 0.632, 0.3: 0.729, 0.6: 0.829, 1.0: 1.0}  # share of a list covered after one payment a task (T7)


def coverage(fault: Fault) -> None:
    """T7: blind picking covers 1 - exp(-s), full sight min(1, s), and in between what the equation says."""
    donors = 40
    for q, share in COVERED.items():
        world = scenario(
            score=[[0.0]], mandate=[[1.0]] * donors, skill=[[1.0]] * donors, mix=[[1.0]], budget=[4.0] * donors,
            donor_ids=[f"D{d:02d}" for d in range(donors)], state_ids=["S"],
            parameters=plain_parameters(
                money=4.0 * donors, tasks_per_pillar=donors, value_concavity=1.0, observation_probability=q,
                planning_slots=0, pace=1e-6, queue_limit=1e9,
            ),
        )  # fmt: skip
        covered = [len({t for p in oracle.run(world, seed).projects for t in p.tasks}) / donors for seed in range(6)]
        assert np.mean(covered) == pytest.approx(
            share, abs=4 * np.sqrt(share * (1 - share) / (6 * donors)) + 0.4 / donors
        )


# --- by hand ---

BY_HAND = {
    name: function
    for module in (
        test_oracle,
        test_oracle_conditions,
        test_oracle_contracts,
        test_oracle_design,
        test_oracle_rules,
        test_oracle_attention,
        test_oracle_delivery,
        test_oracle_moving,
    )
    for name, function in vars(module).items()
    if name.startswith("test_") and not inspect.signature(function).parameters and "hypothesis" not in dir(function)
}
BY_HAND.pop("test_most_worlds_show_what_a_world_should_show")
BY_HAND["test_ignorance_needs_an_earlier_slot_and_blindness"] = functools.partial(
    test_oracle.test_ignorance_needs_an_earlier_slot_and_blindness, "project"
)
BY_HAND["test_registers"] = functools.partial(test_oracle_design.test_registers, "project")
BY_HAND["test_members_lead_where_they_care_most"] = functools.partial(
    test_oracle_design.test_members_lead_where_they_care_most, "cell"
)


# --- which way a parameter pulls: (architecture, from, to, what is measured, whether it rises) ---


def _sum(of):
    return lambda run: sum(of(p) for p in run.projects)


DIRECTIONS = {
    "fixed_cost": ("fragmented", 0.0, 0.1, _sum(lambda p: p.cost - p.base_cost), True),
    "relation_cost": ("fragmented", 0.0, 0.5, lambda r: len({(p.donor, p.beneficiary) for p in r.projects}), False),
    "mismatch": ("fragmented", 0.0, 0.6, _sum(lambda p: p.cost - p.base_cost - p.fixed - p.relation), True),
    "impatience": ("fragmented", 0.0, 1.0, lambda r: r.queued, False),
    "queue_limit": ("fragmented", 0.5, 40.0, lambda r: r.queued, True),
    "observation_probability": ("fragmented", 0.0, 0.7, _sum(lambda p: len(p.duplicated - p.race)), False),
    "oversight_per_project": ("fragmented", 0.0, 0.5, lambda r: sum(r.delivered), False),
    "presence_oversight": ("fragmented", 0.0, 0.6, lambda r: sum(r.delivered), False),
    "pace": ("fragmented", 0.1, 1.0, lambda r: sum(r.delivered), True),
    "failure": ("fragmented", 0.0, 0.6, _sum(lambda p: p.status == "failed"), True),
    "lapse": ("fragmented", 0.0, 0.2, lambda r: np.sum(r.lapsed), True),
    "crowding_out": ("fragmented", 0.0, 1.0, lambda r: np.sum(r.own_effort), False),
    "pledge_strength": ("pledge", 0.0, 1.0, lambda r: len({(p.donor, p.beneficiary) for p in r.projects}), False),
    "reporting_rate": ("umbrella", 0.0, 1.0, _sum(lambda p: len(p.duplicated - p.race)), False),
    "discipline": ("umbrella", 0.0, 1.0, _sum(lambda p: p.objective_overlap), False),
    "reform_cost": ("fragmented", 0.0, 9.0, lambda r: sum(r.delivered), False),
    "credibility": ("conditional", 0.0, 1.0, _sum(lambda p: p.status == "withheld"), True),
    "reform_patience": ("fragmented", 0, 30, _sum(lambda p: p.status == "stalled"), False),
}


def direction(name: str, fault: Fault | None = None) -> None:
    """A parameter pulls the way it must, over some worlds together."""
    architecture, low, high, measure, rises = DIRECTIONS[name]
    totals = [0.0, 0.0]
    for number in (0, 2, 3, 6):
        world = numbered(number, (architecture,), on=()).replace(
            register="plans", division="cell", credibility_rule="given", conditions_choice="off"
        )
        for i, value in enumerate((low, high)):
            totals[i] += float(measure(oracle.run(world.replace(**{name: value}), number)))
    assert (totals[1] > totals[0]) if rises else (totals[1] < totals[0]), f"{name}: {totals}"


CHECKS: dict[str, Check] = {
    "agreement": agreement,
    "outcomes": outcomes,
    "invariants": keeps_invariants,
    "first tasks stand": domestic,
    "no aid": no_aid,
    "T5": optimum,
    "T6": bound,
    "T7": coverage,
    **{f"by hand: {name.removeprefix('test_')}": lambda fault, f=function: f() for name, function in BY_HAND.items()},
    **{f"direction: {name}": lambda fault, n=name: direction(n) for name in DIRECTIONS},
}
