"""Screening and indices on functions whose answers are known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from donorlab.experiments import figures_of_sensitivity
from donorlab.experiments import report_of_sensitivity as report
from donorlab.experiments.arguments import InputError
from donorlab.experiments.studies import indices, screening
from donorlab.experiments.studies.factors import NOISE, SEEDS
from donorlab.experiments.studies.indices import REST
from donorlab.experiments.studies.measures import Measure, in_blocks, measures

pytest.importorskip("SALib")
DIFFERENCE = Measure("efficiency", "umbrella", "fragmented")


def problem(*names: str) -> dict[str, object]:
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}


def luck(unit: np.ndarray) -> np.ndarray:
    """Independent standard normal draws, one a seed; seeds are what the last coordinate means."""
    seeds = np.minimum((unit[:, -1] * SEEDS).astype(int), SEEDS - 1) + 1
    return np.array([np.random.default_rng(seed).standard_normal() for seed in seeds])


def screen(function: object, *names: str, trajectories: int = 40, smallest: float = 0.02) -> pd.DataFrame:
    unit = screening.design(problem(*names), trajectories)
    values = function(screening.with_own_seeds(unit, names))  # type: ignore[operator]
    return screening.screened(unit, values.reshape(trajectories, -1), names, smallest).set_index("factor")


# ---------------------------------------------------------------------- screening
def test_a_linear_model_has_its_slopes_as_effects() -> None:
    """Each effect of 3 a - 2 b + 0 c is its slope: mu and mu* exact, sigma and interval 0."""
    found = screen(lambda u: 3 * u[:, 0] - 2 * u[:, 1], "a", "b", "c")
    assert found["mu"].tolist() == pytest.approx([3, -2, 0])
    assert found["mu_star"].tolist() == pytest.approx([3, 2, 0])
    assert found["sigma"].tolist() == pytest.approx([0, 0, 0], abs=1e-12)
    assert found["verdict"].tolist() == ["matters", "matters", "nothing"]


def test_effects_are_those_of_salib() -> None:
    names = ("a", "b", "c", NOISE)
    unit = screening.design(problem(*names), 12)
    values = (np.sin(3 * unit[:, 0]) * unit[:, 1] + unit[:, 2] ** 2 + unit[:, 3]).reshape(12, -1)
    each = screening.effects(unit, values)
    found = screening.screened(unit, values, names, 0.02)
    assert np.abs(each).mean(axis=0) == pytest.approx(found["mu_star"])
    assert each.std(axis=0, ddof=1) == pytest.approx(found["sigma"])


def test_an_interaction_has_a_large_sigma_and_its_mean_by_hand() -> None:
    """The effect of a in a b is b, whose mean over the grid 0, 1/3, 2/3, 1 is a half."""
    found = screen(lambda u: u[:, 0] * u[:, 1], "a", "b", trajectories=400)
    assert found.loc["a", "mu_star"] == pytest.approx(0.5, abs=0.04)
    assert found.loc["a", "sigma"] == pytest.approx(math.sqrt(5 / 36), abs=0.03)


def test_more_trajectories_begin_with_the_same_ones() -> None:
    few, many = screening.design(problem("a", "b", NOISE), 5), screening.design(problem("a", "b", NOISE), 9)
    assert (many[: len(few)] == few).all()
    names = ("a", "b", NOISE)
    assert (screening.with_own_seeds(many, names)[: len(few)] == screening.with_own_seeds(few, names)).all()


def test_each_trajectory_has_two_seeds_of_its_own() -> None:
    names = ("a", "b", NOISE)
    unit = screening.with_own_seeds(screening.design(problem(*names), 30), names)
    seeds = (unit[:, -1] * SEEDS).astype(int).reshape(30, 4)
    assert all(len(set(row)) == 2 for row in seeds)
    assert len(set(seeds.ravel())) == 60


def shuffled(unit: np.ndarray) -> np.ndarray:
    """``a`` acts by 1; ``b`` does nothing in the mean, but each of its values has luck of its own; ``c`` does nothing."""
    keys = np.round(unit[:, [1, 3]] * SEEDS).astype(int)
    return unit[:, 0] + 0.3 * np.array([np.random.default_rng(tuple(key)).standard_normal() for key in keys])


def test_a_factor_that_only_shuffles_luck_is_not_said_to_matter() -> None:
    """Its mu* is that of the luck, far above the smallest difference, and it still does not matter."""
    found = screen(shuffled, "a", "b", "c", NOISE)
    assert found.loc["b", "mu_star"] == pytest.approx(found.loc[NOISE, "mu_star"], rel=0.5)
    assert found.loc["b", "mu_star_low"] > 0.1
    assert found["verdict"].to_dict() == {"a": "matters", "b": "open", "c": "nothing", NOISE: "luck"}
    assert found.loc["a", "beyond_luck_low"] > 0.5


def test_luck_by_itself_has_the_effect_of_two_seeds() -> None:
    """Mean |difference| of two standard normals is 2 / sqrt(pi), over a step of two thirds."""
    found = screen(luck, "a", NOISE, trajectories=400)
    assert found.loc[NOISE, "mu_star"] * screening.STEP == pytest.approx(2 / math.sqrt(math.pi), rel=0.1)


def test_false_alarms_of_shufflers_are_rare() -> None:
    """Thirty factors that only shuffle luck: at most one in twenty screenings may call one of them to matter."""

    def function(unit: np.ndarray) -> np.ndarray:
        return np.random.default_rng(len(unit)).standard_normal(len(unit))

    names = tuple(f"x{i}" for i in range(30))
    alarms = 0
    for trajectories in range(10, 40):
        found = screen(function, *names, NOISE, trajectories=trajectories)
        alarms += (found["verdict"] == "matters").sum()
    assert alarms <= 3


def test_small_is_what_is_surely_below_the_smallest_difference() -> None:
    found = screen(lambda u: 0.01 * u[:, 0] + 0.5 * u[:, 1], "a", "b")
    assert found["verdict"].tolist() == ["small", "matters"]


def test_factors_are_ranked_by_the_largest_share_of_any_result() -> None:
    one = pd.DataFrame({"factor": ["a", "b", NOISE], "mu_star": [2.0, 1.0, 9.0]})
    other = pd.DataFrame({"factor": ["a", "b", NOISE], "mu_star": [0.0, 0.0, 9.0]})
    assert screening.ranked([one, other]).to_dict() == {"a": 1.0, "b": 0.5}
    assert screening.left_out(one, ["a"]) == pytest.approx(0.2)
    assert screening.left_out(other, ["a"]) == 0


# ---------------------------------------------------------------------- indices
def apportion(function: object, *names: str, base: int = 1024, kept: tuple[str, ...] | None = None) -> indices.Indices:
    asked = problem(*names) if kept is None else indices.grouped(problem(*names), kept)
    unit, columns = indices.design(asked, base), indices.columns(asked)
    values, whole = in_blocks(function(unit), len(columns) + 2)  # type: ignore[operator]
    assert whole.all()
    found = indices.indexed(values, columns)
    assert found is not None
    return found


def ishigami(unit: np.ndarray) -> np.ndarray:
    """Ishigami and Homma 1990, with a = 7 and b = 0.1; on the unit cube."""
    x = np.pi * (2 * unit - 1)
    return np.asarray(np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))


def test_ishigami_has_its_known_indices() -> None:
    found = apportion(ishigami, "a", "b", "c", base=8192)
    assert found.table["first"].tolist() == pytest.approx([0.3139, 0.4424, 0.0], abs=0.01)
    assert found.table["total"].tolist() == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.01)
    assert (
        (found.table["total_low"] < [0.5576, 0.4424, 0.2437]) & (found.table["total_high"] > [0.5576, 0.4424, 0.2437])
    ).all()
    assert found.alone[0] == pytest.approx(0.7563, abs=0.01)
    assert found.table["chance_first"].tolist() == [1, 0, 0]


def test_a_group_has_the_index_of_its_members() -> None:
    """b and c of Ishigami as a group: its first-order index is that of b, its total one all but what a does alone."""
    found = apportion(ishigami, "a", "b", "c", base=4096, kept=("a",))
    assert found.table["factor"].tolist() == ["a", REST]
    assert found.table["total"].tolist() == pytest.approx([0.5576, 0.6861], abs=0.02)
    assert found.table["first"].tolist() == pytest.approx([0.3139, 0.4424], abs=0.02)


def test_the_luck_of_the_seed_has_its_known_share() -> None:
    """Variance of a uniform is 1/12; with luck of variance 1/36 beside it, which a reshapes by a factor: all by hand."""
    plain = apportion(lambda u: u[:, 0] + luck(u) / 6, "a", NOISE, base=1024)
    assert plain.row(NOISE)["total"] == pytest.approx(0.25, abs=0.03)  # type: ignore[index]
    assert plain.row(NOISE)["first"] == pytest.approx(0.25, abs=0.05)  # type: ignore[index]
    mixed = apportion(
        lambda u: u[:, 0] * luck(u), "a", NOISE, base=2048
    )  # variance 1/3: 1/4 by luck alone, 1/12 with a
    assert mixed.row(NOISE)["first"] == pytest.approx(0.75, abs=0.1)  # type: ignore[index]
    assert mixed.row(NOISE)["total"] == pytest.approx(1.0, abs=0.1)  # type: ignore[index]
    assert mixed.row("a")["total"] == pytest.approx(0.25, abs=0.05)  # type: ignore[index]


def test_a_factor_that_only_shuffles_luck_is_not_told_from_it() -> None:
    """Its total index is that of the luck, its first-order index 0."""
    found = apportion(shuffled, "a", "b", "c", NOISE, base=512)
    rows = found.table.set_index("factor")
    assert rows.loc["b", "total"] == pytest.approx(rows.loc[NOISE, "total"], abs=0.15)
    assert rows["told"].to_dict() == {"a": True, "b": False, "c": False, NOISE: False}
    assert rows.loc["c", "total"] == 0


def test_more_base_points_begin_with_the_same_ones_and_another_choice_is_another_sequence() -> None:
    asked = indices.grouped(problem("a", "b", "c", NOISE), ("b",))
    few, many = indices.design(asked, 64), indices.design(asked, 128)
    assert len(few) == 64 * (3 + 2)
    assert (many[: len(few)] == few).all()
    other = indices.design(indices.grouped(problem("a", "b", "c", NOISE), ("a",)), 64)
    assert (other[0] != few[0]).all()


def test_blocks_of_a_design_are_those_that_indices_need() -> None:
    """A first, then A with one column of B after the other (a group moves as one), then B."""
    asked = indices.grouped(problem("a", "b", "c", NOISE), ("b",))
    assert indices.columns(asked) == (REST, "b", NOISE)
    block = indices.design(asked, 64)[:5]
    moved = [[i for i in range(4) if row[i] != block[0, i]] for row in block]
    assert moved == [[], [0, 2], [1], [3], [0, 1, 2, 3]]


def test_what_does_not_vary_has_no_indices() -> None:
    assert indices.indexed(np.ones((64, 4)), ("a", "b")) is None
    assert indices.convergence(np.ones((64, 4)), ("a", "b")).empty
    assert "does not vary" in report.of_indices(DIFFERENCE, None)[0]


def test_convergence_is_shown_and_says_what_would_do() -> None:
    asked = problem("a", "b", "c")
    values, _ = in_blocks(ishigami(indices.design(asked, 1024)), 5)
    shown = indices.convergence(values, ("a", "b", "c"))
    assert shown["base_points"].unique().tolist() == [256, 512, 1024]
    widths = shown.groupby("base_points")["widest"].first()
    assert widths[256] > widths[512] > widths[1024]
    found = indices.indexed(values, ("a", "b", "c"))
    assert found is not None
    assert found.state == "no"
    assert found.enough == 16384
    assert indices.indexed(np.tile([[0.0, 1, 0, 1], [1.0, 0, 1, 0]], (64, 1)), ("a", "b")) is not None
    wide = apportion(ishigami, "a", "b", "c", base=16384)
    assert wide.widest < indices.SETTLED
    assert wide.state == "settled"
    assert wide.enough == 16384


def test_a_ranking_of_equals_is_not_stable() -> None:
    equal = apportion(lambda u: u[:, 0] + u[:, 1] + u[:, 2] + u[:, 3], "a", "b", "c", "d", base=256)
    apart = apportion(lambda u: 8 * u[:, 0] + 4 * u[:, 1] + 2 * u[:, 2] + u[:, 3], "a", "b", "c", "d", base=256)
    assert equal.ranking > 1
    assert equal.state == "no"
    assert apart.ranking == 0


@pytest.mark.parametrize(("base", "words"), [(32, "base_points=64"), (100, "write 128"), (2**17, "at most 65536")])
def test_base_points_that_will_not_do_are_refused_with_those_that_will(base: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        indices.checked_base(base)


# ---------------------------------------------------------------------- blocks, results, words
def test_a_block_that_is_not_whole_is_left_out_in_whole() -> None:
    values, whole = in_blocks(np.array([1.0, 2, math.nan, 4, 5, 6]), 2)
    assert values.tolist() == [[1, 2], [5, 6]]
    assert whole.tolist() == [True, False, True]


def test_results_are_outcomes_then_differences_to_the_first() -> None:
    found = measures(["efficiency", "orphans"], ["fragmented", "umbrella"])
    assert [one.name for one in found] == 2 * ["fragmented", "umbrella", "umbrella-fragmented"]
    assert found[2].words == "Efficiency, umbrella against fragmented"
    assert found[2].smallest(0.02) == 0.02
    assert found[3].smallest(0.02) == 0  # orphans are counted; nobody said how many matter


def test_sentences_of_a_screening_follow_from_the_table() -> None:
    table = pd.DataFrame(
        {
            "factor": ["money", "lapse", "pace", "herding", "failure", NOISE],
            "mu": [-0.12, 0.01, 0.0, 0.0, 0.01, 0.0],
            "mu_star": [0.12, 0.05, 0.004, 0.0, 0.03, 0.03],
            "verdict": ["matters", "matters", "small", "nothing", "open", "luck"],
        }
    )
    assert report.of_screening(DIFFERENCE, table, 0.02) == (
        "Efficiency, umbrella against fragmented: 2 of 5 assumptions matter by more than 2 points over their range, beyond luck: "
        "money (12 points, down) and lapse (5 points); 1 changes less, 1 changes nothing at all and 1 stays open. Another seed "
        "changes it by 2 points in the mean."
    )
    assert "none of 1 assumption is shown to matter" in report.of_screening(DIFFERENCE, table.tail(2), 0.02)


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (0.97, "what drives it most is money"),
        (0.7, "most is likely money"),
        (0.5, "whether lapse comes before it is open"),
    ],
)
def test_what_drives_most_is_said_as_surely_as_resamples_agree(chance: float, words: str) -> None:
    table = pd.DataFrame(
        {
            "factor": ["money", "lapse", REST, NOISE],
            "first": [0.3, 0.2, 0.1, 0.1], "first_low": [0.2, 0.1, 0.0, 0.0], "first_high": [0.4, 0.3, 0.2, 0.2],
            "total": [0.4, 0.35, 0.2, 0.25], "total_low": [0.3, 0.28, 0.15, 0.2], "total_high": [0.5, 0.42, 0.25, 0.3],
            "chance_first": [chance, 1 - chance, math.nan, math.nan], "told": [True, True, False, False],
        }
    )  # fmt: skip
    texts = report.of_indices(DIFFERENCE, indices.Indices(table, 0.2, 0.4, (0.7, 0.6, 0.8), 256, 1.0))
    assert words in texts[0]
    assert "40% (30 to 50)" in texts[0]
    assert "25% (20 to 30) of its variance: the luck" in texts[0]
    assert "All others together: 20%" in texts[0]
    assert "single factors make 70% (60 to 80)" in texts[0]
    assert "Not settled" in texts[1]
    assert "base_points=4096 would do" in texts[1]
    silent = indices.Indices(table.assign(told=False), 0.2, 0.4, (0.7, 0.6, 0.8), 256, 1.0)
    assert "no single assumption is told from luck" in report.of_indices(DIFFERENCE, silent)[0]


def test_what_is_told_by_its_first_order_index_alone_is_not_said_to_drive_most() -> None:
    """Told from luck and the ninth in size: the largest total index belongs to an assumption that is not told."""
    table = pd.DataFrame(
        {
            "factor": ["money", "lapse", NOISE],
            "first": [0.1, 0.2, 0.4], "first_low": [-0.1, 0.1, 0.3], "first_high": [0.3, 0.3, 0.5],
            "total": [0.88, 0.3, 0.9], "total_low": [0.4, 0.2, 0.6], "total_high": [1.3, 0.4, 1.2],
            "chance_first": [0.9, 0.1, math.nan], "told": [False, True, False],
        }
    )  # fmt: skip
    found = indices.Indices(table, 0.9, 2.0, (0.3, 0.1, 0.5), 64, 1.0)
    text = report.of_indices(DIFFERENCE, found)[0]
    assert "which assumption drives it most is open; told from luck is lapse (30% (20 to 40))" in text
    assert "total index of money, which is not told from it, is estimated larger" in text
    assert "among what drives it most" not in text
    assert figures_of_sensitivity.shares_claim({DIFFERENCE: found}).endswith("drives it most is open")


def test_what_belongs_to_the_line_before_is_set_in(capsys: pytest.CaptureFixture[str]) -> None:
    report._sentence(Console(width=60), "  Not settled: more would do.")
    assert capsys.readouterr().out == "    - Not settled: more would do.\n"
