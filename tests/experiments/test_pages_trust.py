"""What the report rests on: assumptions, validation, limits; and headings of the comparison that follow from numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

from donorlab.experiments.pages import page_one, sections_of_comparison, sections_of_trust
from donorlab.experiments.pages.case import Case
from donorlab.experiments.pages.gathered import gathered

CONFIGURATION: dict[str, Any] = {
    "scenario": "toy",
    "settings": [],
    "replications": 2,
    "smallest_difference": 0.02,
    "ensemble": {
        "draws": 4,
        "varied": {"money": {"range": [1, 2]}, "lapse": {"range": [0, 1]}},
        "held": {},
        "levers": {},
    },
    "resolved": {
        "title": "Toy",
        "parameters": {"money": 1.5, "horizon": 4, "wind_down": 4},
        "donors": {"ids": ["A"]},
        "beneficiaries": {"ids": ["X", "Y"]},
    },
}


def folder(place: Path, command: str, configuration: dict[str, Any] | None = None, **more: Any) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    manifest = {"command": command, "configuration": CONFIGURATION if configuration is None else configuration, **more}
    (place / "manifest.json").write_text(json.dumps(manifest))
    return place


def compared(place: Path, *names: str, gains: tuple[float, ...] = (), **more: Any) -> Path:
    """Return a comparison whose further designs are ahead of the first by so much in each of four futures."""
    made = folder(place, "compare", {**CONFIGURATION, **more})
    runs = pd.DataFrame(
        [
            {"architecture": name, "seed": seed, "overhead_share": 0.05 * (at > 0), "appropriated_m": 10.0}
            for at, name in enumerate(names)
            for seed in (1, 2)
        ]
    )
    draws = pd.DataFrame(
        [
            {"architecture": name, "draw": draw, "efficiency": 0.3 + (0.0, *gains)[at]}
            for at, name in enumerate(names)
            for draw in range(1, 41)
        ]
    )
    for table, frame in (("runs", runs), ("ensemble", draws)):
        frame.assign(architecture=pd.Categorical(frame["architecture"], names)).to_parquet(made / f"{table}.parquet")
    pd.DataFrame({"outcome": ["efficiency"], **{name: [0.3] for name in names}}).to_csv(
        made / "summary.csv", index=False
    )
    return made


def case(*folders: Path) -> Case:
    return Case(gathered(folders))


# ---------------------------------------------------------------------- what is asked
def test_one_donor_with_all_money_is_a_benchmark_and_not_asked_about(tmp_path: Path) -> None:
    both = case(compared(tmp_path / "a", "fragmented", "umbrella", "central", gains=(0.03, 0.1)))
    assert page_one.question(both) == "Would umbrella serve states better than donors who act apart?"
    assert both.candidates == ("umbrella",)
    only = case(compared(tmp_path / "b", "fragmented", "central", gains=(0.1,)))
    assert page_one.question(only) == "How far are donors who act apart from one donor with all the money?"
    assert "a benchmark and no proposal" in str(page_one._answer(only))
    assert page_one.best_of(only) is None


def test_one_design_alone_is_not_held_against_anything(tmp_path: Path) -> None:
    alone = case(compared(tmp_path / "a", "fragmented"))
    assert page_one.question(alone) == "What do donors who act apart achieve?"
    assert "nothing is claimed" in str(page_one._answer(alone))
    assert "No futures" not in str(page_one._answer(alone))


def test_what_costs_less_than_the_reference_is_not_said_to_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = case(compared(tmp_path / "a", "fragmented", "umbrella", gains=(0.03,)))
    assert "To coordinate costs 5.0% of all money, EUR 0.50 million a year (2021 prices)" in page_one._costs(
        made, "umbrella"
    )
    for found, told in (
        ((0.0, 0.0), "To coordinate costs nothing of its own, at default values."),
        ((-0.5, -0.05), ""),
        (None, ""),
    ):
        monkeypatch.setattr(page_one.claims, "cost", lambda *_, found=found: found)
        assert page_one._costs(made, "umbrella") == told


def test_the_design_of_page_one_is_one_that_is_shown_to_be_better(tmp_path: Path) -> None:
    worse = case(compared(tmp_path / "a", "fragmented", "one", "two", gains=(-0.05, -0.03)))
    assert page_one.best_of(worse) is None
    assert str(page_one._under_answer(worse)) == ""
    assert (
        sections_of_comparison._title(worse)
        == "All that was tried is worse than donors who act apart more often than better"
    )
    better = case(compared(tmp_path / "b", "fragmented", "one", "two", gains=(0.0, 0.03)))
    assert page_one.best_of(better) == "two"
    assert sections_of_comparison._title(better) == "Two is better than donors who act apart in most futures"


# ---------------------------------------------------------------------- what it rests on
def test_assumptions_are_counted_among_those_that_act(tmp_path: Path) -> None:
    made = compared(tmp_path / "a", "fragmented", "one", gains=(0.0,))
    old = sections_of_trust.assumptions(case(made))
    assert old.title.startswith("What was assumed: 2 uncertain numbers")
    pd.DataFrame(
        {
            "name": ["money", "lapse"], "default": [1, 0.5], "low": [1, 0], "high": [2, 1], "acts": [True, False],
            "source": ["a table of EUR 5m", "assumption: none found"],
        }
    ).to_csv(made / "uncertainties.csv", index=False)  # fmt: skip
    new = sections_of_trust.assumptions(case(made))
    assert new.title == "What was assumed: 1 uncertain number, 0 of which have an assumed value or range"
    text = "".join(map(str, new.blocks))
    assert "1 more are drawn" in text
    assert "EUR 5 million (prices of its source)" in text
    assert case(made).drawn == 1


def test_without_futures_no_assumption_is_said_to_vary(tmp_path: Path) -> None:
    made = compared(tmp_path / "a", "fragmented", "one", gains=(0.0,), ensemble=None)
    assert sections_of_trust.assumptions(case(made)).title == "No assumption was varied: default values only"


def validated(place: Path, *verdicts: str, **more: Any) -> Path:
    made = folder(place, "validate", {}, **more)
    pd.DataFrame(
        [
            {
                "row": str(at),
                "level": "VCP"[at % 3],
                "title": "t",
                "sentence": "with EUR 250m",
                "passes": "p",
                "verdict": one,
            }
            for at, one in enumerate(verdicts)
        ]
    ).to_csv(made / "validation.csv", index=False)
    return made


def test_what_fails_is_in_the_heading_and_in_a_table(tmp_path: Path) -> None:
    made = compared(tmp_path / "a", "fragmented", "one", gains=(0.0,))
    failing = sections_of_trust.validation(
        case(made, validated(tmp_path / "v", "pass", "fail", "not yet", words=["quick=true"]))
    )
    assert failing is not None
    assert failing.title == "The model fails 1 of 3 checks, and says so"
    text = "".join(map(str, failing.blocks))
    assert "Checks that fail" in text
    assert "small sizes (quick)" in text
    assert "EUR 250 million (2021 prices)" in text
    passing = sections_of_trust.validation(case(made, validated(tmp_path / "w", "pass", "pass")))
    assert passing is not None
    assert passing.title == "The model passes all of 2 checks"
    assert "quick" not in "".join(map(str, passing.blocks))
    waiting = sections_of_trust.validation(case(made, validated(tmp_path / "x", "pass", "not yet")))
    assert waiting is not None
    assert waiting.title == "The model passes 1 of 2 checks; the others are not tested yet"
    assert sections_of_trust.validation(case(made)) is None


def test_limits_name_what_this_report_lacks(tmp_path: Path) -> None:
    text = "".join(
        map(str, sections_of_trust.limits(case(compared(tmp_path / "a", "fragmented", "one", gains=(0.0,)))).blocks)
    )
    assert "winners, membership" in text
    assert "No futures were drawn" not in text
    none = "".join(
        map(str, sections_of_trust.limits(case(compared(tmp_path / "b", "fragmented", ensemble=None))).blocks)
    )
    assert "No futures were drawn" in none


def test_what_is_held_has_its_unit_and_its_price_year() -> None:
    assert sections_of_comparison._held("money", 0.8) == "money EUR 0.8 million a year (2021 prices)"
    assert sections_of_comparison._held("observation_probability", 0.5).startswith("observation probability 0.5")
    assert sections_of_comparison._held("of_a_plugin", "word") == "of a plugin word"
