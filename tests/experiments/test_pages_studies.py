"""Sections about sweeps and studies: made of small folders that no run of the model stands behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

from donorlab.experiments.arguments import InputError
from donorlab.experiments.pages import charts, gathered, sections_of_regimes, sections_of_rivals
from donorlab.experiments.pages import sections_of_studies as sections
from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case
from donorlab.experiments.studies.factors import NOISE


def manifest(folder: Path, command: str, **more: Any) -> Path:
    folder.mkdir(exist_ok=True)
    configuration = {"scenario": "toy", "settings": [], **more.pop("configuration", {})}
    (folder / "manifest.json").write_text(json.dumps({"command": command, "configuration": configuration, **more}))
    return folder


def case(place: Path, *folders: Path) -> Case:
    """Return the case of a comparison of two architectures with other folders."""
    comparison = place / "compare"
    if not comparison.exists():
        manifest(comparison, "compare", configuration={"smallest_difference": 0.02, "ensemble": None})
    frame = pd.DataFrame(
        {"architecture": pd.Categorical(["fragmented", "umbrella"], ["fragmented", "umbrella"]), "seed": 1}
    )
    frame.to_parquet(comparison / "runs.parquet")
    return Case(gathered.gathered([comparison, *folders]))


def text_of(section: Section | None) -> str:
    assert section is not None
    return section.title + "".join(map(str, section.blocks))


# ---------------------------------------------------------------------- regimes
def sweep(
    place: Path,
    levers: dict[str, list[float]],
    labels: tuple[str, ...] = ("fragmented", "umbrella"),
    *,
    complete: bool = True,
    failed: int = 0,
    drop: int = 0,
    name: str = "sweep",
) -> Path:
    """Return a sweep over a grid in which the umbrella is better at low overhead, with three seeds."""
    points = pd.MultiIndex.from_product(levers.values(), names=list(levers)).to_frame(index=False)
    points = points.iloc[: len(points) - drop]
    rows = [
        {
            "point": at + 1,
            "architecture": who,
            "seed": seed,
            **row,
            "efficiency": 0.4 + 0.001 * seed + gain,
            "error": None,
        }
        for at, row in enumerate(points.to_dict("records"))
        for seed in (1, 2, 3)
        for place_, who in enumerate(labels)
        for gain in [place_ * (0.05 - row.get("overhead", 0.0) + 0.0001 * seed)]
    ]
    runs = pd.DataFrame(rows)
    runs["run"] = range(1, len(runs) + 1)
    runs.loc[runs.index[:failed], ["efficiency", "error"]] = [float("nan"), "ValueError: no"]
    runs["error"] = runs["error"].astype("str").where(runs["error"].notna())
    columns = [
        {"name": key, "kind": "word" if isinstance(values[0], str) else "float", "values": values}
        for key, values in levers.items()
    ]
    folder = manifest(
        place / name,
        "sweep",
        complete=complete,
        plan={"labels": list(labels), "columns": columns, "configuration": {"scenario": "toy", "settings": []}},
    )
    (folder / "runs" / "00000").mkdir(parents=True)
    runs.to_parquet(folder / "runs" / "00000" / "part.parquet")
    points.to_parquet(folder / "design.parquet")
    return folder


GRID: dict[str, list[float]] = {"overhead": [0.0, 0.1], "decision_lag": [0.0, 4.0]}


def test_a_sweep_of_two_levers_is_a_map(tmp_path: Path) -> None:
    section = sections_of_regimes.regimes(case(tmp_path, sweep(tmp_path, GRID)))
    text = text_of(section)
    assert section is not None
    assert section.title == "At default values overhead and decision lag decide whether umbrella is better or worse"
    assert "Of the two overhead decides" in text
    assert "mean of 3 pairs" in text
    (chart,) = section.charts
    assert dict(zip(chart.data["overhead"], chart.data["points"], strict=True)) == pytest.approx(
        {0.0: 5.02, 0.1: -4.98}
    )
    assert "10%" in chart.svg


def test_each_further_architecture_has_a_map_three_at_most(tmp_path: Path) -> None:
    labels = ("fragmented", "umbrella", "conditional", "a", "b")
    section = sections_of_regimes.regimes(case(tmp_path, sweep(tmp_path, GRID, labels)))
    assert section is not None
    assert [chart.name for chart in section.charts] == ["regime-0-0", "regime-0-1", "regime-0-2"]
    assert "more architectures than are shown: b." in text_of(section)


def test_differences_are_to_the_reference_wherever_it_stands(tmp_path: Path) -> None:
    section = sections_of_regimes.regimes(case(tmp_path, sweep(tmp_path, GRID, ("umbrella", "fragmented"))))
    assert section is not None
    assert section.charts[0].data["points"].max() == pytest.approx(
        4.98
    )  # the second one has the gain, here the reference


@pytest.mark.parametrize(
    ("levers", "more", "why"),
    [
        (GRID | {"pace": [0.2, 0.4]}, {}, "it varies 3 values (overhead, decision lag and pace), and a map shows two"),
        ({"overhead": [0.0, 0.1], "pace": [0.2]}, {}, "it varies 1 value (overhead), and a map shows two"),
        (GRID, {"complete": False}, "it is not finished"),
        (GRID, {"labels": ("fragmented",)}, "it has one architecture, donors apart"),
        (GRID, {"drop": 1}, "its points are no grid"),
        ({"overhead": [0.0, 0.1], "division": ["cell", "none"]}, {}, "it varies words"),
    ],
)
def test_a_sweep_that_makes_no_map_is_left_out_with_the_reason(
    tmp_path: Path, levers: Any, more: Any, why: str
) -> None:
    section = sections_of_regimes.regimes(case(tmp_path, sweep(tmp_path, levers, **more)))
    text = text_of(section)
    assert section is not None
    assert not section.charts
    assert why in text


def test_failed_runs_are_left_out_with_their_pair_and_told(tmp_path: Path) -> None:
    section = sections_of_regimes.regimes(case(tmp_path, sweep(tmp_path, GRID, failed=1)))
    text = text_of(section)
    assert "1 run of the sweep failed and is left out." in text
    assert "mean of 2 to 3 pairs" in text


def test_two_sweeps_make_pictures_with_names_of_their_own(tmp_path: Path) -> None:
    one = case(
        tmp_path,
        sweep(tmp_path, GRID),
        sweep(tmp_path, GRID | {"pace": [0.2, 0.4]}, name="wide"),
        sweep(tmp_path, GRID, name="other"),
    )
    section = sections_of_regimes.regimes(one)
    assert section is not None
    assert len({chart.name for chart in section.charts}) == 2
    assert "The sweep in wide is left out" in text_of(section)


def test_without_a_sweep_there_is_no_section(tmp_path: Path) -> None:
    one = case(tmp_path)
    assert [
        make(one)
        for make in (
            sections_of_regimes.regimes,
            sections.sensitivity,
            sections.discovery,
            sections.robustness,
            sections_of_rivals.rivals,
        )
    ] == [None] * 5


def test_a_map_of_many_cells_has_no_numbers_in_them() -> None:
    runs = pd.DataFrame(
        {"overhead": i / 100, "decision_lag": 0, "seed": seed, "difference": 0.05 + seed / 1000}
        for i in range(20)
        for seed in (1, 2)
    )
    assert "+5.2" not in charts.regime(runs, "overhead", "decision_lag").svg
    assert "+5.2" in charts.regime(runs[runs["overhead"] < 0.05], "overhead", "decision_lag").svg


# ---------------------------------------------------------------------- sensitivity
def shares(told: bool = True) -> pd.DataFrame:
    rows = [("reform_cost", 0.5, told, 0.97), ("pace", 0.2, False, 0.03), (NOISE, 0.3, True, None)]
    return pd.DataFrame(
        {
            "outcome": outcome,
            "result": result,
            "factor": name,
            "first": 0.1,
            "total": total,
            "total_low": total - 0.1,
            "total_high": total + 0.1,
            "told": is_told,
            "chance_first": chance,
        }
        for outcome in ("duplication_share", "efficiency")
        for result in ("fragmented", "lead-donors", "lead-donors-fragmented")
        for name, total, is_told, chance in rows
    )


def test_what_drives_the_difference_is_preferred(tmp_path: Path) -> None:
    folder = manifest(tmp_path / "sensitivity", "sensitivity")
    shares().to_csv(folder / "indices.csv", index=False)
    section = sections.sensitivity(case(tmp_path, folder))
    assert section is not None
    assert [chart.name for chart in section.charts] == ["sensitivity-lead-donors-fragmented"]
    text = text_of(section)
    assert (
        section.title
        == "The difference in efficiency between lead-donors and donors who act apart hangs most on one assumption: reform cost"
    )
    assert "The luck of the seed makes 30% (20 to 40)" in text
    assert "Efficiency, lead-donors against donors who act apart" in text
    assert "own words" not in text  # an older folder says nothing itself, and nothing is made up
    (folder / "report.txt").write_text("One <line>.\n  below\nTwo.\n")
    text = text_of(sections.sensitivity(case(tmp_path, folder)))
    assert "One &lt;line&gt;.<ul" in text
    assert "Two." in text


def test_a_screening_alone_is_shown_as_one(tmp_path: Path) -> None:
    folder = manifest(tmp_path / "sensitivity", "sensitivity")
    rows = [("reform_cost", "matters"), ("pace", "open"), (NOISE, "luck")]
    pd.DataFrame(
        {
            "outcome": "efficiency",
            "result": "umbrella-fragmented",
            "factor": name,
            "mu_star": 0.1,
            "mu_star_low": 0.05,
            "mu_star_high": 0.15,
            "verdict": verdict,
        }
        for name, verdict in rows
    ).to_csv(folder / "screening.csv", index=False)
    section = sections.sensitivity(case(tmp_path, folder))
    assert section is not None
    assert section.title.startswith("1 of 2 assumptions is shown to matter for the difference in efficiency")
    assert "reform cost (what a reform costs a government politically)" in text_of(section)


def test_a_table_without_a_column_is_refused_in_a_line(tmp_path: Path) -> None:
    folder = manifest(tmp_path / "sensitivity", "sensitivity")
    shares().drop(columns="told").to_csv(folder / "indices.csv", index=False)
    with pytest.raises(InputError, match=r"indices\.csv: has no column 'told'"):
        sections.sensitivity(case(tmp_path, folder))


# ---------------------------------------------------------------------- discovery
def discovered(place: Path, *, beyond: bool = True, asked: str = "loses", boxes: bool = True) -> Path:
    keys = {"outcome": "efficiency", "case": asked, "smallest_difference": 0.02}
    folder = manifest(place / "discover", "discover", configuration={"keys": keys})
    counted = {"futures": 200, "cases": 40, "inside": 30, "hits": 20}
    fresh = {"fresh_futures": 100, "fresh_cases": 25, "fresh_inside": 20, "fresh_hits": 15}
    pair = {"architecture": "umbrella", "against": "fragmented"}
    if boxes:
        pd.DataFrame(
            {
                **pair,
                "box": box,
                "name": name,
                "end": "low",
                "limit": limit,
                **counted,
                **fresh,
                "beyond_chance": beyond and box == 1,
            }
            for box, name, limit in ((1, "reform_cost", 0.4), (2, "poaching", 0.3))
        ).to_csv(folder / "boxes.csv", index=False)
    else:
        (folder / "boxes.csv").write_text("\n")
    pd.DataFrame([{**pair, "leaf": 1, "conditions": "anywhere", **counted, **fresh}]).to_csv(
        folder / "tree.csv", index=False
    )
    futures = pd.DataFrame(
        {"reform_cost": [0.2, 0.9], "of_a_plugin": [1.0, 3.0], "difference": [-0.1, 0.1], "case": [True, False]}
    )
    futures.to_csv(folder / "futures_umbrella.csv", index=False)
    return folder


def test_only_a_box_beyond_chance_is_drawn(tmp_path: Path) -> None:
    section = sections.discovery(case(tmp_path, discovered(tmp_path)))
    assert section is not None
    assert section.title == "Umbrella loses more often at certain values of reform cost"
    assert [chart.name for chart in section.charts] == ["box-1-umbrella-1"]
    row = section.charts[0].data.iloc[0]
    assert (row["from"], row["to"], row["range_low"], row["range_high"]) == (0.4, 2.0, 0.1, 2.0)
    text = text_of(section)
    assert "loses in 15 of 20 fresh futures (75%), against 25% of all" in text
    assert "poaching" not in text
    assert "2021" in text  # a limit in euros has a price year


@pytest.mark.parametrize("more", [{"beyond": False}, {"boxes": False}])
def test_no_box_is_no_finding(tmp_path: Path, more: dict[str, bool]) -> None:
    section = sections.discovery(case(tmp_path, discovered(tmp_path, **more)))
    assert section is not None
    assert section.title == "Under which conditions umbrella loses is not found"
    assert not section.charts
    assert "reform cost" not in text_of(section)


def test_pictures_of_names_alike_have_names_of_their_own(tmp_path: Path) -> None:
    folder = discovered(tmp_path)
    names = ("a-b", "a_b")
    for table in ("boxes", "tree"):
        if (folder / f"{table}.csv").exists():
            found = pd.read_csv(folder / f"{table}.csv")
            pd.concat([found.assign(architecture=name) for name in names]).to_csv(folder / f"{table}.csv", index=False)
    for name in names:
        (folder / f"futures_{name}.csv").write_bytes((folder / "futures_umbrella.csv").read_bytes())
    (folder / "futures_umbrella.csv").unlink()
    section = sections.discovery(case(tmp_path, folder))
    assert section is not None
    assert [chart.name for chart in section.charts] == ["box-1-a-b-1", "box-2-a-b-1"]


def test_where_it_wins_is_drawn_as_a_gain(tmp_path: Path) -> None:
    section = sections.discovery(case(tmp_path, discovered(tmp_path, asked="wins")))
    assert section is not None
    assert "hatch" not in section.charts[0].svg
    assert "Where umbrella wins" in text_of(section)


def test_limits_stand_on_the_scale_of_their_range() -> None:
    limits = pd.DataFrame({"name": ["pace"], "end": ["low"], "limit": [0.1]})
    ranges = pd.DataFrame({"name": ["pace"], "low": [0.01], "high": [1.0], "log": [True]})
    found = [row["a"] for rows in charts.box(limits, ranges).spec["datasets"].values() for row in rows if "a" in row]
    assert found[0] == pytest.approx(0.5)
    (straight,) = {
        row["a"]
        for rows in charts.box(limits, ranges.assign(log=False)).spec["datasets"].values()
        for row in rows
        if "a" in row
    }
    assert straight == pytest.approx(0.0909, abs=1e-3)


# ---------------------------------------------------------------------- robustness
def robust(place: Path, told: bool = True) -> Path:
    folder = manifest(place / "robust", "robust")
    designs = {"fragmented": (0.10, 0.02), "umbrella": (0.03, 0.98)}
    pd.DataFrame(
        {
            "judgement": judgement,
            "kind": kind,
            "futures": 100,
            "design": design,
            "regret_95": lacks,
            "regret_95_low": lacks - 0.01,
            "regret_95_high": lacks + 0.01,
            "near_share": 0.97,
            "best_share": 0.6,
            "clear_share": 0.3,
            "chance_nearest": chance,
        }
        for judgement, kind in (("efficiency, by users^0.5", "as set"), ("ownership first", "what counts"))
        for design, (lacks, chance) in designs.items()
    ).to_csv(folder / "scores.csv", index=False)
    pd.DataFrame(
        {"judgement": "efficiency, by users^0.5", "point": i, "design": design, "regret": lacks * i / 20}
        for i in range(21)
        for design, (lacks, _) in designs.items()
    ).to_csv(folder / "regret.csv", index=False)
    pd.DataFrame(
        {
            "judgement": "efficiency, by users^0.5",
            "chosen": "umbrella",
            "assumption": ["reform_cost", "pace"],
            "value": [0.002, 0.001],
            "low": 0.0,
            "high": 0.003,
            "told": [told, False],
            "changes": 0.4,
            "to": "fragmented",
        }
    ).to_csv(folder / "information.csv", index=False)
    return folder


def test_robustness_names_the_design_and_what_would_change_the_choice(tmp_path: Path) -> None:
    section = sections.robustness(case(tmp_path, robust(tmp_path)))
    assert section is not None
    assert section.title == "Umbrella is extremely likely never far from the best"
    assert [chart.name for chart in section.charts] == ["regret", "information"]
    text = text_of(section)
    assert "Donors who act apart lack up to 10.0 points of efficiency in 95 of 100 futures" in text
    assert "in 40% of the 100 futures of that study" in text
    assert (
        "If we knew what a reform costs a government politically (reform cost), the choice would change from umbrella in 40%"
        in text
    )
    assert "ownership first" in text


def test_nothing_is_worth_knowing_where_nothing_is_told(tmp_path: Path) -> None:
    text = text_of(sections.robustness(case(tmp_path, robust(tmp_path, told=False))))
    assert "No single assumption, if it were known, is shown to change the choice." in text
    assert "If we knew what a reform costs" not in text


def test_robustness_without_information_or_scores(tmp_path: Path) -> None:
    folder = robust(tmp_path)
    (folder / "information.csv").unlink()
    section = sections.robustness(case(tmp_path, folder))
    assert section is not None
    assert [chart.name for chart in section.charts] == ["regret"]
    (folder / "scores.csv").unlink()
    with pytest.raises(InputError, match=r"has no scores\.csv"):
        sections.robustness(case(tmp_path, folder))


# ---------------------------------------------------------------------- rivals
def test_rivals_are_a_table_of_forms_in_words(tmp_path: Path) -> None:
    one = case(tmp_path)
    pd.DataFrame(
        {
            "form": ["as set", "ignorance=task", "credit=equal"],
            "architecture": "umbrella",
            "acts": [False, True, False],
            "same_as": [None, None, "as set"],
            "better": [9, 8, 9],
            "same": [1, 1, 1],
            "worse": [0, 0, 0],
            "undefined": [0, 1, 0],
            "median_difference": 0.05,
            "verdict": "better",
        }
    ).to_csv(tmp_path / "compare" / "rivals.csv", index=False)
    section = sections_of_rivals.rivals(one)
    assert section is not None
    assert section.title == "The conclusion that is drawn survives every rival submodel"
    text = text_of(section)
    assert "That umbrella is better than donors who act apart survives the one rival form that acts." in text
    assert "What may go unseen: each task of a project is seen or not" in text
    assert "9 / 1 / 0, better" in text
    assert "8 / 1 / 0 (1 not defined), better" in text
    assert "Not defined are futures" in text
    assert "1 rival form changes nothing here" in text
