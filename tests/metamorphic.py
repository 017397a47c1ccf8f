"""Drawn worlds with and without ties, and what two runs that differ in a known way are compared by."""

import dataclasses

import numpy as np
import pytest
from oracle.worlds import numbered

from donorlab.sim import CoordinationModel
from donorlab.sim.outcomes.catalogue import CATALOGUE
from donorlab.sim.scenario import ScenarioError
from donorlab.sim.state import BENEFICIARY, DONOR, NEXT, PILLAR, PROGRESS, SLOT

WORLDS = range(12)


def consistent(worlds, make):
    """What ``make`` makes of each number, but for compositions that contradict themselves; these must be few."""
    found = []
    for number in worlds:
        try:
            world = make(number)
            CoordinationModel(world, rng=number)
        except ScenarioError:
            continue
        found.append((number, world))
    assert len(found) >= 0.6 * len(worlds)
    return found


def base(number, architecture):
    """A drawn world without mechanisms, whose levers an architecture could pull."""
    return numbered(number, ("umbrella" if architecture == "central" else architecture,), on=())


def drawn(architecture, worlds=WORLDS):
    """Drawn worlds of an architecture with all levers."""
    return consistent(worlds, lambda number: base(number, architecture).replace(architecture=architecture))


def shares(array):
    return array / array.sum(axis=1, keepdims=True)


def untied(number, architecture, **changes):
    """A drawn world whose numbers are all different, so that no two choices are worth the same."""
    world = base(number, architecture)
    chance = np.random.default_rng(number)
    states, donors = world.beneficiaries, world.donors
    n, d, k = states.count, donors.count, len(world.pillars)
    users = chance.lognormal(0.0, 0.6, n)
    budget = chance.uniform(0.6, 2.0, d)
    states = dataclasses.replace(
        states, users_m=3.0 * users, users_relative=users, government_rank=chance.uniform(0.1, 0.9, n),
        initial_score=chance.uniform(0.0, 0.6, (n, k)),
    )  # fmt: skip
    donors = dataclasses.replace(
        donors, budget_low=0.5 * budget, budget_central=budget, budget_high=1.7 * budget,
        mandate=shares(chance.uniform(0.2, 1.0, (d, k))),
        skill=shares(chance.uniform(0.2, 1.0, donors.skill.shape)), affinity=chance.uniform(0.1, 1.0, (d, n)),
        motives=None,
    )  # fmt: skip
    for row, name in enumerate(donors.ids):
        if name in states.ids:
            donors.affinity.setflags(write=True)
            donors.affinity[row, states.ids.index(name)] = 0.0
    general = {
        "user_weight_exponent": 0.5, "state_weighting": "users", "value_concavity": 2.0, "headroom": 0.85,
        "architecture": architecture,
    }  # fmt: skip
    return world.replace(
        beneficiaries=states, donors=donors, pillar_weights=chance.uniform(0.5, 1.5, k),
        instrument_mix=shares(chance.uniform(0.2, 1.0, world.instrument_mix.shape)), **(general | changes),
    )  # fmt: skip


def untied_worlds(architecture, **changes):
    """Such worlds of an architecture."""
    return consistent(WORLDS, lambda number: untied(number, architecture, **changes))


def whole_numbers(result, states=None, pillars=None, donors=None, slots=True):
    """All whole numbers of a run that do not depend on the order of rows; rows are taken in the orders given."""
    model = result._model
    state, ledger = model.state, model.state.ledger
    whole, words = ledger.whole[: ledger.size].copy(), ledger.words[: ledger.size]
    j = np.arange(model.land.standing.shape[0]) if states is None else np.asarray(states)
    k = np.arange(model.land.standing.shape[1]) if pillars is None else np.asarray(pillars)
    d = np.arange(len(model.giving.keys)) if donors is None else np.asarray(donors)
    cells = np.ix_(j, k)
    for column, order, size in (
        (BENEFICIARY, j, model.land.standing.shape[0]),
        (PILLAR, k, model.land.standing.shape[1]),
        (DONOR, d, len(model.giving.keys)),
    ):
        place = np.full(size, -1)
        place[order] = np.arange(len(order))
        whole[:, column] = place[whole[:, column]]
    if not slots:
        whole[:, SLOT] = 0
    record = model.record
    return {
        "projects": np.delete(whole, NEXT, axis=1),  # a link between rows of the ledger
        "words": words.copy(),
        "standing": state.standing[cells],
        "funded": state.funded[cells],
        "owner": state.owner[cells],
        "own tasks": state.own_tasks[cells],
        "lapsed": state.lapsed[cells],
        "tasks": record.tasks[:, k],
        "flow": np.delete(record.flow, PROGRESS, axis=1),  # progress is no whole number
        "live projects": record.numbers[:, 2:4],
    }


def assert_same(one, other):
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def assert_outcomes(found, expected, relative=0.0, but=()):
    for name in CATALOGUE:
        if name not in but:
            wanted = pytest.approx(expected[name], rel=relative, abs=relative, nan_ok=True)
            assert found[name] == wanted, name


def insert(table, where, row):
    """A copy of a frozen table of donors or beneficiaries with one more row, in the order of ids."""
    at = sum(name < row["ids"] for name in table.ids)
    values = {}
    for item in dataclasses.fields(table):
        column = getattr(table, item.name)
        new = row.get(item.name, column[where])
        values[item.name] = (
            (*column[:at], new, *column[at:]) if isinstance(column, tuple) else np.insert(column, at, new, axis=0)
        )
    return type(table)(**values), at


def reordered(table, ids):
    """The table with new ids (row i gets ``ids[i]``), sorted; and the new place of each old row."""
    order = np.argsort(ids)
    values = {}
    for item in dataclasses.fields(table):
        column = ids if item.name == "ids" else getattr(table, item.name)
        values[item.name] = (
            tuple(column[i] for i in order) if isinstance(column, (tuple, list)) else np.asarray(column)[order]
        )
    return type(table)(**values), np.argsort(order)
