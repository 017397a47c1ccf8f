"""A recorded run: frames agree with the run itself, tiles with its events, and states can be told without their names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from donorlab import sim
from donorlab.experiments import trace
from donorlab.experiments.app import settable, watched
from donorlab.experiments.app.watched import ABSENT, LAPSED, STANDING, TWICE, UNDER_WAY, Recording, numbered
from donorlab.experiments.arguments import InputError
from donorlab.sim.scenario import Scenario

SEED = 3


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return settable.loaded("toy", "fragmented")


@pytest.fixture(scope="module")
def recording(scenario: Scenario) -> Recording:
    return Recording(scenario, SEED)


@pytest.fixture(scope="module")
def result(scenario: Scenario) -> sim.Result:
    return sim.simulate(scenario, SEED, trace=True)


def test_frames_are_the_run(recording: Recording, result: sim.Result) -> None:
    assert recording.last == 16
    for quarter, step in enumerate(result.steps.to_dict("records"), 1):
        donors, states = recording.donors_at(quarter), recording.states_at(quarter)
        assert donors["cash_m"].sum() == pytest.approx(step["cash_m"])
        assert donors["live"].sum() == step["live_projects"]
        assert states["haven"].sum() == step["safe_havens"]
        assert states["capacity"].mean() == pytest.approx(step["capacity"])
        assert recording.money(quarter)["cost_m"].sum() == pytest.approx(step["contracted_m"])
        assert len(recording.new_projects(quarter)) == step["contracted_projects"]
    projects = pd.concat([recording.new_projects(quarter) for quarter in range(recording.last + 1)])
    assert projects["cost_m"].tolist() == pytest.approx(result.projects["cost_m"].tolist())
    assert projects["state"].tolist() == result.projects["beneficiary"].tolist()
    at_end = sum(recording.duplicated_so_far(recording.last).values())
    assert at_end == result.projects["duplicated"].sum()
    assert at_end > 0


def test_tiles_follow_from_events(recording: Recording, result: sim.Result) -> None:
    events = result.events
    first = recording.tiles("DUNA", 0)
    assert {tile.state for tile in first} == {STANDING, ABSENT}
    assert not any(tile.donors or tile.paid_twice for tile in first)
    for state in recording.ids:
        stands = {(tile.pillar, tile.task) for tile in recording.tiles(state, 0) if tile.state == STANDING}
        ever = set(stands)
        for quarter in range(1, recording.last + 1):
            mine = events[(events["beneficiary"] == state) & (events["quarter"] == quarter) & (events["task"] >= 0)]
            for row in mine.itertuples():
                if row.event in ("delivered", "own effort"):
                    stands.add((row.pillar, row.task))
                    ever.add((row.pillar, row.task))
                elif row.event in ("lapsed", "obsolete"):
                    stands.discard((row.pillar, row.task))
            tiles = {(tile.pillar, tile.task): tile for tile in recording.tiles(state, quarter)}
            assert {where for where, tile in tiles.items() if tile.state == STANDING} == stands
            assert {where for where, tile in tiles.items() if tile.state == LAPSED} <= ever - stands
            so_far = events[
                (events["beneficiary"] == state) & (events["quarter"] <= quarter) & (events["event"] == "contracted")
            ]
            for where, tile in tiles.items():
                paid = so_far[(so_far["pillar"] == where[0]) & (so_far["task"] == where[1])]
                assert tile.donors == tuple(dict.fromkeys(paid["donor"]))
                assert not tile.paid_twice or len(paid) > 1
                if tile.state == UNDER_WAY:
                    assert tile.donors
    twice = [tile for state in recording.ids for tile in recording.tiles(state, recording.last) if tile.paid_twice]
    assert {tile.shown for tile in twice} == {TWICE}
    assert len(twice) == len(recording.worst())


def test_what_counts_as_paid_twice_counts_as_it_did_then(recording: Recording) -> None:
    counts = [sum(recording.duplicated_so_far(quarter).values()) for quarter in range(recording.last + 1)]
    assert counts[0] == 0
    first = next(quarter for quarter, count in enumerate(counts) if count)
    assert recording.new_projects(first)["duplicated"].sum() == counts[first]


def test_a_receipt_is_that_of_the_command_line(recording: Recording, result: sim.Result) -> None:
    worst = recording.worst().iloc[0]
    where = (worst["beneficiary"], worst["pillar"], int(worst["task"]))
    text, _ = trace.tell(result, trace.Place(*where))
    lines = recording.receipt(*where)
    assert text.endswith("\n".join(lines))
    assert "PAID TWICE" in "\n".join(lines)
    assert recording.worst("DUNA")["beneficiary"].eq("DUNA").all()


def test_states_can_be_told_without_their_names(scenario: Scenario, recording: Recording) -> None:
    hidden = Recording(scenario, SEED, hidden=True)
    told = numbered(recording.ids)
    worst = recording.worst().iloc[0]
    lines = hidden.receipt(told[worst["beneficiary"]], worst["pillar"], int(worst["task"]))
    text = "\n".join(lines)
    for frame in (hidden.states_at(5), hidden.new_projects(3), hidden.money(3), hidden.worst()):
        text += frame.to_string()
    text += str(hidden.duplicated_so_far(9)) + str(hidden.tiles("State 1", 9))
    for name in (*scenario.beneficiaries.ids, *scenario.beneficiaries.names):
        assert name not in text
    assert "NORDIA" in text  # donors are told
    open_lines = recording.receipt(worst["beneficiary"], worst["pillar"], int(worst["task"]))
    assert lines[1:] == open_lines[1:]  # nothing else differs
    assert hidden.states_at(16)["state"].tolist() == [f"State {n}" for n in range(1, 6)]
    assert recording.ids == scenario.beneficiaries.ids  # the run's own names are as they were
    assert recording.model.inputs.beneficiaries.names == scenario.beneficiaries.names
    with pytest.raises(InputError, match="there is no 'DUNA'"):
        hidden.tiles("DUNA", 1)


def test_numbers_of_states_are_stable_and_in_no_order_that_tells() -> None:
    ids = settable.loaded("world", "fragmented").beneficiaries.ids
    told = numbered(ids)
    assert told == numbered(tuple(reversed(ids)))
    order = np.array([int(told[one].rpartition(" ")[2]) for one in ids])
    assert sorted(order) == list(range(1, len(ids) + 1))
    assert abs(np.corrcoef(order, np.arange(len(ids)))[0, 1]) < 0.25


def test_a_run_can_be_recorded_step_by_step(scenario: Scenario, recording: Recording) -> None:
    *quarters, made = Recording.quarter_by_quarter(scenario, SEED)
    assert quarters == list(range(1, 17))
    assert isinstance(made, Recording)
    pd.testing.assert_frame_equal(made.states_at(16), recording.states_at(16))


def test_what_is_not_there_is_refused(
    recording: Recording, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong, told in (
        (lambda: recording.tiles("XXX", 1), "state: there is no 'XXX'"),
        (lambda: recording.donors_at(17), "quarter: 17 is none of this run"),
        (lambda: recording.donors_at(-1), "quarter: -1 is none"),
        (lambda: recording.receipt("DUNA", "law", 1), "pillar: there is no 'law'"),
        (lambda: recording.receipt("DUNA", "legal", 12), "task: 12 is none; there are 0 to 11"),
    ):
        with pytest.raises(InputError, match=told):
            wrong()
    monkeypatch.setattr(watched, "BYTES_MOST", 1_000)
    with pytest.raises(InputError, match="too large to be watched"):
        Recording(scenario, SEED)
