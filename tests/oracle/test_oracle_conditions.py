"""Checks of the oracle alone, for 5.3 of the ODD: threats that a donor would carry out, and how much it demands, by hand."""

import dataclasses

import numpy as np

from donorlab.sim.scenario import Scenario
from oracle.model import run
from oracle.records import OracleProject
from oracle.test_oracle_design import place

SEEDS = range(8)  # nothing here depends on a draw


def one_project(**changes) -> Scenario:
    """One project of 4 tasks for 4 EUR m; 0 and 2 are reforms; a state gains .5 from a reform. All stand: 1; two: .75."""
    given = {
        "tasks_per_pillar": 4,
        "project_tasks_minimum": 4,
        "project_tasks_maximum": 4,
        "pace": 4.0,
        "budget": [16.0],
    }
    return place(1, architecture="conditional", conditional=[True], **given | changes)


def only(world: Scenario, seed: int = 1) -> OracleProject:
    (project,) = run(world, seed).projects
    return project


def test_a_threat_is_credible_where_the_money_does_more_elsewhere():
    # Released without reform .75 is reached; elsewhere the money does opportunity_cost * 1.
    for opportunity_cost, credible in ((0.0, False), (0.75, False), (0.8, True), (1.0, True)):
        world = one_project(reform_cost=0.9, credibility_rule="endogenous", opportunity_cost=opportunity_cost)
        project = only(world)
        assert (project.complied, project.for_money) == (credible, credible)
        assert project.blocked == (set() if credible else {0, 2})
        assert project.status == ("completed" if credible else "running")


def test_what_does_not_return_does_nothing_elsewhere():
    # 4 of 5 EUR m return: opportunity_cost * .8 against .75.
    for opportunity_cost, credible in ((0.9, False), (0.95, True)):
        world = one_project(
            budget=[20.0],
            fixed_cost=1.0,
            reform_cost=0.9,
            credibility_rule="endogenous",
            opportunity_cost=opportunity_cost,
        )
        assert only(world).for_money == credible


def test_a_credible_threat_is_always_carried_out_and_an_empty_one_never():
    for opportunity_cost, status in ((0.8, "withheld"), (0.75, "running")):
        world = one_project(
            reform_cost=5.0, credibility_rule="endogenous", opportunity_cost=opportunity_cost
        )  # 4 < 4.5
        assert {only(world, seed).status for seed in SEEDS} == {status}
        assert {only(world.replace(credibility=0.5), seed).status for seed in SEEDS} == {status}


def test_what_stands_counts_in_the_donors_choice():
    # 4 of 8 tasks stand: the other four are worth .25, two of them .1875; at first they were .75 and .4375.
    for standing, credible in ((0.5, False), (0.0, True)):
        world = one_project(tasks_per_pillar=8, reform_cost=0.9, credibility_rule="endogenous", opportunity_cost=0.6)
        states = dataclasses.replace(world.beneficiaries, initial_score=np.array([[standing]]))
        picked = [only(dataclasses.replace(world, beneficiaries=states), seed) for seed in range(40)]
        two = [project for project in picked if len({0, 2, 4, 6} & set(project.tasks)) == 2]
        assert two
        assert {project.for_money for project in two} == {credible}


def test_as_many_reforms_are_demanded_as_a_state_accepts():
    # .5 * 4 at stake against half of what two reforms cost beyond their gain; own will takes both.
    for cost, demanded, blocked in ((0.4, 2, set()), (2.5, 2, set()), (4.5, 1, {2}), (5.0, 0, {0, 2})):
        for seed in SEEDS:
            project = only(one_project(reform_cost=cost, credibility=0.5, conditions_choice="on"), seed)
            assert (project.demanded, project.blocked) == (demanded, blocked)
            assert project.conditional == (demanded > 0)
            assert project.for_money == (demanded > 0 and cost > 0.5)
            assert project.status == ("running" if blocked else "completed")  # withheld at no seed
            assert project.delivered == {0, 1, 2, 3} - blocked


def test_an_empty_threat_demands_nothing():
    for opportunity_cost, demanded in ((0.75, 0), (0.8, 1)):
        world = one_project(reform_cost=8.5, credibility_rule="endogenous", conditions_choice="on")
        assert only(world.replace(opportunity_cost=opportunity_cost)).demanded == demanded  # 1 * 4 >= 8 / 2


def test_a_rival_lowers_what_is_demanded():
    # The rival replaces half of the stake of 4: 1 * 2 bears one reform of 2, where it bore two.
    for rival, demanded in ((True, 1), (False, 2)):
        world = place(
            2, architecture="conditional", conditional=[True, False], rival=[False, rival], budget=[16.0, 16.0],
            rival_share=0.5, tasks_per_pillar=4, project_tasks_minimum=4, project_tasks_maximum=4, reform_cost=4.5,
            credibility=1.0, conditions_choice="on",
        )  # fmt: skip
        first, second = run(world, 1).projects
        assert (first.demanded, second.demanded) == (demanded, None)
