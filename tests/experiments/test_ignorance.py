"""``donorlab ignorance``: games whose Shapley values are known, who the players are, and that the words follow from rules."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from donorlab.experiments import reporters
from donorlab.experiments.figures_of_ignorance import claim
from donorlab.experiments.figures_of_ignorance import ignorance as draw
from donorlab.experiments.report_of_ignorance import sentences
from donorlab.experiments.reporters import Player, Sample
from donorlab.experiments.words import money
from donorlab.scenarios import load
from donorlab.sim import simulate
from experiments.conftest import Shell
from experiments.test_figures import STAMP, assert_legible


def made_up(sample: Sample, paid_twice: Callable[[frozenset[str], int], float]) -> npt.NDArray[np.float64]:
    """Return what `reporters.run` would, if a set of reporters paid so much twice."""
    found = [paid_twice(frozenset(job.changes["reporters"]), job.seed) for job in sample.jobs]  # type: ignore[arg-type]
    return np.array([[value, -value / 1000] for value in found])


def shapley(names: list[str], paid_twice: Callable[[frozenset[str], int], float]) -> dict[str, float]:
    """Return the value from its definition, over all orders."""
    total = dict.fromkeys(names, 0.0)
    orders = list(itertools.permutations(names))
    for order in orders:
        for place, name in enumerate(order):
            before = frozenset(order[:place])
            total[name] += paid_twice(before, 0) - paid_twice(before | {name}, 0)
    return {name: value / len(orders) for name, value in total.items()}


PLAYERS = [Player(name, (name,), 1.0) for name in "ABCD"]


def pairs_of(reporting: frozenset[str], _: int) -> float:
    """Each pair of donors pays 1 twice unless one of them reports; A and B pay 6."""
    pairs = itertools.combinations("ABCD", 2)
    return sum(6.0 if pair == ("A", "B") else 1.0 for pair in pairs if not reporting & set(pair))


def test_an_additive_game_has_its_values_in_every_order() -> None:
    worth = dict(zip("ABCD", (4.0, 3.0, 2.0, 0.0), strict=True))
    sample = reporters.sample(PLAYERS, 2, 1)
    found = reporters.values(sample, made_up(sample, lambda who, seed: 9.0 + seed - sum(worth[name] for name in who)))
    np.testing.assert_allclose(found[0, :, 0], list(worth.values()))
    np.testing.assert_allclose(found[0, :, 1], np.array(list(worth.values())) / 1000)


def test_pairs_of_orders_come_near_the_values_and_sum_exactly() -> None:
    sample = reporters.sample(PLAYERS, 400, 1)
    found = reporters.values(sample, made_up(sample, pairs_of))
    exact = shapley(list("ABCD"), pairs_of)
    assert exact["A"] == pytest.approx(4.0)  # half of each pair it is in
    table = reporters.table(sample, found, load("toy")).set_index("player")
    for name, value in exact.items():
        assert table.loc[name, "saved_m_low"] - 1e-9 <= value <= table.loc[name, "saved_m_high"] + 1e-9
    # in this game an order and its reverse hold each pair once either way: no chance is left
    np.testing.assert_allclose(found[..., 0], np.tile(list(exact.values()), (200, 1)))
    np.testing.assert_allclose(found[..., 0].sum(axis=1), pairs_of(frozenset(), 0) - pairs_of(frozenset("ABCD"), 0))


def test_what_is_run_is_each_order_and_its_reverse_once() -> None:
    sample = reporters.sample(PLAYERS, 6, 5)
    assert len(sample.jobs) == 3 * 8
    assert sample.seeds == (5, 6, 7)
    for pair, order in enumerate(sample.pairs):
        sets = [frozenset(job.changes["reporters"]) for job in sample.jobs[8 * pair : 8 * pair + 8]]  # type: ignore[arg-type]
        names = ["ABCD"[i] for i in order]
        assert sets[:5] == [frozenset(names[:size]) for size in range(5)]
        assert sets[5:] == [frozenset(names[::-1][:size]) for size in range(1, 4)]
        assert {job.seed for job in sample.jobs[8 * pair : 8 * pair + 8]} == {5 + pair}


def test_errors_are_of_pairs() -> None:
    sample = reporters.sample(PLAYERS[:2], 8, 1)
    noisy = reporters.values(sample, made_up(sample, lambda who, seed: (2 - len(who)) * float(seed)))
    table = reporters.table(sample, noisy, load("toy")).set_index("player")
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert table.loc["A", "saved_m"] == pytest.approx(2.5)
    assert table.loc["A", "saved_m_error"] == pytest.approx(values.std(ddof=1) / 2)
    assert table.loc["A", "saved_m_high"] - 2.5 == pytest.approx(
        3.182 * values.std(ddof=1) / 2, rel=1e-3
    )  # t, 3 degrees
    alone = reporters.sample(PLAYERS[:2], 2, 1)
    one = reporters.table(alone, reporters.values(alone, made_up(alone, pairs_of)), load("toy"))
    assert one["saved_m_error"].isna().all()


def test_players_are_the_largest_and_the_rest_by_kind() -> None:
    world = load("world", ["architecture=umbrella"])
    who = reporters.players(world, 12)
    assert [one.name for one in who[:3]] == ["USA", "EU", "GBR"]
    assert all(len(one.ids) == 1 for one in who[:12])
    assert any(one.name.endswith("other states") for one in who[12:])
    ids = [name for one in who for name in one.ids]
    assert len(ids) == len(set(ids))
    assert "CHN" not in ids  # a rival is no member
    assert "GFCE" not in ids  # nor is it worth asking who has no money
    assert sum(one.budget_m for one in who) == pytest.approx(250 * (1 - world.parameters.rival_share))
    assert len(reporters.players(world, 100)) == len(ids)


def test_the_register_is_free_and_shows_what_is_reported() -> None:
    world = reporters.game(load("world", ["architecture=umbrella", "horizon=8"]), "plans")
    assert reporters.game(load("world"), "projects").parameters.register == "projects"
    nobody, everybody = (simulate(world.replace(reporters=chosen)) for chosen in ((), None))
    assert everybody.outcomes["overhead_share"] == 0.0
    assert everybody.outcomes["duplication_share"] < nobody.outcomes["duplication_share"]
    job = reporters.sample(reporters.players(world, 3), 2, 1).jobs[0]
    (found,) = reporters.run(world, [job], 1)
    base_cost = float(nobody.projects["duplicated"].sum())
    assert base_cost > 0
    assert found[0] * 2 > 0  # of two years
    fall = nobody.waterfall
    paid = fall.appropriated_m * (fall.shares["duplication_ignorance"] + fall.shares["duplication_race"])
    assert found[0] == pytest.approx(paid / 2)


# ---------------------------------------------------------------------- words
def prices(saved: list[float], low: float = 0.1, groups: int = 0) -> pd.DataFrame:
    count = len(saved)
    return pd.DataFrame(
        {
            "player": [f"D{i}" for i in range(len(saved))], "donors": "", "budget_m": 1.0, "budget_share": 1 / count,
            "count": [1] * (count - groups) + [10] * groups,
            "saved_m": saved, "saved_m_low": low, "saved_m_high": 9.0, "saved_share": np.array(saved) / sum(saved),
            "efficiency": 0.0,
        }
    )  # fmt: skip


def left(paid: list[float], reach: float = 0.01, groups: int = 0) -> pd.DataFrame:
    array = np.array(paid)
    whole = array[0] - array[-1]
    return pd.DataFrame(
        {
            "reporters": range(len(paid)), "last": ["", *(f"D{i}" for i in range(len(paid) - 1))], "paid_twice_m": paid,
            "removed": (array[0] - array) / whole if whole > 0 else np.nan, "efficiency": 0.3,
            "donors": np.cumsum([0] + [1] * (len(paid) - 1 - groups) + [10] * groups),
        }
    ).assign(removed_low=lambda own: own["removed"] - reach, removed_high=lambda own: own["removed"] + reach)  # fmt: skip


def test_five_donors_remove_most_of_it_or_not() -> None:
    found = prices([5, 1, 1, 1, 1, 1, 1])
    most = " ".join(sentences(found, left([20, 15, 14, 13, 12, 11, 10, 9]), "plans"))
    assert (
        "The plans of 5 of 7 donors (D0, D1, D2, D3, D4) remove most of what all reports remove: 82% (81% to 83%)."
        in most
    )
    less = " ".join(sentences(found, left([20, 19, 18, 17, 16, 15, 10, 8]), "plans"))
    assert (
        "remove less than half of what all reports remove: 42% (41% to 43%); in this order it takes 6 donors to" in less
    )
    open_ = " ".join(sentences(found, left([20, 15, 14, 13, 12, 11, 10, 9], reach=0.4), "plans"))
    assert "82% (42% to 122%, not told from half)" in open_
    assert "Not told from nothing" not in most
    assert "Not told from nothing (95%): D0" in " ".join(
        sentences(prices([1, 1, 1], -0.1), left([3, 2, 1, 0]), "plans")
    )


def test_a_group_is_as_many_donors_as_it_has() -> None:
    """Three donors alone and two groups of ten: neither is one of 'the first few', and donors are counted."""
    found = prices([3, 2, 1, 5, 4], groups=2)
    curve = left([20, 19, 18, 17, 10, 5], groups=2)
    text = " ".join(sentences(found, curve, "plans"))
    assert "if all 23 donors in the table report" in text
    assert "The plans of 3 of 23 donors (D0, D1, D2) remove less than half" in text
    assert "in this order it takes at most 13 donors to remove more than half" in text
    assert "Of single donors, worth most are the plans of D0" in text
    assert "Of groups, worth most are the plans of D3" in text
    assert claim(found, curve, "plans").startswith("The plans of 3 of 23 donors remove 20% of what")
    assert "donors remove" not in claim(prices([5, 4], groups=2), left([20, 10, 5], groups=2), "plans")


def test_single_donors_come_before_groups() -> None:
    who = [Player("5 other states", tuple("EFGHI"), 5.0), *PLAYERS]
    worth = {"A": 1.0, "B": 3.0, "C": 2.0, "D": 0.0} | dict.fromkeys("EFGHI", 2.0)
    sample = reporters.sample(who, 2, 1)
    paid = made_up(sample, lambda chosen, seed: 20.0 - sum(worth[name] for name in chosen))
    table = reporters.table(sample, reporters.values(sample, paid), load("toy"))
    assert list(table["player"]) == ["B", "C", "A", "D", "5 other states"]
    assert list(table["count"]) == [1, 1, 1, 1, 5]
    measured = np.array([[20.0, 0.3], [10.0, 0.3], [0.0, 0.3], [22.0, 0.3], [11.0, 0.3], [0.0, 0.3]])
    curve = reporters.curve([who[0], who[1]], [1, 0], (1, 2), measured)
    assert list(curve["donors"]) == [0, 1, 6]
    np.testing.assert_allclose(curve["removed"], [0, 0.5, 1.0])
    np.testing.assert_allclose(curve["removed_low"], [0, 0.5, 1.0])  # half in both seeds: no chance is left
    other = reporters.curve(
        [who[0], who[1]], [1, 0], (1, 2), measured + np.array([[0, 0], [1, 0], [0, 0]] + 3 * [[0, 0]])
    )
    assert other["removed_low"][1] == pytest.approx(other["removed"][1] - 12.706 * (11 / 21) / 21, rel=1e-3)


def test_shares_above_the_whole_are_explained() -> None:
    found = prices([3, 2, -1])
    within = " ".join(sentences(found, left([20, 15, 4, 5], reach=0.2), "projects"))
    assert (
        "A share above 100% means that fewer reporters leave less paid twice than all of them do, here not told"
        in within
    )
    beyond = " ".join(sentences(found, left([20, 15, 4, 5], reach=0.01), "projects"))
    assert "here beyond chance: what is not paid twice is spent elsewhere" in beyond
    assert "above 100%" not in " ".join(sentences(found, left([20, 15, 6, 5]), "projects"))
    assert "A donor's share of all is above 100%" in " ".join(
        sentences(prices([9, -2, -2]), left([20, 15, 6, 5]), "projects")
    )


def test_what_is_little_is_not_nothing() -> None:
    text = " ".join(sentences(prices([0.003, 0.001]), left([0.02, 0.012, 0.01]), "plans"))
    assert "EUR 0.02m a year are paid twice" in text
    assert "EUR 0.003m a year" in text
    assert "0.0m" not in text
    assert money(0.0) == "0.0m"
    assert money(-0.0004, 2, "+") == "-0.0004m"
    assert money(2.345, 2, "+") == "+2.35m"


def test_where_there_is_nothing_to_remove() -> None:
    assert sentences(prices([1, 1]), left([0, 0, 0]), "plans") == [
        "Nothing is paid twice here even if nobody reports: there is nothing to save."
    ]
    assert sentences(prices([1, 1]), left([5, 5, 5]), "plans")[-1] == "So plans in a register remove nothing here."


def test_the_figure_is_legible() -> None:
    names = ["17 other states", *(f"D{i}" for i in range(14)), "6 other international organisations"]
    found = prices([3.0 - 0.2 * i for i in range(16)]).assign(player=names)
    curve = left([30.0 - 1.5 * i for i in range(17)]).assign(last=["", *names])
    assert_legible(draw(found, curve, "plans", STAMP))
    alone = found.assign(saved_m_low=math.nan, saved_m_high=math.nan)
    assert_legible(draw(alone, curve, "projects", STAMP))


# ---------------------------------------------------------------------- the command
def test_the_command(shell: Shell) -> None:
    done = shell("ignorance", "toy", "permutations=4", "replications=2", "horizon=8", "out=found", "workers=1")
    assert done.exit_code == 0, done.output
    assert "In words" in done.output
    folder = shell.folder / "found"
    table = pd.read_csv(folder / "reporters.csv")
    curve = pd.read_csv(folder / "curve.csv")
    assert len(curve) == len(table) + 1
    assert list(curve["last"][1:]) == list(table["player"])
    contributions = pd.read_parquet(folder / "contributions.parquet")
    assert (folder / "report.txt").read_text(encoding="utf-8").count("\n") >= 1
    assert curve["donors"].iloc[-1] == table["count"].sum()
    assert contributions.groupby("player")["saved_m"].mean().sum() == pytest.approx(table["saved_m"].sum())
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["seeds"] == [1, 2, 3, 4]  # two pairs of orders, then fresh seeds for the curve
    assert (folder / "figures" / "ignorance.png").is_file()


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("report=all", "report: 'all' is not one of plans, projects"),
        ("permutations=3", "permutations: 3 is odd"),
        ("permutations=0", "permutations: 0 is out of range"),
        ("players=-1", "players: -1 is out of range"),
        ("register=none", "register: cannot be set here"),
        ("overhead=0.1", "overhead: cannot be set here"),
        ("members=[GFCE]", "no members here"),
        ("members=[USA]", "fewer than two members"),
    ],
)
def test_mistakes_are_one_line(shell: Shell, word: str, told: str) -> None:
    done = shell("ignorance", "world", word)
    assert done.exit_code == 2
    assert told in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert shell.left() == []
