"""Robustness and value of information: known answers, by hand or in closed form."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorlab.experiments.arguments import InputError
from donorlab.experiments.studies import information, objectives, robustness

# Four futures, three designs; regret by hand: A 0 2 0 5, B 1 0 3 0, C 4 1 3 3
TABLE = pd.DataFrame(
    {"A": [5.0, 3.0, 4.0, 0.0], "B": [4.0, 5.0, 1.0, 5.0], "C": [1.0, 4.0, 1.0, 2.0]}, index=[1, 2, 3, 4]
)
EVERYWHERE = TABLE.notna()


def test_regret_of_a_known_table() -> None:
    found = robustness.regret(TABLE)
    assert found["A"].tolist() == [0, 2, 0, 5]
    assert found["B"].tolist() == [1, 0, 3, 0]
    assert found["C"].tolist() == [4, 1, 3, 3]


def test_scores_of_a_known_table() -> None:
    found = robustness.scores(TABLE, EVERYWHERE, smallest=1.5, far=1.0).set_index("design")
    assert found["mean"].tolist() == [3.0, 3.75, 2.0]
    assert found["minimum"].tolist() == [0, 1, 1]
    assert found["worst_mean"].tolist() == [0, 1, 1]  # 5% of four futures is one
    assert found["hurwicz"].tolist() == [2.5, 3.0, 2.5]
    assert found["regret_mean"].tolist() == [1.75, 1.0, 2.75]
    assert found["regret_maximum"].tolist() == [5, 3, 4]
    assert found["regret_95"].tolist() == pytest.approx([4.55, 2.7, 3.85])
    assert found["regret_relative"].tolist() == pytest.approx([1.75 / 4.75, 1 / 4.75, 2.75 / 4.75])
    assert found["near_share"].tolist() == [0.5, 0.75, 0.25]
    assert found["best_share"].tolist() == [0.5, 0.5, 0]
    assert found["clear_share"].tolist() == [0.25, 0.25, 0]
    assert (found["regret_95_low"] <= found["regret_95"]).all()
    assert (found["regret_95_high"] >= found["regret_95"]).all()
    assert found["chance_best_mean"].sum() == pytest.approx(1)
    assert found["chance_nearest"].sum() == pytest.approx(1)


def test_worst_futures() -> None:
    values = pd.DataFrame({"A": np.arange(40.0)})
    assert robustness.worst_mean(values)["A"] == 0.5
    assert robustness.worst_mean(values, 0.1)["A"] == 1.5


def test_a_tie_for_best_is_shared() -> None:
    values = pd.DataFrame({"A": [1.0, 2.0], "B": [1.0, 0.0]})
    assert robustness.first_shares(values).tolist() == [0.75, 0.25]


def test_what_is_good_enough() -> None:
    values = {"efficiency": TABLE, "cost": TABLE}

    def share(*texts: str) -> list[float]:
        return robustness.scores(TABLE, objectives.satisfied(objectives.rules(texts), values), 1, 1)[
            "good_share"
        ].tolist()

    assert share("efficiency>=4") == [0.5, 0.75, 0.25]
    assert share("efficiency>=best-1") == [0.5, 0.75, 0.25]
    assert share("efficiency>=first") == [1, 0.5, 0.5]
    assert share("efficiency >= first + 1.5") == [0, 0.5, 0.25]
    assert share("cost<=best+0.5") == [0.5, 0.25, 0.5]
    assert share("efficiency>=4", "cost<=4") == [0.25, 0.25, 0.25]
    assert share() == [1, 1, 1]


@pytest.mark.parametrize(
    "text",
    ["efficiency", "efficiency>0.3", "efficiency>=x", "__import__('os')>=1", "efficiency>=best*2", ">=1", "a>=1;b>=2"],
)
def test_a_rule_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"satisfice: .* cannot be read; write efficiency>=0\.3"):
        objectives.rules([text])


def test_a_rule_about_nothing_is_refused() -> None:
    with pytest.raises(InputError, match=r"no objective or outcome 'efficency' \(did you mean 'efficiency'\?\)"):
        objectives.satisfied(objectives.rules(["efficency>=1"]), {"efficiency": TABLE})


# ---------------------------------------------------------------------- order
def test_concordance_of_known_ranks() -> None:
    same = pd.DataFrame([[1, 2, 3]] * 5)
    assert robustness.concordance(same) == pytest.approx(1)
    assert robustness.concordance(pd.DataFrame([[1, 2, 3], [2, 3, 1], [3, 1, 2]])) == pytest.approx(0)
    # by hand: sums 4, 5, 9 of mean 6, S = 14, W = 12 * 14 / (9 * 24)
    assert robustness.concordance(pd.DataFrame([[1, 2, 3], [1, 2, 3], [2, 1, 3]])) == pytest.approx(168 / 216)
    # with a tie: sums 2.5, 3.5, 6, S = 6.5, W = 12 * 6.5 / (4 * 24 - 2 * 6)
    assert robustness.concordance(pd.DataFrame([[1.5, 1.5, 3], [1, 2, 3]])) == pytest.approx(78 / 84)


def test_a_planted_order_is_found_and_said_to_be_firm() -> None:
    noise = np.random.Generator(np.random.Philox(7)).normal(0, 0.1, (60, 3))
    values = pd.DataFrame(noise + np.array([0, 2, 1]), columns=["A", "B", "C"])
    found = robustness.stability(values)
    assert found.order == ("B", "C", "A")
    assert found.same == 1
    assert found.tau == pytest.approx(1)
    assert found.concordance == pytest.approx(1)
    table = robustness.rank_table(values).set_index(["design", "rank"])
    assert table.loc[("B", 1), "share"] == table.loc[("C", 2), "chance"] == 1


def test_an_order_of_noise_is_not_firm() -> None:
    values = pd.DataFrame(np.random.Generator(np.random.Philox(8)).normal(0, 1, (200, 4)), columns=list("ABCD"))
    found = robustness.stability(values)
    assert found.concordance < 0.05
    assert found.same < 0.7


@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=2, max_size=12))
def test_shares_sum_to_one_and_the_best_has_no_regret(rows: list[list[int]]) -> None:
    values = pd.DataFrame(rows, columns=["A", "B", "C"], dtype="float64")
    assert robustness.first_shares(values).sum() == pytest.approx(1)
    lost = robustness.regret(values)
    assert (lost.min(axis=1) == 0).all()
    table = robustness.rank_table(values)
    for column in ("share", "chance"):
        assert table.groupby("design")[column].sum().tolist() == pytest.approx([1, 1, 1])
        assert table.groupby("rank")[column].sum().tolist() == pytest.approx([1, 1, 1])
    shifted = robustness.regret(values + 5)
    assert np.allclose(shifted, lost)


# ---------------------------------------------------------------------- many objectives
def test_a_known_front() -> None:
    means = np.array([[1, 5], [3, 3], [5, 1], [2, 2], [3, 3], [1, 4]], dtype=float)
    assert robustness.front(means).tolist() == [True, True, True, False, True, False]


def test_dominance_is_told_only_beyond_noise() -> None:
    noise = np.random.Generator(np.random.Philox(9)).normal(0, 1, (100, 2))
    noise -= noise.mean(axis=0)
    noise /= noise.std(axis=0, ddof=1)  # standard error .1
    assert robustness.dominates(noise + np.array([0.3, 0.3]))
    assert not robustness.dominates(noise + np.array([0.3, 0.1]))  # that lead may be chance
    assert not robustness.dominates(noise + np.array([0.3, -0.3]))
    assert robustness.dominates(np.column_stack([noise[:, 0] + 0.3, np.zeros(100)]))  # exactly the same in one
    assert not robustness.dominates(np.zeros((100, 2)))


def test_the_table_of_the_front() -> None:
    futures = 30
    values = [
        pd.DataFrame({"A": np.full(futures, a), "B": np.full(futures, b), "C": np.full(futures, c)})
        for a, b, c in ((1.0, 0.0, 0.5), (0.0, 1.0, 0.0))
    ]
    found = robustness.pareto(values, ["one", "two"]).set_index("design")
    assert found["on_front"].tolist() == [True, True, False]
    assert found["dominated_by"].tolist() == ["", "", "A"]
    # A is best while its weight exceeds a half
    assert found["best_under_weights"].tolist() == pytest.approx([0.5, 0.5, 0], abs=0.01)


def test_weights_sum_to_one() -> None:
    for weights in objectives.WEIGHTS.values():
        assert len(weights) == len(objectives.OBJECTIVES)
        assert sum(weights) == pytest.approx(1)


# ---------------------------------------------------------------------- value of information
def planted(futures: int, noise: float, slope: float = 1.0, shift: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two designs: A is worth nothing, B slope * x + shift and noise, x even on (-1, 1); y, z and count do nothing."""
    random = np.random.Generator(np.random.Philox(11))
    points = pd.DataFrame(
        {
            "x": random.permutation((np.arange(futures) + 0.5) / futures * 2 - 1),
            "y": random.random(futures),
            "z": random.random(futures),
            "count": random.integers(1, 5, futures),
        }
    )
    common = random.normal(0, 5, futures)  # what all futures share for both designs falls out
    gap = slope * points["x"] + shift + random.normal(0, noise, futures) if noise else slope * points["x"] + shift
    return points, pd.DataFrame({"A": common, "B": common + gap})


@pytest.mark.parametrize("shift", [-0.01, 0.3])
def test_value_of_information_in_closed_form(shift: float) -> None:
    """B - A = x + shift on (-1, 1): E max(0, .) is (1 + shift)^2 / 4, from which max(0, shift) is taken off."""
    exact = (1 + shift) ** 2 / 4 - max(0.0, shift)
    points, values = planted(500, 0.5, shift=shift)
    found = information.value_of_information(points, values)
    assert found.chosen == ("B" if shift > 0 else "A")
    table = found.table.set_index("assumption")
    assert found.table["assumption"].iloc[0] == "x"
    assert table.loc["x", "told"]
    assert table.loc["x", "value"] == pytest.approx(exact, abs=0.03)
    assert table.loc["x", "low"] <= exact <= table.loc["x", "high"]
    assert table.loc["x", "changes"] == pytest.approx((1 - shift) / 2 if shift > 0 else (1 + shift) / 2, abs=0.06)
    assert not table.loc[["y", "z", "count"], "told"].any()
    assert (table.loc[["y", "z", "count"], "value"] < 0.02).all()
    assert found.everything > table.loc["x", "value"]


def test_the_correction_takes_off_what_noise_adds() -> None:
    """Averaged over twenty tables without any signal, the raw value is well above 0 and the corrected one is not told."""
    random = np.random.Generator(np.random.Philox(5))
    told, raw, value = 0, [], []
    for _ in range(20):
        points = pd.DataFrame(random.random((150, 2)), columns=["x", "y"])
        values = pd.DataFrame(random.normal(0, 1, (150, 3)), columns=list("ABC"))
        table = information.value_of_information(points, values).table
        told += int(table["told"].sum())
        raw += table["raw"].tolist()
        value += table["value"].tolist()
    assert told <= 4
    assert np.mean(value) < 0.5 * np.mean(raw)


def test_a_choice_that_nothing_changes_is_worth_nothing() -> None:
    points, values = planted(200, 0.0, slope=0.2, shift=1)
    found = information.value_of_information(points, values)
    assert found.chosen == "B"
    assert (found.table["value"] == 0).all()
    assert (found.table["changes"] == 0).all()
    assert found.everything == pytest.approx(0)


def test_a_step_is_seen() -> None:
    """What matters only beyond a threshold has no slope in the middle; few values have a mean each."""
    random = np.random.Generator(np.random.Philox(3))
    kind = random.integers(0, 3, 400)
    points = pd.DataFrame({"kind": kind, "other": random.random(400)})
    values = pd.DataFrame({"A": np.zeros(400), "B": np.where(kind == 1, 1.0, -1.0) + random.normal(0, 0.2, 400)})
    found = information.value_of_information(points, values)
    table = found.table.set_index("assumption")
    assert found.chosen == "A"
    assert table.loc["kind", "value"] == pytest.approx((kind == 1).mean(), abs=0.03)
    assert table.loc["kind", "changes"] == pytest.approx((kind == 1).mean(), abs=0.01)
    assert not table.loc["other", "told"]


def test_knowing_everything_is_a_choice_for_each_seed() -> None:
    """Each design is ahead by 1 with one of the two seeds: on the mean of both there is nothing to choose."""
    index = pd.MultiIndex.from_product([range(1, 121), [1, 2]], names=["point", "seed"])
    each = pd.DataFrame({"A": [1.0, 0.0] * 120, "B": [0.0, 1.0] * 120}, index=index)
    points = pd.DataFrame({"x": np.linspace(0, 1, 120)}, index=range(1, 121))
    found = information.value_of_information(points, each.groupby(level="point").mean(), each)
    assert found.everything == pytest.approx(0.5)
    assert information.of_everything(each.iloc[:3]) == pytest.approx(0.25)


def test_knowing_all_assumptions_leaves_luck_out() -> None:
    """A and B differ by luck alone: knowing everything seems worth much, knowing the assumptions nothing."""
    random = np.random.Generator(np.random.Philox(13))
    index = pd.MultiIndex.from_product([range(1, 401), [1, 2]], names=["point", "seed"])
    luck = pd.DataFrame(random.normal(0, 1, (800, 2)), index=index, columns=["A", "B"])
    found = information.of_all_assumptions(luck)
    assert abs(found) < 0.12
    signal = luck * 0.01 + np.column_stack([np.zeros(800), np.repeat(random.choice([-1.0, 1.0], 400), 2)])
    assert information.of_all_assumptions(signal) == pytest.approx(0.5, abs=0.08)
    assert math.isnan(information.of_all_assumptions(luck.groupby(level="point").head(1)))
