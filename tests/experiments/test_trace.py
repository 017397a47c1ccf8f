"""The receipt: known reasons in closed-form worlds, sums of whole runs, draws against what the engine had, the command."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pytest
from oracle.design import ARCHITECTURES
from oracle.worlds import numbered
from possible import possible

from donorlab.experiments import receipt, remedies
from donorlab.experiments.trace import Place, tell
from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import Scenario, simulate
from donorlab.sim.interventions import adopt_architecture
from donorlab.sim.outcomes.by_task import task_payments
from donorlab.sim.result import Result
from donorlab.sim.sightings import Sightings, observation_draw, sightings_frame
from donorlab.sim.state import COMPLETED, DONOR, REMAINING, RUNNING, START, STATUS
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


# --- whole runs ------------------------------------------------------------------------------------------------


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
