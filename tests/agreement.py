"""Engine and oracle side by side: every whole number identical, money and welfare to 1e-9."""

import numpy as np
from oracle import model as oracle
from oracle.bound import welfare_bound

from donorlab.sim import CoordinationModel, Result, baseline, state
from donorlab.sim.events import bits
from donorlab.sim.outcomes.tables import payments
from donorlab.sim.result import expected_accounts
from donorlab.sim.state import (
    BLOCKED,
    CHOSEN,
    CONDITIONAL,
    DEMANDED,
    DUPLICATED,
    FLOW_NAMES,
    IMPOSED,
    JOINED,
    OTHERS,
    RACE,
    REFORM,
    REMAINING,
    STATUS_NAMES,
    TASKS,
    WILLING,
)

WHOLE = ("haven", "alarm_until")
REAL = ("ownership", "norm_position", "state_weight", "price")


def same(found, wanted, absolute, what=""):
    """Assert that numbers agree to 1e-9 relative or to an absolute difference, and tell which do not."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    if found.shape != wanted.shape or not (np.abs(found - wanted) <= absolute + 1e-9 * np.abs(wanted)).all():
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=absolute, err_msg=what)


def numbers_of(cells):
    """Sets of tasks as the words in which the engine keeps them, bit by bit."""
    return [[sum(1 << task for task in tasks) for tasks in row] for row in cells]


def compare(scenario, seed):
    """Run both and assert that they agree; returns the oracle's run."""
    expected = oracle.run(scenario, seed)
    paired = expected_accounts(scenario, seed)
    model = CoordinationModel(scenario, rng=seed, expected_accounts=paired)
    assert model.inputs.donors.ids == expected.donor_ids
    for t in range(scenario.parameters.quarters):
        model.step()
        wanted = numbers_of(expected.standing[t])
        assert model.state.standing.tolist() == wanted, f"tasks standing differ in quarter {t + 1}"
        same(model.state.cash, expected.cash[t], 1e-9, f"cash in quarter {t + 1}")
        assert int(model.record.flow[t, 0]) == expected.delivered[t]
        assert model.design.member.tolist() == expected.member[t], f"members differ in quarter {t + 1}"
        for name in WHOLE:
            found, wanted = getattr(model.state, name), getattr(expected, name)[t]
            np.testing.assert_array_equal(found, wanted, err_msg=f"{name} in quarter {t + 1}")
        for name in REAL:
            found, wanted = getattr(model.state, name), getattr(expected, name)[t]
            same(found, wanted, 1e-12, f"{name} in quarter {t + 1}")
    np.testing.assert_allclose(model.record.numbers[:, 0], expected.welfare, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.giving.budget, expected.yearly_budget, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.state.overhead_paid, np.sum(expected.overhead, axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.state.pool_paid, np.sum(expected.pooled, axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(model.state.own_tasks, np.sum(expected.own_effort, axis=0))
    np.testing.assert_array_equal(model.state.lapsed, np.sum(expected.lapsed, axis=0))
    compare_what_moves(scenario, model, expected)
    paid, ledger = payments(model), model.state.ledger
    assert ledger.size == len(expected.projects)
    for p, project in enumerate(expected.projects):
        words = ledger.words[p]
        kept = project.status != "withheld"  # what was withheld is nobody's payment any more
        method = int(paid.method[p]) if kept else len(project.method_overlap)
        found = (
            int(paid.donor[p]), int(paid.beneficiary[p]), int(paid.pillar[p]), int(paid.quarter[p]), int(paid.slot[p]),
            int(paid.serial[p]), tuple(bits(words[TASKS])), STATUS_NAMES[paid.status[p]], int(paid.start[p]),
            int(paid.end[p]), set(bits(words[TASKS])) - set(bits(words[REMAINING])),
            set(bits(words[DUPLICATED])), set(bits(words[RACE])), bool(words[OTHERS]),
            set(bits(words[TASKS])) & set(bits(words[OTHERS])), method, bool(paid.flags[p] & JOINED),
            bool(paid.flags[p] & CONDITIONAL), set(bits(words[BLOCKED])), bool(paid.flags[p] & IMPOSED),
            int(ledger.whole[p, DEMANDED]),
            bool(paid.flags[p] & WILLING) or not paid.flags[p] & REFORM,
            bool(paid.flags[p] & CHOSEN),
        )  # fmt: skip
        wanted = (
            project.donor, project.beneficiary, project.pillar, project.quarter, project.slot, project.serial,
            project.tasks, project.status, project.start, project.end, project.delivered, project.duplicated,
            project.race, project.objective_overlap, project.task_overlap, len(project.method_overlap), project.joined,
            project.conditional, project.blocked, project.for_money,
            -1 if project.demanded is None else project.demanded,
            project.complied,
            project.chosen,
        )  # fmt: skip
        assert found == wanted, f"project {p}"
        money = (paid.cost[p], paid.fixed_cost[p], paid.monitoring_cost[p], paid.progress[p])
        right = (project.cost - project.returned, project.fixed, project.monitoring, project.progress)
        if project.status != "withheld":  # of which nothing but fixed and monitoring cost is spent
            money = (*money, paid.relation_cost[p], paid.base_cost[p])
            right = (*right, project.relation, project.base_cost)
        same(money, right, 1e-9, f"project {p}")
    if not any(project.status == "withheld" for project in expected.projects):
        np.testing.assert_allclose(paid.duplicated_cost, oracle.shares_of_race(expected), rtol=1e-9, atol=1e-12)
    return expected


def compare_what_moves(scenario, model, expected):
    """Assert that what the political economy adds to a run agrees."""
    parameters = scenario.parameters
    if model.membership is not None:
        remembered = [[of_donor.get(side, np.nan) for of_donor in expected.means] for side in (False, True)]
        np.testing.assert_allclose(model.membership.means, remembered, rtol=1e-9, atol=1e-12)
    if parameters.turnover > 0:
        gone = model.record.flow[: parameters.quarters, FLOW_NAMES.index("obsolete_tasks")]
        np.testing.assert_array_equal(gone, np.sum(expected.obsolete, axis=(1, 2)))
    if parameters.norm_pull > 0:
        np.testing.assert_allclose(model.state.influence, expected.influence, rtol=1e-9, atol=1e-12)
    if parameters.method_failure > 0:
        np.testing.assert_array_equal(model.state.trials, expected.trials)
        np.testing.assert_array_equal(model.state.successes, expected.successes)
        for p, project in enumerate(expected.projects):
            assert set(bits(model.state.ledger.words[p, state.SPOILED])) == project.spoiled, f"project {p}"


def compare_outcomes(scenario, seed):
    """Assert that the bound, the run without aid and the outcomes of the political economy agree."""
    base = baseline(scenario, seed)
    np.testing.assert_allclose(base.welfare_bound, welfare_bound(scenario, seed), rtol=1e-9)
    nothing = oracle.run(scenario.replace(money=0.0, pooled_fund="off"), seed)
    np.testing.assert_allclose(base.welfare_none, nothing.welfare, rtol=1e-9, atol=1e-12)
    model = CoordinationModel(scenario, rng=seed, expected_accounts=expected_accounts(scenario, seed))
    for _ in range(scenario.parameters.quarters):
        model.step()
    found, wanted = Result(model, base).outcomes, oracle.run(scenario, seed).outcomes
    assert wanted.keys() <= found.keys(), sorted(wanted.keys() - found.keys())
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-9, atol=1e-12, err_msg=name)
