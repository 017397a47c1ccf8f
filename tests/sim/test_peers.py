"""Peers: closed forms of the price, who is a peer, what a lower price does, and T6 with it."""

import dataclasses
import hashlib

import numpy as np
import pytest
from oracle.worlds import numbered
from possible import possible
from test_bound import check_bound

from donorlab.scenarios import load
from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import CoordinationModel, simulate
from donorlab.sim.mechanisms.peers import fill_prices
from donorlab.sim.setup import peers_of
from donorlab.sim.state import BENEFICIARY, PILLAR, PRICE, QUARTER, SIZE


def digest(model):
    """Hash of all arrays of the state, the ledger and what was recorded."""
    found = hashlib.sha256()
    for item in dataclasses.fields(model.state):
        if item.name != "ledger":
            found.update(np.ascontiguousarray(getattr(model.state, item.name)).tobytes())
    ledger = model.state.ledger
    for array in (ledger.whole, ledger.words, ledger.reals, ledger.seen):
        found.update(np.ascontiguousarray(array[: ledger.size]).tobytes())
    found.update(model.record.numbers.tobytes() + model.record.flow.tobytes())
    return found.hexdigest()


def price_of(discount, words, others, tasks=4):
    """Price of a state with tasks ``words`` and peers with ``others``, at a base price of 2."""
    standing = np.array([[words], *([word] for word in others)], dtype=np.uint64)
    rest = range(len(others))
    start = np.array([0, len(others), *(len(others) for _ in rest)], dtype=np.int64)
    price = np.full(standing.shape, np.nan)
    fill_prices(
        discount,
        tasks,
        np.full(len(standing), 2.0),
        standing,
        start,
        np.arange(1, len(standing), dtype=np.int64),
        price,
    )
    assert (price[1:] == 2.0).all(), "who has no peer pays the base price"
    return price[0, 0]


@pytest.mark.parametrize(
    ("words", "others", "share"),
    [
        (0b0000, [0b0000, 0b0000], 0.0),  # nobody has done anything
        (0b0000, [0b1111, 0b1111], 1.0),  # all have done all
        (0b0011, [0b1100], 1.0),  # all that is open
        (0b0011, [0b0011], 0.0),  # only what stands here too
        (0b0001, [0b0110, 0b0000], 2 / (2 * 3)),
        (0b0001, [0b0110, 0b1010, 0b0111], (2 + 2 + 2) / (3 * 3)),
        (0b1111, [0b1111], 0.0),  # nothing is open
        (0b0000, [], 0.0),
    ],
)
def test_the_price_falls_with_what_peers_have_done(words, others, share):
    assert price_of(0.3, words, others) == pytest.approx(2.0 * (1 - 0.3 * share), abs=1e-15)
    assert price_of(0.0, words, others) == 2.0


def four(**changes):
    """Four states: A and B of one subregion, C of another, D a subregion of its own."""
    world = scenario(
        score=[[0.0], [1.0], [0.5], [0.5]], mandate=[[1.0]] * 3, skill=[[1.0]] * 3, mix=[[1.0]],
        budget=[4.0, 4.0, 4.0], donor_ids=["D1", "D2", "D3"], state_ids=["A", "B", "C", "D"],
        affinity=[[1.0, 0.2, 1.0, 0.2], [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.2, 0.2]],
        parameters=plain_parameters(peer_discount=0.2, money=12.0, **changes),
    )  # fmt: skip
    states = dataclasses.replace(world.beneficiaries, subregions=("North", "North", "South", "East"))
    donors = dataclasses.replace(world.donors, kinds=("regional_org", "regional_org", "state"))
    return world.replace(beneficiaries=states, donors=donors)


def test_peers_are_of_the_subregion_or_of_an_organisation_that_is_not_everybodys():
    world = four()
    north = peers_of(world)
    np.testing.assert_array_equal(np.argwhere(north), [[0, 1], [1, 0]])
    shared = peers_of(world.replace(peer_scope="organisation"))  # D2 has everybody as a member, D3 is no organisation
    np.testing.assert_array_equal(np.argwhere(shared), [[0, 2], [2, 0]])


def test_prices_are_made_before_the_first_quarter_and_kept_with_the_contract():
    model = CoordinationModel(four(), rng=1)
    np.testing.assert_allclose(model.state.price[:, 0], [0.8, 1.0, 1.0, 1.0])  # B has done all, A nothing
    before = {0: model.state.price.copy()}
    for _ in range(model.parameters.quarters):
        model.step()
        before[model.quarter] = model.state.price.copy()
    ledger = model.state.ledger
    assert ledger.size
    for p in range(ledger.size):
        j, k, quarter = ledger.whole[p, [BENEFICIARY, PILLAR, QUARTER]]
        assert ledger.reals[p, PRICE] == before[quarter - 1][j, k]


def test_the_architecture_does_not_decide_who_is_a_peer():
    world = four(observation_probability=0.5).replace(peer_scope="organisation")
    prices = [CoordinationModel(world.replace(architecture=a), rng=1).state.price for a in ("fragmented", "central")]
    np.testing.assert_array_equal(*prices)


def test_only_open_cells_of_states_with_peers_are_cheaper():
    world = load("world", ["peer_discount=.3"])
    model = CoordinationModel(world, rng=1)
    alone = ~peers_of(world).any(axis=1)
    base = model.land.task_price[:, None]
    assert (model.state.price[alone] == base[alone]).all()
    assert (model.state.price <= base).all()
    assert (model.state.price >= base * 0.7).all()
    assert (model.state.price < base).mean() > 0.5


@pytest.mark.parametrize("architecture", ["fragmented", "umbrella"])
def test_peers_that_give_nothing_leave_every_bit(architecture):
    world = load("synthetic", [f"architecture={architecture}", "peer_discount=0"])
    found = {digest(CoordinationModel(world.replace(peer_scope=s), rng=1).run()) for s in ("subregion", "organisation")}
    assert len(found) == 1
    assert digest(CoordinationModel(world.replace(peer_discount=0.1), rng=1).run()) not in found


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_task_costs_less_with_peers(seed):
    """The same money pays for more tasks, and each costs at least (1 - peer_discount) of what it did."""
    world = load("synthetic", ["reform_cost=0"]).replace(money=60.0)
    rows = [simulate(world.replace(peer_discount=d), seed).projects for d in (0.0, 0.3)]
    prices = [r.base_cost_m.sum() / r.tasks.sum() for r in rows]
    assert 0.7 * prices[0] < prices[1] < prices[0]
    assert rows[1].tasks.sum() > rows[0].tasks.sum()


@pytest.mark.parametrize("number", range(0, 80, 4))
def test_t6_holds_with_peers(number):
    world = numbered(number).replace(peer_discount=0.5)
    if not possible(world):
        pytest.skip("an impossible composition")
    check_bound(simulate(world, number))


def test_t6_needs_the_lowest_price():
    """A planner that buys what peers made cheap would exceed a bound at the base price: the discount belongs into it."""
    low, full = (simulate(four(horizon=1, wind_down=6).replace(peer_discount=d), 1) for d in (0.2, 0.0))
    assert low.outcomes["welfare_bound"] > full.outcomes["welfare_bound"]
    assert (
        low.projects.tasks[low.projects.beneficiary == "A"].sum()
        >= full.projects.tasks[full.projects.beneficiary == "A"].sum()
    )
    assert (low.model.state.ledger.whole[: low.model.state.ledger.size, SIZE] > 0).all()
