"""What ``donorlab compare`` tells on the screen, with a made-up model and with the real one on the toy world."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import warnings
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

import donorlab.sim
from donorlab.experiments import falls, report_of_comparison, tables
from donorlab.experiments.comparison import Comparison, Study
from donorlab.sim.outcomes.waterfall import BARS, Waterfall
from experiments import fake
from experiments.conftest import Shell

TWO = "architectures=[fragmented,central]"
NOTHING_ELSE = ("draws=0", "break_even=false", "values=false", TWO)


def test_screen_says_what_an_adviser_asks(shell: Shell, model: None) -> None:
    result = shell("compare", "fake", "replications=3", *NOTHING_ELSE)
    assert result.exit_code == 0
    for text in (
        "fragmented", "central", "- fragmented", "Efficiency", "Duplication", "by ignorance", "by race",
        "Overlap in objectives", "Overlap in methods", "Transaction cost", "Orphans", "Donors per recipient",
        "own effort", "seed noise", "No ensemble: seed noise only", "results/",
    ):  # fmt: skip
        assert text in result.stdout
    assert "confidence" not in result.output.lower()
    assert "3 of 3 replications agree" in " ".join(result.stdout.split())
    assert "6 of 6" in result.stderr


def test_screen_shows_three_figures_and_never_one(shell: Shell, model: None) -> None:
    result = shell("compare", "fake", "replications=3", "draws=8", "architectures=[fragmented,umbrella,central]")
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    for part in (
        "8 futures", "levers and value judgements at default values", "worse", "seed", "sumptions", "against",
        "Default values:", "± its standard error",
        "Value judgements: who and what counts how much, all else at default values, 3 paired", "concavity 3",
        "better than fragmented by at least 2 points in 8 of 8 futures considered, worse in 0",
        "in the reverse order", "effective", "umbrella under another name", "of 8 futures, by 2 points",
        "in none of 8 futures; in none of 3 replications at default values.", "You set: nothing.",
        "umbrella: register of plans, 80% reported, leads by cell", "costs 5% and 1 quarter", "of a proven bound",
        "better below 0.1 (0.1 to 0.1), worse above; less than 2 points from 0.08 to 0.12",
        "always better, by 17.0 to 17.0 points", "are the same gain, once as its lowest price",
        "fragmented is ahead of central by 11.0 points (poorest first) and behind by 17.0",
    ):  # fmt: skip
        assert part in text or part == "umbrella under another name", part
    assert "confidence" not in result.output.lower()
    assert max(len(line) for line in result.stdout.splitlines() if "results/" not in line) <= 100


@pytest.mark.parametrize("count", [2, 5, 10])
def test_tables_of_many_architectures_are_not_cut(count: int) -> None:
    names = ["fragmented", *(f"a-long-name-of-number-{i}" for i in range(1, count))]
    judgements = ("by users^0.5", "equal states", "by users", "poorest first", "concavity 1", "concavity 3")
    rows = [
        {"judgement": judgement, "architecture": name, "seed": seed, "efficiency": 0.6 - i / 20 + seed * i / 100}
        for judgement in judgements
        for i, name in enumerate(names)
        for seed in (1, 2)
    ]
    screen = Console(width=100, file=io.StringIO())
    screen.print(report_of_comparison.ranking(pd.DataFrame(rows)))
    text = screen.file.getvalue()
    assert "…" not in text
    last = [line for line in text.splitlines() if line.startswith("a-long-name-")][-1]
    assert last.count(f"{60 - 3.5 * (count - 1):.1f}%") == last.count(f" {count}.") == len(judgements)
    assert text.count(f"{-3.5 * (count - 1):+.1f} ±") == len(judgements)
    falls_of = pd.DataFrame(
        [
            {"architecture": n, "seed": 1} | {f"{k}_{bar}": 0.1 for k in ("to", "reverse") for bar, _ in BARS}
            for n in names
        ]
    )
    runs = pd.DataFrame([{"architecture": n, "seed": 1, "efficiency": 0.3, "duplication_share": 0.2} for n in names])
    found = Study(Comparison({}, (1,), runs, falls_of, runs, runs), None, None, None, None)
    screen = Console(width=100, file=io.StringIO())
    for part in falls.shown(found):
        screen.print(part)
    text = screen.file.getvalue()
    assert "…" not in text
    assert sum(line.count(" 10.0") for line in text.splitlines() if line.startswith("effective")) == count


@pytest.mark.parametrize(
    ("default", "words"), [(0.05, "+5.0 points at default values lie above"), (-0.02, "below"), (0.02, "")]
)
def test_a_default_outside_all_futures_is_told(default: float, words: str) -> None:
    runs = pd.DataFrame(
        [
            {"architecture": n, "seed": s, "efficiency": e + s / 100}
            for n, e in (("a", 0.3), ("b", 0.3 + default))
            for s in (1, 2)
        ]
    )
    draws = pd.DataFrame(
        [
            {"architecture": n, "draw": d, "efficiency": 0.4 + d / 10 + (d / 100 if n == "b" else 0)}
            for n in "ab"
            for d in range(4)
        ]
    )
    draws["architecture"] = draws["architecture"].astype("category")
    comparison = Comparison({}, (1, 2), runs, runs, runs, runs)
    (text,) = report_of_comparison.future_sentences(Study(comparison, None, draws, None, None), 0.02)
    assert ("no typical future" in text) is bool(words)
    assert words in text


def test_the_headline_has_the_paired_difference_with_its_noise(shell: Shell, model: None) -> None:
    names = "[fragmented,umbrella,umbrella_conditional,central]"
    result = shell("compare", "fake", "replications=3", "draws=8", f"architectures={names}", "out=answer")
    assert result.exit_code == 0, result.output
    row = pd.read_csv(shell.folder / "answer" / "summary.csv").set_index("outcome").loc["efficiency"]
    lines = result.stdout.splitlines()
    start = next(i for i, line in enumerate(lines) if set(line.strip()) == {"─"})
    assert len(lines[start].rstrip()) <= 97
    (central,) = [line for line in lines[start:] if line.startswith("central")][:1]
    difference, noise = (100 * row[f"central_minus_fragmented{end}"] for end in ("", "_standard_error"))
    assert f"{difference:+.1f} ±{noise:.1f}" in central
    low, high = (100 * row[f"central_minus_fragmented_range_{end}"] for end in ("low", "high"))
    assert len(f"{low:+.1f} to {high:+.1f}") > 13  # no room for decimals
    assert f"{low:+.0f} to {high:+.0f}" in central
    assert "umbrella +" in [line[:11].strip() for line in lines[start:]]
    assert "umbrella_conditional" not in result.stdout


def test_levers_stand_where_futures_are_counted(shell: Shell) -> None:
    words = ("replications=1", "draws=2", "architectures=[fragmented,umbrella]", "break_even=false", "values=false")
    text = " ".join(shell("compare", "toy", *words, "out=default").stdout.split())
    assert "in all futures at default values: overhead=0.05, negotiation_cost=0.0005, decision_lag=1" in text
    result = shell("compare", "toy", *words, "levers=pessimistic", "overhead=0.1", "out=worse")
    text = " ".join(result.stdout.split())
    assert "at the end that is worse for coordination: overhead=0.1, negotiation_cost=0.003, decision_lag=8" in text
    assert "all other columns are at default values, levers included" in text
    assert "You set: overhead=0.1, levers=pessimistic. Simulated, but for the levers in the futures" in text
    default, worse = (pd.read_parquet(shell.folder / name / "ensemble.parquet") for name in ("default", "worse"))
    umbrella = default["architecture"] == "umbrella"
    assert (default.loc[~umbrella, "efficiency"] == worse.loc[~umbrella, "efficiency"]).all()
    assert (default.loc[umbrella, "efficiency"] != worse.loc[umbrella, "efficiency"]).all()
    made = json.loads((shell.folder / "worse" / "manifest.json").read_text())["configuration"]["ensemble"]
    assert made["levers"]["reporting_rate"] == 0
    assert "overhead" not in made["levers"]


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(-0.001, 0.118, "-0.1 to +11.8"), (0.101, 0.228, "+10 to +23"), (-0.3, -0.002, "-30.0 to -0.2")],
)
def test_a_range_of_differences_fits_its_column(low: float, high: float, text: str) -> None:
    """5% and 95% of two values are 5% of their distance away from them."""
    inside = pd.Series([low - (high - low) / 18, high + (high - low) / 18])
    assert report_of_comparison._points_between(inside) == text
    assert len(text) <= 13


def test_the_design_and_the_settings_are_told(shell: Shell) -> None:
    words = ("replications=1", "draws=0", "break_even=false", "values=false", "architectures=[fragmented,umbrella]")
    given = ("register=projects", "division=none", "pooled_fund=on")
    text = " ".join(shell("compare", "toy", *words, *given).stdout.split())
    assert "You set: register=projects, division=none, pooled_fund=on." in text
    assert "umbrella: register of projects, known after 1 quarter, 80% reported, no leads, no joint" in text
    assert "a fund of 50% of members' money" in text
    assert "states get less than half" in text or "states gets less than half" in text
    assert "1 of 5 states get " not in text


def test_harm_is_told_with_its_denominators_and_its_cause(
    shell: Shell, model: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def harmful(inputs: Any, seed: int = 1, **options: Any) -> Any:
        result = fake.simulate(inputs, seed, **options)
        harm = 0.1 if inputs.architecture == "fragmented" and seed > 5 else 0.0
        result.waterfall = dataclasses.replace(result.waterfall, harm=harm)
        return result

    monkeypatch.setattr(donorlab.sim, "simulate", harmful)
    result = shell("compare", "fake", "replications=3", "draws=8", "break_even=false", "values=false", TWO)
    text = " ".join(result.stdout.split())
    assert "in 3 of 8 futures under fragmented, 0 under central; in none of 3 replications at default values." in text
    assert "Aid that eats the administration" in text
    assert text.index("Harm (") < text.index("What the money bought")


def test_seven_architectures_fit_the_width(shell: Shell, model: None) -> None:
    names = "[fragmented,umbrella,conditional,umbrella_conditional,pledge,credit,central]"
    result = shell("compare", "fake", "replications=1", "draws=4", f"architectures={names}")
    assert result.exit_code == 0, result.output
    assert max(len(line) for line in result.stdout.splitlines() if "results/" not in line) <= 100
    assert "…" not in result.stdout
    assert "Under another name" not in result.stdout


def test_what_is_undefined_is_said_to_be(shell: Shell, model: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def penniless(*words: Any, **options: Any) -> Any:
        result = fake.simulate(*words, **options)
        for name in ("efficiency", "duplication_share", "duplication_ignorance_share", "duplication_race_share"):
            result.outcomes[name] = math.nan
        result.outcomes |= {"orphans": math.nan, "darlings": math.nan}
        nothing = dict.fromkeys(result.waterfall.shares, math.nan)
        result.waterfall = Waterfall(shares=nothing, reverse=nothing, harm=0.0, appropriated_m=0.0)
        result.beneficiaries["aid_need_ratio"] = math.nan
        return result

    monkeypatch.setattr(donorlab.sim, "simulate", penniless)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = shell("compare", "fake", "replications=2", "out=answer", "draws=4")
    assert result.exit_code == 0, result.output
    assert "Efficiency is not defined" in result.stdout
    assert "nan" not in result.stdout.lower()


def test_no_number_is_cut_short_on_a_narrow_terminal() -> None:
    """A table that does not fit is printed in pieces, each with its first column; every cell stands somewhere in full."""
    whole = tables.table()
    whole.add_column("", no_wrap=True)
    for i in range(9):
        whole.add_column(f"column\n{i}", justify="right", no_wrap=True)
    whole.add_row("fragmented", *(f"-2{i}.0 to 46.{i}" for i in range(9)))
    whole.caption = "What the columns are."
    for width, pieces in ((80, 3), (200, 1)):
        screen = Console(width=width, record=True, file=io.StringIO())
        parts = tables.folded(screen, whole)
        assert sum(type(part) is type(whole) for part in parts) == pieces
        for part in parts:
            screen.print(part)
        text = screen.export_text()
        assert "…" not in text
        assert all(f"-2{i}.0 to 46.{i}" in text for i in range(9))
        assert text.rstrip().endswith("What the columns are.")
