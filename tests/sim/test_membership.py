"""5.2 Voluntary membership inside a run."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import assert_same_bits

from donorlab.sim import CoordinationModel, adopt_architecture, donor_leaves, simulate
from donorlab.sim.design import POOL
from donorlab.sim.mechanisms.membership import INSIDE, OUTSIDE, credit_and_spending, seen_on_both_sides
from donorlab.sim.outcomes.tables import payments
from donorlab.sim.state import CONDITIONAL, COST, CREDIT, DONOR, FLAGS, RETURNED

NAN = np.nan


@pytest.fixture(scope="module")
def umbrella(synthetic):
    return synthetic.replace(architecture="umbrella")


@pytest.fixture(scope="module")
def voluntary(umbrella):
    return umbrella.replace(voluntary_membership="on", membership_term=1)


@pytest.fixture(scope="module")
def result(voluntary):
    return simulate(voluntary, 2)


def test_what_a_donor_cannot_know_itself_it_takes_from_its_like():
    """Three alike: two inside (2 and 4), two outside (1 and 3); the last is ten times as large, and alone."""
    found = np.array([[NAN, NAN, 1.0, 3.0, NAN], [2.0, 4.0, NAN, NAN, 5.0]])
    seen = seen_on_both_sides(found, np.array([1.0, 1.0, 1.0, 1.9, 10.0]), 2.0)
    # mean inside 3, outside 2: who gets 2 of 3 inside would get 2 of 3 of what is got outside
    np.testing.assert_allclose(seen[OUTSIDE], [4 / 3, 8 / 3, 1.0, 3.0, NAN])
    np.testing.assert_allclose(seen[INSIDE], [2.0, 4.0, 1.5, 4.5, 5.0])


def test_of_nothing_there_is_no_share():
    seen = seen_on_both_sides(np.array([[NAN, 1.0], [0.0, NAN]]), np.ones(2), 2.0)
    np.testing.assert_allclose(seen, [[1.0, 1.0], [0.0, 0.0]])


def test_what_one_has_seen_on_both_sides_is_its_own():
    found = np.array([[2.0, 9.0], [3.0, 9.0]])
    np.testing.assert_array_equal(seen_on_both_sides(found, np.ones(2), 2.0), found)


@given(
    found=st.lists(
        st.tuples(st.floats(0.1, 10), st.floats(0.1, 10), st.sampled_from([0, 1, 2])), min_size=2, max_size=8
    ),
    scale=st.floats(0.01, 100),
)
def test_the_unit_of_value_and_the_order_of_donors_do_not_matter(found, scale):
    table = np.array([[out if side != 1 else NAN, ins if side != 0 else NAN] for out, ins, side in found]).T
    budget = np.linspace(1, 3, len(found))
    seen = seen_on_both_sides(table, budget, 2.0)
    np.testing.assert_allclose(seen_on_both_sides(table * scale, budget, 2.0), seen * scale, rtol=1e-12)
    np.testing.assert_allclose(seen_on_both_sides(table[:, ::-1], budget[::-1], 2.0), seen[:, ::-1], rtol=1e-12)


def test_credit_and_cost_of_projects_add_up(result):
    """Every account is the credit of its projects; what a project cost is counted once, and whole when it has ended."""
    model = result.model
    ledger = model.state.ledger
    credit, spent = credit_and_spending(model)
    holder = ledger.whole[: ledger.size, DONOR]
    accounts = np.sum([*model.accounts, model.state.account], axis=0)
    np.testing.assert_allclose(np.bincount(holder, credit, minlength=len(accounts)), accounts, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(credit, ledger.reals[: ledger.size, CREDIT])
    whole = ledger.reals[: ledger.size, COST] - ledger.reals[: ledger.size, RETURNED]
    assert (spent <= whole + 1e-12).all()
    ended = payments(model).end > 0
    np.testing.assert_allclose(spent[ended], whole[ended])


def test_donors_join_and_leave_and_the_run_says_so(result):
    outcomes, table = result.outcomes, result.memberships
    assert outcomes["members_joined"] == (table["move"] == "joins").sum() > 0
    assert outcomes["members_left"] == (table["move"] == "leaves").sum() > 0
    assert 0 < outcomes["membership"] < 1
    at_end = result.donors["member"]
    assert outcomes["members"] == at_end.sum() == result.steps["members"].iloc[-1]
    for donor, rows in table.groupby("donor"):
        sides = rows["member"].tolist()
        moved = (rows["move"] != "").tolist()
        assert [a != b for a, b in zip(sides, [*sides[1:], at_end[donor]], strict=True)] == moved
        joins = rows.loc[rows["move"] == "joins", "member"]
        assert not joins.any()


def test_who_moves_thought_the_other_side_better_or_tried(result):
    moved = result.memberships.query("move != ''")
    better = np.where(
        moved["member"], moved["mean_outside"] > moved["mean_inside"], moved["mean_inside"] > moved["mean_outside"]
    )
    assert (better | moved["tried"]).all()
    stayed = result.memberships.query("move == '' and not tried").dropna()
    worse = np.where(stayed["member"], stayed["mean_outside"] > stayed["mean_inside"] * 1.000001, False)
    assert not worse.any()  # with a term of one year everybody may move each year


def check_terms(scenario, seed):
    """Nobody moves before its three years are over, and some do then."""
    free = scenario.replace(architecture="umbrella", voluntary_membership="on", membership_term=3)
    moves = simulate(free, seed).memberships.query("move != ''")
    assert moves["quarter"].min() >= 13
    apart = moves.groupby("donor")["quarter"].apply(
        lambda quarters: np.diff(quarters).min() if len(quarters) > 1 else 99
    )
    assert (apart >= 12).all()


def test_nobody_moves_before_its_term_is_over(toy):
    """Few donors, who try the other side whenever they may by one chance in two."""
    for seed in (1, 2):
        check_terms(toy.replace(membership_curiosity=0.5, horizon=36), seed)


def test_nobody_of_many_moves_before_its_term_is_over(synthetic):
    check_terms(synthetic, 1)


@pytest.mark.parametrize("fund", ["off", "on"])
def test_where_all_found_it_and_nobody_is_curious_it_is_compulsory(umbrella, fund):
    """Nobody is outside to be looked at, but for rivals: none is alike where only equals are."""
    one = umbrella.replace(pooled_fund=fund, decision_lag=0)
    free = one.replace(
        voluntary_membership="on", founding_share=1.0, membership_curiosity=0.0, membership_similarity=1.0
    )
    compulsory, chosen = CoordinationModel(one, rng=3).run(), CoordinationModel(free, rng=3).run()
    assert chosen.membership is not None
    assert len(chosen.membership.looks) > 5
    assert_same_bits(compulsory, chosen, leave_out=("ledger.reals", "account"))  # accounts are kept for free members
    np.testing.assert_array_equal(compulsory.state.ledger.reals[:, :CREDIT], chosen.state.ledger.reals[:, :CREDIT])


def test_where_nobody_founds_it_and_nobody_is_curious_donors_act_apart(umbrella, synthetic):
    nobody = umbrella.replace(voluntary_membership="on", founding_share=0.0, membership_curiosity=0.0, division="none")
    apart, none = CoordinationModel(synthetic, rng=3).run(), CoordinationModel(nobody, rng=3).run()
    assert_same_bits(apart, none, leave_out=("ledger.reals", "account"))
    assert simulate(nobody, 3).outcomes["membership"] == 0


@pytest.mark.parametrize("architecture", ["fragmented", "central", "pledge", "conditional"])
def test_outside_an_umbrella_it_changes_nothing(synthetic, architecture):
    one = synthetic.replace(architecture=architecture)
    free = one.replace(voluntary_membership="on")
    assert_same_bits(CoordinationModel(one, rng=3).run(), CoordinationModel(free, rng=3).run())


def test_the_dearer_it_is_the_fewer_stay(synthetic):
    """Also where nothing is left for projects: whose money is all eaten gets nothing for it, and sees that."""
    free = synthetic.replace(architecture="umbrella", voluntary_membership="on", founding_share=1.0, division="none")

    def share(overhead):
        return np.mean([simulate(free.replace(overhead=overhead), seed).outcomes["membership"] for seed in (1, 2, 3)])

    shares = [share(overhead) for overhead in (0.0, 0.5, 1.0)]
    assert shares[0] > shares[1] + 0.03 > shares[2] + 0.06


def test_who_gets_nothing_for_its_money_sees_that(toy):
    """Where overhead eats all of it; nobody is left outside whose results could stand in for what is not known."""
    one = toy.replace(architecture="umbrella", voluntary_membership="on", founding_share=1.0, overhead=1.0)
    looks = simulate(one, 1).memberships
    first = looks[looks["quarter"] == looks["quarter"].min()]
    paid = first[first["member"]]
    assert len(paid) > 1
    assert (paid["seen_inside"] == 0).all()


def test_where_both_sides_are_alike_neither_seems_better(world):
    """An umbrella that does nothing: what is learned of it leans to neither side, whoever looks."""
    nothing = {"register": "none", "division": "none", "overhead": 0.0, "negotiation_cost": 0.0, "decision_lag": 0}
    one = world.replace(architecture="umbrella", voluntary_membership="on", membership_curiosity=0.1, **nothing)
    looks = pd.concat([simulate(one, seed).memberships for seed in range(1, 5)]).dropna()
    ahead = (looks["seen_inside"] - looks["seen_outside"]) / (looks["seen_inside"] + looks["seen_outside"])
    assert len(looks) > 1000
    assert abs(ahead.mean()) < 0.03


def test_who_leaves_sets_no_conditions(toy):
    """And who joins does; those who are not invited set none under an umbrella with conditions."""
    one = toy.replace(
        architecture="umbrella_conditional", conditional_donors="all", voluntary_membership="on", membership_term=1,
        membership_curiosity=0.5, horizon=24,
    )  # fmt: skip
    model = CoordinationModel(one, rng=1)
    seen = set()
    for _ in range(24):
        model.step()
        np.testing.assert_array_equal(model.design.conditional, model.design.member & ~toy.donors.rival)
        rows = model.state.ledger.whole[model.first_row : model.state.ledger.size]
        asked = rows[:, FLAGS] & CONDITIONAL != 0
        np.testing.assert_array_equal(asked, model.design.conditional[rows[:, DONOR]])
        seen.add(tuple(model.design.member))
    assert len(seen) > 2


def test_conditions_of_an_umbrella_are_those_of_its_members(world):
    both = world.replace(architecture="umbrella_conditional", members=("EU", "DEU"))
    model = CoordinationModel(both, rng=1)
    assert [world.donors.ids[d] for d in np.flatnonzero(model.design.conditional)] == ["EU"]
    none = CoordinationModel(world.replace(architecture="umbrella_conditional", members=("DEU", "FRA")), rng=1)
    assert not none.design.conditional.any()


def test_the_fund_stays_a_member_and_those_who_left_pay_nothing(umbrella):
    model = CoordinationModel(umbrella.replace(voluntary_membership="on", membership_term=1, pooled_fund="on"), rng=2)
    pool = model.inputs.donors.ids.index(POOL)
    left_once = False
    for _ in range(model.parameters.horizon):
        before = model.state.pool_paid.copy()
        model.step()
        outside = ~model.design.member
        np.testing.assert_array_equal(before[outside], model.state.pool_paid[outside])
        left_once |= bool((before[outside] > 0).any())
        assert model.design.member[pool]
    assert left_once
    assert pool not in {row for look in model.membership.looks for row in np.flatnonzero(look.joins | look.leaves)}


def test_a_donor_that_stops_giving_moves_no_more(voluntary, result):
    movers = result.memberships.query("move != ''")["donor"]
    donor = movers.iloc[0]
    gone = simulate(voluntary, 2, interventions=[(2, donor_leaves(donor))]).memberships
    assert (gone.loc[gone["donor"] == donor, "move"].iloc[1:] == "").all()


def test_an_umbrella_of_free_members_can_begin_and_end_in_mid_run(synthetic):
    begins = adopt_architecture("umbrella", voluntary_membership="on", founding_share=0.5)
    run = simulate(synthetic, 1, interventions=[(6, begins), (22, adopt_architecture("fragmented"))])
    members = run.steps.set_index("quarter")["members"]
    assert (members.loc[:5] == 0).all()
    assert members.loc[6] > 0
    assert (members.loc[22:] == 0).all()
    assert run.memberships.empty
    assert 0 < run.outcomes["membership"] < 1


def test_joining_and_leaving_are_events(voluntary):
    run = simulate(voluntary, 2, trace=True)
    events = run.events[run.events["event"].isin(["joins umbrella", "leaves umbrella"])]
    moves = run.memberships.query("move != ''")
    assert sorted(zip(events["quarter"], events["donor"], strict=True)) == sorted(
        zip(moves["quarter"], moves["donor"], strict=True)
    )


def test_an_umbrella_over_nobody_credits_nobody(toy):
    one = toy.replace(architecture="umbrella", voluntary_membership="on", credit="marginal", founding_share=0.0)
    model = CoordinationModel(one, rng=1)
    assert not model.design.member.any()
    assert model.design.credit == "none"
    np.testing.assert_array_equal(model.visible, model.giving.visibility)


def test_money_is_conserved_whoever_moves(voluntary):
    for seed, fund in ((1, "off"), (2, "on")):
        run = simulate(voluntary.replace(pooled_fund=fund, budget_elasticity=1.0), seed)
        state = run.model.state
        total = run.outcomes["contracted_m"] + state.cash.sum() + state.overhead_paid.sum()
        assert total == pytest.approx(run.outcomes["appropriated_m"], rel=1e-9)
        assert sum(run.waterfall.shares.values()) == pytest.approx(1, abs=1e-9)
