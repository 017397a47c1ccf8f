"""Boxes and trees with known answers: a planted box is found, noise gives none, and numbers are what they are called."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments.arguments import InputError
from donorlab.experiments.studies import boxes, discovery, peeling, trees
from donorlab.experiments.studies.boxes import Counted

pytest.importorskip("ema_workbench")

COUNT = 800


def futures(seed: int, whole: bool = False) -> pd.DataFrame:
    x = pd.DataFrame(np.random.default_rng(seed).random((COUNT, 6)), columns=list("abcdef"))
    return x.assign(c=np.floor(6 * x["c"]).astype(int)) if whole else x


def planted(x: pd.DataFrame, seed: int) -> np.ndarray:
    """Where a > .6 and b < .4, nine of ten are cases; elsewhere one in fifty."""
    luck = np.random.default_rng(seed + 1000).random(len(x))
    inside = (x["a"] > 0.6) & (x["b"] < 0.4)
    return np.asarray(np.where(inside, luck < 0.9, luck < 0.02))


@pytest.fixture(scope="module")
def found() -> list[discovery.Box]:
    one, other = futures(1), futures(2)
    return discovery.discover(one, planted(one, 1), other, planted(other, 2))


def test_a_planted_box_is_found(found: list[discovery.Box]) -> None:
    """Its edges, what it holds in futures it never saw, and that noise gives nothing like it."""
    box = found[0]
    assert set(box.limits) == {"a", "b"}
    assert box.limits["a"] == (pytest.approx(0.6, abs=0.05), math.inf)
    assert box.limits["b"] == (-math.inf, pytest.approx(0.4, abs=0.05))
    assert box.fresh.density > 0.8
    assert box.fresh.coverage > 0.75
    assert box.fresh.mass == pytest.approx(0.16, abs=0.04)
    assert box.lot == 0.05
    assert box.fresh.by_chance < 1e-20
    assert box.beyond_chance
    assert all(value < 1e-6 for value in box.quasi.values())
    assert box.again == {("a", 0): 10, ("b", 1): 10}
    assert len([one for one in found if one.beyond_chance]) == 1


def test_a_second_box_is_found_in_what_the_first_leaves() -> None:
    def both(x: pd.DataFrame, seed: int) -> np.ndarray:
        return planted(x, seed) | np.asarray((x["d"] > 0.8) & (x["a"] < 0.5))

    one, other = futures(3), futures(4)
    found = discovery.discover(one, both(one, 3), other, both(other, 4), boxes=2)
    assert [box.beyond_chance for box in found] == [True, True]
    assert {frozenset(box.limits) for box in found} == {frozenset("ab"), frozenset("ad")}
    assert found[1].found.futures == COUNT - found[0].found.inside


def test_noise_gives_no_box_that_is_better_than_chance() -> None:
    """A box passes by luck where both tests do, about once in hundreds of deals."""
    for seed in range(2):
        one, other = futures(seed), futures(seed + 50)
        luck = np.random.default_rng(seed)
        cases, fresh = luck.random(COUNT) < 0.15, luck.random(COUNT) < 0.15
        assert not any(box.beyond_chance for box in discovery.discover(one, cases, other, fresh, permutations=19))
        assert not trees.tells(trees.grown(one, cases, other, fresh))


@pytest.mark.parametrize("whole", [False, True])
def test_the_fast_search_is_the_workbenchs_step_by_step(whole: bool) -> None:
    for seed in (int(whole),):
        x = futures(seed, whole).head(300)
        y = planted(x, seed)
        searched = discovery.search(x, y)
        names = discovery.subsets(x, y)
        least = discovery.least_mass(len(x))
        own = [
            peeling.trajectory(x[some].to_numpy(dtype=float), y.astype(float), alpha, least) for some, alpha in names
        ]
        assert len(own) == len(searched.trajectories) == 1 + 3 * 6
        for (some, _), steps, theirs in zip(names, own, searched.trajectories, strict=True):
            assert len(steps) == len(theirs)
            for (low, high), row in zip(steps, theirs.to_dict("records"), strict=True):
                values = x[some].to_numpy()
                within = ((values >= low) & (values <= high)).all(axis=1)
                assert (within.sum(), y[within].sum()) == (row["inside"], row["hits"])
        assert (
            discovery.candidates([(some, steps) for (some, _), steps in zip(names, own, strict=True)], x, y)
            == searched.candidates
        )


def test_a_box_is_found_among_many_dimensions() -> None:
    """Two limits among sixty dimensions, cases rare: the search among few finds what the one among all loses."""

    def many(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
        draws = np.random.default_rng(seed)
        x = pd.DataFrame(draws.random((500, 60)), columns=[f"x{k}" for k in range(60)])
        inside = (x["x3"] < 0.45) & (x["x7"] > 0.5)
        return x, np.asarray(draws.random(500) < np.where(inside, 0.45, 0.08))

    (one, cases), (other, fresh) = many(1), many(2)
    assert discovery.screened(one, cases)[:2] in (["x3", "x7"], ["x7", "x3"])
    box = discovery.discover(one, cases, other, fresh, boxes=1)[0]
    assert {"x3", "x7"} <= set(box.limits)
    assert box.beyond_chance
    assert box.fresh.density > 0.3


def test_quasi_p_values_are_those_of_the_workbench() -> None:
    x = futures(5).head(300)
    y = planted(x, 5)
    engine = discovery.workbench().Prim(x, y.astype(int), peel_alpha=0.05, mass_min=0.07)
    box = engine.find_box()
    last, first = box.box_lims[-1], engine.box_init
    limits = {
        name: (
            float(last[name][0]) if last[name][0] > first[name][0] else -math.inf,
            float(last[name][1]) if last[name][1] < first[name][1] else math.inf,
        )
        for name in x.columns
        if list(last[name]) != list(first[name])
    }
    own = boxes.quasi_p(limits, x, y)
    theirs = box.p_values[-1]
    assert own
    for (name, end), value in own.items():
        assert value == pytest.approx(theirs[name][end], rel=1e-9, abs=1e-300)


def test_what_a_box_holds_by_hand() -> None:
    """Ten futures, four cases; a box of five with three of them."""
    x = pd.DataFrame({"a": np.arange(10.0)})
    y = np.array([1, 1, 0, 1, 0, 0, 0, 0, 0, 1], dtype=bool)
    counted = boxes.count({"a": (-math.inf, 4.0)}, x, y)
    assert counted == Counted(10, 4, 5, 3)
    assert (counted.density, counted.coverage, counted.mass, counted.rate) == (0.6, 0.75, 0.5, 0.4)
    assert counted.score == pytest.approx(np.corrcoef(x["a"] <= 4, y)[0, 1])
    assert counted.by_chance == pytest.approx((4 * 15 + 1 * 6) / 252)
    assert boxes.quasi_p({"a": (-math.inf, 4.0)}, x, y)["a", 1] == pytest.approx(
        10 * 0.4**3 * 0.6**2 + 5 * 0.4**4 * 0.6 + 0.4**5
    )


def test_limits_that_are_not_worth_their_place_are_dropped() -> None:
    x, y = futures(6), planted(futures(6), 6)
    wide = {"a": (0.6, math.inf), "b": (-math.inf, 0.4), "e": (0.02, 0.97)}
    assert set(boxes.pruned(wide, x, y)) == {"a", "b"}
    assert boxes.without({"e": (0.1, 0.9)}, "e", 0) == {"e": (-math.inf, 0.9)}
    assert boxes.without({"e": (0.1, math.inf)}, "e", 0) == {}


def test_the_box_that_is_taken_follows_the_rule() -> None:
    def one(inside: int, hits: int, dimensions: int = 1, cases: int = 100) -> discovery.Candidate:
        return discovery.Candidate(
            {str(k): (0.0, 1.0) for k in range(dimensions)}, Counted(1000, cases, inside, hits), 0
        )

    pure, purer, best = one(50, 42), one(30, 29), one(100, 75)
    assert discovery.chosen([pure, purer, best], 0.8) is pure
    assert discovery.chosen([pure, purer, best], 0.99) is best
    assert discovery.chosen([one(100, 75, 3), best], 0.99) is best
    assert discovery.chosen([], 0.8) is None
    # where four in five are cases, nearly everything has a density of .8
    all_of_it, half = one(900, 730, cases=800), one(400, 380, cases=800)
    assert discovery.chosen([all_of_it, half], 0.8) is half


def test_the_tree_finds_the_planted_box_too() -> None:
    one, other = futures(1), futures(2)
    leaves = trees.grown(one, planted(one, 1), other, planted(other, 2))
    assert 3 <= len(leaves) <= trees.LEAVES
    assert sum(leaf.found.inside for leaf in leaves) == COUNT
    assert sum(leaf.fresh.hits for leaf in leaves) == planted(other, 2).sum()
    top = leaves[0]
    assert top.limits["a"][0] == pytest.approx(0.6, abs=0.05)
    assert top.limits["b"][1] == pytest.approx(0.4, abs=0.05)
    assert top.fresh.density > 0.8
    assert trees.tells(leaves)
    again = trees.grown(one, planted(one, 1), other, planted(other, 2))
    assert again == leaves


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        (6, "in 6 of 200 futures; conditions need 30 cases, at this rate about 1,000 futures: futures=1000"),
        (0, "in none of 200 futures; conditions need 30 cases, at this rate at least 2,000 futures: futures=2000"),
        (190, "10 others are too few to set them apart from"),
        (200, "0 others are too few"),
    ],
)
def test_too_few_cases_are_refused_with_the_number_that_would_do(cases: int, words: str) -> None:
    text = discovery.enough_cases(cases, 200, "a loses to b", 10_000)
    assert text is not None
    assert words in text
    assert discovery.enough_cases(30, 200, "a loses to b", 10_000) is None
    beyond = discovery.enough_cases(1, 5000, "a loses to b", 10_000)
    assert beyond is not None
    assert "more than the 10,000 that can be drawn" in beyond


def test_without_the_workbench_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ema_workbench.analysis", None)
    with pytest.raises(InputError, match=r"install donorlab\[analysis\]"):
        discovery.workbench()
