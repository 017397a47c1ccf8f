"""The receipt: known reasons in closed-form worlds, sums of whole runs, draws against what the engine had, the command."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pytest

from donorlab.experiments import receipt, remedies
from donorlab.experiments.trace import Place, tell
from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import Scenario, simulate
from donorlab.sim.outcomes.by_task import task_payments
from donorlab.sim.result import Result
from donorlab.sim.sightings import observation_draw, sightings_frame
from donorlab.sim.state import DONOR
from experiments.conftest import Shell

ANYWHERE = Place(None, None, None)


def one_task(
    shares: tuple[float, ...] = (1.0, 1.0), architecture: str = "fragmented", rival: int = -1, **changes: Any
) -> Scenario:
    """One state and one task at EUR 1m; donor d gets ``shares[d]`` EUR m a quarter."""
    count = len(shares)
    settings = {"money": 4 * sum(shares), "tasks_per_pillar": 1, "horizon": 1, "wind_down": 1, "pace": 0.01}
    return scenario(
        score=[[0.0]],
        mandate=[[1.0]] * count,
        skill=[[1.0]] * count,
        mix=[[1.0]],
        budget=list(shares),
        donor_ids=[f"D{d}" for d in range(count)],
        state_ids=["STATE"],
        rival=[d == rival for d in range(count)],
        parameters=plain_parameters(**(settings | changes)),
        architecture=architecture,
    )


def facts(result: Result, where: tuple[str, str, int] = ("STATE", "pillar0", 0)) -> receipt.Facts:
    model = result.model
    return receipt.Facts.of(model, result.events, task_payments(model), sightings_frame(model), where)


def shown(found: receipt.Facts) -> dict[str, int]:
    return {one.name: one.payments for one in remedies.remedies(found.model, found.paid, found.who)}


def told(found: receipt.Facts) -> str:
    """Return the receipt on one line."""
    return " ".join(" ".join(receipt.receipt(found)).split())


# --- closed-form worlds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("q", "alone", "verdict"), [(1.0, 1, "One change is enough"), (0.0, 0, "No single one")])
def test_a_race_is_told_as_one(q: float, alone: int, verdict: str) -> None:
    found = facts(simulate(one_task(observation_probability=q), 1, trace=True))
    assert found.paid["paid_twice"].tolist() == found.paid["by_race"].tolist() == [False, True]
    assert found.lost_m == 1.0
    text = told(found)
    assert "D0 contracts project 0, EUR 1,000,000 for this task: useful: of the payments made at the same time" in text
    assert "D1 contracts project 1, EUR 1,000,000 for this task: PAID TWICE, a race." in text
    assert "D0, project 0: planned at the same time; neither could see the other." in text
    assert "Of this not seen: EUR 0; in a race (planned at the same time): EUR 1,000,000." in text
    assert shown(found) == {remedies.PROJECTS: 0, remedies.PLANS: 0, remedies.SERIAL: alone, remedies.BOTH: 1}
    assert verdict in text


def test_what_was_not_seen_is_told_with_its_draw() -> None:
    result = simulate(one_task(planning_slots=0, observation_probability=0.1), 1, trace=True)
    found = facts(result)
    assert found.paid["paid_twice"].tolist() == [False, True]
    assert not found.paid["by_race"].any()
    draw = observation_draw(result.model, 0, int(result.model.state.ledger.whole[1, DONOR]), 0)
    assert draw >= 0.1
    text = told(found)
    assert (
        f"did not see it by itself (chance 10%: the draw, {draw:.3f}, must be below 0.1); there is no register." in text
    )
    assert shown(found) == {remedies.PROJECTS: 0, remedies.PLANS: 1, remedies.SERIAL: 0, remedies.BOTH: 1}
    assert "One change is enough: a register of plans." in text


def test_where_all_is_seen_in_turn_nothing_is_paid_twice() -> None:
    result = simulate(one_task(planning_slots=0), 1, trace=True)
    text, tables = tell(result, ANYWHERE)
    assert "No payment was made twice in this run: 1 payments" in " ".join(text.split())
    assert "Receipt" not in text
    assert all(frame.empty for frame in tables.values())
    whole, _ = tell(result, Place("STATE", "pillar0", 0))  # a task asked for by name has its receipt all the same
    assert "EUR 1,000,000 for this task: useful." in whole


def later(lag: int, **changes: Any) -> Scenario:
    """D0 buys in the first quarter, D1 has the money in the second only; the project runs on."""
    given = {"horizon": 2, "observation_probability": 0.0, "register": "projects", "register_lag": lag} | changes
    return one_task((1.0, 0.5), "umbrella", **given)


def test_a_register_of_projects_shows_what_is_due() -> None:
    assert len(task_payments(simulate(later(0), 1).model)) == 1
    found = facts(simulate(later(1), 1, trace=True))
    assert found.paid["paid_twice"].tolist() == [False, True]
    text = told(found)
    assert "D1 did not see it by itself (nobody does here); the register of projects did not show it: " in text
    assert "it shows the project, which started in year 1, quarter 1, only from year 1, quarter 3 on." in text
    assert shown(found) == {remedies.PROJECTS: 0, remedies.PLANS: 1, remedies.SERIAL: 0, remedies.BOTH: 1}


def test_a_register_of_projects_would_have_shown_what_had_started_early_enough() -> None:
    found = facts(simulate(later(0, register_lag=0).replace(architecture="fragmented"), 1, trace=True))
    assert shown(found)[remedies.PROJECTS] == 1
    assert "One change is enough: a register of projects or a register of plans." in told(found)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rival": 0, "rival_share": 2 / 3}, "the register of plans did not show it: D0 is no member."),
        (
            {"rival": 1, "rival_share": 1 / 3},
            "the register of plans did not show it: D1 is no member and cannot read it.",
        ),
        ({"reporting_rate": 0.0}, "the register of plans did not show it: D0 does not report."),
        ({"reporting_rate": 0.05}, "D0, which reports 5%, did not report this one (draw 0."),
        ({"register": "none"}, "there is no register."),
        ({"register": "projects", "decision_lag": 1}, "the project had not started, and only what runs is shown."),
    ],
)
def test_each_gap_of_a_register_is_named(changes: dict[str, Any], reason: str) -> None:
    given = {"register": "plans", "horizon": 2, "observation_probability": 0.0} | changes
    found = facts(simulate(one_task((1.0, 0.5), "umbrella", **given), 1, trace=True))
    assert found.paid["paid_twice"].tolist() == [False, True]
    assert reason in told(found)


def test_reported_plans_leave_nothing_to_tell() -> None:
    world = one_task(architecture="umbrella", register="plans", planning_slots=0, observation_probability=0.0)
    assert not task_payments(simulate(world, 1).model)["paid_twice"].any()


def test_a_lapsed_task_is_replaced_and_not_paid_twice() -> None:
    result = simulate(one_task((1.0,), horizon=8, lapse=5.0, pace=1.0), 1, trace=True)
    found = facts(result)
    assert len(found.paid) > 1
    assert not found.paid["paid_twice"].any()
    text = told(found)
    assert "useful: the task was open again (it had lapsed, year " in text
    assert "so that this is a replacement and no duplicate." in text
    assert "Lost because it was paid twice: EUR 0 in 0 payments." in text


def test_a_task_that_a_failed_project_held_is_no_duplicate() -> None:
    found = facts(simulate(one_task((1.0,), horizon=8, failure=1.0, pace=1.0), 1, trace=True))
    assert len(found.paid) > 1
    assert not found.paid["paid_twice"].any()
    assert "the project that held it had failed" in told(found)


def test_what_counts_after_all_is_told() -> None:
    tried = 0
    for seed in range(1, 40):
        found = facts(simulate(one_task(failure=0.6, wind_down=3, pace=1.0, horizon=1), seed, trace=True))
        if "useful after all" in set(found.events["event"]):
            tried += 1
            assert not found.paid["paid_twice"].any()
            assert "counts as useful after all: the one before it came to nothing." in told(found)
    assert tried >= 3


# --- what a change would have shown is what it shows when it is made --------------------------------------------


@pytest.mark.parametrize("shares", [(1.0, 1.0), (1.0,) * 4])
def test_one_after_the_other_avoids_what_the_facts_say(shares: tuple[float, ...]) -> None:
    avoided = set()
    for seed in range(1, 25):
        race = one_task(shares, observation_probability=0.5)
        found = facts(simulate(race, seed, trace=True))
        lost = int(found.paid["paid_twice"].sum())
        assert lost == len(shares) - 1
        in_turn = task_payments(simulate(race.replace(planning_slots=0), seed).model)
        assert lost - int(in_turn["paid_twice"].sum()) == shown(found)[remedies.SERIAL]
        avoided.add(shown(found)[remedies.SERIAL])
    assert len(avoided) > 1


def test_a_register_of_plans_avoids_what_the_facts_say() -> None:
    for seed in range(1, 12):
        apart = one_task((1.0,) * 3, planning_slots=2, observation_probability=0.0)
        found = facts(simulate(apart, seed, trace=True))
        together = apart.replace(architecture="umbrella", register="plans", reporting_rate=1.0)
        left = int(task_payments(simulate(together, seed).model)["paid_twice"].sum())
        slots = sorted(found.paid["slot"].value_counts().sort_index().items())
        assert left == slots[0][1] - 1  # only the race of the first slot that buys
        assert int(found.paid["paid_twice"].sum()) - shown(found)[remedies.PLANS] == left


# --- the command -----------------------------------------------------------------------------------------------


def test_the_command_tells_the_worst_task_and_the_next_ones(shell: Shell) -> None:
    asked = ("trace", "toy", "observation_probability=0", "money=4")
    result = shell(*asked)
    assert result.exit_code == 0, result.output
    assert "The worst task:\nReceipt: " in result.stdout
    assert result.stdout.split("The next worst:")[1].strip().count("\n") == 4
    assert shell.left() == []  # nothing is written unasked
    again = shell(*asked)
    assert again.stdout == result.stdout
    key = next(line for line in result.stdout.splitlines() if line.startswith("  beneficiary="))
    place = key.split(":")[0].split()
    named = shell(*asked, *place)
    assert "PAID TWICE" in named.stdout
    assert "The next worst" not in named.stdout
    within = shell(*asked, place[0].lower())
    assert f"The worst task in {place[0].split('=')[1]}:" in within.stdout


def test_the_command_says_where_nothing_was_paid_twice(shell: Shell) -> None:
    result = shell("trace", "toy", "architecture=central")
    assert result.exit_code == 0
    assert "No payment was made twice in this run" in result.stdout
    assert "Receipt" not in result.stdout


def test_the_command_keeps_its_receipt(shell: Shell) -> None:
    result = shell("trace", "toy", "observation_probability=0", "out=kept")
    assert result.exit_code == 0, result.output
    files = {path.name for path in (shell.folder / "kept").iterdir()}
    assert files == {"receipt.txt", "events.csv", "sightings.csv", "configuration.json", "manifest.json"}
    kept = (shell.folder / "kept" / "receipt.txt").read_text("utf-8")
    assert result.stdout.startswith(kept)
    events = pd.read_csv(shell.folder / "kept" / "events.csv")
    assert events["quarter"].is_monotonic_increasing
    assert (events["event"] == "contracted").sum() >= 2
    assert shell.refused("trace", "toy", "out=kept").count("not empty") == 1


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["wrld"], ["did you mean 'world'"]),
        (["toy", "beneficiary=DUNNA"], ["beneficiary", "'DUNNA'", "did you mean 'DUNA'"]),
        (["toy", "beneficiary=Q"], ["beneficiary", "'Q'", "there are"]),
        (["world", "beneficiary=Kenia"], ["beneficiary", "did you mean 'KEN'"]),
        (["toy", "pillar=tecnical"], ["pillar", "did you mean 'technical'"]),
        (["toy", "task=99"], ["task", "99", "the nearest is"]),
        (["toy", "task=-1"], ["task", "-1", "the nearest is 0"]),
        (["toy", "task=two"], ["task", "'two'", "whole number"]),
        (["toy", "seed=-1"], ["seed", "-1"]),
        (["toy", "seed=x"], ["seed", "whole number"]),
        (["toy", "benefciary=DUNA"], ["did you mean 'beneficiary'"]),
        (["toy", "architecture=umbrela"], ["umbrela", "umbrella"]),
    ],
)
def test_mistakes_are_one_line(shell: Shell, words: list[str], parts: list[str]) -> None:
    line = shell.refused("trace", *words)
    for part in parts:
        assert part in line


def test_a_place_says_what_is_left_open() -> None:
    assert str(Place("KEN", "capacity_development", 3)) == "KEN, capacity development, task 3"
    assert str(ANYWHERE) == ""
    assert dataclasses.replace(ANYWHERE, task=0).one is None


def test_a_state_where_nothing_was_lost_says_where_to_look(shell: Shell) -> None:
    result = shell("trace", "world", "beneficiary=KEN", "horizon=16", "wind_down=1")
    assert result.exit_code == 0, result.output
    words = " ".join(result.stdout.split())
    if "None of them in KEN" in words:  # who is paid for twice is the model's affair
        state = words.partition("try beneficiary=")[2].partition(",")[0]
        again = shell("trace", "world", f"beneficiary={state}", "horizon=16", "wind_down=1")
        assert f"The worst task in {state}:" in again.stdout
        assert "Receipt:" in again.stdout
    else:
        assert "Receipt:" in words
