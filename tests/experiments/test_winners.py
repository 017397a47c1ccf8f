"""``donorlab winners``: parts that sum to the whole, accounts that are those of membership, groups, words, figures, the command."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments import canvas, coalitions, figures_of_winners, gains, proposals, runner, winnings
from donorlab.experiments.chances import Chance, Changes, changes
from donorlab.experiments.gains import DEFAULT, FUTURE, KEYS, Gains, pairs
from donorlab.experiments.winners_in_words import sentences
from donorlab.experiments.winnings import BETWEEN, DARLINGS, ORPHANS, SUMS, Answer, answered, difference
from donorlab.scenarios import load, un_groups
from donorlab.sim import Scenario, baseline, simulate
from experiments.conftest import Shell
from experiments.test_figures import assert_legible

SMALL = (
    "synthetic.donors=8", "synthetic.beneficiaries=10", "synthetic.pillars=2", "horizon=10", "wind_down=4", "money=40",
)  # fmt: skip
SEEDS = (1, 2, 3)
STAMP = canvas.Stamp("synthetic", "", "seeds 1-3", "a" * 64, "b" * 64, "0.1")


def worlds() -> dict[str, Scenario]:
    """Return a reference, the same once more, a fund, budgets that respond to accounts, and a planner."""
    made = {
        "fragmented": ("architecture=fragmented",),
        "twin": ("architecture=fragmented",),
        "fund": ("architecture=umbrella", "pooled_fund=on", "pool_share=0.5"),
        "elastic": ("architecture=umbrella", "budget_elasticity=2"),
        "central": ("architecture=central",),
    }
    return {name: load("synthetic", [*SMALL, *words]) for name, words in made.items()}


@pytest.fixture(scope="module")
def scenarios() -> dict[str, Scenario]:
    return worlds()


@pytest.fixture(scope="module")
def found(scenarios: dict[str, Scenario]) -> Gains:
    from donorlab.experiments import ensemble

    return gains.study(scenarios, SEEDS, ensemble.plan(scenarios["fragmented"], 4))


@pytest.fixture(scope="module")
def answers(found: Gains, scenarios: dict[str, Scenario]) -> dict[str, Answer]:
    return {one.name: one for one in answered(found, scenarios, 0.02)}


def runs(found: Gains, scenarios: dict[str, Scenario]) -> Iterator[tuple[int, str, pd.DataFrame, pd.DataFrame]]:
    """Yield seed, architecture, states and donors of each run at default values."""
    for seed in SEEDS:
        for name in scenarios:
            parts = [
                table[(table["sample"] == DEFAULT) & (table["number"] == seed) & (table["architecture"] == name)]
                for table in (found.states, found.donors)
            ]
            yield seed, name, *parts


# ---------------------------------------------------------------------- what is measured
def test_parts_sum_to_the_outcomes_of_the_same_run(found: Gains, scenarios: dict[str, Scenario]) -> None:
    """And keeping accounts moves no number: the runs are those of `simulate`, to the last bit."""
    first = scenarios["fragmented"]
    for seed, name, states, _ in runs(found, scenarios):
        outcomes = simulate(scenarios[name], seed=seed, baseline=baseline(first, seed)).outcomes
        run = found.runs[
            (found.runs["sample"] == DEFAULT) & (found.runs["number"] == seed) & (found.runs["architecture"] == name)
        ]
        assert run[["efficiency", "welfare"]].iloc[0].tolist() == [outcomes["efficiency"], outcomes["welfare"]]
        assert states["welfare"].sum() == pytest.approx(outcomes["welfare"], rel=1e-12)
        by_pillar = states[[f"welfare_{pillar}" for pillar in first.pillars]].sum(axis=1)
        assert by_pillar.to_numpy() == pytest.approx(states["welfare"].to_numpy())
        assert states["sustained_tasks"].sum() / states["owned_tasks"].sum() == outcomes["sustained_share"]
        assert states["aid_m"].sum() == pytest.approx(outcomes["contracted_m"])
        assert states["projects"].sum() == outcomes["projects"]
        assert states["value"].between(0, 1).all()


def test_money_of_donors_is_all_there_and_the_funds_is_its_payers(found: Gains, scenarios: dict[str, Scenario]) -> None:
    for seed, name, states, donors in runs(found, scenarios):
        if name == "central":
            assert donors.empty
            continue
        spent = donors["overhead_m"] + donors["contracted_m"] + donors["idle_m"]
        assert spent.to_numpy() == pytest.approx(donors["appropriated_m"].to_numpy())
        assert donors["contracted_m"].sum() == pytest.approx(states["aid_m"].sum())
        fall = simulate(scenarios[name], seed=seed).waterfall
        useful = sum(fall.shares[key] for key in (
            "displaced_own_effort", "misallocation_pillars", "misallocation_states", "effective"
        ))  # fmt: skip
        assert donors["useful_m"].sum() == pytest.approx(useful * fall.appropriated_m)
        assert (donors["useful_m"] <= donors["base_cost_m"] + 1e-9).all()


def test_accounts_are_those_of_membership(found: Gains, scenarios: dict[str, Scenario]) -> None:
    fund = scenarios["fund"]
    inside = tuple(np.array(fund.donors.ids)[proposals.members(fund)].tolist())
    for seed in SEEDS[:2]:
        for name, members in (("fragmented", ()), ("fund", inside)):
            own = pairs(found, DEFAULT, "donor", name, "account").loc[seed]
            assert own.tolist() == coalitions.accounts(fund, members, seed).tolist()


# ---------------------------------------------------------------------- what changes
def test_the_same_again_changes_nothing_for_anybody(answers: dict[str, Answer]) -> None:
    twin = answers["twin"]
    for table in (twin.states, twin.donors, twin.groups):
        for column in [
            name for name in table.columns if name.endswith(("_change", "_low", "_high")) or name == "worth_m"
        ]:
            assert (table[column].dropna() == 0).all(), column
    assert set(twin.states["verdict"]) | set(twin.donors["verdict"]) == {"same"}
    assert not twin.states["told"].any()
    assert sentences(twin) == ["twin changes nothing: not one state or donor differs from fragmented by a bit."]
    assert not answers["fund"].nothing


def test_changes_of_states_sum_to_those_of_groups_and_of_the_whole(answers: dict[str, Answer], found: Gains) -> None:
    welfare = found.runs[found.runs["sample"] == DEFAULT].pivot_table(
        index="number", columns="architecture", values="welfare"
    )
    for name in ("fund", "elastic", "central"):
        one = answers[name]
        whole = float((welfare[name] - welfare["fragmented"]).mean())
        assert one.states["welfare_change"].sum() == pytest.approx(whole)
        by_pillar = [column for column in one.states if column.startswith("welfare_") and column != "welfare_change"]
        assert one.states[by_pillar].to_numpy().sum() == pytest.approx(whole)
        for kind in ("all", "region", "income", "served"):
            part = one.groups[one.groups["kind"] == kind]
            assert part["states"].sum() == pytest.approx(len(one.states))
            for column in SUMS:
                assert part[f"{column}_change"].sum() == pytest.approx(one.states[f"{column}_change"].sum())


def test_changes_are_paired_seed_by_seed(found: Gains, scenarios: dict[str, Scenario]) -> None:
    moved = difference(found, DEFAULT, "iso3", "fund", "fragmented", "capacity")
    for seed in SEEDS:
        one, other = (
            simulate(scenarios[name], seed=seed).beneficiaries["capacity_final"] for name in ("fund", "fragmented")
        )
        assert moved.loc[seed].to_numpy() == pytest.approx((one - other).to_numpy(), abs=1e-15)


def test_the_order_of_rows_does_not_matter(
    found: Gains, scenarios: dict[str, Scenario], answers: dict[str, Answer]
) -> None:
    mixed = dataclasses.replace(
        found,
        states=found.states.sample(frac=1, random_state=1),
        donors=found.donors.sample(frac=1, random_state=2),
    )
    again = next(one for one in answered(mixed, scenarios, 0.02) if one.name == "fund")
    pd.testing.assert_frame_equal(again.states, answers["fund"].states)
    pd.testing.assert_frame_equal(again.donors, answers["fund"].donors)
    pd.testing.assert_frame_equal(again.groups, answers["fund"].groups)


def test_worth_is_the_rule_of_membership_at_the_mean_of_the_reference(answers: dict[str, Answer], found: Gains) -> None:
    donors = answers["fund"].donors.set_index("donor")
    before, after = (pairs(found, DEFAULT, "donor", name, "account").mean() for name in ("fragmented", "fund"))
    assert donors["worth_m"].to_numpy() == pytest.approx((donors["budget_m"] * (after / before - 1)).to_numpy())
    assert donors["account_change"].to_numpy() == pytest.approx((after / before - 1).to_numpy())
    inside = donors["member"]
    assert answers["fund"].member_worth.mean[0] == pytest.approx(donors.loc[inside, "worth_m"].sum())
    assert answers["fund"].outsider_worth.mean[0] == pytest.approx(donors.loc[~inside, "worth_m"].sum())
    assert 0 < inside.sum() < len(donors)
    before, after = (pairs(found, FUTURE, "donor", name, "account") for name in ("fragmented", "fund"))
    worth = (pairs(found, FUTURE, "donor", "fund", "budget_m") * 2 * (after - before) / (after + before)).sum(axis=1)
    whole = answers["fund"].member_futures + answers["fund"].outsider_futures
    assert whole == pytest.approx(worth.to_numpy())


def test_where_a_planner_stands_for_all_donors_there_is_nothing_to_compare(answers: dict[str, Answer]) -> None:
    central = answers["central"]
    assert central.donors.empty
    assert any("Donors cannot be compared" in text for text in sentences(central))


def test_futures_are_counted(answers: dict[str, Answer], found: Gains) -> None:
    one = answers["fund"].states
    assert (one[["futures_gain", "futures_same", "futures_lose"]].sum(axis=1) == 4).all()
    moved = difference(found, FUTURE, "iso3", "fund", "fragmented", "value")
    assert one["futures_gain"].tolist() == (moved >= 0.02).sum().tolist()


def test_states_of_the_united_nations_groups() -> None:
    groups = un_groups()
    assert {name: len(ids) for name, ids in groups.items()} == {"LDC": 44, "LLDC": 32, "SIDS": 30}
    assert "AFG" in groups["LDC"] & groups["LLDC"]
    assert not groups["LLDC"] & groups["SIDS"]
    assert load("world", ["beneficiaries=ldc-and-sids"]).beneficiaries.count == len(groups["LDC"] | groups["SIDS"])


def lucky(scenario: Scenario, seeds: int) -> Gains:
    """Return runs of pure luck: who gets little under the reference has a low value there, and nothing is ever changed."""
    rng = np.random.default_rng(5)
    rows = []
    for seed in range(1, seeds + 1):
        for name in ("fragmented", "fund"):
            ratio = np.exp(rng.normal(0, 0.9, scenario.beneficiaries.count))
            for iso3, one in zip(scenario.beneficiaries.ids, ratio, strict=True):
                rows.append(dict(zip(KEYS, (DEFAULT, seed, name), strict=True)) | {"iso3": iso3, "aid_need_ratio": one})
    states = pd.DataFrame(rows)
    for column in ("value", "capacity", "value_no_aid", *SUMS, *(f"capacity_{pillar}" for pillar in scenario.pillars)):
        states[column] = states["aid_need_ratio"]
    runs = states[list(KEYS)].drop_duplicates()
    return Gains(states, pd.DataFrame(columns=[*KEYS, "donor"]), runs, scenario.beneficiaries.ids, scenario.donors.ids)


def test_orphans_by_luck_do_not_look_like_winners() -> None:
    scenario = load("synthetic", ["synthetic.beneficiaries=400", "synthetic.donors=4", "architecture=umbrella"])
    found = lucky(scenario, 2)
    table = winnings.groups(found, {"fragmented": scenario, "fund": scenario}, "fund", 0.02).set_index("group")
    ratio = pairs(found, DEFAULT, "iso3", "fragmented", "aid_need_ratio").mean().to_numpy()
    moved = difference(found, DEFAULT, "iso3", "fund", "fragmented", "value").mean().to_numpy()
    assert moved[ratio < 0.5].mean() > 0.5  # told from the same seeds they would
    for group in (ORPHANS, BETWEEN, DARLINGS):
        assert abs(table.loc[group, "value_change"]) < 0.35, group


# ---------------------------------------------------------------------- processes
def test_answers_of_processes_come_in_the_order_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [(float(n), 1.0) for n in range(6)]
    told: list[int] = []
    expected = [math.hypot(*words) for words in asked]
    for workers in (1, 2):
        assert runner.called_in_order(math.hypot, asked, workers, lambda: told.append(1)) == expected
    assert len(told) == 12
    monkeypatch.setattr(runner, "in_processes", lambda *_: pytest.fail("not worth while"))
    assert runner.called_in_order(math.hypot, asked, None) == expected
    assert runner.called_in_order(math.hypot, [], None) == []


# ---------------------------------------------------------------------- words
def one(value: float, reach: float = 0.1) -> Changes:
    return changes(np.array([[value - reach], [value], [value + reach]]))


def answer(verdicts: list[str], donor_verdicts: list[str], **others: Any) -> Answer:
    size = {"gains": 0.05, "may gain": 0.03, "same": 0.001, "may lose": -0.03, "loses": -0.05}
    states = pd.DataFrame(
        {
            "name": [f"State {i}" for i in range(len(verdicts))],
            "region": [("North", "South")[i % 2] for i in range(len(verdicts))],
            "income_group": "Low income", "un_groups": "", "verdict": verdicts, "value_before": 0.6, "value_no_aid": 0.5,
            "value_change": [size[name] - 0.001 * i for i, name in enumerate(verdicts)],
            "told": [name in ("gains", "loses") for name in verdicts], "worth_m_change": [100 * size[name] for name in verdicts],
            "aid_m_change": 0.1, "capacity_change": 0.01, "projects_change": 1.0,
        }
    )  # fmt: skip
    states["value_change_low"], states["value_change_high"] = (
        states["value_change"] - 0.02,
        states["value_change"] + 0.02,
    )
    members = [i % 2 == 0 for i in range(len(donor_verdicts))]
    worth = [20 * size[name] for name in donor_verdicts]
    donors = pd.DataFrame(
        {
            "donor": [f"D{i:02d}" for i in range(len(donor_verdicts))], "member": members, "verdict": donor_verdicts,
            "budget_m": 10.0, "worth_m": worth, "worth_m_low": np.array(worth) - 0.2, "worth_m_high": np.array(worth) + 0.2,
            "account_change": [size[name] for name in donor_verdicts],
            "told": [name in ("gains", "loses") for name in donor_verdicts],
            "overhead_m_change": [0.5 * inside for inside in members],
        }
    )  # fmt: skip
    donors["account_change_low"], donors["account_change_high"] = (
        donors["account_change"] - 0.1,
        donors["account_change"] + 0.1,
    )
    groups = pd.DataFrame(
        {
            "kind": ["all", "region", "region", "served"], "group": ["all states", "North", "South", "orphans"],
            "states": [4.0, 2.0, 2.0, 1.0], "value_change": [0.01, 0.03, -0.02, 0.0], "value_change_low": [0.0, 0.01, -0.03, -0.1],
            "value_change_high": [0.02, 0.05, -0.01, 0.1], "capacity_legal_change": [0.01, -0.02, 0.1, 0.0],
            "capacity_technical_change": 0.01, "capacity_organisational_change": 0.02,
            "capacity_capacity_development_change": [0.0, 0.1, -0.1234, 0.02], "capacity_cooperation_change": 0.0,
        }
    )  # fmt: skip
    for column in [name for name in groups.columns if name.startswith("capacity_")]:
        groups[f"{column}_low"], groups[f"{column}_high"] = groups[column] - 0.05, groups[column] + 0.05
    for table in (states, donors):
        for part in ("gain", "same", "lose"):
            table[f"futures_{part}"] = 10
        table["over_futures"] = ["loses" if name == "loses" else "open" for name in table["verdict"]]
    filled: dict[str, Any] = {
        "name": "P", "first": "fragmented", "states": states, "groups": groups, "donors": donors, "seeds": 9, "draws": 30,
        "chance": Chance(2.0, 4.0, 0.1, 0.6), "efficiency": one(0.03), "value": one(0.01), "worth": one(20.0), "smallest": 0.02,
        "member_worth": one(-1.0), "outsider_worth": one(2.0), "member_futures": np.linspace(-3, 1, 41),
        "outsider_futures": np.array([1.0, 2.0]),
    }  # fmt: skip
    return Answer(**(filled | others))


def test_words_where_some_lose() -> None:
    told = " ".join(sentences(answer(["gains", "loses", "may gain", "same", "loses"], ["loses", "gains"])))
    assert told.startswith(
        "1 of 5 states gain 2 points of their own value or more beyond chance, 2 lose as much. 1 more may gain and 0 may"
    )
    assert "The largest losers: State 4 -5.4, State 1 -5.1 points." in told
    assert (
        "chance on 9 seeds would still put 2 of 5 states beyond 2 points in the mean (in 5% of cases more than 4)"
        in told
    )
    assert "call 0.1 of them; found are 4 and 3" in told
    assert "No Pareto improvement: 2 states and 1 donor lose by as much as matters, beyond chance." in told
    assert (
        "would cost EUR 10.0m to buy, what those told to gain have more EUR 5.0m: the winners could not make up" in told
    )
    assert (
        "Of 3 groups of states, each by itself beyond chance (95%), 1 gain: North +3.0 points; 1 lose: South -2.0 points."
        in told
    )
    assert (
        "Of 1 member 0 get 2% or more out of their money beyond chance, by what they want themselves, and 1 as much less"
        in told
    )
    assert "they pay EUR 0.50m a year for it" in told
    assert "They ride free." in told
    assert "worth EUR -1.00m in the middle (range over assumptions -2.8 to +0.8), more than nothing in 10 of 41" in told
    assert "Payments of EUR 1.00m a year among all donors would leave none worse off" in told
    assert "Losers both at default values beyond chance and over the futures: State 1, State 4, D00." in told
    assert "a fair coin would make" in told


def test_words_where_nobody_is_told_to_lose() -> None:
    told = " ".join(sentences(answer(["gains", "may lose", "same"], ["may lose", "same"], outsider_worth=one(0.01))))
    assert (
        "No state is told to lose by as much as matters. The lowest means (State 1 -3.1, State 2 -0.1, State 0 +5)"
        in told
    )
    assert (
        "Whether it is a Pareto improvement is not known: nobody is told to lose as much as matters, but 1 state and 1 donor may."
        in told
    )
    assert "make up for the losers" not in told
    assert "They ride free" not in told
    assert "Donors that gain could not make up for donors that lose" in told
    made = answer(["gains", "same"], ["loses"])
    made.states["over_futures"], made.donors["over_futures"] = ["loses", "open"], ["gains"]
    turned = " ".join(sentences(made))
    assert (
        "Winners at default values beyond chance that lose over the futures: they hang on the assumptions: State 0."
        in turned
    )
    assert (
        "Losers at default values beyond chance that gain over the futures: they hang on the assumptions: D00."
        in turned
    )
    made = answer(["same", "same"], ["same"])
    made.states.loc[1, ["told", "value_change"]] = True, -0.004
    assert "Those told to lose by less: State 1 -0.4 points." in " ".join(sentences(made))
    better = " ".join(sentences(answer(["gains", "same"], ["gains", "same"])))
    assert "In the mean nobody loses by as much as matters: a Pareto improvement" in better
    assert "Payments" not in better


def test_words_of_one_seed_and_without_futures() -> None:
    alone = answer(
        ["may gain", "may lose"],
        ["may lose"],
        seeds=1,
        draws=0,
        member_futures=np.zeros(0),
        chance=Chance(*[math.nan] * 4),
        value=changes([[0.01]]),
    )
    told = " ".join(sentences(alone))
    assert told.startswith(
        "In this one seed 1 of 2 states gain 2 points of their own value or more and 1 lose as much. One seed tells nothing"
    )
    assert "changes by +1.0 points, where all aid under fragmented is worth +10.0" in told
    assert "Over the assumptions nothing is said" in told
    assert "groups of states" not in told


# ---------------------------------------------------------------------- figures
@pytest.mark.parametrize(("states", "donors", "seeds"), [(134, 48, 9), (4, 2, 9), (31, 24, 1)])
def test_figures_are_legible_and_claim_what_they_show(states: int, donors: int, seeds: int) -> None:
    kinds = ["gains", "may gain", "same", "may lose", "loses"]
    made = answer([kinds[i % 5] for i in range(states)], [kinds[i % 5] for i in range(donors)], seeds=seeds)
    drawn = {item.name: item for item in figures_of_winners.draw_all([made], STAMP)}
    assert set(drawn) == {"states_P", "donors_P", "pillars_P"}
    for item in drawn.values():
        assert_legible(item)
    if seeds > 1:
        gained = sum(kinds[i % 5] == "gains" for i in range(states))
        assert f"{gained} of {states} states gain 2 points or more beyond chance" in drawn["states_P"].title
    assert "capacity development" in drawn["pillars_P"].title


# ---------------------------------------------------------------------- the command
IDLE = """\
name: idle
title: Nothing new
description: Donors go on as they are.
architecture: fragmented
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    here = tmp_path_factory.mktemp("winners")
    (here / "idle.yaml").write_text(IDLE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        done = Shell(here)(
            "winners", "proposals=[gfce-clearing-house,idle.yaml]", "scenario=synthetic", *SMALL, "replications=3", "draws=2",
            "out=found", "workers=1",
        )  # fmt: skip
    assert done.exit_code == 0, done.output
    (here / "screen.txt").write_text(done.stdout)
    return here


def test_the_command_writes_tables_figures_and_words(folder: Any) -> None:
    text = (folder / "screen.txt").read_text()
    assert "Who wins and who loses under gfce-clearing-house, against fragmented" in text
    assert "idle changes nothing" in text
    assert "States at both ends under gfce-clearing-house" in text
    assert "both ends under idle" not in text
    assert "Groups of states under idle" not in text
    answer = folder / "found"
    states, donors, groups = (pd.read_csv(answer / f"{name}.csv") for name in ("states", "donors", "groups"))
    assert (
        set(states["proposal"]) == set(donors["proposal"]) == set(groups["proposal"]) == {"gfce-clearing-house", "idle"}
    )
    assert (states.loc[states["proposal"] == "idle", "value_change"] == 0).all()
    raw = pd.read_parquet(answer / "states.parquet")
    assert len(raw) == 3 * 10 * (3 + 2)
    assert {"donors.parquet", "runs.parquet", "chance.csv", "configuration.json"} <= {
        path.name for path in answer.iterdir()
    }
    assert (answer / "figures" / "states_gfce-clearing-house.png").exists()
    manifest = json.loads((answer / "manifest.json").read_text())
    assert manifest["command"] == "winners"
    assert manifest["configuration"]["smallest_difference"] == 0.02
    assert set(manifest["configuration"]["proposals"]) == {"gfce-clearing-house", "idle"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("no-such-proposal",), "no-such-proposal"),
        (("proposals=none",), "proposals: there is nothing to hold against the reference"),
        (("lead-donors", "architectures=[nobody]"), "architectures: there is no architecture 'nobody'"),
        (("lead-donors", "replications=0"), "replications: 0 is out of range"),
        (("lead-donors", "draws=-1"), "draws: -1 is out of range"),
        (("lead-donors", "smallest_difference=2"), "smallest_difference: 2 is out of range"),
        (("lead-donors", "workers=many"), "workers"),
        (("lead-donors", "scenario=nowhere"), "nowhere"),
        (("lead-donors", "replicatoins=3"), "did you mean 'replications'"),
        (("proposals=[lead-donors,lead-donors]",), "given twice"),
    ],
)
def test_mistakes_are_one_line(shell: Shell, words: tuple[str, ...], told: str) -> None:
    assert told in shell.refused("winners", *words)
