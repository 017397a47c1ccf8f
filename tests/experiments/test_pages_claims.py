"""Sentences of page one: when each may stand, when it may not, and what it says at its edges."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments.ensemble import Futures
from donorlab.experiments.pages import amounts, claims
from donorlab.experiments.pages import claims_of_break_even as prices

CALLED = {"a": "alpha", "b": "beta", "c": "gamma"}


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (Futures(122, 75, 3, 0), claims.BETTER),
        (Futures(84, 89, 27, 0), claims.OFTEN),  # clearly more often better, but in less than half
        (Futures(100, 100, 0, 0), claims.OFTEN),  # exactly half is not most
        (Futures(101, 99, 0, 0), claims.BETTER),
        (Futures(55, 100, 45, 0), claims.OPEN),  # a fair coin does that
        (Futures(10, 180, 10, 0), claims.HARDLY_ANY),
        (Futures(20, 180, 0, 0), claims.HARDLY_ANY),
        (Futures(21, 179, 0, 0), claims.OFTEN),
        (Futures(3, 75, 122, 0), claims.WORSE),
        (Futures(27, 89, 84, 0), claims.SELDOM),
        (Futures(5, 0, 0, 195), claims.OFTEN),  # of 200 futures it is better in five, and undefined in all others
        (Futures(0, 0, 0, 200), claims.OPEN),
        (Futures(1, 0, 0, 0), claims.OPEN),  # one future tells nothing
    ],
)
def test_the_verdict_follows_from_counts(count: Futures, told: str) -> None:
    assert claims.verdict(count) == told


def test_a_single_answer_names_all_counts() -> None:
    text = claims.answer({"a": Futures(170, 25, 5, 0)}, CALLED, "donors who act apart", "2 points")
    assert text == (
        "Yes, in most of the futures considered: alpha is better than donors who act apart by at least 2 points in "
        "170 of 200 futures "
        "considered, about the same in 25, worse in 5."
    )
    assert "not defined in 4" in claims.answer({"a": Futures(170, 21, 5, 4)}, CALLED, "x", "2 points")


def test_several_answers_count_those_that_are_better_and_never_more() -> None:
    both = {"a": Futures(122, 75, 3, 0), "b": Futures(106, 91, 3, 0), "c": Futures(2, 190, 8, 0)}
    text = claims.answer(both, CALLED, "apart", "2 points")
    assert text.startswith(
        "Two of 3 do better than apart by at least 2 points in most of the 200 futures considered: alpha and beta."
    )
    assert "Alpha is better in 122, about the same in 75 and worse in 3." in text
    assert "gamma" not in text

    one = {"a": Futures(122, 75, 3, 0), "b": Futures(5, 75, 120, 0)}
    text = claims.answer(one, CALLED, "apart", "2 points")
    assert text.startswith("One of 2 does better")
    assert text.endswith("Beta does worse more often than better.")


def test_no_answer_is_yes_where_none_is_better_in_most() -> None:
    some = claims.answer({"a": Futures(84, 89, 27, 0), "b": Futures(10, 180, 10, 0)}, CALLED, "apart", "2 points")
    assert some.startswith("None of the 2 does better")
    assert "1 of them does in some" in some
    assert "alpha" in some
    two = claims.answer({"a": Futures(84, 89, 27, 0), "b": Futures(80, 110, 10, 0)}, CALLED, "apart", "2 points")
    assert "2 of them do in some" in two
    nothing = claims.answer({"a": Futures(55, 100, 45, 0), "b": Futures(10, 180, 10, 0)}, CALLED, "apart", "2 points")
    assert nothing.startswith("None of the 2 is shown to do better than apart over the 200 futures considered.")


def test_what_is_worse_more_often_is_never_the_one_that_is_praised() -> None:
    counts = {"a": Futures(60, 30, 110, 0), "b": Futures(50, 145, 5, 0)}
    assert claims.ranked(counts) == ["b", "a"]
    text = claims.answer(counts, CALLED, "apart", "2 points")
    assert "1 of them does in some, and clearly more often than worse: beta. Beta is better in 50" in text
    assert text.endswith("Alpha does worse more often than better.")
    assert (
        claims.title(counts, CALLED, "apart")
        == "Beta is better than apart more often than worse, though not in most futures"
    )


def test_those_that_are_better_in_fewer_futures_are_counted_beside_those_in_most() -> None:
    counts = {"a": Futures(122, 75, 3, 0), "b": Futures(84, 89, 27, 0), "c": Futures(2, 190, 8, 0)}
    assert "One more does in fewer, but clearly more often than worse." in claims.answer(
        counts, CALLED, "apart", "2 points"
    )


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([Futures(122, 75, 3, 0), Futures(106, 91, 3, 0)], "Alpha and beta are better than apart in most futures"),
        (
            [Futures(3, 75, 122, 0), Futures(27, 89, 84, 0)],
            "All that was tried is worse than apart more often than better",
        ),
        ([Futures(0, 200, 0, 0), Futures(1, 199, 0, 0)], "What was tried hardly differs from apart"),
        ([Futures(55, 100, 45, 0), Futures(0, 200, 0, 0)], "Nothing that was tried is shown to be better than apart"),
        ([Futures(0, 0, 0, 9), Futures(0, 0, 0, 9)], "Nothing that was tried is shown to be better than apart"),
    ],
)
def test_the_heading_follows_from_all_verdicts(counts: list[Futures], told: str) -> None:
    assert claims.title(dict(zip("ab", counts, strict=True)), CALLED, "apart") == told


def test_where_nothing_is_defined_nothing_is_counted() -> None:
    text = claims.answer({"a": Futures(0, 0, 0, 9), "b": Futures(0, 0, 0, 9)}, CALLED, "apart", "2 points")
    assert text.startswith("Nothing can be said")
    assert "1 future considered" in claims.answer(
        {"a": Futures(0, 1, 0, 0), "b": Futures(0, 0, 1, 0)}, CALLED, "apart", "2 points"
    )


def test_without_futures_nothing_is_claimed() -> None:
    text = claims.answer({}, CALLED, "apart", "2 points")
    assert text.startswith("No futures were drawn, so that nothing is claimed")
    assert claims.size(pd.Series([0.03])) == ""
    assert claims.size(pd.Series([math.nan, math.nan])) == ""
    assert claims.other_draws(Futures(0, 0, 0, 3)) == ""


def test_numbers_are_no_finer_than_the_futures_support() -> None:
    narrow = pd.Series(np.linspace(0.029, 0.031, 400))
    assert "+3.0 points" in claims.size(narrow)
    wide = pd.Series(np.linspace(-0.5, 0.56, 40))
    assert "the difference is +3 points" in claims.size(wide)


def test_the_middle_of_so_many_values_is_open_by_its_order_statistics() -> None:
    values = np.arange(100.0)
    half = claims.middle_open(values)
    assert half == pytest.approx(9.5, abs=1.0)  # 95% of a median of 100: about the 40th to the 60th of them
    assert claims.middle_open(np.arange(3.0)) == 1.0  # three values tell no more than their ends


def test_other_draws_are_wilsons_interval() -> None:
    # Wilson 1927 for 122 of 200: 0.5410 to 0.6749
    assert claims.other_draws(Futures(122, 75, 3, 0)).endswith("between 108 and 135 in place of 122.")
    assert "between 0 and" in claims.other_draws(Futures(0, 10, 0, 0))


def draws(*rows: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"draw": at, "architecture": name, "duplication_share": value, "harm": max(0.0, value - 0.5)}
            for at, pair in enumerate(rows, 1)
            for name, value in zip(("a", "b"), pair, strict=True)
        ]
    )


def test_duplication_is_told_by_futures_in_its_own_direction() -> None:
    less = claims.twice(draws((0.2, 0.1), (0.3, 0.1), (0.1, 0.2)), "a", "b", "beta", "alpha")
    assert "20 pay for what is already paid for under alpha and 10 under beta" in less
    assert less.endswith("it is less in 2 and more in 1 of 3 futures.")
    more = claims.twice(draws((0.2, 0.3), (0.3, 0.4), (0.1, 0.05)), "a", "b", "beta", "alpha")
    assert more.endswith("it is less in 1 and more in 2 of 3 futures.")
    assert claims.twice(draws((math.nan, 0.3)), "a", "b", "beta", "alpha") == ""
    assert claims.twice(draws((0.2, 0.3)).drop(columns="duplication_share"), "a", "b", "beta", "alpha") == ""


def test_harm_is_told_where_there_is_any() -> None:
    text = claims.harm(draws((0.6, 0.7), (0.1, 0.9)), ["a", "b"], CALLED)
    assert text.startswith("In 1 of 2 futures all states together end below")
    assert "in 2 under beta" in text
    assert claims.harm(draws((0.1, 0.2)), ["a", "b"], CALLED) == ""


def ends(*rows: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"architecture": name, "seed": seed, "quarter": quarter, "capacity": value, "capacity_no_aid": 0.634}
            for seed, pair in enumerate(rows)
            for quarter, less in ((1, 0.3), (2, 0.0))
            for name, value in zip(("a", "b"), (one - less for one in pair), strict=True)
        ]
    )


def test_tasks_are_counted_in_hundreds_at_the_end_and_told_from_chance() -> None:
    text = claims.tasks(ends((0.71, 0.73), (0.712, 0.731), (0.708, 0.729)), "a", "b", "beta", "alpha")
    assert text == (
        "Of every 100 tasks on the lists of all states 63 would stand in the end without any aid, 71 under alpha and "
        "73 under beta, at "
        "default values."
    )
    fine = claims.tasks(ends((0.711, 0.713), (0.7112, 0.7131), (0.7108, 0.7129)), "a", "b", "beta", "alpha")
    assert "71.1 under alpha and 71.3 under beta, at default values." in fine
    luck = claims.tasks(ends((0.71, 0.73), (0.72, 0.70), (0.70, 0.71)), "a", "b", "beta", "alpha")
    assert luck.endswith("the last two are not told apart from chance.")
    assert claims.tasks(ends((0.71, 0.73)), "a", "b", "beta", "alpha").endswith("not told apart from chance.")
    assert claims.tasks(pd.DataFrame(), "a", "b", "beta", "alpha") == ""


def test_cost_is_what_it_takes_off_all_money() -> None:
    runs = pd.DataFrame({"architecture": ["a", "b"], "overhead_share": [0.0, 0.04], "appropriated_m": [1000.0, 1000.0]})
    assert claims.cost(runs, "a", "b", 10.0) == (pytest.approx(4.0), pytest.approx(0.04))
    assert claims.cost(runs.drop(columns="overhead_share"), "a", "b", 10.0) is None
    assert claims.cost(runs.assign(appropriated_m=0.0), "a", "b", 10.0) is None


# ---------------------------------------------------------------------- amounts
@pytest.mark.parametrize(
    ("million", "words"),
    [
        (5.64, "5.6"),
        (250, "250"),
        (0.123, "0.12"),
        (0.0044, "0.004"),
        (0.0, "0"),
        (-3.51, "\N{MINUS SIGN}3.5"),
        (1234.5, "1,234"),
    ],
)
def test_every_amount_has_its_currency_and_price_year(million: float, words: str) -> None:
    assert amounts.euros(million, "a year") == f"EUR {words} million a year (2021 prices)"
    assert amounts.euros(million) == f"EUR {words} million (2021 prices)"


def test_an_amount_with_a_sign_has_none_where_it_is_nothing() -> None:
    assert amounts.bare(2.0, sign=True) == "+2.0"
    assert amounts.bare(0.0001, sign=True) == "0.000"
    assert amounts.bare(math.nan) == "an unknown number of"


# ---------------------------------------------------------------------- break-even
def curve(
    values: list[float], means: list[float], spread: float = 0.001, seeds: int = 6, name: str = "overhead"
) -> pd.DataFrame:
    noise = np.linspace(-spread, spread, seeds)
    return pd.DataFrame(
        [
            {"parameter": name, "value": value, "architecture": "b", "seed": seed, "difference": mean + noise[seed]}
            for value, mean in zip(values, means, strict=True)
            for seed in range(seeds)
        ]
    )


def said(*given: object, **more: object) -> str:
    (text,) = prices.sentences(curve(*given, **more), "b", 0.02)  # type: ignore[arg-type]
    return text


def test_it_pays_below_the_place_where_it_turns() -> None:
    text = said([0.0, 0.1, 0.2], [0.04, 0.02, -0.02])
    assert "it pays as long as this is below 15% (chance leaves" in text
    assert "by 2 points or more up to 10%" in text


def test_it_pays_above_the_place_where_it_turns() -> None:
    text = said([0.0, 0.5, 1.0], [-0.03, 0.0, 0.03], name="reporting_rate")
    assert "it pays as long as this is above 50% (chance leaves" in text


def test_it_pays_at_every_value_tried_only_where_all_are_told_from_chance() -> None:
    assert "it pays at every value tried, 0% to 20%, by 2 points or more at all of them" in said(
        [0.0, 0.1, 0.2], [0.04, 0.03, 0.025]
    )
    assert "it pays at every value tried, 0% to 20%, nowhere by 2 points" in said([0.0, 0.1, 0.2], [0.01, 0.01, 0.012])
    assert "it does not pay at any value tried, 0% to 20%." in said([0.0, 0.1, 0.2], [-0.04, -0.03, -0.03])
    unsure = said([0.0, 0.1, 0.2], [0.04, 0.03, 0.0001], spread=0.01)
    assert "at every value" not in unsure
    assert "it pays up to 10%; above, not told from chance" in unsure
    other = said([0.0, 0.1, 0.2], [0.0001, 0.03, 0.04], spread=0.01)
    assert "it pays from 10% on; below, not told from chance" in other


def test_where_chance_is_all_nothing_is_said_to_pay() -> None:
    text = said([0.0, 0.1, 0.2], [0.004, -0.002, 0.003], spread=0.05)
    assert "not told from chance anywhere from 0% to 20%" in text
    assert "points" not in text
    assert "one seed" in said([0.0, 0.1], [0.05, 0.05], seeds=1)
    assert "no difference at all" in said([0.0, 0.1], [0.0, 0.0], spread=0.0)


def test_what_is_not_told_from_chance_is_nowhere_enough() -> None:
    first = said([0.0, 0.25, 0.5], [0.03, -0.02, -0.02], spread=0.0001)
    assert "up to" in first
    loses = curve([0.25, 0.5], [-0.03, -0.03], spread=0.001)
    unsure = curve([0.0], [0.03], spread=0.2)
    (text,) = prices.sentences(pd.concat([unsure, loses]), "b", 0.02)
    assert "it does not pay from 25% on; below, not told from chance." in text
    (middle,) = prices.sentences(
        pd.concat([unsure, curve([0.25], [0.05]), curve([0.5], [0.04], spread=0.2)]), "b", 0.02
    )
    assert (
        "it pays where that is told from chance, at 25%; elsewhere not told from chance, by 2 points or more at 25%"
        in middle
    )
    (torn,) = prices.sentences(curve([0.0, 0.1, 0.2], [0.03, 0.01, 0.03]), "b", 0.02)
    assert "by 2 points or more in parts of it" in torn


def test_units_follow_the_setting() -> None:
    text = said([0, 1, 2, 4], [0.04, 0.03, 0.01, -0.03], name="decision_lag")
    assert "quarters (chance leaves" in text
    assert prices.setting("decision_lag").value(1.0) == "1 quarter"
    assert prices.setting("credibility").value(0.25) == "0.25"
    assert prices.sentences(curve([0.0], [0.1]), "nobody", 0.02) == []
