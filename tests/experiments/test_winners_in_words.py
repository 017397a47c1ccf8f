"""What ``donorlab winners`` says and draws of made-up answers: words follow from rules, figures are legible."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments import canvas, figures_of_winners
from donorlab.experiments.chances import Chance, Changes, changes
from donorlab.experiments.winners_in_words import sentences
from donorlab.experiments.winnings import Answer
from experiments.test_figures import assert_legible

STAMP = canvas.Stamp("synthetic", "", "seeds 1-3", "a" * 64, "b" * 64, "0.1")


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
