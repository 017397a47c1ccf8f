"""Histories of runs in which donors join and leave by themselves, and what is said of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments import free_members
from donorlab.experiments.figures_of_membership import claim, heat
from donorlab.experiments.free_members import Ends, by_player, by_year, ends, histories
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

SAME = made(dict.fromkeys(("nobody", "half", "all"), HALF))
GAINS = pd.DataFrame({"player": ["A", "2 others"], "gain_m": [1.0, -1.0]})


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


def ended(found: pd.DataFrame, idle: pd.DataFrame | None = None, term: int = 1) -> Ends:
    return ends(by_year(found), by_year(SAME if idle is None else idle), term)


def test_where_it_begins_matters_if_it_is_told_from_chance() -> None:
    end = ended(KNOWN)
    assert end.share == {"nobody": 0.0, "half": 0.5, "all": 0.5}
    assert end.matters  # the same in each seed
    assert not end.differs  # half ends as it does by chance
    chance = made(dict.fromkeys(("nobody", "half", "all"), HALF), seeds=4)
    last = (chance["year"] == 3) & (chance["donor"] == "A")
    chance.loc[last & (chance["founded_by"] == "all"), "member"] = [True, False, True, True]
    assert ended(chance, chance).share["all"] < ended(chance, chance).share["nobody"]
    assert not ended(chance, chance).matters
    one = made({"nobody": [[0, 0, 0]] * 3, "half": HALF, "all": [[1, 1, 1]] * 3}, seeds=1)
    assert not ended(one, one).matters


def test_what_it_does_is_told_beside_an_umbrella_that_does_nothing() -> None:
    full = made({"nobody": [[0, 0, 0]] * 3, "half": [[1, 1, 1]] * 3, "all": [[1, 1, 1]] * 3})
    end = ended(full)
    assert end.differs
    words = " ".join(sentences_of_free(by_player(full, PLAYERS), end, 3, GAINS))
    assert "is 50%, 50% and 50%: what it does itself makes +50 points from half. That is told from chance." in words
    assert (
        "100% of the money is inside if half found it (0% if nobody, 100% if all); of an umbrella that does nothing 50%"
        in claim("x", end)
    )
    same = " ".join(sentences_of_free(by_player(SAME, PLAYERS), ended(SAME), 3, GAINS))
    assert "+0 points from half. With 3 seeds that is not told from chance" in same
    assert "whether it matters how it begins is not told from chance with 3 seeds" in same


def test_an_umbrella_that_does_nothing_differs_in_nothing() -> None:
    inside, outside = (
        simulate(free_members.idle(WORLD).replace(voluntary_membership="on", founding_share=share), 1)
        for share in (1.0, 0.0)
    )
    assert inside.outcomes["membership"] > outside.outcomes["membership"]
    assert inside.outcomes["welfare"] == outside.outcomes["welfare"]


def test_where_nobody_could_move_nothing_is_said() -> None:
    end = ended(KNOWN, term=3)
    assert sentences_of_free(by_player(KNOWN, PLAYERS), end, 3, GAINS) == [
        "Nobody could move in these 3 years: a donor stays where it is for membership_term years."
    ]
    assert "nobody could move" in claim("x", end)


def test_words_say_whether_donors_find_out() -> None:
    players, end = by_player(KNOWN, PLAYERS), ended(KNOWN)
    texts = sentences_of_free(players, end, 3, GAINS)
    assert "are in for 67% of the years, those who would lose for 67%: what donors see tells them little" in texts[2]
    players.loc[0, "years_in"] = 0.9
    assert "tells them which side pays" in sentences_of_free(players, end, 3, GAINS)[2]
    assert len(sentences_of_free(players, end, 3, GAINS.assign(gain_m=1.0))) == 2
    blind = KNOWN.assign(compared=KNOWN["donor"] != "A")
    assert by_player(blind, PLAYERS)["compared"].tolist() == [0.0, 1.0]
    assert "nothing to compare with have A:" in sentences_of_free(by_player(blind, PLAYERS), end, 3, GAINS)[-1]


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
