"""``donorlab buys``: differences of paired runs worked out by hand, what is booked to whom, and that words follow from rules."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from donorlab.experiments import buys, purchases
from donorlab.experiments.accession import checks, frozen, table
from donorlab.experiments.figures_of_buys import accession as draw_accession
from donorlab.experiments.figures_of_buys import buys as draw_buys
from donorlab.experiments.figures_of_buys import claim
from donorlab.experiments.purchases import (
    ALL_THE_MONEY,
    MEASURES,
    SETTINGS,
    Pair,
    Work,
    bought,
    carry_out,
    contest,
    drawn,
    pair,
    summary,
    with_money,
)
from donorlab.experiments.report_of_buys import by_construction, lines, sentences
from donorlab.scenarios import load
from donorlab.scenarios.alignment import law
from donorlab.sim import baseline, simulate
from donorlab.sim.setup import yearly_budgets
from donorlab.sim.value import bit_counts
from experiments.conftest import Shell
from experiments.test_accession import perfect
from experiments.test_figures import STAMP, assert_legible

WHO = Pair("A", "B", np.array([1.0, 1.0]), np.array([2.0, 4.0]), np.array([4.0, 8.0]))


def run_row(setting: str, draw: int = 0, seed: int = 1, **changes: float) -> dict[str, Any]:
    money = {"A": setting in ("first", "both", "first with all"), "B": setting in ("second", "both", "second with all")}
    return {
        "draw": draw, "seed": seed, "setting": setting, **dict.fromkeys(MEASURES, 100.0),
        "money_A": 20.0 * money["A"], "money_B": 40.0 * money["B"], **changes,
    }  # fmt: skip


# ---------------------------------------------------------------------- differences
def test_what_is_bought_is_a_difference_over_the_money() -> None:
    runs = pd.DataFrame(
        [
            run_row("neither"), run_row("first", legal=110.0), run_row("second", technical=140.0, legal=99.0),
            run_row("both", legal=106.0, technical=140.0),
        ]
    )  # fmt: skip
    found = bought(runs, WHO).set_index(["donor", "way", "measure"])
    assert found.loc[("A", "alone", "legal"), "bought"] == 10.0
    assert found.loc[("A", "alone", "legal"), "per_million"] == pytest.approx(10 / 20)
    assert found.loc[("A", "added", "legal"), "bought"] == pytest.approx(7.0)
    assert found.loc[("B", "alone", "technical"), "per_million"] == pytest.approx(1.0)
    assert found.loc[("B", "added", "legal"), "bought"] == pytest.approx(-4.0)
    assert "all the money" not in found.index.get_level_values("way")


def test_summary_and_contest_count_pairs() -> None:
    rows = []
    for draw, gain in ((1, 4.0), (2, 2.0), (3, -6.0)):
        rows += [
            run_row("neither", draw, draw), run_row("first", draw, draw, legal=100 + gain), run_row("second", draw, draw),
            run_row("both", draw, draw, legal=100 + gain),
        ]  # fmt: skip
    found = bought(pd.DataFrame(rows), WHO)
    told = summary(found, found).set_index(["donor", "way", "measure"])
    assert told.loc[("A", "alone", "legal"), "per_million"] == pytest.approx(0.0)
    assert told.loc[("A", "alone", "legal"), "seed_noise"] == pytest.approx(np.std([0.2, 0.1, -0.3], ddof=1))
    assert told.loc[("A", "alone", "legal"), "range_low"] == pytest.approx(np.quantile([0.2, 0.1, -0.3], 0.05))
    counts = contest(found, WHO, dict.fromkeys(MEASURES, 0.5)).set_index(
        "measure"
    )  # differences 2, 1 and -3 for EUR 10m
    columns = ["first_more", "neither", "second_more", "futures"]
    assert counts.loc["legal", columns].tolist() == [2, 0, 1, 3]
    assert counts.loc["technical", columns].tolist() == [0, 3, 0, 3]
    strict = contest(found, WHO, dict.fromkeys(MEASURES, 1.5)).set_index("measure")
    assert strict.loc["legal", columns].tolist() == [1, 1, 1, 3]
    assert strict.loc["legal", "least"] == 1.5
    assert math.isnan(summary(found, None)["range_low"].iloc[0])


def test_the_least_that_counts_is_two_points_of_one_state() -> None:
    world = load("coe-itu")
    found = purchases.least(world, 0.02)
    assert set(found) == set(MEASURES)
    assert found["legal"] == found["technical"] == pytest.approx(0.02 * 48)
    assert found["tasks"] == pytest.approx(5 * found["legal"])
    assert found["value"] == found["ownership"] == pytest.approx(200 / 134)
    assert found["norms"] == pytest.approx(2 / 134)
    assert found["accessions"] == 0.02


def test_the_range_of_money() -> None:
    assert drawn(1.0, 16.0, 0.5) == pytest.approx(4.0)
    assert drawn(1.0, 3.0, 0.5) == 2.0
    assert drawn(0.0, 8.0, 0.25) == 2.0
    assert drawn(3.0, 3.0, 0.7) == 3.0


def test_money_of_some_is_set_and_of_others_left() -> None:
    world = load("world")
    changed = with_money(world, {"COE": 50.0, "ITU": 0.0})
    before, after = yearly_budgets(world), yearly_budgets(changed)
    place = {name: i for i, name in enumerate(world.donors.ids)}
    assert after[place["COE"]] == pytest.approx(50.0)
    assert after[place["ITU"]] == 0.0
    rest = [i for name, i in place.items() if name not in ("COE", "ITU")]
    np.testing.assert_allclose(after[rest], before[rest])
    assert changed.parameters.money == pytest.approx(after.sum())


def test_the_pair_has_the_ranges_of_its_columns() -> None:
    who = pair(load("coe-itu"), ["COE", "ITU"])
    np.testing.assert_allclose(who.low, [4.0, 0.15], atol=0.01)
    np.testing.assert_allclose(who.high, [6.95, 3.93], atol=0.01)
    double = pair(load("coe-itu", ["money=12.64"]), ["ITU", "COE"])
    assert double.central.sum() == pytest.approx(12.64)
    assert (double.low <= double.central).all()


# ---------------------------------------------------------------------- runs
@pytest.fixture(scope="module")
def done() -> purchases.Done:
    small = load("coe-itu", ["horizon=24", "wind_down=8"])
    return carry_out(Work(small, "seeds", 2, 0, pair(small, ["COE", "ITU"]), (*SETTINGS, *ALL_THE_MONEY), law()))


def test_neither_is_the_run_without_aid(done: purchases.Done) -> None:
    runs = {row["setting"]: row for row in done.runs}
    assert list(runs) == [*SETTINGS, *ALL_THE_MONEY]
    assert runs["neither"]["value"] == pytest.approx(1e4, rel=1e-12)
    base = baseline(load("coe-itu", ["horizon=24", "wind_down=8"]), 2)
    assert runs["neither"]["tasks"] == base.standing_none[-1].sum()
    assert runs["neither"]["money_COE"] == runs["neither"]["money_ITU"] == 0.0
    assert runs["first"]["money_COE"] > 0 == runs["first"]["money_ITU"]
    total = runs["both"]["money_COE"] + runs["both"]["money_ITU"]
    assert runs["first with all"]["money_COE"] == pytest.approx(total)
    assert runs["second with all"]["money_ITU"] == pytest.approx(total)
    assert runs["both"]["norms"] != runs["neither"]["norms"] == 0.0


def test_both_is_the_scenario_itself(done: purchases.Done) -> None:
    result = simulate(load("coe-itu", ["horizon=24", "wind_down=8"]), seed=2)
    runs = {row["setting"]: row for row in done.runs}
    counts = bit_counts(result.model.state.standing.ravel()).reshape(result.model.state.standing.shape)
    for k, pillar in enumerate(result.model.inputs.pillars):
        assert runs["both"][pillar] == counts[:, k].sum()
    assert runs["both"]["tasks"] == counts.sum()


def test_what_is_booked_adds_up(done: purchases.Done) -> None:
    result = simulate(load("coe-itu", ["horizon=24", "wind_down=8"]), seed=2)
    assert [row["donor"] for row in done.booked] == ["COE", "ITU"]
    projects = result.projects
    for row in done.booked:
        mine = projects[projects["donor"] == row["donor"]]
        assert row["projects"] == len(mine)
        assert row["money_m"] == pytest.approx(row[f"money_{row['donor']}"])
        assert 0 <= row["alignment"] <= 1
        assert row["cost_a_sustained_task_m"] >= row["cost_a_task_m"]
        assert row["sustained_share"] == pytest.approx(row["cost_a_task_m"] / row["cost_a_sustained_task_m"])
        spent = mine["cost_m"].sum() / row["money_m"]
        assert spent + row["idle_share"] == pytest.approx(1.0, abs=0.08)  # what was withheld returned
    coe, itu = done.booked
    assert coe["legal_share"] > itu["legal_share"]
    assert itu["withheld_share"] == 0.0  # it sets no conditions


def test_who_is_ready_is_kept_with_and_without_the_two(done: purchases.Done) -> None:
    assert set(done.ready) == {"neither", "both"}
    assert done.ready["both"].shape == (24, 134)
    np.testing.assert_array_equal(done.ready["both"][0], done.ready["neither"][0])  # the start is the same


def test_a_cosine_of_a_donor_that_does_what_is_wanted() -> None:
    class Land:
        priority = np.array([[3.0, 4.0], [1.0, 0.0]])

    class Inputs:
        pillars = ("a", "b")

        class beneficiaries:  # noqa: N801
            ids = ("X", "Y")

    class Model:
        inputs, land = Inputs, Land

    class Result:
        model = Model
        projects = pd.DataFrame(
            {
                "donor": ["D", "D", "E"],
                "beneficiary": ["X", "X", "Y"],
                "pillar": ["a", "b", "b"],
                "delivered": [6, 8, 5],
            }
        )

    assert purchases.alignment(Result, "D") == pytest.approx(1.0)  # type: ignore[arg-type]
    assert purchases.alignment(Result, "E") == 0.0  # type: ignore[arg-type]
    assert math.isnan(purchases.alignment(Result, "F"))  # type: ignore[arg-type]


# ---------------------------------------------------------------------- words and figures
def found_table(legal: tuple[float, float] = (1.2, -0.3), technical: tuple[float, float] = (-0.2, 2.4)) -> pd.DataFrame:
    rows = []
    for i, name in enumerate(("A", "B")):
        for way in purchases.WAYS:
            for measure in MEASURES:
                value = {"legal": legal[i], "technical": technical[i], "tasks": legal[i] + technical[i]}.get(
                    measure, 0.01
                )
                rows.append((name, way, measure, 10 * value, value, 0.1, 0.02, value - 0.5, value + 0.5))
    columns = [
        "donor", "way", "measure", "bought", "per_million", "seed_noise", "standard_error", "range_low", "range_high",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def booked_table(legal: tuple[float, float] = (0.9, 0.1), twice: float = 0.0) -> pd.DataFrame:
    rows = [{"measure": name, "words": words, "A": 0.5, "B": 0.5} for name, words in purchases.BOOKED.items()]
    rows.append({"measure": "legal_mandate", "words": "", "A": 0.5, "B": 0.1})
    table_ = pd.DataFrame(rows).set_index("measure")
    table_.loc["legal_share", ["A", "B"]] = legal
    table_.loc["duplicated_share", ["A", "B"]] = twice
    return table_.reset_index()


def told(found: pd.DataFrame, booked: pd.DataFrame, joining: buys.Accessions | None = None) -> str:
    return " ".join(sentences(found, WHO, booked, None, joining, 20))


def test_words_follow_from_the_numbers() -> None:
    text = told(found_table(), booked_table())
    assert (
        "EUR 10m of A buys 12.0 tasks of law; in all, net, 10.0 more stand than without it: there are fewer of technical."
        in text
    )
    assert "EUR 10m of B buys 24.0 tasks of technical; in all, net, 21.0 more stand" in text
    assert "A delivers 90% law, with 50% law in its mandate" in text
    assert "B delivers" not in text
    assert "They hardly ever pay for the same task." in text
    unsure = told(found_table().assign(standard_error=1.0), booked_table())
    assert (
        "12.0 tasks of law (not told from chance); in all, net, 10.0 more stand than without it (not told from chance)"
        in unsure
    )
    worse = told(found_table((0.1, -0.3), (-0.6, 0.2)), booked_table())
    assert "EUR 10m of A buys 1.0 tasks of law; in all, net, 5.0 fewer stand than without it" in worse
    other = told(found_table(), booked_table((0.5, 0.1), 0.2))
    assert "in its mandate" not in other
    assert "hardly ever" not in other


def joined_up(**changes: Any) -> buys.Accessions:
    chance, half, truth = perfect()
    names = {iso3: f"State {iso3}" for iso3 in truth.ids}
    treaty = pd.DataFrame({"iso3": truth.ids, "status": "party", "evidence": "found"})
    states = table(chance, half, truth, names, treaty)
    values: dict[str, Any] = {
        "lines": checks(chance, half, truth, frozen()).assign(judged=True, label="blind"), "states": states,
        "nulls": {"the model": 0.1, "nobody accedes": 0.3, "a coin": 0.05}, "expected": {2.0: 9.0, 10.0: 4.0, 40.0: 1.0},
        "without": (0.6, 3.0, 0.2), "added_up": 0.7, "blind": True, "last": 2024, "unjudged": "",
        **changes,
    }  # fmt: skip
    return buys.Accessions(**values)


def test_words_on_accession() -> None:
    text = told(found_table(), booked_table(), joined_up())
    assert (
        "8 of 8 demands hold. By the end of 2024 4 of 12 states that were no parties acceded (4 with a date that was found)"
        in text
    )
    assert "the model expects 4.0 (1.0 to 9.0 over the range of the wait)" in text
    assert "4 accessions foreseen, 0 missed, 0 false alarms, 8 rightly left out" in text
    assert "By the Brier score these do better than the model: a coin." in text
    assert "State S00 2015 for 2014" in text
    assert "False alarms" not in text
    states = joined_up().states
    states.loc[5, ["verdict", "status_2025"]] = ["false alarm", "invited"]
    alarmed = told(found_table(), booked_table(), joined_up(states=states))
    assert "False alarms: State S05." in alarmed
    assert "Of the false alarms these are invited, have signed, or joined after 2024: State S05." in alarmed
    assert "order the states no better (area 0.700 against 1.000)" in text
    good = told(found_table(), booked_table(), joined_up(nulls={"the model": 0.1, "x": 0.2}))
    assert "By the Brier score no forecast without a model does better." in good


def screen_of(found: pd.DataFrame) -> str:
    screen = Console(width=100, record=True, file=io.StringIO())
    screen.print(lines(found))
    return screen.export_text()


def test_what_is_on_the_limit_is_told() -> None:
    chance, half, truth = perfect()
    found = checks(chance, half + 2, truth, frozen()).assign(
        judged=True, label="blind"
    )  # 3 years off, just what is allowed
    assert found.set_index("id").loc["when", ["found", "holds", "limit"]].tolist() == [3.0, True, True]
    assert found["limit"].sum() == 1
    assert "on the limit" in screen_of(found)
    assert "on the limit, so that other seeds can turn it: 'when'" in told(
        found_table(), booked_table(), joined_up(lines=found)
    )
    clear = joined_up()
    assert "on the limit" not in screen_of(clear.lines)
    assert "on the limit" not in told(found_table(), booked_table(), clear)


def test_nothing_is_judged_on_a_changed_scenario() -> None:
    changed = joined_up(unjudged="the scenario was changed", last=2015)
    changed.lines["judged"] = False
    text = told(found_table(), booked_table(), changed)
    assert "Accession: not judged: the scenario was changed. By the end of 2015 4 of 12" in text
    assert "hold" not in text
    shown = screen_of(changed.lines)
    assert "holds" not in shown
    assert "yes" not in shown
    assert "yes" in screen_of(joined_up().lines)


@pytest.mark.parametrize(
    ("name", "settings", "why"),
    [
        ("coe-itu", [buys.BLIND], ""),
        ("coe-itu", [buys.BLIND, "horizon=48", "architecture=conditional"], ""),  # written out, not changed
        ("coe-itu", [], "the scenario was changed"),  # it knows later projects
        ("coe-itu", [buys.BLIND, "architecture=umbrella"], "the scenario was changed"),
        ("coe-itu", [buys.BLIND, "horizon=4"], "the scenario was changed"),
        ("coe-itu", [buys.BLIND, "coe_itu.background=true"], "the scenario was changed"),
        ("coe-itu", [buys.BLIND, "mechanism.ownership=alignment_alone"], "the scenario was changed"),
        ("legal-alignment", [], "the demands were frozen for the scenario coe-itu, and this is another"),
    ],
)
def test_demands_are_judged_on_what_they_were_frozen_for(name: str, settings: list[str], why: str) -> None:
    assert buys._unjudged(load(name, settings)) == why


def test_what_comes_out_by_construction_is_told() -> None:
    world = load("coe-itu")
    text = " ".join(by_construction(world, 0, True))
    assert "By construction ownership can hardly rise here" in text
    assert "accessions follow law and votes alone" in text
    assert by_construction(world, 46, False) == []
    assert by_construction(load("coe-itu", ["mechanism.ownership=alignment_alone"]), 0, False) == []
    assert text in " ".join(
        sentences(found_table(), WHO, booked_table(), None, None, 20, by_construction(world, 0, True))
    )


def test_ownership_hardly_rises_with_one_donor(done: purchases.Done) -> None:
    runs = {row["setting"]: row for row in done.runs}
    for alone in ("first", "second", "first with all", "second with all"):
        assert runs[alone]["ownership"] <= runs["neither"]["ownership"] + 1e-9


def test_the_figures_are_legible() -> None:
    assert_legible(draw_buys(found_table(), WHO, 16, 20, STAMP))
    assert_legible(draw_buys(found_table().assign(range_low=math.nan, range_high=math.nan), WHO, 0, 1, STAMP))
    joining = joined_up()
    assert_legible(draw_accession(joining.states, joining.lines, 2024, STAMP))
    nobody = joining.states.assign(verdict="hit: stayed out")
    assert_legible(draw_accession(nobody, joining.lines, 2024, STAMP))
    unjudged = draw_accession(joining.states, joining.lines.assign(judged=False), 2013, STAMP)
    assert_legible(unjudged)
    assert unjudged.title.endswith("did not come; demands are not judged")
    title = claim(found_table().query("way == 'alone'"), WHO)
    assert title == "For EUR 10m A buys 12 tasks of law (10 in all, net), B 24 of technical (21 in all, net)"
    less = claim(found_table((0.1, -0.3), (-0.14, 0.26)).query("way == 'alone'"), WHO)
    assert less == "For EUR 10m A buys 1 task of law (0 in all, net), B 3 of technical (0 in all, net)"


# ---------------------------------------------------------------------- the command
def test_the_command(shell: Shell) -> None:
    done = shell("buys", "replications=2", "draws=2", "horizon=8", "wind_down=4", "out=found", "workers=1")
    assert done.exit_code == 0, done.output
    assert "In words" in done.output
    assert "Accession to the Budapest Convention" in done.output
    folder = shell.folder / "found"
    found = pd.read_csv(folder / "buys.csv")
    assert set(found["donor"]) == {"COE", "ITU"}
    assert set(found["way"]) == set(purchases.WAYS)
    runs = pd.read_parquet(folder / "runs.parquet")
    assert len(runs) == 2 * 6 + 2 * 1 + 2 * 4
    money = pd.read_csv(folder / "money.csv")
    assert set(money["organisation"]) == {"COE", "ITU"}
    states = pd.read_csv(folder / "accession.csv", keep_default_na=False)
    assert len(states) == 124
    lines = pd.read_csv(folder / "accession_checks.csv")
    assert len(lines) == 16
    assert not lines["judged"].any()  # another horizon is another scenario: no yes and no NO
    assert lines["holds"].isna().all()
    assert "Not judged: the scenario was changed." in done.output
    assert "Accession: not judged: the scenario was changed." in done.output
    assert "demands hold" not in done.output
    assert "NO" not in done.output.split("Accession to the")[1].split("In words")[0]
    assert "by the end of 2014" in " ".join(lines["demanded"])
    assert "2024" not in " ".join(lines["demanded"])
    assert "2024" not in done.output.split("Accession to the")[1].split("Brier score of")[0]
    assert "1st/=/2nd" in done.output
    assert "more is what changes one average state by the smallest difference or more" in " ".join(done.output.split())
    assert "ownership can hardly rise here" in " ".join(done.output.split())
    counts = pd.read_csv(folder / "contest.csv")
    assert (counts[["first_more", "neither", "second_more"]].sum(axis=1) == counts["futures"]).all()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["configuration"]["accession"].startswith("3880a19f")
    for name in ("buys", "accession"):
        assert (folder / "figures" / f"{name}.png").is_file()


def test_elsewhere_there_are_no_real_years(shell: Shell) -> None:
    done = shell("buys", "toy", "of=[SURIA,FUND]", "replications=1", "draws=0", "out=found", "workers=1")
    assert done.exit_code == 0, done.output
    assert "Accession" not in done.output
    assert "range" not in done.output.split("In words")[0].split("What EUR")[1]
    assert "1st/=/2nd" not in done.output
    assert not (shell.folder / "found" / "accession.csv").exists()


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("of=[COE]", "of: 1 donors are named; two are compared"),
        ("of=[COE,COE]", "of: 1 donors are named"),
        ("of=[COE,ITV]", "of: 'ITV' is no donor of coe-itu (did you mean 'ITU'?)"),
        ("replications=0", "replications: 0 is out of range"),
        ("draws=-1", "draws: -1 is out of range"),
        ("money=0", "of: COE has no money here"),
        ("architecture=central", "architecture: under central donors do not act by themselves (COE and ITU are one"),
        ("smallest_difference=0", "smallest_difference: 0 is out of range"),
        ("coe_itu.known_until=1990", "coe_itu.known_until: '1990' is no year"),
    ],
)
def test_mistakes_are_one_line(shell: Shell, word: str, told: str) -> None:
    assert told in shell.refused("buys", word)
