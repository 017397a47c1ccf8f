"""Sentences of an answer: when each may stand, when it may not."""

from __future__ import annotations

import dataclasses
import math

import pandas as pd
import pytest

from donorlab.experiments.app import sentences
from donorlab.experiments.app.answers import Answer, Explorer, Stage
from donorlab.experiments.app.choices import Choice
from donorlab.experiments.app.levers_shown import WORDS
from donorlab.experiments.ensemble import Futures

CHOICE = Choice("toy", ("fragmented", "umbrella"))
NEAR, FAR = (Stage("near", 6, 0),), (Stage("far", 6, 6),)


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return Explorer()


def _lead(difference: float, told: bool) -> list[str]:
    frame = pd.DataFrame([{"design": "umbrella", "difference": difference, "standard_error": 0.01, "told": told}])
    return sentences.leads(frame, "fragmented", 6)


def test_a_lead_says_on_how_many_draws_it_rests_and_what_chance_may_do() -> None:
    (text,) = _lead(0.051, True)
    assert text.startswith(
        "Umbrella: 5.1 points more than donors who act apart over 6 draws, told from chance; at the values set"
    )
    assert "which chance alone may do" in _lead(-0.051, False)[0]
    assert "5.1 points less" in _lead(-0.051, False)[0]
    assert "told from chance but less than 2 points" in _lead(0.019, True)[0]
    assert "less than 2 points" not in _lead(0.02, True)[0]
    assert "exactly the same" in _lead(0.0, False)[0]
    assert "not defined" in _lead(math.nan, False)[0]


def test_before_there_are_futures_nothing_is_claimed_of_them(explorer: Explorer) -> None:
    near = sentences.now(explorer.answer(CHOICE, NEAR))
    assert not any("futures considered" in text for text in near)
    far = sentences.now(explorer.answer(CHOICE, FAR))
    assert "6 futures considered" in far[0]
    assert far[1].startswith("These are the first 6 of the futures")
    idle = sentences.now(explorer.answer(CHOICE.with_value("pledge_focus", 0.3), NEAR))
    assert idle[-1] == "“Focus of the pledge” is set and does nothing here."


def test_what_was_set_otherwise() -> None:
    one = CHOICE.with_value("overhead", 0.05)
    assert sentences.set_otherwise(one, one) == []
    assert sentences.set_otherwise(one, one.with_value("overhead", 0.125)) == ["“Overhead” goes from 5% to 12.5%."]
    assert sentences.set_otherwise(CHOICE, one) == ["“Overhead” is set to 5%."]
    assert sentences.set_otherwise(one, CHOICE) == ["“Overhead” is left to the scenario and the designs again."]
    assert sentences.set_otherwise(CHOICE, CHOICE.with_value("register", "none")) == ["“Register” is set to 'none'."]
    assert sentences.set_otherwise(CHOICE, CHOICE.with_value("decision_lag", 3)) == [
        f"“{WORDS['decision_lag'][0]}” is set to 3 quarters."
    ]
    other = dataclasses.replace(CHOICE, designs=("central", "umbrella"), judgement="poorest-first", seed=9)
    said = sentences.set_otherwise(CHOICE, other)
    assert said == [
        "States count otherwise: poorest first in place of as set.",
        "New: central.",
        "No longer there: donors who act apart.",
        "All others are held against central now.",
        "The draws are others: they begin with seed 9.",
    ]


def test_what_a_change_did_is_told_on_the_same_draws(explorer: Explorer) -> None:
    before = explorer.answer(CHOICE, FAR)
    assert sentences.changed(before, before) == []
    after = explorer.answer(CHOICE.with_value("overhead", 0.25).with_value("decision_lag", 8), FAR)
    said = sentences.changed(before, after)
    assert len([text for text in said if "is set to" in text]) == 2
    assert any(text.startswith("Under umbrella donors now reach ") for text in said)
    assert "Nothing moves under donors who act apart." in said
    assert any("of 6 futures considered" in text for text in said)
    near = explorer.answer(after.choice, NEAR)
    assert not any("futures" in text for text in sentences.changed(before, near))  # not yet
    new = explorer.answer(Choice("toy", ("central", "umbrella")), FAR)
    assert not any("futures considered" in text for text in sentences.changed(before, new))  # another reference


def test_other_yardsticks_are_not_compared(explorer: Explorer) -> None:
    before = explorer.answer(CHOICE, NEAR)
    for other, why in (
        (dataclasses.replace(CHOICE, judgement="poorest-first"), "measured otherwise"),
        (CHOICE.with_value("value_concavity", 1.0), "measured otherwise"),
        (dataclasses.replace(CHOICE, seed=50), "Nothing but chance"),
    ):
        said = sentences.changed(before, explorer.answer(other, NEAR))
        assert why in said[-1]
        assert not any("donors now reach" in text for text in said)


def test_one_draw_and_noise_are_never_told_from_chance() -> None:
    old, new = pd.Series([0.4]), pd.Series([0.9])
    assert "over 1 draw that is not told from chance" in sentences._moved(old, new, "umbrella")
    noise = pd.Series([0.5, 0.3, 0.6]), pd.Series([0.6, 0.2, 0.6])
    assert sentences._moved(*noise, "umbrella").endswith("over 3 draws that is not told from chance.")
    sure = pd.Series([0.5, 0.51, 0.52]), pd.Series([0.4, 0.41, 0.42 + 1e-6])
    assert sentences._moved(*sure, "umbrella").endswith("10.0 points less, in 3 of 3 draws, told from chance.")
    assert sentences._moved(old, old, "umbrella") == ""


def test_counts_of_futures_before_and_after(explorer: Explorer) -> None:
    answer = explorer.answer(CHOICE, FAR)

    def counted(better: int, worse: int, count: int = 6) -> Answer:
        found = dataclasses.replace(answer)
        found.__dict__["counts"] = {"umbrella": Futures(better, count - better - worse, worse, 0)}
        return found

    assert sentences.futures_moved(counted(2, 1), counted(5, 0)) == [
        "Umbrella is better than donors who act apart by at least 2 points in 5 of 6 futures considered (before: 2) and worse in 0 "
        "(before: 1)."
    ]
    assert sentences.futures_moved(counted(2, 1), counted(2, 1))[0].endswith("and worse in 1, as before.")
    assert sentences.futures_moved(counted(2, 1, 8), counted(2, 1)) == []
