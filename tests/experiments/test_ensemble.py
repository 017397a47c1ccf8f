"""The ensemble: what is drawn, from where, and that every architecture meets the same draws."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import donorlab.scenarios as catalogue
from donorlab.experiments import ensemble, levers
from donorlab.experiments.runner import run_jobs
from donorlab.sim.scenario import Parameters, Scenario


def test_only_uncertainties_with_a_range_are_drawn(world: Scenario) -> None:
    made = ensemble.plan(world, 8)
    kinds = {row.name: row for row in catalogue.parameter_table()}
    assert {row.kind for row in made.varied} == {"uncertainty"}
    expected = {
        name
        for name, row in kinds.items()
        if row.kind == "uncertainty" and row.range is not None and row.distribution != "choice"
    }
    assert {row.name for row in made.varied} == expected
    assert set(made.draws.columns) == expected | {"project_tasks_minimum", ensemble.RAISED}
    assert made.held == {}


def test_draws_keep_to_their_ranges_and_fill_them(world: Scenario) -> None:
    made = ensemble.plan(world, 256)
    assert list(made.draws.index) == list(range(1, 257))
    kinds = {item.name: item.type for item in dataclasses.fields(Parameters)}
    normal = made.draws[made.draws[ensemble.RAISED] == 0]
    for row in made.varied:
        values = normal[row.name]
        low, high = (float(end) for end in row.range or ())
        assert low <= values.min() <= values.max() <= high
        assert values.min() <= low + 0.06 * (high - low)
        assert values.max() >= high - 0.06 * (high - low)
        whole = pd.api.types.is_integer_dtype(values)
        assert whole == (kinds[row.name] == "int")
        middle = np.sqrt(low * high) if row.distribution == "log_uniform" else (low + high) / 2
        if not whole:
            assert (values < middle).mean() == pytest.approx(0.5, abs=0.03), row.name
    assert (made.draws["project_tasks_minimum"] <= made.draws["project_tasks_maximum"]).all()


def test_what_the_user_or_the_scenario_fixes_is_held_and_moves_nothing_else(world: Scenario, toy: Scenario) -> None:
    free = ensemble.plan(world, 16)
    held = ensemble.plan(world.replace(money=115), 16, ["money", "lapse"])
    assert held.held == {"money": 115, "lapse": 0.01}
    assert "money" not in held.draws
    assert "money" not in held.changes(1)
    pd.testing.assert_series_equal(free.draws["failure"], held.draws["failure"])
    made = ensemble.plan(toy, 4)
    assert made.held["money"] == 0.8
    assert "failure" in made.draws


def test_the_same_words_give_the_same_draws_and_more_draws_keep_the_first(world: Scenario) -> None:
    pd.testing.assert_frame_equal(ensemble.plan(world, 12).draws, ensemble.plan(world, 12).draws)
    pd.testing.assert_frame_equal(ensemble.plan(world, 12).draws, ensemble.plan(world, 40).draws.head(12))


def test_pessimistic_levers_are_the_worse_ends_and_move_no_draw(world: Scenario) -> None:
    ends = levers.pessimistic(["credibility"])
    assert ends["overhead"] == 0.25
    assert ends["reporting_rate"] == 0
    assert ends["decision_lag"] == 8
    assert "credibility" not in ends
    free, made = ensemble.plan(world, 8), ensemble.plan(world, 8, ["credibility"], ends)
    pd.testing.assert_frame_equal(free.draws, made.draws)
    assert made.changes(3) == free.changes(3) | ends
    assert world.replace(**made.changes(3)).parameters.overhead == 0.25


def test_every_lever_with_a_range_of_numbers_has_a_worse_end_or_a_reason_for_none() -> None:
    numbers = {
        row.name
        for row in catalogue.parameter_table()
        if row.kind == "lever" and row.range is not None and row.distribution != "choice"
    }
    assert numbers - set(levers.WORSE_END) == {
        "pool_share", "pledge_focus", "prize_share", "selectivity", "founding_share",  # more is not better or worse
    }  # fmt: skip
    assert set(levers.WORSE_END) <= numbers


def test_levers_in_use_are_those_of_the_architectures_compared(world: Scenario) -> None:
    both = {name: world.replace(architecture=name) for name in ("fragmented", "umbrella")}
    used = levers.in_use(both, {"overhead": 0.25})
    assert used["overhead"] == (0.25,)
    assert used["reporting_rate"] == (0.8,)
    assert not {"credibility", "pledge_strength", "register_lag"} & set(used)
    assert levers.in_use({"fragmented": world}, {}) == {}


def test_too_many_projects_are_made_larger_and_the_row_says_so(world: Scenario) -> None:
    rich = world.replace(money=5000, task_cost=0.05)
    made = ensemble.plan(rich, 8, ["money", "task_cost"])
    assert (made.draws[ensemble.RAISED] > 0).all()
    assert (made.draws["project_tasks_minimum"] == 2 + made.draws[ensemble.RAISED]).all()
    assert ensemble._larger_by(rich.replace(**made.changes(1))) == 0


def test_a_held_smallest_project_raises_the_largest(world: Scenario) -> None:
    made = ensemble.plan(world.replace(project_tasks_minimum=3), 16)
    assert made.draws["project_tasks_maximum"].min() == 3
    assert made.draws["project_tasks_minimum"].min() == 3


def test_every_architecture_meets_the_same_draws_and_seeds(toy: Scenario) -> None:
    names = ("fragmented", "umbrella", "central")
    made = ensemble.plan(toy, 6)
    asked = ensemble.jobs(made, names)
    assert [job.seed for job in asked] == [1, 2, 3, 4, 5, 6]
    scenarios = {name: toy.replace(architecture=name) for name in names}
    table = ensemble.table(made, run_jobs(scenarios, asked, 1), names)
    drawn = [row.name for row in made.varied]
    first, *others = (table[table["architecture"] == name].reset_index(drop=True) for name in names)
    for other in others:
        pd.testing.assert_frame_equal(first[["draw", *drawn]], other[["draw", *drawn]])
    bars = [name for name in table.columns if name.startswith("to_")]
    assert table[bars].sum(axis=1).to_numpy() == pytest.approx(1)
    assert (table["efficiency"] <= 1 + 1e-9).all()
    assert table.loc[table["architecture"] == "central", "relative_to_central"].to_numpy() == pytest.approx(1)


def test_futures_are_counted_by_what_matters() -> None:
    found = ensemble.futures(pd.Series([0.02, 0.019, -0.019, -0.02, 0.5, float("nan")]), 0.02)
    assert (found.better, found.same, found.worse, found.undefined, found.count) == (2, 2, 1, 1, 6)
