"""Checks of the oracle alone, sections 4.5 to 4.8 and 6: quantities that move, worked by hand."""

import dataclasses
import math

import numpy as np
import pytest

from donorlab.sim import streams
from oracle.bound import highest_ownership, lowest_price, starts, welfare_bound
from oracle.conditions import missing_will
from oracle.delivery import failure_probability
from oracle.model import first_state, run
from oracle.ownership import cosine
from oracle.peers import memberships, peers
from oracle.political import replaced
from oracle.test_oracle import one_cell
from oracle.test_oracle_design import conditional, place, seed_where
from oracle.test_oracle_rules import states
from oracle.users import online, users_after


def with_lapse(world, form):
    return world.replace(mechanisms=dataclasses.replace(world.mechanisms, lapse=form))


def lapse_draw(seed, task=0):
    return -math.log(streams.uniform(streams.LAPSE, seed, 1, streams.actor_key("D0"), 0, task, 0))


def quarters_standing(result, task=0):
    """The quarters at the end of which a task of the only cell stands."""
    return [t for t, quarter in enumerate(result.standing, start=1) if task in quarter[0][0]]


# --- 4.5 ownership ----------------------------------------------------------------------------------------


def test_ownership_rises_where_aid_is_chosen_and_aligned():
    # Two donors with one project each in quarter 1: both chosen and delivered. .5 + .1 * (1 - .5), for 4 quarters.
    world = one_cell(2, ownership_rate=0.1, wind_down=5)
    path = [row[0] for row in run(world, 1).ownership]
    assert path == pytest.approx([1 - 0.5 * 0.9**t for t in (1, 2, 3, 4, 4, 4)])
    assert run(world, 1).outcomes["ownership"] == pytest.approx(path[-1])
    assert run(world, 1).outcomes["ownership_start"] == 0.5
    alone = run(one_cell(1, ownership_rate=0.1, wind_down=5), 1)
    assert alone.ownership == [[0.5]] * 6  # nothing was chosen
    assert run(world.replace(ownership_rate=0.0), 1).ownership == [[0.5]] * 6


def test_alignment_alone_needs_no_choice():
    # One donor, one project: not chosen, but delivered as the state wants it. .5 + .1 * (1 - .5), for 4 quarters.
    world = one_cell(1, ownership_rate=0.1, wind_down=5)
    world = world.replace(mechanisms=dataclasses.replace(world.mechanisms, ownership="alignment_alone"))
    path = [row[0] for row in run(world, 1).ownership]
    assert path == pytest.approx([1 - 0.5 * 0.9**t for t in (1, 2, 3, 4, 4, 4)])


def test_what_is_imposed_costs_ownership():
    # One project, imposed: im = mi = 1. .5 - .1 * 1.5 * 2 * .5 = .35
    world = conditional(ownership_rate=0.1, mistrust_cost=1.5)
    result = run(world, 1)
    assert result.projects[0].imposed
    assert result.ownership == [[pytest.approx(0.35)]]
    assert run(world.replace(ownership_rate=0.2, mistrust_cost=4.0), 1).ownership == [[0.0]]  # clipped
    late = run(world.replace(wind_down=5), 1).ownership  # what was contracted and delivered counts for four quarters
    assert [row[0] for row in late] == pytest.approx([0.5 * 0.7**t for t in (1, 2, 3, 4, 4, 4)])
    # Its task 1 is no reform: of two tasks delivered one is imposed, im = 1/2.
    two = {"tasks_per_pillar": 2, "project_tasks_minimum": 2, "project_tasks_maximum": 2, "budget": [8.0], "pace": 2.0}
    half = run(conditional(ownership_rate=0.1, mistrust_cost=1.0, credibility=0.2, **two), 1)
    assert (half.projects[0].imposed, half.projects[0].delivered) == (True, {0, 1})
    assert half.ownership == [[pytest.approx(0.5 - 0.1 * 1.5 * 0.5)]]


def test_what_is_withheld_costs_ownership_where_something_is_delivered():
    # D0's project is withheld, D1's only task is blocked: nothing is delivered, nothing moves.
    world = conditional(conditional=[True, False], reform_cost=3.0, ownership_rate=0.1)
    seed = seed_where(True, streams.WITHHOLD)
    assert run(world, seed).ownership == [[0.5]]
    # D1 delivers task 1, which is no reform. Both were chosen, and one of two was withheld.
    two = {"tasks_per_pillar": 2, "project_tasks_minimum": 2, "project_tasks_maximum": 2, "budget": [8.0, 8.0]}
    result = run(conditional(conditional=[True, False], reform_cost=3.0, ownership_rate=0.1, **two), seed)
    assert [p.status for p in result.projects] == ["withheld", "running"]
    assert result.ownership == [[pytest.approx(0.5 + 0.1 * (0.5 - 0.5 * 0.5))]]


def test_alignment():
    assert cosine([2, 0], [0.5, 0.5]) == pytest.approx(math.sqrt(0.5))
    assert cosine([3, 4], [0.6, 0.8]) == pytest.approx(1.0)
    assert cosine([3, 4], [0.0, 0.0]) == 0.0


def test_what_ownership_enters():
    world = first_state(place(1, reform_cost=1.0, failure=0.5, own_effort=1.0), 1)
    assert (missing_will(world, 0), failure_probability(world, 0)) == (0.5, 0.75)
    world.ownership = [0.9]
    assert (missing_will(world, 0), failure_probability(world, 0)) == (pytest.approx(0.1), pytest.approx(0.55))


# --- 4.5 forms of lapse -----------------------------------------------------------------------------------


def test_ageing_has_the_same_mean_and_another_form():
    world = with_lapse(one_cell(1, lapse=0.1, wind_down=60), "ageing")  # hazard .05 a quarter
    for seed in range(1, 6):
        last = math.floor(math.sqrt(lapse_draw(seed)) / math.gamma(1.5) / 0.05) + 1
        assert quarters_standing(run(world, seed)) == list(range(1, last))


def test_after_exit_a_task_lapses_only_once_its_donor_is_gone():
    # Task 0 is delivered in quarter 1, task 1 in quarter 4: only then the donor is gone.
    two = {"tasks_per_pillar": 2, "project_tasks_minimum": 2, "project_tasks_maximum": 2, "pace": 1.0}
    world = one_cell(1, budget=[8.0], lapse=0.5, wind_down=30, administration_intercept=0.3, **two)
    result = run(with_lapse(world.replace(room_floor=0.3, pace=1.0), "after_exit"), 7)
    (project,) = result.projects
    delivered, end = project.delivered_in[0], project.end
    assert (delivered, end) == (4, 7)
    last = end + math.floor(lapse_draw(7) / 0.25)
    assert quarters_standing(result) == list(range(delivered, last))
    plain = quarters_standing(run(world.replace(room_floor=0.3), 7))
    assert len(plain) == len(quarters_standing(result)) - (end - delivered)


def test_imposed_reforms_lapse_faster():
    world = conditional(lapse=0.5, wind_down=40, imposed_lapse=4.0)  # hazard .25 a quarter
    for seed in range(1, 6):
        last = math.floor(lapse_draw(seed) / 4 / 0.25) + 1
        assert quarters_standing(run(world, seed)) == list(range(1, last))
        own_will = run(world.replace(reform_cost=0.5), seed)
        assert len(quarters_standing(own_will)) == math.floor(lapse_draw(seed) / 0.25)


def test_hazard_follows_ownership_as_it_stood():
    # Ownership .5, .55, .595: hazards .25, .225, .2025 in quarters 1 to 3.
    world = one_cell(2, lapse=0.5, ownership_rate=0.1, wind_down=2)
    seed = next(s for s in range(1000) if 0.225 + 0.2025 + 0.18225 < lapse_draw(s) < 0.25 + 0.225 + 0.2025)
    assert quarters_standing(run(world, seed)) == [1, 2]
    seed = next(s for s in range(1000) if 0.25 + 0.225 + 0.2025 < lapse_draw(s) < 0.75)
    assert quarters_standing(run(world, seed)) == [1, 2, 3]
    assert quarters_standing(run(world.replace(ownership_rate=0.0), seed)) == [1, 2]


def test_sustained_share():
    u = lapse_draw(7)
    stands = math.floor(u / 0.25)  # quarters
    kept = one_cell(1, lapse=0.5, wind_down=stands - 1)
    assert run(kept, 7).outcomes["sustained_share"] == 1.0
    assert run(kept.replace(wind_down=stands), 7).outcomes["sustained_share"] == 0.0
    again = run(kept.replace(horizon=stands, wind_down=2), 7)  # lapsed, and bought again with what was saved
    assert (quarters_standing(again)[-1], again.outcomes["sustained_share"]) == (stands + 2, 0.0)
    assert math.isnan(run(kept.replace(money=0.0), 7).outcomes["sustained_share"])


# --- 4.6 norms --------------------------------------------------------------------------------------------


def with_positions(world, donors, beneficiaries):
    donors = dataclasses.replace(world.donors, norm_position=np.array(donors))
    return world.replace(
        donors=donors, beneficiaries=replaced(world.beneficiaries, norm_position=np.array(beneficiaries))
    )


def test_deliveries_pull():
    # Two tasks by D0 (position 1), one by D1 (position -2): .1 * (2/3 * 1 - 1/3 * 2) = 0 with x = 0.
    world = one_cell(2, budget=[8.0, 4.0], tasks_per_pillar=12, norm_pull=0.1, pace=2.0, project_tasks_maximum=2)
    result = run(with_positions(world, [1.0, -2.0], [0.0]), 1)
    assert [len(p.tasks) for p in result.projects] == [1, 1, 1]
    assert result.norm_position == [[pytest.approx(0.0)]]
    assert result.influence == pytest.approx([0.1 * 2 / 3, 0.1 * 2 / 3])
    assert result.outcomes["norm_contest"] == pytest.approx(1.0)  # all of it cancels
    # From .5: pulls of +.5 and -2.5. Mean donor (8 * 1 - 4 * 2) / 12 = 0, range 3.
    result = run(with_positions(world, [1.0, -2.0], [0.5]), 1)
    assert result.norm_position == [[pytest.approx(0.45)]]
    assert result.influence == pytest.approx([0.1 * 2 / 3 * 0.5, 0.1 / 3 * 2.5])
    assert result.outcomes["norm_shift"] == pytest.approx(-0.05)
    assert result.outcomes["norm_contest"] == pytest.approx(1 - 0.05 / (0.1 / 3 * 3.5))
    assert result.outcomes["norm_alignment"] == pytest.approx(1 - 0.45 / 3)
    assert math.isnan(run(with_positions(world.replace(norm_pull=0.0), [1.0, -2.0], [0.5]), 1).outcomes["norm_contest"])


# --- 4.7 users and turnover -------------------------------------------------------------------------------


def test_users_grow_with_population_and_share():
    rate = math.log(4)
    assert online(0.19, rate, 1) == pytest.approx(0.475)  # .95 / (1 + 4 / 4)
    assert online(0.19, rate, 0) == pytest.approx(0.19)
    assert online(1.0, rate, 7) == 1.0
    world = states(3, users=[1.0, 1.0, 1.0], user_growth=1.0, user_weight_exponent=1.0, horizon=8)
    columns = {
        "population_growth": np.array([0.1, 0.1, 0.0]), "internet_share": np.array([0.19, 0.95, 0.19]),
        "internet_share_rate": np.array([rate, rate, 0.0]),
    }  # fmt: skip
    growing = replaced(world.beneficiaries, **columns)
    assert users_after(growing, 1) == pytest.approx([3 * 1.1 * 2.5, 3.3, 3.0])
    result = run(world.replace(beneficiaries=growing), 1)
    total = 8.25 + 3.3 + 3.0
    assert result.state_weight[2] == [1.0] * 3
    assert result.state_weight[3] == pytest.approx([3 * 8.25 / total, 3 * 3.3 / total, 9 / total])
    assert result.users[6] == pytest.approx([8.25, 3.3, 3.0])
    assert {p.beneficiary for p in result.projects if p.quarter > 4} == {0}
    one = [len(cells[0]) for cells in result.standing[3]]
    assert result.welfare[3] == pytest.approx(sum(w * n / 8 for w, n in zip(result.state_weight[3], one, strict=True)))
    assert users_after(world.beneficiaries, 5) == [3.0] * 3 or hasattr(world.beneficiaries, "internet_share")
    poorest = run(world.replace(beneficiaries=growing, state_weighting="poorest"), 1)
    assert poorest.state_weight[-1] == [1.0] * 3


def goes(seed, quarter, task, turnover=0.3):
    return streams.uniform(streams.TURNOVER, seed, quarter, 0, 0, task, 0) < turnover


def test_what_is_out_of_date_stands_nowhere():
    world = states(2, money=0.0, turnover=0.3, headroom=1.0)
    world = world.replace(beneficiaries=replaced(world.beneficiaries, initial_score=np.array([[1.0], [0.5]])))
    seed = next(s for s in range(100) if goes(s, 1, 0) and not goes(s, 1, 1) and goes(s, 1, 7))
    result = run(world, seed)
    gone = {task for task in range(8) if goes(seed, 1, task)}
    assert [row[0] for row in result.standing[0]] == [set(range(8)) - gone, set(range(4)) - gone]
    assert result.obsolete == [[[len(gone)], [len(gone & set(range(4)))]]]


def test_an_item_is_replaced_and_bought_again():
    world = one_cell(1, turnover=0.3, lapse=0.001, horizon=4)
    seed = next(s for s in range(1000) if [goes(s, t, 0) for t in (1, 2, 3, 4)] == [False, True, False, False])
    result = run(world, seed)
    assert [p.quarter for p in result.projects] == [1, 3]
    assert not any(p.duplicated for p in result.projects)
    assert quarters_standing(result) == [1, 3, 4]
    assert (result.lapsed, [q[0][0] for q in result.obsolete]) == ([[[0]]] * 4, [0, 1, 0, 0])
    assert result.outcomes["obsolete_share"] == 0.5


def test_a_live_project_delivers_the_successor():
    world = one_cell(1, turnover=0.3, pace=0.5, horizon=1, wind_down=1)
    seed = next(s for s in range(1000) if [goes(s, t, 0) for t in (1, 2)] == [True, False])
    result = run(world, seed)
    assert (result.projects[0].status, quarters_standing(result)) == ("completed", [2])


# --- 4.8 peers --------------------------------------------------------------------------------------------


def three_states(**changes):
    """2, 1 and 0 of 4 tasks stand, the easy ones."""
    world = states(3, tasks_per_pillar=4, value_concavity=2.0, peer_discount=0.4, **changes)
    return world.replace(
        beneficiaries=replaced(world.beneficiaries, initial_score=np.array([[0.5], [0.25], [0.0]])),
        donors=dataclasses.replace(world.donors, affinity=np.array([[1.0, 0.5, 1.0]])),
    )


def test_a_task_that_peers_have_done_is_cheaper():
    world = three_states()
    # S2: of 4 open tasks S0 has done 2, S1 1: 3 / (2 * 4). S1: of 3 open ones S0 has done 1: 1 / (2 * 3). S0: none.
    assert first_state(world, 1).price == [[1.0], [pytest.approx(1 - 0.4 / 6)], [pytest.approx(0.85)]]
    (project,) = run(world, 1).projects
    assert (project.beneficiary, project.base_cost, project.cost) == (2, pytest.approx(0.85), pytest.approx(0.85))
    assert project.kappa == pytest.approx(0.85)
    # Then S2 has one task: of 3 open ones S0 has done 1 more (or both), S1 none or one.
    after = run(world, 1).standing[0]
    saved = sum(len(after[i][0] - after[2][0]) for i in (0, 1)) / (2 * 3)
    assert run(world, 1).price[0][2] == [pytest.approx(1 - 0.4 * saved)]
    far = replaced(world.beneficiaries, subregions=("North", "South", "South"))
    assert first_state(world.replace(beneficiaries=far), 1).price[2] == [pytest.approx(1 - 0.4 * 1 / 4)]
    lonely = replaced(world.beneficiaries, subregions=("North", "South", "East"))
    assert first_state(world.replace(beneficiaries=lonely), 1).price == [[1.0]] * 3


def test_peers_by_organisation():
    world = three_states(peer_scope="organisation")
    assert peers(world) == [set(), set(), set()]
    organised = world.replace(donors=dataclasses.replace(world.donors, kinds=("regional_org",)))
    assert memberships(organised) == [{0, 2}]
    assert peers(organised) == [{2}, set(), {0}]
    everybody = dataclasses.replace(organised.donors, affinity=np.ones((1, 3)))
    assert memberships(organised.replace(donors=everybody)) == []


# --- 6 the bound ------------------------------------------------------------------------------------------


def test_where_the_bound_starts():
    assert [highest_ownership(0.5, 0.1, t) for t in (1, 2, 3)] == pytest.approx([0.5, 0.55, 0.595])
    assert lowest_price(three_states(fixed_cost=0.2, project_tasks_maximum=4).parameters, 2.0) == pytest.approx(1.25)
    world = one_cell(1, money=4.0, tasks_per_pillar=20, administration_intercept=8.0, own_effort=0.5, turnover=0.3)
    world = world.replace(
        ownership_rate=0.2, horizon=2, beneficiaries=replaced(world.beneficiaries, initial_score=np.array([[0.5]]))
    )

    def draw(seed, quarter, mean):
        u = streams.uniform(streams.EFFORT, seed, quarter, streams.actor_key("S0"), 0, 0, 0)
        return streams.poisson_quantile(u, mean)

    seed = next(s for s in range(100) if draw(s, 2, 2.4) > draw(s, 2, 2.0) and goes(s, 1, 0) and goes(s, 2, 1))
    derived = first_state(world, seed).derived
    left, own = set(range(10)), 0
    for quarter, mean in ((1, 2.0), (2, 0.5 * 8 * 0.6)):
        left -= {task for task in left if goes(seed, quarter, task)}
        own += draw(seed, quarter, mean)
        assert starts(world, seed, derived)[quarter - 1] == [[min(20, len(left) + own)]]
    unpaid = world.replace(money=0.0)  # nobody is there who could move ownership
    assert starts(unpaid, seed, first_state(unpaid, seed).derived)[1] == [
        [min(20, len(left) + own - draw(seed, 2, 2.4) + draw(seed, 2, 2.0))]
    ]


def test_the_bound_buys_by_value_per_eur_and_the_last_task_in_part():
    # Gains 7, 5, 3, 1 sixteenths at .85 + .0: 1 EUR m buys one task and 15/85 of the next.
    world = one_cell(1, tasks_per_pillar=4, peer_discount=0.15)
    assert welfare_bound(world, 1) == [pytest.approx((7 + 5 * 0.15 / 0.85) / 16)]
