"""Receipts of whole runs: draws told again are the engine's, sums are the run's, and a trace moves nothing."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from oracle.design import ARCHITECTURES
from oracle.worlds import numbered
from possible import possible

from donorlab.experiments import receipt
from donorlab.sim import Scenario, simulate
from donorlab.sim.interventions import adopt_architecture
from donorlab.sim.outcomes.by_task import task_payments
from donorlab.sim.result import Result
from donorlab.sim.sightings import Sightings, observation_draw, sightings_frame
from donorlab.sim.state import COMPLETED, DONOR, REMAINING, RUNNING, START, STATUS


def believed(model: Any, quarter: int) -> None:
    """Assert that what the rule and the draws say is what the engine has: of every live project, for every donor."""
    state, q, by_task = model.state, model.parameters.observation_probability, model.parameters.ignorance == "task"
    whole, words, seen = state.ledger.whole, state.ledger.words, state.ledger.seen
    donors, tasks = len(model.giving.keys), model.parameters.tasks_per_pillar
    derived = [[[0] * state.standing.shape[1] for _ in state.standing] for _ in range(donors)]
    for p in range(state.ledger.size):
        if whole[p, STATUS] >= COMPLETED:
            continue
        started = int(whole[p, START]) if whole[p, STATUS] >= RUNNING else 0
        left = int(words[p, REMAINING])
        for d in range(donors):
            entry = model.trace.sightings.entry(model, p, d, quarter, started)
            itself = not by_task and observation_draw(model, p, d, 0) < q
            sees = d == whole[p, DONOR] or entry.shown or itself
            assert sees == bool(int(seen[p, d >> 6]) >> (d & 63) & 1)
            known = left if sees else 0
            if by_task and not sees:
                known = sum(1 << t for t in range(tasks) if left >> t & 1 and observation_draw(model, p, d, t) < q)
            derived[d][whole[p, 1]][whole[p, 2]] |= known
    for d in range(donors):
        for j, row in enumerate(state.standing):
            for k, stands in enumerate(row):
                assert derived[d][j][k] | int(stands) == int(state.known[d, j, k]) | int(stands)


def worlds(count: int) -> list[tuple[int, Scenario]]:
    found = []
    for number in range(count):
        world = numbered(number, (tuple(ARCHITECTURES)[number % len(ARCHITECTURES)],))
        if possible(world):
            found.append((number, world.replace(ignorance="task" if number % 3 == 0 else "project")))
    return found


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Compare at every planning of every traced run; holds the quarters that were looked at."""
    note, quarters = Sightings.note, []

    def looked(self: Sightings, model: Any, first: int) -> None:
        note(self, model, first)
        believed(model, model.quarter)
        quarters.append(model.quarter)

    monkeypatch.setattr(Sightings, "note", looked)
    return quarters


def final_class(result: Result, paid: pd.DataFrame, who: pd.DataFrame) -> list[bool]:
    """Return whether each payment counts as paid twice, from the facts at its contract and the events since."""
    events = result.events[result.events["event"].isin(["useful after all", "duplicated after all"])]
    out = []
    for row in paid.to_dict("records"):
        mine = who[(who["project"] == row["project"]) & (who["task"] == row["task"])]
        twice = bool((~mine["same_slot"]).any()) or bool((mine["holder"] < row["project"]).any())
        for name in events[(events["project"] == row["project"]) & (events["task"] == row["task"])]["event"]:
            twice = name == "duplicated after all"
        out.append(twice and not row["withheld"])
    return out


def test_draws_told_again_are_what_the_engine_had(checked: list[int]) -> None:
    registers, ignorance, lost = set(), set(), 0
    for number, world in worlds(42):
        result = simulate(world, number, trace=True)
        paid, who = task_payments(result.model), sightings_frame(result.model)
        assert (who["known"] == (who["seen_itself"] | who["shown"])).all()
        assert not who["known"].any()  # nobody buys what it knows is taken
        assert final_class(result, paid, who) == paid["paid_twice"].tolist()
        registers.add(result.model.design.register)
        ignorance.add(world.parameters.ignorance)
        lost += int(paid["paid_twice"].sum())
    assert registers == {"none", "projects", "plans"}
    assert ignorance == {"task", "project"}
    assert lost > 100
    assert len(checked) > 200


def test_registers_that_come_and_go_are_followed(checked: list[int], synthetic: Scenario) -> None:
    one = synthetic.replace(horizon=12, wind_down=2, reporting_rate=0.8)
    for register, lag in (("plans", 0), ("projects", 0), ("projects", 2)):
        changes = [
            (4, adopt_architecture("umbrella", register=register, register_lag=lag)),
            (9, adopt_architecture("fragmented")),
        ]
        result = simulate(one, 2, trace=True, interventions=changes)
        who = sightings_frame(result.model)
        assert (who["known"] == (who["seen_itself"] | who["shown"])).all()
    assert len(checked) == 42


@pytest.mark.parametrize("architecture", ["fragmented", "umbrella", "umbrella_conditional", "central"])
def test_receipts_add_up_to_what_the_run_lost(world: Scenario, architecture: str) -> None:
    result = simulate(world.replace(architecture=architecture), 1, trace=True)
    paid = task_payments(result.model)
    ranked = receipt.worst(paid)
    assert ranked["lost_m"].sum() == pytest.approx(result.projects["duplicated_cost_m"].sum())
    share = ranked["lost_m"].sum() / paid["price_m"].sum()
    assert share == pytest.approx(result.outcomes["duplication_share"])
    race = paid.loc[paid["by_race"], "price_m"].sum() / paid["price_m"].sum()
    assert race == pytest.approx(result.outcomes["duplication_race_share"])
    assert ranked["lost_m"].is_monotonic_decreasing
    assert len(paid) == result.projects["tasks"].sum()
    assert (ranked.empty) == (architecture == "central")


def test_the_worst_come_by_name_where_they_are_equal() -> None:
    frame = pd.DataFrame(
        {
            "beneficiary": ["B", "A", "A", "A"],
            "pillar": ["x", "y", "x", "x"],
            "task": [1, 1, 3, 2],
            "price_m": [1.0, 1.0, 1.0, 2.0],
            "paid_twice": [True, True, True, False],
        }
    )
    found = receipt.worst(frame)
    assert list(zip(found["beneficiary"], found["pillar"], found["task"], strict=True)) == [
        ("A", "x", 3), ("A", "y", 1), ("B", "x", 1)
    ]  # fmt: skip


def test_every_receipt_of_a_run_can_be_written_and_is_as_wide_as_a_screen(toy: Scenario) -> None:
    hard = toy.replace(lapse=0.1, failure=0.3, own_effort=0.4, planning_slots=2, turnover=0.05, method_failure=0.2)
    for architecture in ("fragmented", "umbrella_conditional"):
        result = simulate(hard.replace(architecture=architecture), 3, trace=True)
        paid, who = task_payments(result.model), sightings_frame(result.model)
        keys = paid[["beneficiary", "pillar", "task"]].drop_duplicates()
        for where in keys.itertuples(index=False, name=None):
            found = receipt.Facts.of(result.model, result.events, paid, who, where)
            lines = receipt.receipt(found)
            assert max(map(len, lines)) <= receipt.WIDTH
            assert sum("PAID TWICE" in line for line in lines) == found.paid["paid_twice"].sum()
            assert "it was not in force" not in " ".join(lines)


def test_a_trace_moves_no_bit(toy: Scenario) -> None:
    plain, traced = simulate(toy, 5), simulate(toy, 5, trace=True)
    pd.testing.assert_frame_equal(task_payments(plain.model), task_payments(traced.model))
    assert plain.model.trace is None
    with pytest.raises(ValueError, match="not traced"):
        sightings_frame(plain.model)
