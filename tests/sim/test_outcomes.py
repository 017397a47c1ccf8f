"""Each outcome against its formula: ledgers made by hand, and toy runs replayed from their events."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle.worlds import plain_parameters, scenario

from donorlab.sim import Contract, Donor, ScenarioError, simulate
from donorlab.sim.events import bits
from donorlab.sim.outcomes.distribution import nonsignificant_share, weighted_gini
from donorlab.sim.outcomes.tables import ratio
from donorlab.sim.state import OTHERS, TASKS

NEAR = 1e-12


def scripted(answers):
    """A class of donors that contracts what stands in ``answers``: donor id -> quarter -> contracts."""

    class Scripted(Donor):
        def decide(self, view):
            return answers.get(self.id, {}).get(view.quarter, ())

    return Scripted


def play(world, answers, seed=1, **options):
    return simulate(world, seed, donors=dict.fromkeys(world.donors.ids, scripted(answers)), **options)


def open_states(n_donors, n_states, skill=None, mix=None, **changes):
    """States alike with nothing standing, donors with 10 EUR m a quarter each."""
    return scenario(
        score=[[0.0]] * n_states,
        mandate=[[1.0]] * n_donors,
        skill=skill or [[1.0]] * n_donors,
        mix=mix or [[1.0]],
        budget=[40.0] * n_donors,
        donor_ids=["A", "B", "C", "D"][:n_donors],
        state_ids=["S", "T", "U"][:n_states],
        parameters=plain_parameters(
            **({"money": 40.0 * n_donors, "wind_down": 4, "project_tasks_maximum": 4} | changes)
        ),
    )


# --- measures alone ------------------------------------------------------------------------------------------


def pairwise_gini(values, weights):
    apart = (weights[:, None] * weights * np.abs(values[:, None] - values)).sum()
    return apart / (2 * weights.sum() * (weights * values).sum())


@pytest.mark.parametrize(
    ("values", "weights", "gini"),
    [
        ([2, 2, 2], [1, 5, 2], 0),
        ([0, 1], [1, 1], 1 / 2),
        ([1, 3], [1, 1], 1 / 4),
        ([0, 0, 0, 7], [1, 1, 1, 1], 3 / 4),
        ([0, 1], [3, 1], 3 / 4),
        ([1, 2, 3, 4, 5], [1, 1, 1, 1, 1], 4 / 15),
    ],
)
def test_weighted_gini_has_known_values(values, weights, gini):
    assert weighted_gini(np.array(values, float), np.array(weights, float)) == pytest.approx(gini, abs=NEAR)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), min_size=1, max_size=12))
def test_weighted_gini_is_half_the_mean_difference(rows):
    values, weights = np.array(rows, dtype=float).T
    if (values * weights).sum() == 0:
        assert math.isnan(weighted_gini(values, weights))
    else:
        found = weighted_gini(values, weights)
        assert found == pytest.approx(pairwise_gini(values, weights), abs=1e-12)
        repeated = weighted_gini(np.repeat(values, weights.astype(int)), np.ones(int(weights.sum())))
        assert found == pytest.approx(repeated, abs=1e-12), "a weight is so many states alike"


def test_weighted_gini_leaves_out_what_is_missing():
    assert weighted_gini(np.array([1.0, np.nan, 3.0]), np.ones(3)) == pytest.approx(1 / 4)


@given(
    given_by=st.lists(st.integers(1, 100), min_size=1, max_size=8),
    received=st.lists(st.integers(1, 100), min_size=1, max_size=8),
)
def test_a_proportional_allocation_has_no_relation_without_significance(given_by, received):
    assert nonsignificant_share(np.outer(given_by, received) / 7.0) == 0


def test_relations_without_significance_by_hand():
    # B gives 5% of what S gets: less than its share of all aid, and not within the first 90% of S.
    aid = np.array([[95.0, 0.0], [5.0, 100.0]])
    assert nonsignificant_share(aid) == pytest.approx(1 / 3)
    # At 10% the first 90% are complete without it all the same; at 11% it is needed to reach them.
    assert nonsignificant_share(np.array([[90.0, 0.0], [10.0, 100.0]])) == pytest.approx(1 / 3)
    assert nonsignificant_share(np.array([[89.0, 0.0], [11.0, 100.0]])) == 0
    # A small donor that gives all it has in one place is concentrated there.
    assert nonsignificant_share(np.array([[95.0, 95.0], [5.0, 0.0]])) == 0
    assert math.isnan(nonsignificant_share(np.zeros((2, 2))))
    assert nonsignificant_share(np.array([[3.0]])) == 0


def test_a_ratio_without_a_whole_is_not_a_number():
    assert ratio(1, 4) == 0.25
    assert math.isnan(ratio(0, 0))


# --- ledgers by hand -----------------------------------------------------------------------------------------

GIVEN = {
    "A": {1: [Contract("S", 0, 2), Contract("T", 0, 1)]},
    "B": {1: [Contract("S", 0, 1)]},
}


def three_states(**changes):
    return open_states(3, 3, fixed_cost=0.5, relation_cost=0.25, **changes)


def test_money_of_a_ledger_by_hand():
    result = play(three_states(), GIVEN)
    found, projects = result.outcomes, result.projects
    assert projects.cost_m.tolist() == [2.75, 1.75, 1.75]
    assert projects.base_cost_m.tolist() == [2, 1, 1]
    assert projects.transaction_cost_m.tolist() == [0.75, 0.75, 0.75]
    assert (found["appropriated_m"], found["contracted_m"], found["projects"]) == (30, 6.25, 3)
    assert found["transaction_cost_share"] == pytest.approx(2.25 / 30)
    assert found["idle_share"] == pytest.approx(23.75 / 30)
    assert found["mismatch_cost_share"] == pytest.approx(0, abs=NEAR)
    assert result.donors.contracted_m.tolist() == [4.5, 1.75, 0]
    assert result.donors.cash_m.tolist() == [5.5, 8.25, 10]
    assert result.donors.beneficiaries.tolist() == [2, 1, 0]
    assert projects.programme.tolist() == ["A-Region-pillar0-1", "A-Region-pillar0-1", "B-Region-pillar0-1"]


def test_who_gives_where_in_a_ledger_by_hand():
    result = play(three_states(), GIVEN)
    found = result.outcomes
    of_s = (2.75**2 + 1.75**2) / 4.5**2
    assert found["fragmentation_hhi"] == pytest.approx((of_s + 1) / 2)
    assert found["effective_donors"] == pytest.approx((1 / of_s + 1) / 2)
    assert found["donors_per_recipient"] == pytest.approx(1.5)
    r = np.array([4.5, 1.75, 0]) / 6.25 * 3
    assert result.beneficiaries.aid_need_ratio.tolist() == pytest.approx(r.tolist())
    assert (found["orphans"], found["darlings"]) == (1, 1)
    assert found["coverage_gini"] == pytest.approx(pairwise_gini(r, np.ones(3)))
    assert result.beneficiaries.donors.tolist() == [2, 1, 0]


@pytest.mark.parametrize(("scores", "orphans", "darlings"), [((0.0, 0.0, 0.0), 1, 1), ((0.0, 0.0, 1.0), 0, 0)])
def test_a_state_without_need_is_no_orphan(scores, orphans, darlings):
    world = three_states()
    states = world.beneficiaries
    kept = {name: getattr(states, name) for name in states.__dataclass_fields__}
    changed = type(states)(**(kept | {"initial_score": np.array(scores)[:, None]}))
    result = play(world.replace(beneficiaries=changed), GIVEN)
    assert (result.outcomes["orphans"], result.outcomes["darlings"]) == (orphans, darlings)
    assert result.beneficiaries.need.tolist() == [1.0 if score == 0 else 0.0 for score in scores]


def test_a_race_is_shared_equally_among_all_who_ran():
    """Three at once for the only task: two of three payments are lost, a third of the loss is each donor's."""
    world = open_states(3, 1, tasks_per_pillar=1)
    found = play(world, {key: {1: [Contract("S", 0, 1)]} for key in "ABC"})
    assert found.outcomes["duplication_share"] == pytest.approx(2 / 3)
    assert found.outcomes["duplication_race_share"] == pytest.approx(2 / 3)
    assert found.outcomes["duplication_ignorance_share"] == 0
    assert found.donors.duplicated_cost_m.tolist() == pytest.approx([2 / 3] * 3)
    assert found.projects["duplicated"].tolist() == [0, 1, 1]
    for name in ("objective_overlap", "method_overlap", "task_overlap"):
        assert found.outcomes[name] == 1


def test_races_of_several_sizes_are_shared_task_by_task():
    """Two tasks: A pays both, B the first, C the second (by their skills): two races of two."""
    skill, mix = [[0.5, 0.5], [1.0, 0.0], [0.0, 1.0]], [[0.5, 0.5]]
    world = open_states(3, 1, skill=skill, mix=mix, tasks_per_pillar=2)
    answers = {"A": {1: [Contract("S", 0, 2)]}, "B": {1: [Contract("S", 0, 1)]}, "C": {1: [Contract("S", 0, 1)]}}
    found = play(world, answers)
    assert found.outcomes["duplication_share"] == pytest.approx(2 / 4)
    assert found.donors.duplicated_cost_m.tolist() == pytest.approx([1.0, 0.5, 0.5])


def test_what_stands_is_paid_again_by_ignorance_only_and_by_nobody_else():
    """Blind donors that plan one after the other: the later one pays in vain, and alone."""
    world = open_states(2, 1, tasks_per_pillar=1, planning_slots=0, observation_probability=0.0, pace=0.1)
    for seed in (1, 2, 3):
        result = play(world, {key: {1: [Contract("S", 0, 1)]} for key in "AB"}, seed)
        assert result.outcomes["duplication_ignorance_share"] == pytest.approx(1 / 2)
        assert result.outcomes["duplication_race_share"] == 0
        assert result.projects.duplicated_cost_m.tolist() == [0, 1]


def test_overlaps_are_told_apart_by_instrument():
    """Two donors in one pillar with methods of their own: the objective overlaps, methods and tasks do not."""
    mix, both = [[0.5, 0.5]], {key: {1: [Contract("S", 0, 1)]} for key in "AB"}
    apart = play(open_states(2, 1, skill=[[1.0, 0.0], [0.0, 1.0]], mix=mix), both).outcomes
    assert (apart["objective_overlap"], apart["method_overlap"], apart["task_overlap"]) == (1, 0, 0)
    elsewhere = play(open_states(2, 2, skill=[[1.0, 0.0]] * 2, mix=mix),
                     {"A": {1: [Contract("S", 0, 1)]}, "B": {1: [Contract("T", 0, 1)]}}).outcomes  # fmt: skip
    assert (elsewhere["objective_overlap"], elsewhere["method_overlap"]) == (0, 0)
    # one of the two projects is three times as large: overlaps are shares of money, not of projects
    alike = play(open_states(3, 2, skill=[[1.0, 0.0]] * 3, mix=mix, tasks_per_pillar=8),
                 both | {"C": {1: [Contract("T", 0, 3)]}}).outcomes  # fmt: skip
    assert (alike["objective_overlap"], alike["method_overlap"]) == (pytest.approx(2 / 5), pytest.approx(2 / 5))


def test_use_of_administration_and_ends_of_projects():
    """Ten task-quarters a quarter; a project of two tasks at half a task a quarter takes four quarters."""
    world = open_states(1, 1, pace=0.5, horizon=4)
    result = play(world, {"A": {1: [Contract("S", 0, 2)], 4: [Contract("S", 0, 1)]}})
    assert result.projects.end.tolist() == [4, 5]
    assert result.steps.progress_tasks.tolist() == pytest.approx([0.5, 0.5, 0.5, 1.0, 0.5, 0, 0, 0])
    assert result.outcomes["absorption_use"] == pytest.approx(2.5 / (10 * 4))
    assert result.outcomes["failure_share"] == 0
    assert result.outcomes["unfinished_share"] == 0
    short = play(world.replace(wind_down=0), {"A": {1: [Contract("S", 0, 2)], 4: [Contract("S", 0, 1)]}})
    assert short.outcomes["unfinished_share"] == pytest.approx(1 / 2)


def test_welfare_and_efficiency_by_hand():
    """Two states alike, four tasks each, f = 1 - (1 - c)^2: two tasks in one state against one in each."""
    world = open_states(1, 2, money=8.0)
    clumsy = play(world, {"A": {1: [Contract("S", 0, 2)]}}).outcomes
    deft = play(world, {"A": {1: [Contract("S", 0, 1), Contract("T", 0, 1)]}}).outcomes
    assert clumsy["welfare"] == pytest.approx(1 - 0.5**2)
    assert deft["welfare"] == pytest.approx(2 * (1 - 0.75**2))
    assert clumsy["welfare_bound"] == deft["welfare_bound"] == pytest.approx(2 * (1 - 0.75**2))
    assert clumsy["efficiency"] == pytest.approx(0.75 / 0.875)
    assert deft["efficiency"] == pytest.approx(1)


# --- runs of the toy -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[1, 2, 3])
def traced(request, toy):
    return simulate(
        toy.replace(lapse=0.1, failure=0.3, own_effort=0.4, planning_slots=2, turnover=0.05), request.param, trace=True
    )


def test_efficiency_is_read_off_the_steps(traced):
    steps, found = traced.steps, traced.outcomes
    horizon = traced.scenario.parameters.horizon
    gain, reach = steps.welfare - steps.welfare_no_aid, steps.welfare_bound - steps.welfare_no_aid
    assert found["efficiency"] == pytest.approx(gain.iloc[-1] / reach.iloc[-1])
    assert found["efficiency_at_horizon"] == pytest.approx(gain[horizon - 1] / reach[horizon - 1])
    assert found["path_efficiency"] == pytest.approx(gain[:horizon].sum() / reach[:horizon].sum())
    assert found["welfare"] == steps.welfare.iloc[-1]


def test_relations_are_read_off_the_projects(traced):
    projects, found = traced.projects, traced.outcomes
    aid = projects.pivot_table(index="donor", columns="beneficiary", values="cost_m", aggfunc="sum").fillna(0)
    hhi = ((aid / aid.sum()) ** 2).sum()
    assert found["fragmentation_hhi"] == pytest.approx(hhi.mean())
    assert found["effective_donors"] == pytest.approx((1 / hhi).mean())
    assert found["donors_per_recipient"] == pytest.approx((aid > 0).sum().mean())
    assert found["nonsignificant_relations_share"] == pytest.approx(nonsignificant_share(aid.to_numpy()))
    ended = projects.status.isin(["completed", "failed"])
    assert found["failure_share"] == pytest.approx((projects.status[ended] == "failed").mean())
    assert found["duplication_share"] == pytest.approx(projects.duplicated_cost_m.sum() / projects.base_cost_m.sum())
    need = traced.beneficiaries.need
    r = traced.beneficiaries.aid_m / traced.beneficiaries.aid_m.sum() / (need / need.sum())
    assert found["orphans"] == (r < 0.5).sum()
    assert found["darlings"] == (r > 1.5).sum()
    assert found["coverage_gini"] == pytest.approx(pairwise_gini(r.to_numpy(), need.to_numpy()))


def test_events_are_those_of_the_tables(traced):
    events, projects, steps = traced.events, traced.projects, traced.steps
    number = events.groupby(["event", "quarter"]).size()

    def by_quarter(event):
        return [int(number.get((event, quarter), 0)) for quarter in steps.quarter]

    assert by_quarter("delivered") == steps.delivered_tasks.tolist()
    assert by_quarter("own effort") == steps.own_effort_tasks.tolist()
    assert by_quarter("lapsed") == steps.lapsed_tasks.tolist()
    assert by_quarter("obsolete") == steps.obsolete_tasks.tolist()
    count = events.event.value_counts()
    for status in ("completed", "failed"):
        assert count[status] == (projects.status == status).sum()
    contracted = events[events.event == "contracted"].groupby("project")
    assert contracted.size().tolist() == projects.tasks.tolist()
    assert contracted.first()[["donor", "beneficiary", "pillar", "quarter"]].equals(
        projects[["donor", "beneficiary", "pillar", "quarter"]].rename_axis("project")
    )
    done = events[events.event.isin(["delivered", "delivered again"])].groupby("project").size()
    assert done.reindex(projects.index, fill_value=0).tolist() == projects.delivered.tolist()
    started = events[events.event == "started"].set_index("project").quarter
    assert started.reindex(projects.index, fill_value=0).tolist() == projects.start.tolist()
    ended = events[events.event.isin(["completed", "failed"])].set_index("project").quarter
    assert ended.reindex(projects.index, fill_value=0).tolist() == projects.end.tolist()
    assert (events.quarter.diff().dropna() >= 0).all()
    assert {"contracted", "started", "delivered", "completed", "failed", "own effort", "lapsed"} <= set(events.event)


def test_a_replay_of_the_events_gives_what_stands_and_to_whom_it_is_owed(traced):
    model, states, pillars = traced._model, traced.scenario.beneficiaries.ids, traced.scenario.pillars
    standing = {(states[j], pillars[k], task): "first" for j, k in np.ndindex(model.land.standing.shape)
                for task in bits(model.land.standing[j, k])}  # fmt: skip
    at_horizon, gone = None, []
    for event in traced.events.itertuples():
        if event.quarter > traced.scenario.parameters.horizon and at_horizon is None:
            at_horizon = dict(standing)
        cell = (event.beneficiary, event.pillar, event.task)
        if event.event == "delivered":
            assert cell not in standing
            standing[cell] = "donor"
        elif event.event == "delivered again":
            assert cell in standing
        elif event.event == "own effort":
            assert cell not in standing
            standing[cell] = "own"
        elif event.event == "lapsed":
            assert standing.pop(cell) == "donor"
        elif event.event == "obsolete":
            gone.append(standing.pop(cell))
    found = {(states[j], pillars[k], task) for j, k in np.ndindex(model.state.standing.shape)
             for task in bits(model.state.standing[j, k])}  # fmt: skip
    assert found == set(standing)

    def attribution(tasks):
        owed = pd.Series(list(tasks.values())).value_counts()
        return owed["own"] / (owed["own"] + owed["donor"])

    assert traced.outcomes["attribution_share"] == pytest.approx(attribution(standing))
    assert traced.outcomes["attribution_share_at_horizon"] == pytest.approx(attribution(at_horizon))
    assert traced.beneficiaries.tasks_funded.sum() == list(standing.values()).count("donor")
    assert {"first", "own", "donor"} == set(gone)
    delivered = traced.steps.delivered_tasks.sum()
    assert traced.outcomes["obsolete_share"] == pytest.approx(gone.count("donor") / delivered)


def test_overlaps_are_read_off_the_contracts(traced):
    """A project's task overlaps where another donor's project, live at the end of the slot, holds the same task."""
    projects, ledger = traced.projects, traced._model.state.ledger
    for p, row in projects.iterrows():
        others = set()
        for q, other in projects.iterrows():
            same_cell = (other.beneficiary, other.pillar) == (row.beneficiary, row.pillar) and other.donor != row.donor
            begun = (other.quarter, other.slot) <= (row.quarter, row.slot)
            alive = other.end == 0 or other.end >= row.quarter
            if same_cell and begun and alive:
                others |= set(bits(ledger.words[q, TASKS]))
        assert set(bits(ledger.words[p, OTHERS])) == others
        assert row.objective_overlap == bool(others)


def test_a_trace_changes_nothing(toy):
    traced, plain = simulate(toy, 5, trace=True), simulate(toy, 5)
    pd.testing.assert_frame_equal(traced.projects, plain.projects)
    assert traced.outcomes == pytest.approx(plain.outcomes, abs=0, rel=0, nan_ok=True)
    with pytest.raises(ScenarioError, match="trace=True"):
        _ = plain.events


# --- tables --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["steps", "projects", "beneficiaries", "donors"])
def test_a_run_without_projects_has_tables_of_the_same_types(table):
    some, none = play(open_states(2, 2), {"A": {1: [Contract("S", 0, 2)]}}), play(open_states(2, 2), {})
    assert len(some.projects) == 1
    assert len(none.projects) == 0
    pd.testing.assert_series_equal(getattr(none, table).dtypes, getattr(some, table).dtypes)
