"""Checks of the oracle alone, for the contracts by record and by rank (section 5.3 of the ODD): small cases worked by hand."""

import dataclasses

import numpy as np
import pytest

from donorlab.sim import streams
from oracle import contracts_by_rank, contracts_by_record
from oracle.model import first_state, run
from oracle.records import OracleProject
from oracle.test_oracle_design import conditional


def under(contract, **changes):
    """A world of `conditional` under another contract: a task for 1 EUR m, a reform costs .4 more than it brings."""
    given = {"selectivity": 1.0, "prize_share": 1.0, "tournament_noise": 0.0} | changes
    states = given.pop("states", 1)
    world = conditional(**given) if states == 1 else with_states(states, **given)
    return world.replace(mechanisms=dataclasses.replace(world.mechanisms, contract=contract))


def with_states(states, **given):
    from oracle.test_oracle_design import place

    chosen = {"conditional": [True], "reform_cost": 0.9, "architecture": "conditional"} | given
    return place(len(chosen["conditional"]), states, **chosen)


# --- by record -------------------------------------------------------------------------------------------------


def test_a_record_is_worth_what_it_would_bring_in_a_year():
    # M = 1; adopting instead of refusing lifts the record by 1/3, over a mean of 1/2: .667 times selectivity.
    adopted = run(under("ex_post"), 1).projects[0]
    assert (adopted.complied, adopted.for_money, adopted.status) == (True, True, "completed")
    refused = run(under("ex_post", selectivity=0.5, credibility=1.0), 1).projects[0]
    assert (refused.complied, refused.blocked, refused.status, refused.returned) == (False, {0}, "running", 0.0)
    assert not run(under("ex_post", selectivity=3.0, conditional=[False, True]), 1).projects[0].complied


def test_each_decision_counts_for_the_next_in_the_same_quarter():
    # M = 2: .35 * 2 / 3 / .5 = .467 for the first, then .35 * 2 / 4 / .5 = .35 for the second.
    first, second = run(under("ex_post", conditional=[True, True], selectivity=0.35), 1).projects
    assert (first.complied, second.complied) == (True, False)


def test_a_year_of_aid_ends_after_four_quarters():
    # A project in each of quarters 1 and q; the second is of a state that adopted once: rise 1/4, mean record 2/3.
    def second(quarter):
        world = first_state(under("ex_post"), 1)
        for contracted in (1, quarter):
            world.ledger.append(project(contracted, 0, True))
        contracts_by_record.look_at_records(world)
        world.mean_record = 2 / 3
        return contracts_by_record.reward(world, world.ledger[1], quarter)

    assert second(4) == pytest.approx(2 / 4 / (2 / 3))
    assert second(5) == pytest.approx(1 / 4 / (2 / 3))


def test_rivals_make_a_record_worth_less():
    rivals = {"conditional": [True, False], "rival": [False, True], "rival_share": 0.5}  # half of what runs is theirs
    assert not run(under("ex_post", **rivals), 1).projects[0].complied  # .667 / 2 < .4
    assert run(under("ex_post", selectivity=2.0, **rivals), 1).projects[0].complied


def project(quarter, j, complied, donor=0):
    """A reform project with conditions of 1 EUR m."""
    return OracleProject(
        donor=donor, beneficiary=j, pillar=0, quarter=quarter, slot=0, serial=0, tasks=(0,), cost=1.0, fixed=0.0,
        relation=0.0, base_cost=1.0, conditional=True, complied=complied,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("steep", "wanted"), [(0.0, [1, 1, 1]), (1.0, [4 / 3, 2 / 3, 1]), (3.0, [2, 0, 1]), (4.0, [7 / 3, 0, 1])]
)
def test_donors_with_conditions_follow_the_record(steep, wanted):
    world = first_state(under("ex_post", states=3, conditional=[True, False], selectivity=steep), 1)
    world.ledger += [project(1, 0, True), project(1, 1, False)]
    contracts_by_record.look_at_records(world)  # records 2/3, 1/3 and 1/2
    assert world.mean_record == pytest.approx(0.5)
    assert world.merit[0] == pytest.approx(wanted)
    assert world.merit[1] == [1, 1, 1]


# --- by rank ---------------------------------------------------------------------------------------------------


def test_what_adopting_adds_to_the_chance():
    assert [contracts_by_rank.advantage(a, 3, 2) for a in (0, 1, 2)] == pytest.approx([1 / 3, 1 / 2, 2 / 3])
    assert [contracts_by_rank.advantage(a, 4, 2) for a in (0, 1, 2, 3)] == pytest.approx([1 / 2, 2 / 3, 2 / 3, 1 / 2])
    assert contracts_by_rank.advantage(0, 1, 1) == contracts_by_rank.advantage(1, 2, 2) == 0  # nobody loses
    assert contracts_by_rank.advantage(0, 2, 0) == 0  # nobody wins


def three(gap, **changes):
    """D0 has a project in each of three states; 2 of 3 are paid."""
    return under("tournament", states=3, budget=[12.0], reform_cost=0.5 + gap, prize_share=0.6, **changes)


def test_who_competes_answers_the_others():
    # Nobody has own will. .4 > 1/3: nobody begins. .3 < 1/3: the first does, so 1/2 and then 2/3 are at stake for the others.
    assert [p.complied for p in run(three(0.4), 1).projects[:3]] == [False] * 3
    assert [p.complied for p in run(three(0.3), 1).projects[:3]] == [True] * 3
    assert all(p.for_money for p in run(three(0.3), 1).projects[:3])


def test_beliefs_start_from_own_will():
    # One of three is paid. The third wants its reform for its own sake, so that 1/2 is at stake for the first, which adopts
    # (.4), and then 1/3 for the second, which does not. Had all begun from nobody, the second would have adopted instead.
    world = under("tournament", states=3, budget=[12.0], reform_cost=0.9, prize_share=0.3, ownership_slope=0.5)
    ranked = dataclasses.replace(world.beneficiaries, government_rank=np.array([0.0, 0.0, 1.0]))
    projects = run(world.replace(beneficiaries=ranked), 1).projects[:3]
    assert [(p.beneficiary, p.complied, p.for_money) for p in projects] == [
        (0, True, True), (1, False, False), (2, True, False),
    ]  # fmt: skip


def test_losers_are_not_paid_and_only_who_refused_is_shunned():
    # Ties are in ledger order: the third loses, whether it adopted or not.
    refused = run(three(0.4, horizon=4, shun_quarters=1, fixed_cost=0.0), 1).projects
    assert [(p.status, p.blocked) for p in refused[:3]] == [("running", {0}), ("running", {0}), ("withheld", set())]
    assert (refused[2].returned, refused[3].beneficiary, refused[3].quarter) == (1.0, 2, 3)
    adopted = run(three(0.3, horizon=4, shun_quarters=1), 1).projects
    assert [p.status for p in adopted[:3]] == ["completed", "completed", "withheld"]
    assert (adopted[2].complied, adopted[3].beneficiary, adopted[3].quarter) == (True, 2, 2)
    # Alone it cannot lose, so that it need not adopt.
    assert (adopted[3].complied, adopted[3].blocked) == (False, {0})


def test_whom_nobody_asks_for_reforms_has_only_its_own_will():
    first, second = run(under("tournament", conditional=[True, False], prize_share=0.0), 1).projects
    assert (first.status, second.status) == ("withheld", "running")
    assert not second.complied


def test_the_best_measured_are_paid():
    # Two states adopt, one is paid: the one with the larger draw.
    world = under("tournament", states=2, budget=[8.0], prize_share=0.5, reform_cost=0.5, tournament_noise=1.0)
    key = streams.actor_key("D0")
    for seed in range(6):
        draws = [streams.uniform(streams.TOURNAMENT, seed, 1, key, 0, 0, serial) for serial in (0, 1)]
        paid = [p.status != "withheld" for p in run(world, seed).projects[:2]]
        assert paid == [draws[0] > draws[1], draws[1] > draws[0]]


def test_noise_can_bring_one_who_refused_before_one_who_adopted():
    adopts, refuses = project(1, 0, True), project(1, 1, False)
    refuses.serial = 1
    found = set()
    for seed in range(30):
        world = first_state(under("tournament", states=2, tournament_noise=1.0), seed)
        found.add(contracts_by_rank.performance(world, adopts) > contracts_by_rank.performance(world, refuses))
        assert contracts_by_rank.performance(world, adopts) <= 3
    assert found == {True, False}
    without = first_state(under("tournament", states=2), 1)
    assert [contracts_by_rank.performance(without, p) for p in (adopts, refuses)] == [1, 0]
