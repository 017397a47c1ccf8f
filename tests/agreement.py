"""Engine and oracle side by side: every whole number identical, money and welfare to 1e-9."""

import numpy as np
from oracle import model as oracle

from donorlab.sim import CoordinationModel
from donorlab.sim.events import bits
from donorlab.sim.outcomes.tables import payments
from donorlab.sim.result import expected_accounts
from donorlab.sim.state import (
    BLOCKED,
    CONDITIONAL,
    DEMANDED,
    DUPLICATED,
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


def compare(scenario, seed):
    """Run both and assert that they agree; returns the oracle's run."""
    expected = oracle.run(scenario, seed)
    paired = expected_accounts(scenario, seed)
    model = CoordinationModel(scenario, rng=seed, expected_accounts=paired)
    assert model.inputs.donors.ids == expected.donor_ids
    for t in range(scenario.parameters.quarters):
        model.step()
        standing = [[frozenset(bits(w)) for w in row] for row in model.state.standing]
        assert standing == expected.standing[t], f"tasks standing differ in quarter {t + 1}"
        np.testing.assert_allclose(model.state.cash, expected.cash[t], rtol=1e-9, atol=1e-9)
        assert int(model.record.flow[t, 0]) == expected.delivered[t]
    np.testing.assert_allclose(model.record.numbers[:, 0], expected.welfare, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.giving.budget, expected.yearly_budget, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.state.overhead_paid, np.sum(expected.overhead, axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.state.pool_paid, np.sum(expected.pooled, axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(model.state.own_tasks, np.sum(expected.own_effort, axis=0))
    np.testing.assert_array_equal(model.state.lapsed, np.sum(expected.lapsed, axis=0))
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
        )  # fmt: skip
        wanted = (
            project.donor, project.beneficiary, project.pillar, project.quarter, project.slot, project.serial,
            project.tasks, project.status, project.start, project.end, project.delivered, project.duplicated,
            project.race, project.objective_overlap, project.task_overlap, len(project.method_overlap), project.joined,
            project.conditional, project.blocked, project.for_money,
            -1 if project.demanded is None else project.demanded,
            project.complied,
        )  # fmt: skip
        assert found == wanted, f"project {p}"
        money = (paid.cost[p], paid.fixed_cost[p], paid.monitoring_cost[p], paid.progress[p])
        right = (project.cost - project.returned, project.fixed, project.monitoring, project.progress)
        if project.status != "withheld":  # of which nothing but fixed and monitoring cost is spent
            money = (*money, paid.relation_cost[p], paid.base_cost[p])
            right = (*right, project.relation, project.base_cost)
        np.testing.assert_allclose(money, right, rtol=1e-9, atol=1e-9)
    if not any(project.status == "withheld" for project in expected.projects):
        np.testing.assert_allclose(paid.duplicated_cost, oracle.shares_of_race(expected), rtol=1e-9, atol=1e-12)
    return expected
