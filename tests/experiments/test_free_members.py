"""Histories of runs in which donors join and leave by themselves, and what is said of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments import free_members
from donorlab.experiments.figures_of_membership import claim, heat
from donorlab.experiments.free_members import by_player, by_year, ends, histories
from donorlab.experiments.report_of_membership import sentences_of_free
from donorlab.experiments.reporters import Player
from donorlab.scenarios import load
from donorlab.sim import simulate
from experiments.conftest import Shell

WORLD = load("toy", ["architecture=umbrella", "horizon=24"])
PLAYERS = [Player("A", ("A",), 1.0), Player("2 others", ("B", "C"), 3.0), Player("outsider", ("X",), 1.0)]


def made(inside: dict[str, list[list[int]]], seeds: int = 3) -> pd.DataFrame:
    """Return histories of donors A, B, C with budgets 1, 1, 2, the same from each seed: by beginning, by year."""
    rows = [
        (name, seed, year, donor, budget, bool(member))
        for name, years in inside.items()
        for seed in range(1, seeds + 1)
        for year, members in enumerate(years, start=1)
        for donor, budget, member in zip("ABC", (1.0, 1.0, 2.0), members, strict=True)
    ]
    return pd.DataFrame(rows, columns=["founded_by", "seed", "year", "donor", "budget_m", "member"]).assign(
        compared=True
    )


HALF = [[1, 0, 1], [0, 1, 1], [1, 1, 0]]
KNOWN = made({"nobody": [[0, 0, 0]] * 3, "half": HALF, "all": [[1, 1, 1], [1, 1, 1], [0, 0, 1]]})


def test_histories_are_those_of_the_runs() -> None:
    found = histories(WORLD, (1, 2))
    assert set(found["founded_by"]) == set(free_members.FOUNDED)
    assert found["year"].max() == 6
    run = simulate(WORLD.replace(voluntary_membership="on", founding_share=0.5), 2)
    table = run.memberships.set_index(["quarter", "donor"])["member"]
    for row in found[(found["founded_by"] == "half") & (found["seed"] == 2) & (found["year"] < 6)].itertuples():
        assert table[4 * row.year + 1, row.donor] == row.member  # the year that was over then
    assert not found.loc[found["year"] == 1, "compared"].any()
    assert found["compared"].any()
    begin = found[found["year"] == 1].groupby("founded_by")["member"].mean()
    assert (begin["nobody"], begin["all"]) == (0, 1)


def test_money_inside_by_year() -> None:
    shares = by_year(KNOWN).set_index(["founded_by", "seed", "year"])["share"]
    assert shares["half", 1, 1] == 0.75
    assert shares["half", 2, 3] == 0.5
    assert shares["nobody", 3, 3] == 0


def test_players_by_years_moves_and_ends() -> None:
    found = by_player(KNOWN, PLAYERS).set_index("player")
    assert list(found.index) == ["A", "2 others"]  # who is not invited has no history
    assert found.loc["A", "years_in"] == pytest.approx(2 / 3)
    assert found.loc["2 others", "years_in"] == pytest.approx((2 * 1 + 2 * 2) / 9)
    assert found.loc["2 others", "in_at_end"] == pytest.approx(1 / 3)
    assert found.loc["2 others", "in_at_end_from_all"] == pytest.approx(2 / 3)
    assert found.loc["A", ["joins", "leaves"]].tolist() == [1, 1]
    assert found.loc["2 others", ["joins", "leaves"]].tolist() == [0.5, 0.5]
    lines, names = heat(KNOWN, PLAYERS)
    assert names == ["A", "2 others"]
    np.testing.assert_allclose(lines, [[1, 0, 1], [2 / 3, 1, 1 / 3]])


def test_where_it_begins_matters_if_it_is_beyond_chance() -> None:
    share, matters = ends(by_year(KNOWN))
    assert share == {"nobody": 0.0, "half": 0.5, "all": 0.5}
    assert matters  # the same in each seed
    chance = made(dict.fromkeys(("nobody", "half", "all"), HALF), seeds=4)
    last = (chance["year"] == 3) & (chance["donor"] == "A")
    chance.loc[last & (chance["founded_by"] == "all"), "member"] = [True, False, True, True]
    share, matters = ends(by_year(chance))
    assert share["all"] < share["nobody"]
    assert not matters
    assert "whoever founds it" in claim("x", by_year(chance))
    assert "if nobody does and 50% if all do" in claim("x", by_year(KNOWN))
    assert not ends(by_year(made(dict.fromkeys(("nobody", "half", "all"), HALF), seeds=1)))[1]


def test_words_say_whether_donors_find_out() -> None:
    players = by_player(KNOWN, PLAYERS)
    gains = pd.DataFrame({"player": ["A", "2 others"], "gain_m": [1.0, -1.0]})
    texts = sentences_of_free(players, KNOWN, gains)
    assert "are in for 67% of the years, those who would lose for 67%: what donors see tells them little" in texts[1]
    players.loc[0, "years_in"] = 0.9
    assert "tells them which side pays" in sentences_of_free(players, KNOWN, gains)[1]
    assert len(sentences_of_free(players, KNOWN, gains.assign(gain_m=1.0))) == 1
    blind = KNOWN.assign(compared=KNOWN["donor"] != "A")
    assert by_player(blind, PLAYERS)["compared"].tolist() == [0.0, 1.0]
    assert "nothing to compare with have A:" in sentences_of_free(by_player(blind, PLAYERS), blind, gains)[-1]


def test_compare_shows_who_is_a_member_where_that_can_change(shell: Shell) -> None:
    """Joining and leaving only where members are free; the share of money where it differs."""
    small = ("synthetic.donors=8", "synthetic.beneficiaries=10", "synthetic.pillars=2", "horizon=10", "wind_down=4")
    quiet = ("money=40", "replications=2", "draws=0", "break_even=false", "values=false", "workers=1")
    moves = ("Times a donor joined in the run", "Times a member left")
    shares = ("Money under an umbrella", "Members at the end")
    for words, shown, hidden in (
        (("voluntary_membership=on", "architectures=[fragmented,umbrella]"), shares + moves, ()),
        (("architectures=[fragmented,umbrella]",), shares, moves),
        (("architectures=[fragmented,conditional]",), (), shares + moves),
    ):
        result = shell("compare", "synthetic", *small, *quiet, *words)
        assert result.exit_code == 0, result.output
        assert all(text in result.stdout for text in shown), words
        assert not any(text in result.stdout for text in hidden), words
