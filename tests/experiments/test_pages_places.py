"""Maps in the report: which designs are drawn, what is told from chance, and what the sentences claim."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

from donorlab.experiments.arguments import InputError
from donorlab.experiments.opened import Opened
from donorlab.experiments.pages import claims_of_places as claims
from donorlab.experiments.pages import maps, sections_of_places
from donorlab.experiments.pages.case import Case
from donorlab.experiments.pages.claims_of_places import Changed
from donorlab.experiments.pages.gathered import Gathered
from donorlab.experiments.pages.shades import SHADES

PLACES = ("KEN", "BRA", "IND", "MNG", "FJI")


def actors(
    names: list[str], states: tuple[str, ...] = PLACES, seeds: int = 6, gain: float = 0.1, scatter: float = 0.005
) -> pd.DataFrame:
    """Return final states of runs: under each further design the first state has more, all others the same but for chance."""
    rng = np.random.default_rng(1)
    rows = []
    for seed in range(1, seeds + 1):
        noise = rng.normal(0, scatter, (len(names), len(states)))
        for i, name in enumerate(names):
            for j, state in enumerate(states):
                more = gain * (i > 0 and j == 0) + noise[i, j]
                rows.append(
                    {
                        "architecture": name, "seed": seed, "iso3": state, "capacity_final": 0.5 + more, "exposure": 0.5 - more,
                        "base_cost_m": 0.0 if j == 4 else 10.0, "duplicated_cost_m": 0.0 if j == 4 else 2.0 - 10 * more,
                        "aid_need_ratio": (0.4, 1.0, 2.0, 1.0, 1.0)[j],
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def case(folder: Path, frame: pd.DataFrame, named: bool = False, better: dict[str, int] | None = None) -> Case:
    """Return a comparison that is only these tables; ``better`` adds futures, in so many of which a design is better."""
    folder.mkdir(exist_ok=True)
    names = list(dict.fromkeys(frame["architecture"]))
    configuration = {"scenario": "fake", "smallest_difference": 0.02}
    (folder / "manifest.json").write_text(json.dumps({"command": "compare", "configuration": configuration}))
    frame.to_parquet(folder / "beneficiaries.parquet")
    pd.DataFrame({"architecture": names, "seed": 1, "efficiency": 0.5}).to_parquet(folder / "runs.parquet")
    if better is not None:
        rows = [
            {"architecture": name, "draw": draw, "efficiency": 0.5 + 0.1 * (draw < better.get(name, 0))}
            for name in names
            for draw in range(10)
        ]
        drawn = pd.DataFrame(rows).assign(architecture=lambda x: pd.Categorical(x["architecture"], names))
        drawn.to_parquet(folder / "ensemble.parquet")
    return Case(Gathered({"compare": (Opened(folder),)}), named)


def test_all_four_values_are_mapped_and_what_is_told_is_said(tmp_path: Path) -> None:
    section = sections_of_places.maps(case(tmp_path, actors(["fragmented", "umbrella"])))
    assert section is not None
    assert (
        section.title
        == "At default values capacity would rise in 1 of 5 states under umbrella and fall clearly in none"
    )
    names = [chart.name for chart in section.charts]
    assert names == [
        "map-capacity", "map-capacity-change", "map-duplication", "map-duplication-change", "map-coverage", "map-exposure",
        "map-exposure-change",
    ]  # fmt: skip
    text = "".join(section.blocks)
    assert "capacity at the end is higher by 2 points or more in 1 state, lower in 0" in text
    assert "the share of money paid twice is lower by 2 points or more in 1 state, higher in 0" in text
    assert "exposure at the end is lower by 2 points or more in 1 state" in text
    assert "1 of 5 states get under 50%" in text
    assert sum(len(chart.svg) for chart in section.charts) < 1_600_000


def test_a_change_that_is_luck_is_not_drawn(tmp_path: Path) -> None:
    frame = actors(["fragmented", "umbrella"], gain=0.0, scatter=0.1)
    means = frame.pivot_table(index="iso3", columns="architecture", values="capacity_final")
    assert (means["umbrella"] - means["fragmented"]).abs().max() > 0.02  # it would matter, if it were told
    section = sections_of_places.maps(case(tmp_path, frame))
    assert section is not None
    assert section.title == "Where capacity would change under umbrella is not told from chance"
    assert not [chart.name for chart in section.charts if chart.name.endswith("change")]


def test_one_seed_tells_nothing(tmp_path: Path) -> None:
    section = sections_of_places.maps(case(tmp_path, actors(["fragmented", "umbrella"], seeds=1)))
    assert section is not None
    assert "not told from chance" in section.title
    assert len(section.charts) == 4
    assert "Maps are of one run at default values" in "".join(section.blocks)


def test_of_many_designs_the_best_two_are_drawn_and_all_are_in_the_table(tmp_path: Path) -> None:
    names = ["fragmented", "one", "two", "three", "central"]
    section = sections_of_places.maps(
        case(tmp_path, actors(names), better={"one": 1, "two": 9, "three": 5, "central": 10})
    )
    assert section is not None
    assert "under two" in section.title
    first = section.charts[0]
    assert re.findall(r'font-weight="bold"[^>]*>([^<]+)<', first.svg) == ["donors apart", "two", "three"]
    assert list(first.data.columns) == ["kind", "group", "states", *names]
    assert "the other 2 as well" in "".join(section.blocks)


def test_states_are_named_only_if_asked(tmp_path: Path) -> None:
    frame = actors(["fragmented", "umbrella"])
    for named in (False, True):
        section = sections_of_places.maps(case(tmp_path, frame, named))
        assert section is not None
        assert ("Mongolia" in "".join(section.blocks)) is named


def test_made_up_states_have_no_section(tmp_path: Path) -> None:
    assert sections_of_places.maps(case(tmp_path, actors(["a", "b"], ("ALBA", "BRISA")))) is None


def test_an_old_folder_without_a_column_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exposure"):
        sections_of_places.maps(case(tmp_path, actors(["a", "b"]).drop(columns="exposure")))


def test_a_share_of_all_runs_is_the_mean_of_its_parts() -> None:
    """Money of 1 and 9 with 1 and 0 paid twice: a tenth of all, whatever the mean of 100% and 0% is."""
    frame = pd.DataFrame(
        {
            "architecture": "a", "seed": [1, 2, 1, 2], "iso3": ["KEN", "KEN", "BRA", "BRA"], "base_cost_m": [1.0, 9.0, 0.0, 0.0],
            "duplicated_cost_m": [1.0, 0.0, 0.0, 0.0],
        }
    )  # fmt: skip
    shown = next(one for one in sections_of_places.SHOWN if one.key == "duplication")
    own = sections_of_places._spread(frame, shown).groupby("iso3")["value"].mean()
    assert own["KEN"] == pytest.approx(0.1)
    assert np.isnan(own["BRA"])


def test_the_mean_above_a_map_is_of_all_states_not_of_those_told() -> None:
    values = pd.DataFrame(
        {
            "iso3": ["KEN", "BRA"] * 2, "architecture": ["a", "a", "b", "b"], "value": [0.0, 0.0, 0.1, 0.1],
            "told": [False, False, True, False],
        }
    )  # fmt: skip
    chart = maps.states(values, "Capacity", "share", "a", smallest=0.02)
    assert "mean state +10.0 points" in chart.svg
    assert SHADES[0] not in chart.svg


def test_changes_at_the_limit_count_and_those_not_told_do_not() -> None:
    difference = pd.Series({"A": 0.02, "B": -0.02, "C": 0.5, "D": float("nan")})
    told = pd.Series({"A": True, "B": True, "C": False, "D": True})
    assert sections_of_places.changed(difference, told, 0.02, True) == Changed(1, 1, 4)
    assert sections_of_places.changed(difference, told.drop("A"), 0.02, False) == Changed(1, 0, 4)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Changed(6, 0, 10), "At default values capacity would rise in most states under x and fall clearly in none"),
        (Changed(5, 0, 10), "At default values capacity would rise in 5 of 10 states under x and fall clearly in none"),
        (Changed(0, 2, 10), "At default values capacity would fall in 2 of 10 states under x and rise clearly in none"),
        (Changed(1, 2, 10), "At default values capacity would rise in 1 of 10 states under x and fall in 2"),
        (Changed(0, 0, 10), "Where capacity would change under x is not told from chance"),
    ],
)
def test_titles(found: Changed, said: str) -> None:
    assert claims.title("x", found, 20) == said
    assert claims.title("x", found, 1) == "Where capacity would change under x is not told from chance"


def test_sentences_of_places() -> None:
    assert claims.moved("capacity", "x", Changed(0, 0, 3), "2 points", ("higher", "lower")).startswith(
        "Under x no state's capacity"
    )
    assert "higher by 2 points or more in 1 state, lower in 0; in the other 2" in claims.moved(
        "capacity", "x", Changed(1, 0, 3), "2 points", ("higher", "lower")
    )
    assert claims.served(2, 2, 5, "x", "y", 0.5) == (
        "2 of 5 states get under 50% of what their share of all need would give them, under x as with y."
    )
    assert claims.served(1, 2, 5, "x", "y", 0.5).endswith("under x, 2 with y.")
    assert claims.shown(["a", "b"], 0) == "Drawn are a and b."
    assert "one more" in claims.shown(["a", "b", "c"], 1)
    assert "Maps are of one run" in claims.rests_on(1)
    assert "Maps are means of 20" in claims.rests_on(20)
