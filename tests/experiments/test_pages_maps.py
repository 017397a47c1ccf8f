"""Maps of the report: every state finds its place, shades are right, nothing is loaded, states are not named unasked."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments.arguments import InputError
from donorlab.experiments.pages import maps, outlines, shades
from donorlab.experiments.pages.chart import NOTICE
from donorlab.scenarios import load

ALL = tuple(maps.places().index)


def table(**by_architecture: float) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"iso3": state, "architecture": name, "value": value}
            for name, value in by_architecture.items()
            for state in ALL
        ]
    )


def painted(svg: str) -> list[str]:
    """Return the paints of groups of states, without those that are not in the model."""
    return [fill for fill in re.findall(r'<g (?:class="s" )?fill="([^"]+)">', svg) if "none" not in fill]


def test_every_state_of_the_world_has_a_place() -> None:
    states = load("world").beneficiaries.ids
    assert len(states) == 134
    assert maps.without_place(list(states)) == []
    assert maps.without_place(["KEN", "AURELIA"]) == ["AURELIA"]


@pytest.mark.parametrize(
    ("code", "longitude", "latitude"),
    [("KEN", 37.9, 0.5), ("BRA", -53.1, -10.8), ("WSM", -172.4, -13.6), ("MNG", 103.0, 46.8), ("FJI", 178.0, -17.8)],
)
def test_states_lie_where_they_are(code: str, longitude: float, latitude: float) -> None:
    here = outlines.world().states[maps.places().loc[code, "code"]].at
    there = outlines._placed(*outlines._unwrapped(np.array([[longitude, latitude]])).T)[0]
    assert math.dist(here, there) < 8  # of 1000; a wrong join is hundreds away


def test_areas_are_true() -> None:
    """Equal Earth keeps areas: of the globe, 5.101e14 square metres, and of Brazil, 8.5e12 (within simplification)."""
    x, _ = outlines.equal_earth(np.array([180.0]), np.array([0.0]))
    unit = (float(x[0]) * 2 / outlines.WIDTH) ** 2 * 6_371_000**2
    brazil = outlines.world().states["076"].area * unit
    assert brazil == pytest.approx(8.5e12, rel=0.02)
    assert outlines.world().states["404"].area * unit == pytest.approx(5.8e11, rel=0.04)


def test_equal_earth_as_published() -> None:
    """Half width and half height of the globe, Savric, Patterson and Jenny 2019."""
    x, _ = outlines.equal_earth(np.array([180.0]), np.array([0.0]))
    _, y = outlines.equal_earth(np.array([0.0]), np.array([90.0]))
    assert (float(x[0]), float(y[0])) == pytest.approx((2.70663, 1.31737), abs=1e-4)


def test_another_source_is_refused() -> None:
    with pytest.raises(ValueError, match=r"world-atlas 2\.0\.2"):
        outlines.made(b"{}")


def test_simplifying_keeps_ends_and_what_stands_out() -> None:
    line = np.array([[0, 0], [1, 0.1], [2, 0], [3, 5], [4, 0]], dtype=float)
    assert outlines.simpler(line, 0.5).tolist() == [True, False, True, True, True]


def test_a_ring_over_the_edge_is_cut_in_two() -> None:
    square = np.array([[170, 0], [190, 0], [190, 10], [170, 10], [170, 0]], dtype=float)
    pieces = outlines.on_map(square)
    assert len(pieces) == 2
    assert all(np.ptp(piece[:, 0]) < 40 for piece in pieces)
    sizes = [abs(outlines.signed_area(piece)) for piece in pieces]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.1)


def test_a_map_shades_each_value_and_names_nobody() -> None:
    values = table(fragmented=0.2, umbrella=0.9)
    chart = maps.states(values, "Capacity", "share", breaks=(0.25, 0.5, 0.75))
    light, dark = shades.SHADES[0], shades.SHADES[-1]
    first, second = chart.svg.split(">umbrella<")
    assert set(painted(first.split(">donors apart<")[1])) == {light}
    assert set(painted(second.split("<g font-size")[0])) == {dark}
    assert "Kenya" not in chart.svg
    assert "Kenya" not in chart.data.to_string()
    assert NOTICE in chart.svg
    assert "donors apart 20%; umbrella 90%" in chart.alt


def test_states_are_named_if_asked() -> None:
    chart = maps.states(table(fragmented=0.2), "Capacity", "share", named=True)
    assert "<title>Kenya: 20%</title>" in chart.svg
    assert "Kenya" in set(chart.data["state"])


def test_all_states_are_drawn_once_a_panel_small_ones_as_circles() -> None:
    chart = maps.states(table(a=0.1, b=0.3), "x", "share")
    circles = len(re.findall(r"<circle cx", chart.svg))
    outlines_used = len(re.findall(rf'<use href="#{chart.name}-\d{{3}}"', chart.svg))
    assert circles + outlines_used == 2 * len(ALL)
    assert circles > 2 * 25  # islands, and states such as Lebanon, in each panel


def test_circles_do_not_overlap_and_stay_near() -> None:
    codes = maps.places()["code"].to_dict()
    scale = 0.313
    found = maps.circles(codes, scale)
    at = np.array([(x, y) for x, y, _ in found.values()])
    radius = next(iter(found.values()))[2]
    apart = np.hypot(*(at[:, None] - at[None, :]).transpose(2, 0, 1)) + 99 * np.eye(len(at))
    assert apart.min() > 1.9 * radius
    own = np.array([outlines.world().states[codes[state]].at for state in found]) * scale
    assert np.hypot(*(at - own).T).max() < 15
    assert {"TUV", "NRU", "MDV", "GRD"} <= set(found)


@pytest.mark.parametrize(("more_is_better", "hatched"), [(True, "umbrella"), (False, "central")])
def test_a_difference_for_the_worse_is_hatched(more_is_better: bool, hatched: str) -> None:
    values = table(fragmented=0.5, umbrella=0.4, central=0.6)
    chart = maps.states(values, "x", "share", "fragmented", smallest=0.02, more_is_better=more_is_better)
    assert ">fragmented<" not in chart.svg
    one, other = chart.svg.split(">umbrella<")[1].split(">central<")
    fills = {"umbrella": painted(one), "central": painted(other.split("<g font-size")[0])}
    for name, found in fills.items():
        assert all(("hatch" in fill) == (name == hatched) for fill in found)
    assert f"{hatched}: 0 better, 134 worse, 0 about the same" in chart.alt


def test_a_difference_is_paired_by_state() -> None:
    values = table(a=0.0, b=0.0)
    mine = np.arange(len(ALL)) / 1000
    values["value"] = np.r_[mine, mine[::1] + 0.03]
    chart = maps.states(
        values.sample(frac=1, random_state=1).sort_values("architecture"), "x", "share", "a", smallest=0.02
    )
    assert chart.data["b"].to_numpy() == pytest.approx(0.03)


def test_what_is_not_told_from_chance_is_no_difference() -> None:
    values = table(a=0.5, b=0.9).assign(told=False)
    chart = maps.states(values, "x", "share", "a", smallest=0.02)
    assert "b: 0 better, 0 worse, 134 about the same" in chart.alt
    assert set(painted(chart.svg)) == {shades.SAME}


@pytest.mark.parametrize(
    ("value", "place"), [(-0.05, 0), (-0.049, 1), (-0.02, 1), (-0.019, 2), (0.019, 2), (0.02, 3), (0.049, 3), (0.05, 4)]
)
def test_limits_belong_to_what_matters(value: float, place: int) -> None:
    found = shades.differences(pd.DataFrame({"a": [0.0]}), "share", (0.02, 0.05), 0.02, True)
    assert shades.shade_of(value, found) == place


def test_words_of_shades() -> None:
    found = shades.differences(pd.DataFrame({"a": [0.0]}), "share", (0.02, 0.05), 0.02, True)
    minus = "\N{MINUS SIGN}"
    words = [
        f"{minus}5 points or less",
        f"{minus}2 to {minus}5 points",
        "about the same",
        "+2 to +5 points",
        "+5 points or more",
    ]
    assert [one.words for one in found] == words
    found = shades.levels(pd.DataFrame({"a": [0.2, 2.0]}), "ratio", (0.5, 1.5))
    assert [one.words for one in found] == ["below 0.5", "0.5 to 1.5", "1.5 or more"]


def test_made_up_states_and_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match="none of the 1 states has a place"):
        maps.states(pd.DataFrame({"iso3": ["AURELIA"], "architecture": ["a"], "value": [1.0]}), "x", "share")
    with pytest.raises(InputError, match="no values of central; there are a"):
        maps.states(table(a=1.0), "x", "share", "central")


def test_a_state_without_a_place_is_told() -> None:
    values = pd.concat([table(a=0.5), pd.DataFrame({"iso3": ["AURELIA"], "architecture": ["a"], "value": [0.5]})])
    assert "1 without a place on the map" in maps.states(values, "x", "share").alt


def test_table_is_by_region_and_income() -> None:
    found = maps.states(table(a=0.5), "x", "share").data
    assert found.loc[found["kind"] == "region", "states"].sum() == len(ALL)
    assert found.loc[found["kind"] == "income", "states"].sum() == len(ALL)
    assert found["a"].to_numpy() == pytest.approx(0.5)


def test_nine_panels_stay_small_and_load_nothing() -> None:
    chart = maps.states(table(**{f"p{i}": i / 10 for i in range(9)}), "x", "share")
    assert len(chart.svg) < 250_000
    assert not re.search(r'(?:href|src)="(?!#)|url\((?!#)|@import|<script|<image', chart.svg)
