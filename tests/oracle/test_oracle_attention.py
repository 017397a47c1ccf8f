"""Checks of the oracle alone, sections 4.3, 4.7 (exposure) and 5.2 (credit): what draws donors, worked by hand."""

import dataclasses
import math

import numpy as np
import pytest

from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import streams
from oracle.credit import credited_gain
from oracle.havens import exposures, find_havens, users_in_havens
from oracle.model import first_state, run
from oracle.omega import omega, omega_with_credit
from oracle.presence import presence_of_others
from oracle.records import OracleProject
from oracle.test_oracle_design import place
from oracle.test_oracle_rules import states
from oracle.wants import perceived_value


def two_pillars(names=("legal", "other"), **changes):
    """A legal pillar with 1 and 2 of 4 tasks standing, another one with nothing."""
    world = scenario(
        score=[[0.25, 0.0], [0.5, 0.0]], mandate=[[0.5, 0.5]], skill=[[1.0]], mix=[[1.0]] * 2, budget=[4.0], donor_ids=["D0"],
        state_ids=["S0", "S1"], parameters=plain_parameters(**{"haven_threshold": 0.35} | changes),
    )  # fmt: skip
    return world.replace(pillars=names)


def project_of(donor, j, status="running"):
    """A project that is there, of which nothing else matters."""
    return OracleProject(donor, j, 0, 0, 0, 0, (0,), 1.0, 0.0, 0.0, 1.0, status=status)


def test_havens_are_where_law_or_technique_is_missing():
    def havens(**changes):
        return find_havens(first_state(two_pillars(**changes), 1))

    assert havens() == [1, 0]  # 1/4 < .35 <= 2/4; the other pillar does not count
    assert havens(names=("other", "technical")) == [1, 1]
    assert havens(names=("one", "two")) == [1, 1]  # neither: any pillar counts
    assert havens(haven_threshold=0.25) == [0, 0]  # strictly below
    assert havens(haven_threshold=0.0) == [0, 0]


def test_security_draws_to_havens_and_is_need_where_there_is_none():
    world = first_state(two_pillars(motive_need=0.5, motive_security=0.5), 1)
    # need .5 * 1 * 1, security .5 * 1 * haven / mean haven of 1/2
    assert [omega(world, 0, j, 0, 0) for j in (0, 1)] == [1.5, 0.5]
    assert [row[0] for row in world.wish[0]] == [1.5, 0.5]
    world.haven = [0, 0]
    assert [omega(world, 0, j, 0, 0) for j in (0, 1)] == [1.0, 1.0]
    never = first_state(two_pillars(motive_need=0.5, motive_security=0.5, haven_threshold=0.0), 1)
    assert never.derived.motives == [[1.0, 0.0, 0.0, 0.0]]


def test_the_wish_follows_havens_once_a_year():
    # With two tasks of 16 a state is no haven. At first both are; the pledge is to S0, then, in quarter 5, to S1: .5 + .5 * 2
    # against .5.
    world = states(
        2, money=8.0, tasks_per_pillar=16, motive_need=0.5, motive_security=0.5, haven_threshold=0.125, horizon=5
    )
    result = run(world.replace(architecture="pledge", pledge_focus=0.5, pledge_strength=1.0), 1)
    assert [p.beneficiary for p in result.projects] == [0] * 8 + [1, 1]
    assert result.haven == [[0, 1]] * 4 + [[0, 0]]


def test_exposure():
    # S0: 2 of 4 tasks, f = 3/4, 3 of 4 users. S1: nothing, and a haven.
    world = scenario(
        score=[[0.5], [0.0]], mandate=[[1.0]], skill=[[1.0]], mix=[[1.0]], budget=[0.0], donor_ids=["D0"],
        state_ids=["S0", "S1"], users=[1.0, 1 / 3],
        parameters=plain_parameters(money=0.0, haven_threshold=0.35, haven_spill=0.5),
    )  # fmt: skip
    start = first_state(world, 1)
    assert users_in_havens(start) == pytest.approx(0.25)
    assert exposures(start) == pytest.approx([1 - 0.75 * (1 - 0.5 * 0.25), 1.0])
    found = run(world, 1).outcomes
    assert (found["safe_havens"], found["exposed_users_m"]) == (1.0, pytest.approx(3 * 0.34375 + 1))
    assert found["exposure"] == pytest.approx((3 * 0.34375 + 1) / 4)


def test_an_incident_is_remembered():
    # Weights 1.2 and .8, linear: S0 unless S1 counts double. Nothing stands in S1, so that it is wholly exposed.
    world = states(
        2, users=[3.0, 2.0], user_weight_exponent=1.0, salience=1.0, salience_quarters=2, incident_rate=0.2, horizon=4
    )

    def quiet(seed, state, quarter):
        u = streams.uniform(streams.INCIDENT, seed, quarter, streams.actor_key(f"S{state}"), 0, 0, 0)
        return u <= math.exp(-0.2)

    seed = next(
        s
        for s in range(1000)
        if not quiet(s, 1, 1) and all(quiet(s, j, t) for j in (0, 1) for t in (1, 2, 3) if (j, t) != (1, 1))
    )
    result = run(world, seed)
    assert [p.beneficiary for p in result.projects] == [0, 1, 1, 0]
    assert [q[1] for q in result.alarm_until][:3] == [3] * 3
    assert result.incidents[0][1] > 0
    calm = run(world.replace(salience=0.0), seed)
    assert [p.beneficiary for p in calm.projects] == [0] * 4
    assert calm.incidents == [[0, 0]] * 4


def test_attention_and_credit():
    # `marginal` counts as need and rises with incidents; what other rules pay is welfare and does not.
    world = first_state(place(1, 2, motive_need=0.5, motive_visibility=0.5, salience=1.0), 1)
    world.alarm_until = [1, 0]
    world.design.credit = ["marginal"]
    assert omega_with_credit(world, 0, 0, 0) == (1.0, 1.0)
    assert omega_with_credit(world, 0, 1, 0) == (0.5, 0.5)
    world.design.credit = ["shapley"]
    assert omega_with_credit(world, 0, 0, 0) == (1.0, 0.5)
    world.quarter = 2
    assert omega_with_credit(world, 0, 0, 0) == (0.5, 0.5)


def test_herding_counts_the_others_over_their_mean():
    world = first_state(place(3, 2, herding=0.5), 1)
    world.ledger += [project_of(1, 0), project_of(1, 1), project_of(2, 1), project_of(0, 0), project_of(2, 0, "failed")]
    presence_of_others(world)
    # D0: 1 and 2 others, mean 1.5; D1: 1 and 1; D2: 2 and 1.
    assert world.crowd[0] == pytest.approx([1 + 0.5 / 1.5, 1 + 0.5 * 2 / 1.5])
    assert world.crowd[1] == [1.5, 1.5]
    assert world.crowd[2] == pytest.approx([1 + 0.5 * 2 / 1.5, 1 + 0.5 / 1.5])
    value = [perceived_value(world, 0, j, 0, 0, 1, 0.0, 0) for j in (0, 1)]
    assert value == pytest.approx(world.crowd[0])  # one task is worth 1


def test_a_donor_goes_where_others_are():
    # D0 cares for S1 alone and works there slowly; D1 is indifferent and takes the first one.
    world = place(
        2, 2, motives=[[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]], affinity=[[0.0, 1.0], [1.0, 1.0]], pace=0.01,
        tasks_per_pillar=8, value_concavity=1.0, horizon=2, skill=[[0.5, 0.5]] * 2,
    )  # fmt: skip
    assert [p.beneficiary for p in run(world, 1).projects if p.donor == 1] == [0, 0]
    assert [p.beneficiary for p in run(world.replace(herding=0.1), 1).projects if p.donor == 1] == [0, 1]


def test_rules_of_credit_in_a_planner():
    world = first_state(place(1, tasks_per_pillar=4), 1)  # f: 0, 7, 12, 15, 16 sixteenths

    def sixteenths(rule, stands, count, n):
        return credited_gain(world, rule, stands, count, n) * 16

    cases = {(1, 2, 1): (3, 4, 4, 5), (1, 2, 2): (4, 6, 6, 8), (0, 3, 1): (1, 4, 4, 7), (2, 2, 2): (4, 4, 4, 4)}
    for case, values in cases.items():
        for rule, value in zip(("marginal", "equal", "shapley", "relative_impact"), values, strict=True):
            assert sixteenths(rule, *case) == pytest.approx(value), (rule, case)
        assert sixteenths("by_eur", *case) == sixteenths("gairing", *case) == sixteenths("equal", *case)
    world.design.credit = ["relative_impact"]
    world.derived.motives[0] = [0.25, 0.0, 0.0, 0.75]
    world.standing[0][0] = {0}
    assert perceived_value(world, 0, 0, 0, 2, 1, 0.0, 3) == pytest.approx(0.25 * 3 / 16 + 0.75 * 5 / 16)


def test_offers():
    # D0 and D1 like S0 best, D2 likes S1 best; all three contract one task in quarter 1.
    given = {
        "motive_need": 0.0, "motive_political": 1.0, "affinity": [[1.0, 0.5], [1.0, 0.5], [0.5, 1.0]], "pace": 0.01,
        "ownership_rate": 0.1, "tasks_per_pillar": 8, "reform_cost": 0.0,
    }  # fmt: skip

    def chosen(**changes):
        return [(p.donor, p.chosen) for p in run(place(3, 2, **(given | changes)), 1).projects]

    assert chosen(choice_cells=1) == [(0, True), (1, True), (2, False)]
    assert chosen(choice_cells=2) == [(0, True), (1, True), (2, True)]
    assert chosen(choice_cells=1, budget=[4.0, 0.4, 4.0]) == [(0, False), (2, False)]  # D1 contracts nothing
    assert chosen(choice_cells=2, ownership_rate=0.0) == [(0, False), (1, False), (2, False)]


def test_offers_are_made_at_the_start_of_a_slot():
    # One task a state: D0's only contract fills S0, which it offered all the same.
    world = place(2, 2, ownership_rate=0.1, choice_cells=1, budget=[4.0, 4.0])
    assert [p.chosen for p in run(world, 1).projects] == [True, True]
    # One after the other: S0 is taken when the second one looks, which then offers S1.
    assert [p.chosen for p in run(world.replace(planning_slots=0), 1).projects] == [False, False]


def test_the_pooled_fund_stands_where_its_members_stand():
    world = place(2, architecture="umbrella", budget=[1.0, 3.0], pooled_fund="on", pool_share=0.5)
    world = world.replace(donors=dataclasses.replace(world.donors, norm_position=np.array([1.0, 2.0])))
    assert first_state(world, 1).scenario.donors.norm_position.tolist() == [1.0, 2.0, 1.75]
