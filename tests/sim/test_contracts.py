"""Contracts by record (``ex_post``) and by rank (``tournament``): the battery of architectures, and what is theirs alone."""

import dataclasses

import numpy as np
import pytest
from agreement import compare
from hypothesis import given
from hypothesis import strategies as st
from oracle.worlds import numbered
from possible import possible, under
from runs import assert_same_bits
from test_architectures import Battery
from test_conservation import check_run

from donorlab.scenarios import load
from donorlab.sim import Beneficiary, CoordinationModel, ScenarioError, simulate
from donorlab.sim.interventions import adopt_architecture
from donorlab.sim.mechanisms import mechanism_names, selectivity, tournament
from donorlab.sim.state import (
    BENEFICIARY,
    BLOCKED,
    CONDITIONAL,
    DEMANDED,
    DONOR,
    FLAGS,
    IMPOSED,
    QUARTER,
    REFORM,
    STATUS,
    WILLING,
    WITHHELD,
)

CONTRACTS = ("ex_post", "tournament")
WORLDS_EACH = 60


def by(scenario, contract, architecture="conditional", **changes):
    """The scenario under a contract; all donors but rivals set conditions."""
    mechanisms = dataclasses.replace(scenario.mechanisms, contract=contract)
    return under(scenario, architecture).replace(mechanisms=mechanisms, conditional_donors="all", **changes)


class TestEveryContract(Battery):
    @pytest.fixture(params=["conditional", "umbrella_conditional"])
    def name(self, request):
        return request.param

    @pytest.fixture(params=CONTRACTS)
    def contract(self, request):
        return request.param

    @pytest.fixture(params=["toy", "synthetic"])
    def scenario(self, request, name, contract):
        return by(request.getfixturevalue(request.param), contract, name)

    def test_draws_are_paired_with_those_of_fragmented(self, toy, name, contract):
        super().test_draws_are_paired_with_those_of_fragmented(by(toy, contract, name), 1)


def test_the_names_are_known():
    assert {"ex_ante", *CONTRACTS} <= set(mechanism_names("contract"))
    assert load("toy", ["mechanism.contract=tournament"]).mechanisms.contract == "tournament"
    assert load("toy", ["mechanism.contract=tournament", "mechanism.contract.common_shock=1"]).options
    with pytest.raises(ScenarioError, match="did you mean 'common_shock'"):
        load("toy", ["mechanism.contract=tournament", "mechanism.contract.common_shok=1"])
    with pytest.raises(ScenarioError, match="did you mean 'tournament'"):
        load("toy", ["mechanism.contract=turnament"])


@pytest.mark.parametrize("architecture", ["conditional", "umbrella_conditional"])
@pytest.mark.parametrize("contract", CONTRACTS)
def test_engine_agrees_with_the_oracle_and_nothing_is_lost(contract, architecture):
    worlds = [(number, numbered(number, (f"{architecture}/{contract}",))) for number in range(WORLDS_EACH)]
    worlds = [(number, world) for number, world in worlds if possible(world)]
    runs = [compare(world, number) for number, world in worlds]
    for number, world in worlds[:20]:
        check_run(world.replace(budget_elasticity=0.0), number)
        if world.parameters.money:
            assert sum(simulate(world, number).waterfall.shares.values()) == pytest.approx(1, abs=1e-9)
    assert len(runs) >= 0.7 * WORLDS_EACH
    assert np.mean([any(p.for_money for p in run.projects) for run in runs]) > 0.05
    assert np.mean([any(p.conditional and p.blocked for p in run.projects) for run in runs]) > 0.1
    lost = [[p for p in run.projects if p.status == "withheld"] for run in runs]
    assert np.mean([any(p.complied for p in one) for one in lost]) > (0.05 if contract == "tournament" else -1)
    assert np.mean([any(not p.complied for p in one) for one in lost]) > (0.05 if contract == "tournament" else -1)
    assert contract == "tournament" or not any(lost)


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("architecture", ["fragmented", "umbrella", "pledge", "central"])
def test_where_nobody_sets_conditions_contracts_do_not_matter(synthetic, contract, architecture):
    world = synthetic.replace(architecture=architecture)
    changed = world.replace(mechanisms=dataclasses.replace(world.mechanisms, contract=contract))
    assert_same_bits(CoordinationModel(changed, rng=2).run(), CoordinationModel(world, rng=2).run())


@pytest.mark.parametrize("architecture", ["conditional", "umbrella_conditional"])
@pytest.mark.parametrize(("contract", "off"), [("ex_post", {"selectivity": 0.0}), ("tournament", {"prize_share": 1.0})])
def test_off_is_a_contract_that_nobody_enforces(synthetic, architecture, contract, off):
    """Without selectivity, or where everybody is paid, states do what they do where no threat is carried out."""
    found = CoordinationModel(by(synthetic, contract, architecture, **off), rng=3).run()
    expected = CoordinationModel(by(synthetic, "ex_ante", architecture, credibility=0.0), rng=3).run()
    for model in (found, expected):  # what ex-ante contracts note of demands
        model.state.ledger.whole[:, DEMANDED] = 0
    assert_same_bits(found, expected, leave_out=("weight",))
    assert found.options["contract"] == (tournament.Options() if contract == "tournament" else None)


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("architecture", ["conditional", "umbrella_conditional"])
def test_states_that_are_asked_in_python_decide_the_same_by_the_rule(synthetic, contract, architecture):
    views = []

    class Listening(Beneficiary):
        def decide_reform(self, view):
            views.append(view)
            return super().decide_reform(view)

    world = by(synthetic, contract, architecture)
    asked = CoordinationModel(world, rng=2, beneficiaries=dict.fromkeys(world.beneficiaries.ids, Listening)).run()
    assert_same_bits(asked, CoordinationModel(world, rng=2).run())
    with_conditions = [view for view in views if view.conditional]
    assert with_conditions
    assert all(0 <= view.credibility <= 1 and 0 <= view.replaced <= view.stake for view in with_conditions)
    assert any(view.credibility * view.stake > 0 for view in with_conditions)
    assert not any(view.stake or view.credibility for view in views if not view.conditional)


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("answer", [True, False])
def test_states_that_decide_otherwise_are_heard(toy, contract, answer):
    class Stubborn(Beneficiary):
        def decide_reform(self, view):
            return answer

    world = by(toy, contract)
    one = world.beneficiaries.ids[3]
    model = CoordinationModel(world, rng=2, beneficiaries={one: Stubborn}).run()
    ledger = model.state.ledger
    rows = np.flatnonzero(
        (ledger.whole[: ledger.size, BENEFICIARY] == 3) & (ledger.whole[: ledger.size, FLAGS] & REFORM != 0)
    )
    assert len(rows) >= 1
    willing = ledger.whole[rows, FLAGS] & WILLING != 0
    assert (willing == answer).all()
    blocked = ledger.words[rows, BLOCKED] != 0
    assert (blocked == (not answer) * (ledger.whole[rows, STATUS] != WITHHELD)).all()


@pytest.mark.parametrize("contract", CONTRACTS)
def test_reforms_for_the_money_are_imposed(synthetic, contract):
    model = CoordinationModel(by(synthetic, contract), rng=2).run()
    whole = model.state.ledger.whole[: model.state.ledger.size]
    imposed, willing = (whole[:, FLAGS] & flag != 0 for flag in (IMPOSED, WILLING))
    assert imposed.any()
    assert (willing & ~imposed).any()
    assert not (imposed & ~(willing & (whole[:, FLAGS] & CONDITIONAL != 0))).any()


# --- by record -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["conditional", "umbrella_conditional"])
def test_donors_with_conditions_follow_the_record_and_their_leads(toy, architecture):
    one_rival = dataclasses.replace(toy.donors, rival=np.arange(toy.donors.count) == 1)
    world = by(
        toy.replace(donors=one_rival, rival_share=0.1),
        "ex_post",
        architecture,
        division="cell",
        discipline=0.5,
        selectivity=3.0,
        reform_cost=1.0,
    )
    model = CoordinationModel(world, rng=2)
    model.run_for(8)
    projects = model.state.ledger.size
    model.step()
    state, who = model.state, model.design.conditional
    flags = state.ledger.whole[:projects, FLAGS]
    states = state.ledger.whole[:projects, BENEFICIARY]
    asked = (flags & CONDITIONAL != 0) & (flags & REFORM != 0)
    adopted = np.array([(asked & (flags & WILLING != 0) & (states == j)).sum() for j in range(len(model.land.keys))])
    total = np.array([(asked & (states == j)).sum() for j in range(len(model.land.keys))])
    record = (1 + adopted) / (2 + total)
    factor = np.maximum(0, 1 + 3 * (record / record.mean() - 1))
    agreed = state.agreed if len(state.agreed) else np.ones_like(state.weight)
    np.testing.assert_allclose(state.weight[who], agreed[who] * factor[None, :, None], rtol=1e-12)
    assert (state.weight[~who] == agreed[~who]).all()
    assert (~who).any()
    assert (total > adopted).any()
    assert adopted.any()
    assert factor.min() < 0.9
    assert factor.max() > 1.1
    assert (len(state.agreed) > 0) == (architecture == "umbrella_conditional")
    assert len(np.unique(agreed)) == (2 if architecture == "umbrella_conditional" else 1)


def test_better_records_bring_more_aid(world):
    """Aid of donors with conditions goes to those who reform, the more the steeper."""

    def share(selective):
        model = CoordinationModel(by(world, "ex_post", selectivity=selective), rng=1).run()
        whole = model.state.ledger.whole[: model.state.ledger.size]
        adopted, refused = selectivity.decided(model, len(whole))
        good = selectivity.record(adopted, refused) > 0.5
        return good[whole[:, BENEFICIARY]].mean()

    assert share(0.0) < share(1.0) < share(3.0)


def test_nothing_is_withheld(synthetic):
    outcomes = simulate(by(synthetic, "ex_post", credibility=1.0), 1).outcomes
    assert outcomes["release_rate"] == 1
    assert 0 < outcomes["compliance_rate"] < 1


def test_an_architecture_adopted_in_mid_run_brings_the_record_with_it_or_takes_it_away(synthetic):
    world = by(synthetic, "ex_post", "fragmented", selectivity=3.0)
    model = CoordinationModel(world, rng=1)
    model.schedule(5, adopt_architecture("conditional"))
    model.schedule(13, adopt_architecture("umbrella"))
    model.run_for(4)
    assert model.state.weight.size == 0
    model.run_for(8)
    assert len(np.unique(model.state.weight)) > 2
    model.step()
    assert model.state.weight is model.state.agreed
    assert set(np.unique(model.state.weight)) <= {1.0, 1 - world.parameters.discipline}


# --- by rank ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["conditional", "umbrella_conditional"])
@pytest.mark.parametrize("noise", [0.0, 0.5])
@pytest.mark.parametrize("shock", [1.0, -4.0])
def test_a_common_shock_changes_nothing(toy, architecture, noise, shock):
    calm = by(toy, "tournament", architecture, tournament_noise=noise, prize_share=0.5, money=40.0)
    storm = calm.replace(options={**calm.options, "mechanism.contract.common_shock": shock})
    model = CoordinationModel(storm, rng=1).run()
    assert model.options["contract"].common_shock == shock
    assert_same_bits(model, CoordinationModel(calm, rng=1).run())


def test_as_many_are_paid_as_the_share_says_and_the_best(synthetic):
    world = by(synthetic, "tournament", prize_share=0.6, tournament_noise=0.0)
    model = CoordinationModel(world, rng=1).run()
    whole = model.state.ledger.whole[: model.state.ledger.size]
    asked = (whole[:, FLAGS] & CONDITIONAL != 0) & (whole[:, FLAGS] & REFORM != 0)
    sizes = []
    for d, quarter in {(d, t) for d, t in whole[asked][:, [DONOR, QUARTER]]}:
        group = whole[asked & (whole[:, DONOR] == d) & (whole[:, QUARTER] == quarter)]
        paid, adopted = group[:, STATUS] != WITHHELD, group[:, FLAGS] & WILLING != 0
        sizes.append(len(group))
        assert paid.sum() == tournament.paid_of(len(group), 0.6)
        assert (
            not (paid & ~adopted).any() or not (~paid & adopted).any()
        )  # without noise nobody who refused goes before
    assert max(sizes) > 5
    returned = whole[:, STATUS] == WITHHELD
    assert not (returned & ~asked).any()


@pytest.mark.parametrize(
    ("competitors", "share", "paid"), [(10, 0.7, 7), (3, 0.6, 2), (1, 0.3, 1), (20, 0.55, 11), (5, 0.0, 0), (4, 1.0, 4)]
)
def test_how_many_are_paid(competitors, share, paid):
    assert tournament.paid_of(competitors, share) == paid


@given(
    needs=st.lists(st.floats(-0.2, 1.2), min_size=1, max_size=40),
    share=st.sampled_from((0.0, 0.3, 0.5, 0.7, 0.9, 1.0)),
)
def test_beliefs_settle_where_nobody_would_change(needs, share):
    """Each needs a gain in chance to adopt; where beliefs end each does what it is believed to do."""
    paid = tournament.paid_of(len(needs), share)

    def answer(i, gain):
        return needs[i] <= 0 or gain >= needs[i]

    believed = tournament.settled([need <= 0 for need in needs], answer, paid)
    gains = tournament.gains(believed, paid)
    assert [answer(i, gain) for i, gain in enumerate(gains)] == believed


def test_who_answers_first_adopts():
    """One of three is paid, the last has own will: 1/2 is enough for the first, and 1/3 then too little for the second."""
    needs = [0.4, 0.4, 0.0]
    found = tournament.settled([False, False, True], lambda i, gain: needs[i] <= 0 or gain >= needs[i], 1)
    assert found == [True, False, True]


def test_beliefs_that_never_settle_are_left_after_as_many_rounds_as_competitors():
    asked = []

    def contrary(i, gain):
        asked.append(i)
        return len(asked) % 2 == 1

    assert tournament.settled([False, False, False], contrary, 2) == [True, False, True]
    assert len(asked) == 9


def test_chances_are_probabilities():
    for competitors in range(1, 12):
        for paid in range(competitors + 1):
            gains = [tournament.gain_in_chance(others, competitors, paid) for others in range(competitors)]
            assert all(0 <= gain <= 1 for gain in gains)
            assert all(gain == 0 for gain in gains) == (paid in (0, competitors))
