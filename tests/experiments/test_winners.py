"""``donorlab winners``: parts that sum to the whole, accounts that are those of membership, groups."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments import coalitions, gains, proposals, winnings
from donorlab.experiments.gains import DEFAULT, FUTURE, KEYS, Gains, pairs
from donorlab.experiments.winners_in_words import sentences
from donorlab.experiments.winnings import BETWEEN, DARLINGS, ORPHANS, SUMS, Answer, answered, difference
from donorlab.scenarios import load, un_groups
from donorlab.sim import Scenario, baseline, simulate

SMALL = (
    "synthetic.donors=8", "synthetic.beneficiaries=10", "synthetic.pillars=2", "horizon=10", "wind_down=4", "money=40",
)  # fmt: skip
SEEDS = (1, 2, 3)


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
