"""Answers come in stages of single runs, agree with the command line, stop when asked, and stay small."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from donorlab import sim
from donorlab.experiments import ensemble, levers, setting, tables
from donorlab.experiments.app import answers, saved, settable
from donorlab.experiments.app.answers import Explorer, Stage
from donorlab.experiments.app.choices import Choice, ready
from donorlab.experiments.app.memory import Memory, size_of
from donorlab.experiments.arguments import InputError, parse
from donorlab.experiments.comparison import study
from donorlab.experiments.outcomes import OUTCOMES
from donorlab.scenarios.proposals import load_proposal
from donorlab.sim.outcomes.waterfall import BARS

SMALL = (Stage("first", 2, 0), Stage("more", 4, 0), Stage("futures", 4, 6))
CHOICE = Choice(
    "toy", ("fragmented", "umbrella", "lead-donors"), (("observation_probability", 0.3), ("overhead", 0.1)), seed=3
)


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return Explorer()


def test_numbers_are_those_of_the_command_line(explorer: Explorer) -> None:
    answer = explorer.answer(CHOICE, SMALL)
    arguments = parse("compare", saved.words(CHOICE, seeds=4, draws=6)[1:])
    loaded = setting.load_each(arguments, "compare", [load_proposal("lead-donors")])
    levers.check(loaded, arguments.given)
    plan = ensemble.plan(next(iter(loaded.values())), 6, arguments.given)
    found = study(loaded, setting.keys(arguments).seeds, plan)
    pd.testing.assert_frame_equal(answer.comparison.runs, found.comparison.runs)
    pd.testing.assert_frame_equal(answer.comparison.waterfalls, found.comparison.waterfalls)
    pd.testing.assert_frame_equal(answer.comparison.steps, found.comparison.steps)
    pd.testing.assert_frame_equal(answer.comparison.beneficiaries, found.comparison.beneficiaries)
    assert answer.draws is not None
    assert found.draws is not None
    pd.testing.assert_frame_equal(answer.draws, found.draws)
    whole = tables.summarise(found.comparison.runs, found.draws, answers.SMALLEST)
    part = whole[whole["outcome"].isin(answer.summary["outcome"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(answer.summary, part)
    assert len(part) == len([item for item in OUTCOMES if item.group])
    assert arguments.experiment["smallest_difference"] == answers.SMALLEST


@pytest.mark.parametrize("world", settable.WORLDS)
def test_few_futures_are_the_first_of_many(world: str) -> None:
    made = ready(Choice(world, changes=(("overhead", 0.1), ("lapse", 0.02))))
    few, many = (answers._plan(made, count).draws for count in (7, 40))
    pd.testing.assert_frame_equal(few, many.iloc[:7])
    assert "lapse" not in few  # what is set is held


def test_stages_grow_and_each_step_is_one_run(explorer: Explorer) -> None:
    fresh = Explorer()
    steps = list(fresh.refine(CHOICE, SMALL))
    told = [step for step in steps if step.answer is not None]
    assert [step.stage for step in told] == list(SMALL)
    assert len(steps) - len(told) == fresh.runs == (4 + 6) * 3
    assert [step.done for step in told] == [step.of for step in told] == [6, 12, 30]
    first = told[0].answer
    assert first is not None
    assert first.counts == {}
    assert first.plan is None
    whole = explorer.answer(CHOICE, SMALL)
    assert sum(whole.counts["umbrella"].__dict__.values()) == 6
    pd.testing.assert_frame_equal(
        first.comparison.runs, whole.comparison.runs[whole.comparison.runs["seed"] < 5].reset_index(drop=True)
    )


def test_who_stops_loses_nothing_and_wastes_nothing() -> None:
    explorer = Explorer()
    work = explorer.refine(CHOICE, SMALL)
    for _ in range(3):
        next(work)
    work.close()
    assert explorer.runs == 3
    list(explorer.refine(CHOICE, SMALL))
    assert explorer.runs == 30
    again = list(explorer.refine(CHOICE, SMALL))
    assert explorer.runs == 30
    assert len(again) == 3  # nothing but the answers


def test_a_lever_that_a_design_does_not_use_does_not_run_it_again() -> None:
    explorer = Explorer()
    before = explorer.answer(CHOICE, SMALL[:1])
    runs = explorer.runs
    after = explorer.answer(CHOICE.with_value("overhead", 0.2), SMALL[:1])
    assert explorer.runs - runs == 2 * 2  # umbrella and lead-donors, not fragmented
    explorer.answer(CHOICE.with_value("pledge_focus", 0.3), SMALL[:1])
    assert explorer.runs - runs == 2 * 2
    explorer.answer(CHOICE.with_value("lapse", 0.01), SMALL[:1])
    assert explorer.runs - runs == 2 * 2 + 3 * 2
    for answer in (before, after):  # remembered or not, as if made alone
        for row in answer.comparison.runs.to_dict("records"):
            alone = sim.simulate(answer.comparison.scenarios[row["architecture"]], seed=row["seed"])
            assert alone.outcomes == {name: pytest.approx(row[name], nan_ok=True) for name in alone.outcomes}


def test_tables_for_charts(explorer: Explorer) -> None:
    answer = explorer.answer(CHOICE, SMALL)
    assert answer.waterfall.groupby("architecture")["share"].sum().to_numpy() == pytest.approx(1)
    assert len(answer.waterfall) == len(BARS) * 3
    assert set(answer.steps["architecture"]) == set(CHOICE.designs)
    assert answer.steps.groupby("architecture", observed=True).size().tolist() == [16, 16, 16]
    states = answer.by_state
    assert len(states) == 5 * 3
    first = states[states["architecture"] == "fragmented"].set_index("iso3")
    other = states[states["architecture"] == "umbrella"].set_index("iso3")
    assert (other["capacity_final"] - first["capacity_final"]).to_numpy() == pytest.approx(other["change"].to_numpy())
    assert first["change"].isna().all()
    assert set(other["verdict"]) <= {"gains", "may gain", "same", "may lose", "loses"}
    groups = answer.groups()
    assert groups.groupby("architecture", observed=True)["states"].sum().tolist() == [5, 5, 5]
    assert set(answer.groups("region")["region"]) == {"East", "West"}


def test_what_is_told_from_chance() -> None:
    explorer = Explorer()
    one = explorer.answer(Choice("toy", ("fragmented", "central")), (Stage("one", 1, 0),))
    assert np.isnan(one.efficiency["standard_error"]).all()
    assert not one.efficiency["told"].any()  # one replication tells nothing, however large the difference
    many = explorer.answer(Choice("toy", ("fragmented", "central")), (Stage("many", 20, 0),))
    assert many.efficiency["told"].all()
    same = explorer.answer(Choice("toy", ("fragmented", "umbrella"), (("overhead", 0.0),)), (Stage("two", 2, 0),))
    assert set(same.efficiency["design"]) == {"umbrella"}


def test_break_even_points_as_the_command_line_finds_them(explorer: Explorer) -> None:
    choice = Choice("toy", ("fragmented", "umbrella"))
    *steps, line = explorer.break_even(choice, "overhead", seeds=2)
    assert all(step is None for step in steps)
    assert line is not None
    assert list(line["architecture"]) == ["umbrella"]
    assert len(line["values"].iloc[0]) == 7
    assert line["reading"].iloc[0]
    with pytest.raises(InputError, match="break-even points are there for"):
        next(explorer.break_even(choice, "credit"))
    with pytest.raises(InputError, match="does nothing under pledge"):
        next(explorer.break_even(Choice("toy", ("fragmented", "pledge")), "overhead"))


def test_a_value_judgement_changes_what_is_counted_and_not_what_is_done(explorer: Explorer) -> None:
    stage = SMALL[:1]
    found = [explorer.answer(Choice("toy", judgement=name), stage) for name in ("equal-states", "poorest-first")]
    one, other = (answer.comparison.runs for answer in found)
    assert not np.allclose(one["efficiency"], other["efficiency"])


# ---------------------------------------------------------------------- memory
def test_the_least_used_is_forgotten_first() -> None:
    memory = Memory(0.01)
    for name in "abc":
        memory.put(name, np.zeros(300))
    assert memory.get("a") is not None
    for name in "de":
        memory.put(name, np.zeros(300))
    assert "a" in memory
    assert "b" not in memory
    memory.put("huge", np.zeros(10_000))
    assert "huge" not in memory
    assert memory.bytes <= memory.limit
    memory.put("a", np.zeros(10))
    assert memory.bytes < memory.limit
    assert size_of({"x": [1.0, "two"]}) > 0


def test_many_changes_stay_within_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lever that is dragged: most changes are dropped after one run, each tenth is answered; a tenth of the runs is made anew."""
    explorer = Explorer(limit_mb=0.2)  # so little that all of it is replaced several times
    stage = (Stage("first", 1, 0),)
    explorer.answer(Choice("toy"), stage)
    simulate, canned = sim.simulate, sim.simulate(settable.loaded("toy", "umbrella"), seed=1)
    monkeypatch.setattr(
        sim, "simulate", lambda *words, **more: simulate(*words, **more) if explorer.runs % 10 == 0 else canned
    )
    used = []
    try:
        for count, value in enumerate(np.linspace(0, 0.25, 240), 1):
            if count == 120:
                tracemalloc.start()
            work = explorer.refine(Choice("toy").with_value("overhead", float(value)), stage)
            next(work)
            if count % 10 == 0:
                list(work)
            work.close()
            if count in (170, 240):
                gc.collect()
                used.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert explorer.runs > 240
    assert explorer.memory.bytes <= 0.2e6
    assert len(explorer.memory) < 100
    assert used[1] - used[0] < 0.3e6  # a run that stayed each time would be 1.5 MB
