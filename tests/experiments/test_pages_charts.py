"""Charts of the report: numbers and words are those of the table, pictures load nothing and stay small."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

from donorlab.experiments.pages import charts, interactive
from donorlab.experiments.pages.chart import HATCHED, Chart, compact, signed
from donorlab.experiments.pages.charts_of_comparison import _stacked
from donorlab.experiments.pages.charts_of_money import _crossed
from donorlab.sim.outcomes.waterfall import BARS


def draws(differences: dict[str, list[float]]) -> pd.DataFrame:
    count = len(next(iter(differences.values())))
    rows = [{"architecture": "fragmented", "draw": i, "efficiency": 0.1 * i} for i in range(count)]
    rows += [
        {"architecture": name, "draw": i, "efficiency": 0.1 * i + change}
        for name, changes in differences.items()
        for i, change in enumerate(changes)
    ]
    return pd.DataFrame(rows)


def groups() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "proposal": "lead-donors", "kind": ["all", "region", "region"], "group": ["all states", "Africa", "Asia"],
            "states": [3.0, 2.0, 1.0], "value_change": [0.01, 0.02, -0.03], "value_change_low": [0.0, 0.01, -0.05],
            "value_change_high": [0.02, 0.03, -0.01], "future_change": [0.01, 0.03, -0.04], "future_low": -0.1, "future_high": 0.1,
            "futures_gain": [5, 7, 0], "futures_same": [5, 3, 2], "futures_lose": [0, 0, 8],
        }
    )  # fmt: skip


def donors() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "proposal": "p", "donor": list("abcd"), "kind": ["state", "state", "state", "regional_org"],
            "member": [True, True, True, False], "over_futures": ["gains", "loses", "open", "gains"],
        }
    )  # fmt: skip


def shares() -> pd.DataFrame:
    own = {name: 1 / len(BARS) for name, _ in BARS}
    other = {**own, "duplication_ignorance": 0.0, "effective": 2 / len(BARS)}
    return pd.DataFrame(
        {"bar": bar, "architecture": who, "share": part}
        for who, parts in (("fragmented", own), ("umbrella", other))
        for bar, part in parts.items()
    )


def summary() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "outcome": ["efficiency", "orphans"], "label": ["Efficiency", "Orphans"], "unit": ["share", "number"],
            "fragmented": [0.3, 35.0], "fragmented_seed_noise": [0.01, 1.0], "fragmented_range_low": [-0.5, 20.0],
            "fragmented_range_high": [0.4, 60.0], "umbrella": [0.33, 30.0], "umbrella_seed_noise": [0.01, 1.0],
            "umbrella_minus_fragmented": [0.03, -5.0], "umbrella_minus_fragmented_seed_noise": [0.01, 1.0],
        }
    )  # fmt: skip


def steps() -> pd.DataFrame:
    return pd.DataFrame(
        {"architecture": who, "seed": seed, "quarter": q, "capacity": 0.4 + slope * q, "capacity_no_aid": 0.4}
        for who, slope in (("fragmented", 0.001), ("umbrella", 0.002))
        for seed in (1, 2)
        for q in range(1, 17)
    )


def curves() -> pd.DataFrame:
    return pd.DataFrame(
        {"parameter": "overhead", "value": x, "architecture": "umbrella", "seed": seed,
         "difference": 0.02 - 0.2 * x + 0.001 * seed}
        for x in (0.0, 0.1, 0.2)
        for seed in (-1, 0, 1)
    )  # fmt: skip


def regimes() -> pd.DataFrame:
    return pd.DataFrame(
        {"overhead": x, "decision_lag": y, "seed": seed, "difference": 0.05 - 0.5 * x + 0.01 * seed * y}
        for x in (0.0, 0.2)
        for y in (0, 9)
        for seed in (-1, 0, 1)
    )


def curve() -> pd.DataFrame:
    return pd.DataFrame(
        {"reporters": [0, 1, 2], "last": [None, "USA", "EU"], "removed": [0, 0.6, 1.0],
         "removed_low": [0, 0.5, 1], "removed_high": [0, 0.7, 1]}
    )  # fmt: skip


def indices() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "outcome": "efficiency", "result": "umbrella", "factor": ["pace", "lapse", "luck of the seed"],
            "first": [0.1, -0.01, 0.0],
            "total": [0.2, 0.5, 0.1], "total_low": [0.1, 0.4, 0.0], "total_high": [0.3, 0.6, 0.2],
        }
    )  # fmt: skip


def known(told: bool) -> pd.DataFrame:
    return pd.DataFrame(
        {"judgement": "a", "assumption": ["pace", "lapse"], "value": [0.001, 0.002], "low": 0.0, "high": 0.004,
         "told": [False, told]}
    )  # fmt: skip


def limits() -> tuple[pd.DataFrame, pd.DataFrame]:
    return (
        pd.DataFrame(
            {"name": ["decision_lag", "pace", "pace"], "end": ["low", "low", "high"], "limit": [4.5, 0.2, 0.4]}
        ),
        pd.DataFrame({"name": ["decision_lag", "pace"], "low": [0.0, 0.0], "high": [8.0, 1.0]}),
    )


def regrets() -> pd.DataFrame:
    return pd.DataFrame(
        {"judgement": judgement, "design": name, "point": i, "regret": scale * i / 1000}
        for judgement in ("one", "two")
        for name, scale in (("far", 2.0), ("near", 1.0))
        for i in range(101)
    )


def members() -> pd.DataFrame:
    return pd.DataFrame(
        {"player": ["USA", "4 other states", "CHN"], "count": [1, 4, 1], "member": [True, True, False], "gain_m": [1.0, 0.2, -1.0],
         "gain_low": [0.5, -0.3, -2.0], "gain_high": [1.5, 0.7, -0.5]}
    )  # fmt: skip


MADE: dict[str, Callable[[], Chart]] = {
    "futures": lambda: charts.futures(draws({"umbrella": [0.03, -0.05, 0.0, 0.02]}), "fragmented", 0.02),
    "comparison": lambda: charts.comparison(summary()),
    "waterfall": lambda: charts.waterfall(shares()),
    "over_time": lambda: charts.over_time(steps(), "capacity", 8),
    "gains": lambda: charts.gains(groups(), "region"),
    "donors": lambda: charts.gains(donors(), "donors"),
    "break_even": lambda: charts.break_even(curves()),
    "regime": lambda: charts.regime(regimes(), "overhead", "decision_lag"),
    "ignorance": lambda: charts.ignorance(curve()),
    "sensitivity": lambda: charts.sensitivity(indices()),
    "information": lambda: charts.information(known(True)),
    "box": lambda: charts.box(*limits()),
    "regret": lambda: charts.regret(regrets()),
    "membership": lambda: charts.membership(members()),
}


@pytest.fixture(scope="module")
def made() -> dict[str, Chart]:
    return {name: make() for name, make in MADE.items()}


def test_every_chart_of_the_package_is_tried() -> None:
    assert set(charts.__all__) - {"Chart", "NOTICE"} <= set(MADE)


@pytest.mark.parametrize("name", MADE)
def test_pictures_load_nothing_are_described_and_small(name: str, made: dict[str, Chart]) -> None:
    chart = made[name]
    assert not re.search(r'(?:href|src)="(?!#)|url\((?!#)|@import|<script|<image', chart.svg)
    assert "http" not in chart.svg.replace("http://www.w3.org/2000/svg", "")
    assert "http" not in json.dumps(chart.spec)
    assert len(chart.svg) < 60_000
    assert 'role="img"' in chart.svg
    assert len(chart.alt) > 30
    assert "nan" not in chart.alt
    assert len(chart.data)


def test_names_differ_and_begin_all_identifiers(made: dict[str, Chart]) -> None:
    assert len({chart.name for chart in made.values()}) == len(made)
    for chart in made.values():
        assert all(found.startswith(chart.name) for found in re.findall(r'\bid="([^"]+)"', chart.svg))
        assert all(found.startswith(chart.name) for found in re.findall(r"url\(#([^)]+)\)", chart.svg))


def test_futures_are_counted_and_ordered() -> None:
    chart = charts.futures(draws({"a": [0.02, -0.02, 0.0, 0.019], "b": [0.03, 0.03, 0.03, -0.5]}), "fragmented", 0.02)
    rows = chart.data.set_index("architecture")
    assert list(rows.index) == ["b", "a"]
    assert rows.loc["a", ["better", "same", "worse"]].tolist() == [1, 2, 1]
    assert rows.loc["b", ["better", "same", "worse"]].tolist() == [3, 0, 1]
    assert "b: better in 3, about the same in 0, worse in 1, middle future +3.0 points" in chart.alt


def test_futures_do_not_hang_on_the_order_of_rows() -> None:
    table = draws({"a": [0.05, -0.04, 0.0], "b": [0.0, 0.0, 0.3]})
    mixed = pd.concat(
        [
            table[table["architecture"] == "fragmented"],
            table[table["architecture"] != "fragmented"].sample(frac=1, random_state=3),
        ]
    )
    one, other = (
        charts.futures(each, "fragmented", 0.02).data.set_index("architecture").sort_index() for each in (table, mixed)
    )
    pd.testing.assert_frame_equal(one, other)


def test_dots_that_meet_are_stacked_around_the_middle() -> None:
    dots = _stacked(np.array([1.0, 1.0, 1.0, 30.0]), "a", 2.0)
    assert sorted(dot["level"] for dot in dots) == [-1.0, 0.0, 0.0, 1.0]
    assert [dot["verdict"] for dot in dots] == ["same", "same", "same", "better"]


def test_waterfall_ends_at_what_is_effective(made: dict[str, Chart]) -> None:
    table = made["waterfall"].data.set_index("cents of a euro")
    assert table.sum().to_numpy() == pytest.approx(100)
    assert table.loc["effective", "donors apart"] == pytest.approx(100 / len(BARS))
    assert table.loc["effective", "umbrella"] == pytest.approx(200 / len(BARS))
    bars = [row for rows in made["waterfall"].spec["datasets"].values() for row in rows if "from" in row]
    lost = [row for row in bars if row["kind"] == "lost"]
    assert lost[0]["to"] == pytest.approx(100)
    assert lost[-1]["from"] == pytest.approx(next(row["to"] for row in bars if row["kind"] == "effective"))


def test_what_aid_adds_is_drawn_over_time(made: dict[str, Chart]) -> None:
    table = made["over_time"].data.set_index("year")
    assert table.loc[4, "umbrella"] == pytest.approx(3.2)
    assert "umbrella 3.2" in made["over_time"].alt


def test_gains_rest_on_futures_where_there_are_any(made: dict[str, Chart]) -> None:
    assert "Asia \N{MINUS SIGN}4.00" in made["gains"].alt
    few = charts.gains(groups().drop(columns=[name for name in groups() if name.startswith("future")]), "region")
    assert "Asia \N{MINUS SIGN}3.00" in few.alt
    assert "nothing of the assumptions" in " ".join(few.spec["title"]["text"])


def test_donors_are_counted_by_kind(made: dict[str, Chart]) -> None:
    table = made["donors"].data.set_index("group")
    assert table.loc["states, members", ["loses", "open", "gains"]].tolist() == [1, 1, 1]
    assert table.loc["regional organisations, outside", "gains"] == 1


def test_a_curve_has_a_point_where_it_crosses() -> None:
    part = pd.DataFrame({"value": [0.0, 1.0], "mean": [3.0, -1.0], "low": [2.0, -2.0], "high": [4.0, 0.0]})
    assert _crossed(part)[["value", "mean"]].to_numpy().tolist() == [[0, 3], [0.75, 0], [1, -1]]


def test_regimes_tell_chance_from_difference(made: dict[str, Chart]) -> None:
    table = made["regime"].data.set_index(["overhead", "decision lag"])["verdict"]
    assert table.loc[(0.0, 0)] == "better"
    assert table.loc[(0.2, 0)] == "worse"
    assert table.loc[(0.0, 9)] == "not told from chance"
    near = charts.regime(regimes(), "overhead", "decision_lag", smallest=0.05).data.set_index(
        ["overhead", "decision lag"]
    )
    assert near.loc[(0.0, 0), "verdict"] == "better"  # exactly what matters
    far = charts.regime(regimes(), "overhead", "decision_lag", smallest=0.06).data.set_index(
        ["overhead", "decision lag"]
    )
    assert far.loc[(0.0, 0), "verdict"] == "a little better"
    alone = charts.regime(regimes()[lambda t: t["seed"] == 0], "overhead", "decision_lag")
    assert set(alone.data["verdict"]) == {"not told from chance"}  # one seed tells nothing


def test_sensitivity_is_ordered_and_luck_is_marked(made: dict[str, Chart]) -> None:
    assert list(made["sensitivity"].data["assumption"]) == ["lapse", "pace", "luck of the seed"]
    assert list(made["sensitivity"].data["luck"]) == [False, False, True]


def test_information_claims_nothing_from_noise() -> None:
    assert charts.information(known(False)).alt.startswith("No single assumption is told from noise")
    alt = charts.information(known(True)).alt
    assert "lapse 0.20" in alt
    assert "pace" not in alt


def test_box_ends_are_limits(made: dict[str, Chart]) -> None:
    table = made["box"].data.set_index("assumption")
    assert table.loc["decision lag", ["from", "to"]].tolist() == [4.5, 8.0]
    assert table.loc["pace", ["from", "to"]].tolist() == [0.2, 0.4]


def test_regret_is_of_the_first_judgement_nearest_first(made: dict[str, Chart]) -> None:
    assert list(made["regret"].data["design"]) == ["near", "far"]
    assert made["regret"].data["within_in_95"].tolist() == pytest.approx([9.5, 19.0])


def test_membership_tells_whom_it_pays(made: dict[str, Chart]) -> None:
    assert "better inside: USA; better outside: CHN; 1 of 3 not told from chance" in made["membership"].alt


def test_loss_is_hatched_and_other_colours_are_left() -> None:
    colour = next(iter(HATCHED))
    raw = f'<svg viewBox="0 0 10 10"><rect fill="{colour}"/><rect fill="#123456"/><g id="clip0"/><g clip-path="url(#clip0)"/></svg>'
    svg = compact("a", raw, "x < y")
    assert f'fill="{colour}"/><rect fill="#123456"' not in svg
    assert "url(#a-clip0)" in svg
    assert 'aria-label="x &lt; y"' in svg


def test_signs() -> None:
    assert [signed(x) for x in (0.04, -0.04, 1.25, -3.0)] == ["0.0", "0.0", "+1.2", "\N{MINUS SIGN}3.0"]


def test_live_charts_stand_once_and_load_nothing(made: dict[str, Chart]) -> None:
    page = interactive.scripts(list(made.values()))
    specs = json.loads(re.search(r'id="chart-specs">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    assert set(specs) == {chart.name for chart in made.values()}
    assert page.count("</script>") == 2
    assert page.count("window.vegaEmbed=") == 1
    assert len(page) < 1_500_000
    assert not re.search(r"<script[^>]+src=|@import", page)
    assert interactive.scripts([Chart("map", {}, "<svg/>", "", pd.DataFrame())]) == ""


def test_a_picture_has_one_description_and_no_roles_inside() -> None:
    inside = '<svg viewBox="0 0 10 10"><g role="graphics-symbol" aria-roledescription="mark"><path d="M0,0"/></g></svg>'
    made = compact("one", inside, "what it shows")
    assert made.count("role=") == 1
    assert made.count("aria-") == 1
    assert 'aria-label="what it shows"' in made
