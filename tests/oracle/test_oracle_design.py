"""Checks of the oracle alone, for section 5 of the ODD: small cases worked by hand."""

import dataclasses
import math

import numpy as np
import pytest

from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import streams
from donorlab.sim.scenario import Scenario
from oracle.design import prepare
from oracle.leads import blocks_of_members, blocks_of_units
from oracle.model import first_state, run
from oracle.wants import perceived_value


def place(donors: int = 1, states: int = 1, *, architecture="fragmented", budget=None, **changes) -> Scenario:
    """Nothing stands; tasks 0, 2, ... are reforms; every donor has 1 EUR m a quarter unless said otherwise."""
    budget = budget or [4.0] * donors
    of_scenario = {n: changes.pop(n) for n in ("rival", "conditional", "affinity", "motives") if n in changes}
    return scenario(
        score=[[0.0]] * states,
        mandate=[[1.0]] * donors,
        skill=changes.pop("skill", [[0.5, 0.5]] * donors),
        mix=[[0.5, 0.5]],
        instruments=["advice", "training"],
        budget=budget,
        donor_ids=[f"D{d}" for d in range(donors)],
        state_ids=[f"S{j}" for j in range(states)],
        rank=[0.0] * states,
        architecture=architecture,
        parameters=plain_parameters(**{"money": sum(budget), "tasks_per_pillar": 1} | changes),
        **of_scenario,
    )


def seed_where(wanted, stream: int, donor: str = "D0", limit: float = 0.5) -> int:
    """Return a seed by which the first contract of a donor draws below ``limit`` (or not)."""
    key = streams.actor_key(donor)
    return next(s for s in range(1000) if (streams.uniform(stream, s, 1, key, 0, 0, 0) < limit) == wanted)


# --- 5.3 will and conditions ------------------------------------------------------------------------------


def test_without_will_reforms_are_blocked_and_the_project_stalls():
    # Benefit .5 * 1 < cost 1. Task 1 is done in quarter 1; task 0 waits for 2 quarters and is open again.
    two = {"tasks_per_pillar": 2, "project_tasks_minimum": 2, "project_tasks_maximum": 2}
    world = place(1, budget=[8.0], reform_cost=1.0, reform_patience=2, wind_down=3, **two)
    (project,) = run(world, 1).projects
    assert (project.complied, project.blocked, project.delivered) == (False, {0}, {1})
    assert (project.status, project.stalled, project.end) == ("stalled", 1, 3)
    at_once = run(world.replace(reform_patience=0), 1).projects[0]
    assert (at_once.status, at_once.end) == ("stalled", 1)
    later = run(world.replace(reform_patience=4), 1).projects[0]
    assert (later.status, later.end, later.remaining) == ("running", 0, {0})
    with_will = run(world.replace(reform_cost=0.5), 1).projects[0]  # b = c
    assert (with_will.complied, with_will.status, with_will.end) == (True, "completed", 2)


def test_a_project_of_blocked_tasks_alone_stalls_at_its_start_and_keeps_its_oversight():
    world = place(
        1,
        reform_cost=1.0,
        reform_patience=3,
        wind_down=4,
        administration_intercept=2.0,
        oversight_per_project=1.0,
        presence_oversight=1.0,
        own_effort=1000.0,
    )
    result = run(world, 1)
    assert (result.projects[0].stalled, result.projects[0].end) == (1, 4)
    # No administration is left while it is there; in quarter 4 its oversight still counts; then the state acts.
    assert [q[0][0] for q in result.own_effort] == [0, 0, 0, 0, 1]


def test_a_project_that_fails_before_it_would_stall_fails():
    world = place(
        1,
        budget=[16.0],
        tasks_per_pillar=4,
        project_tasks_minimum=4,
        project_tasks_maximum=4,
        reform_cost=1.0,
        failure=1.0,
        wind_down=9,
    )
    key = streams.actor_key("D0")

    def stops(seed):
        return math.floor(4 * streams.second_uniform(streams.FAILURE, seed, 1, key, 0, 0, 0))

    failing = [s for s in range(200) if streams.uniform(streams.FAILURE, s, 1, key, 0, 0, 0) < 0.95]
    for stop, wanted in ((1, ("failed", {1})), (2, ("failed", {1, 3})), (3, ("running", {1, 3}))):
        project = run(world, next(s for s in failing if stops(s) == stop)).projects[0]
        assert (project.status, project.delivered) == wanted


def conditional(**changes) -> Scenario:
    """D0 sets a condition with its only project, of 1 task for 1 EUR m; a reform costs .4 more than it brings."""
    given = {"conditional": [True], "reform_cost": 0.9, "credibility": 0.5} | changes
    donors = len(given["conditional"])
    return place(donors, architecture=given.pop("architecture", "conditional"), **given)


def test_money_buys_will():
    project = run(conditional(), 1).projects[0]  # .5 * 1 >= .4
    assert (project.conditional, project.complied, project.status) == (True, True, "completed")
    refused = run(conditional(credibility=0.3), 1).projects[0]
    assert (refused.complied, refused.for_money) == (False, False)
    nobody_else = run(conditional(architecture="fragmented"), 1).projects[0]
    assert (nobody_else.conditional, nobody_else.blocked) == (False, {0})


def test_rivals_replace_the_stake():
    # Both contract for 1 in the same slot: replaced = 1 * 1 / 2, and .5 * .5 < .4.
    world = conditional(conditional=[True, False], rival=[False, True], rival_share=0.5)
    first, second = run(world, seed_where(False, streams.WITHHOLD)).projects
    assert (first.complied, first.status, first.blocked) == (False, "running", {0})
    assert (second.conditional, second.complied) == (False, False)


def test_withheld_money_returns_but_for_fixed_and_monitoring_cost():
    world = conditional(
        reform_cost=3.0,
        budget=[8.0],
        fixed_cost=0.25,
        relation_cost=0.125,
        monitoring_cost=0.0625,
        shun_quarters=2,
        horizon=5,
    )
    key = streams.actor_key("D0")

    def withheld_at(seed, quarter):
        return streams.uniform(streams.WITHHOLD, seed, quarter, key, 0, 0, 0) < 0.5

    seed = next(s for s in range(100) if withheld_at(s, 1) and not withheld_at(s, 4))
    result = run(world, seed)
    first, second = result.projects
    assert (first.quarter, first.status, first.end, first.start) == (1, "withheld", 1, 0)
    assert (first.cost, first.fixed, first.monitoring, first.returned) == (1.4375, 0.25, 0.0625, 1.125)
    assert (second.quarter, second.status, second.blocked) == (4, "running", {0})
    assert [q[0] for q in result.cash] == [2 - 0.3125, 4 - 0.3125, 6 - 0.3125, 8 - 0.3125 - 1.4375, 10 - 1.75]


def test_the_next_payment_becomes_useful_when_one_is_withheld():
    world = conditional(conditional=[True, False], reform_cost=3.0)
    first, second = run(world, seed_where(True, streams.WITHHOLD)).projects
    assert (first.status, first.duplicated, second.duplicated) == ("withheld", set(), set())
    first, second = run(world, seed_where(False, streams.WITHHOLD)).projects
    assert (first.status, first.duplicated, second.duplicated) == ("running", set(), {0})


def test_linked_conditions_pool_the_stake():
    world = conditional(
        architecture="umbrella_conditional", conditional=[True, True], credibility=0.25, linked_conditions="on"
    )
    assert [p.complied for p in run(world, 1).projects] == [True, True]  # .25 * 2 >= .4
    assert [p.complied for p in run(world.replace(linked_conditions="off"), 1).projects] == [False, False]
    # A rival sets no conditions, and it replaces half of the stake.
    rival = dataclasses.replace(world.donors, rival=np.array([False, True]))
    assert not any(p.complied for p in run(world.replace(donors=rival, rival_share=0.5), 1).projects)


def test_who_sets_conditions():
    world = conditional(conditional=[True, False, False], rival=[True, False, True])
    assert prepare(world)[1].conditional == [False, False, False]  # a rival sets none
    declared = dataclasses.replace(world.donors, conditional=np.array([True, True, False]))
    assert prepare(world.replace(donors=declared))[1].conditional == [False, True, False]
    assert prepare(world.replace(conditional_donors="all"))[1].conditional == [False, True, False]
    assert prepare(world.replace(architecture="umbrella"))[1].conditional == [False] * 3


# --- 5.2 register, joint programming ----------------------------------------------------------------------


@pytest.mark.parametrize("ignorance", ["project", "task"])
def test_registers(ignorance):
    # D0 buys the only task in quarter 1 and takes long; D1 has the money in quarter 4.
    world = place(
        2,
        architecture="umbrella",
        budget=[4.0, 1.0],
        pace=0.05,
        observation_probability=0.0,
        ignorance=ignorance,
        horizon=8,
    )

    def buyers(**changes):
        return [(p.donor, p.quarter) for p in run(world.replace(**changes), 1).projects]

    assert buyers(register="none") == [(0, 1), (1, 4)]
    assert buyers(register="plans") == [(0, 1)]
    assert buyers(register="plans", reporting_rate=0.0) == [(0, 1), (1, 4)]
    assert buyers(register="plans", architecture="fragmented") == [(0, 1), (1, 4)]
    assert buyers(register="projects", register_lag=2) == [(0, 1)]  # shown in quarter 1 + 1 + 2, before Plan
    assert buyers(register="projects", register_lag=3) == [(0, 1), (1, 4)]
    assert buyers(register="projects", register_lag=1, decision_lag=1) == [(0, 1)]
    assert buyers(register="projects", register_lag=2, decision_lag=1) == [(0, 1), (1, 4)]
    rival = world.replace(donors=dataclasses.replace(world.donors, rival=np.array([False, True])), rival_share=0.2)
    assert [(p.donor, p.quarter) for p in run(rival.replace(register="plans"), 1).projects] == [(0, 1), (1, 4)]


def test_a_joiner_pays_less_starts_later_and_is_half_present():
    world = place(
        2,
        architecture="umbrella",
        budget=[10.4, 10.4],  # one project of two tasks, no more
        tasks_per_pillar=4,
        project_tasks_minimum=2,
        project_tasks_maximum=2,
        value_concavity=1.0,
        fixed_cost=0.5,
        relation_cost=0.1,
        planning_slots=0,
        register="plans",
        joint_programming="on",
        joiner_fixed_share=0.2,
        decision_lag=1,
        administration_intercept=1.0,
        presence_oversight=0.4,
        wind_down=2,
    )
    first, second = run(world, 1).projects
    assert (first.joined, first.cost, first.fixed, first.relation, first.due) == (False, 2.6, 0.5, 0.1, 2)
    assert (second.joined, second.fixed, second.relation, second.due) == (True, pytest.approx(0.1), 0.0, 3)
    assert second.cost == pytest.approx(2.1)
    # Quarter 2: room 1 - .4 for the first. Quarter 3: room 1 - .4 * 1.5, half each.
    assert (first.progress, second.progress) == (pytest.approx(0.8), pytest.approx(0.2))
    alone = run(world.replace(impatience=1.0), 1).projects[1]  # 1 / 2.6 > exp(-1) / 2.1
    assert (alone.joined, alone.due) == (False, 2)
    not_reported = run(world.replace(reporting_rate=0.0), 1).projects[1]
    assert not not_reported.joined
    assert not run(world.replace(register="none"), 1).projects[1].joined  # seen by itself, not reported


# --- 5.2 leads --------------------------------------------------------------------------------------------


def test_blocks():
    assert blocks_of_units([3.0, 1.0, 0.01], 100) == [75, 25, 0]
    assert blocks_of_units([0.0, 0.0], 100) == [0, 0]
    assert blocks_of_members([1.0, 1.0, 1.0], 100) == [34, 33, 33]
    assert blocks_of_members([1.0, 100.0, 0.001], 100) == [1, 98, 1]
    assert blocks_of_members([1.0, 2.0, 2.0], 1) == [0, 1, 0]


@pytest.mark.parametrize("division", ["cell", "beneficiary"])
def test_members_lead_where_they_care_most(division):
    world = place(
        3,
        2,
        architecture="umbrella",
        rival=[False, False, True],
        affinity=[[0.2, 1.0], [1.0, 0.8], [1.0, 0.0]],
        rival_share=1 / 3,
        motive_need=0.0,
        motive_political=1.0,
        tasks_per_pillar=3,
        division=division,
        discipline=0.75,
        horizon=5,
    )
    result = run(world, 1)
    # D0 and D1 have 8 a year and 2 in cash: they would buy all 6 tasks, half in each state.
    agreed = [[[0.25], [1.0]], [[1.0], [0.25]], [[1.0], [1.0]]]
    assert result.leads == [agreed, [[[1.0], [1.0]]] * 3]  # in year 2 all tasks stand
    # Outside its lead D1 values a task of S1 at .25 * .8 of one of S0.
    assert [p.beneficiary for p in result.projects if p.donor == 1 and p.quarter == 1] == [0]
    assert run(world.replace(division="none"), 1).leads == [None, None]


def test_nobody_leads_where_nothing_is_to_be_bought():
    world = place(2, architecture="umbrella", money=0.0, division="cell", discipline=1.0)
    assert run(world, 1).leads == [[[[1.0]], [[1.0]]]]


# --- 5.2 fund, costs, budgets; 5.1 pledge, credit ---------------------------------------------------------


def test_members_pay_overhead_negotiation_and_pool_share():
    world = place(
        3,
        architecture="umbrella",
        budget=[4.0, 12.0, 4.0],
        rival=[False, False, True],
        rival_share=0.2,
        task_cost=1000.0,
        pooled_fund="on",
        pool_share=0.5,
        overhead=0.1,
        negotiation_cost=0.8,
        wind_down=1,
    )
    result = run(world, 1)
    assert result.donor_ids == ("D0", "D1", "D2", "POOL")
    # One pair: .2 a quarter, by budget .05 and .15.
    assert result.overhead == [pytest.approx([0.15, 0.45, 0.0, 0.0]), [0.0] * 4]
    assert result.pooled == [pytest.approx([0.425, 1.275, 0.0, 0.0]), [0.0] * 4]
    assert result.cash == [pytest.approx([0.425, 1.275, 1.0, 1.7])] * 2
    greedy = run(world.replace(negotiation_cost=1000.0), 1)
    assert greedy.overhead[0] == pytest.approx([1.0, 3.0, 0.0, 0.0])
    assert run(world.replace(architecture="pledge"), 1).cash == [pytest.approx([1.0, 3.0, 1.0])] * 2


def test_the_pooled_fund_is_a_member_that_follows_need():
    world = place(2, architecture="umbrella", budget=[1.0, 3.0], skill=[[1.0, 0.0], [0.0, 1.0]], pooled_fund="on")
    state = first_state(world.replace(narrative_coherence=0.5, motive_visibility=1.0, conditional_donors="all"), 1)
    assert state.scenario.donors.skill[2].tolist() == [0.25, 0.75]
    assert state.derived.motives[2] == [1.0, 0.0, 0.0, 0.0]
    assert state.derived.mandate[2] == [1.0]
    assert state.design.member == [True] * 3
    assert state.budget[2] == 0.0
    poured = run(world.replace(pool_share=1.0, budget_elasticity=1.0, horizon=5), 1)
    assert {p.donor for p in poured.projects} == {2}


def test_budgets_respond_to_accounts():
    # Tasks take a quarter: the paired run delivers from quarter 1 on, the umbrella from quarter 3 on.
    world = place(
        1, architecture="umbrella", tasks_per_pillar=60, value_concavity=1.0, decision_lag=2, budget_elasticity=1.0
    ).replace(horizon=12)
    result = run(world, 1)
    assert result.accounts[0] == [pytest.approx(2 / 60)]
    # Year 2: 2 of 4. Year 3: what 2 quarters of year 1 and 2 of year 2 bought, less 1 a quarter: .75 saved up to 3.
    assert result.yearly_budgets[:2] == [[4.0], [3.0]]
    assert result.yearly_budgets[2] == [pytest.approx(4 * max(0.75, result.accounts[1][0] * 15))]
    assert result.yearly_budget == [4.0]
    assert run(world.replace(budget_elasticity=0.0), 1).yearly_budgets == []


def test_rules_of_credit():
    rules = {}
    for rule in ("none", "marginal", "equal"):
        world = place(
            1,
            2,
            architecture="umbrella",
            credit=rule,
            tasks_per_pillar=4,
            motive_need=0.25,
            motive_visibility=0.75,
            affinity=[[1.0, 0.0]],
        )
        state = first_state(world, 1)
        rules[rule] = perceived_value(state, 0, 0, 0, count=2, n=1, wait=0.0, own_projects=2)
    gain = 3 / 16  # f(3/4) - f(2/4), f(c) = 1 - (1 - c)^2
    assert rules["none"] == pytest.approx((0.25 + 0.75 / 3) * gain)
    assert rules["marginal"] == pytest.approx(gain)
    assert rules["equal"] == pytest.approx(0.25 * gain + 0.75 * (15 / 16) / 3)
    assert prepare(world.replace(architecture="credit", credit="marginal"))[1].credit == ["marginal"]
    assert prepare(world.replace(architecture="credit"))[1].credit == ["equal"]


def test_a_pledge_is_to_the_own_favourites():
    world = place(
        2,
        3,
        architecture="pledge",
        rival=[False, True],
        rival_share=0.5,
        affinity=[[0.1, 1.0, 0.9], [0.1, 1.0, 0.9]],
        motive_need=0.0,
        motive_political=1.0,
        pledge_strength=1.0,
        pledge_focus=0.3,
        horizon=6,
        tasks_per_pillar=2,
        planning_slots=0,
    )
    result = run(world, 1)
    # D0 pledges to S1, which is full after the first two tasks of both; then, in year 2, to S2.
    mine = [(p.quarter, p.beneficiary) for p in result.projects if p.donor == 0]
    assert {j for quarter, j in mine if quarter <= 4} == {1}
    assert all(quarter >= 5 for quarter, j in mine if j != 1)
    assert [p.beneficiary for p in result.projects if p.donor == 1 and p.quarter <= 4] != [1, 1]


def test_given_motives_stay():
    nan = float("nan")
    world = place(
        2,
        motives=[[0.2, 0.1, 0.3, 0.4], [nan] * 4],
        motive_need=1.0,
        motive_visibility=1.0,
        narrative_coherence=1.0,
        narrative_target="need",
    )
    assert first_state(world, 1).derived.motives == [pytest.approx([0.3, 0.0, 0.3, 0.4]), [1.0, 0.0, 0.0, 0.0]]


def test_central_must_be_prepared():
    with pytest.raises(ValueError, match="central"):
        run(place(1, architecture="central"), 1)
