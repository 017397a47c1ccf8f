"""The shipped tables under ``scenarios/data``."""

from __future__ import annotations

import pandas as pd
import pytest

from donorlab.scenarios import dyads
from scenarios.shipped import (
    BENEFICIARY_COLUMNS,
    DATA,
    DONOR_COLUMNS,
    INSTRUMENTS,
    PILLARS,
    TABLES,
    fit_by_hand,
    read,
)


@pytest.fixture(scope="module")
def states() -> pd.DataFrame:
    return read(DATA, "beneficiaries.csv")


@pytest.fixture(scope="module")
def donors() -> pd.DataFrame:
    return read(DATA, "donors.csv")


@pytest.fixture(scope="module")
def affinity() -> pd.DataFrame:
    return read(DATA, "affinity.csv")


# ------------------------------------------------------------------------------------ shipped tables


def test_counts_and_keys(states: pd.DataFrame, donors: pd.DataFrame) -> None:
    assert list(states.columns) == BENEFICIARY_COLUMNS
    assert list(donors.columns) == DONOR_COLUMNS
    assert len(states) == 134
    assert len(donors) == 48
    for column in ("iso3", "iso_numeric", "name"):
        assert states[column].is_unique
    assert donors["id"].is_unique
    assert list(states["iso3"]) == sorted(states["iso3"])
    assert list(donors["id"]) == sorted(donors["id"])
    assert states["iso3"].str.fullmatch("[A-Z]{3}").all()
    assert states["iso_numeric"].str.fullmatch("[0-9]{3}").all()
    assert not {"TUR", "PLW", "CHL", "SYC", "URY"} & set(states["iso3"])
    assert set(donors["id"]) & set(states["iso3"]) == {"CHN", "IND"}


def test_nothing_is_missing_but_what_is_declared(states: pd.DataFrame, donors: pd.DataFrame) -> None:
    assert list(states.loc[states["technical_cooperation_usd_m"].isna(), "iso3"]) == ["FSM"]
    filled = states.drop(columns=["technical_cooperation_usd_m", "notes"])
    assert not filled.isna().any().any()
    assert not (filled == "").any().any()
    full = donors.drop(columns=["iso3", "evidence"])
    assert not full.isna().any().any()
    assert not (full == "").any().any()


def test_scores(states: pd.DataFrame) -> None:
    pillars = states[[f"gci2024_{pillar}" for pillar in PILLARS]]
    assert ((pillars >= 0) & (pillars <= 20)).all().all()
    assert (pillars.sum(axis=1) - states["gci2024_total"]).abs().max() < 0.003
    assert states["gci2020_total"].between(0, 100).all()
    assert set(states.loc[states["gci2020_total"] == 0, "iso3"]) == {"FSM", "YEM"}
    for iso3 in ("COD", "COG"):
        assert "uncertain" in states.set_index("iso3").loc[iso3, "notes"]


def test_users_and_ranks(states: pd.DataFrame) -> None:
    assert states["users_m"].min() == 0.01
    assert states["users_relative"].median() == pytest.approx(1.0, abs=1e-9)
    assert (states["users_relative"] - states["users_m"] / states["users_m"].median()).abs().max() < 1e-8
    rank = states["government_effectiveness_rank"]
    assert rank.min() == 0.0
    assert rank.max() == 1.0
    assert rank.mean() == pytest.approx(0.5, abs=1e-6)
    expected = (states["government_effectiveness"].rank() - 1) / 133
    assert (rank - expected).abs().max() < 1e-8


def test_growth_of_users(states: pd.DataFrame) -> None:
    rows = states.set_index("iso3")
    assert rows["population_growth"].between(-0.05, 0.05).all()
    assert rows["internet_share"].between(0, 1, inclusive="right").all()
    assert rows["internet_share_rate"].between(0, 1).all()
    assert rows.loc["YEM", "internet_share_rate"] == 0.0  # its share fell: no growth, and no decline either
    few = rows["notes"].str.contains("too few years")
    assert set(rows.index[few]) == {"PRK", "VUT", "WSM"}
    own = rows.loc[~few, "internet_share_rate"]
    assert (rows.loc[few, "internet_share_rate"] == own.median()).all()
    # users over share is the population, which the growth of five years leads back to 2019: people, not thousands
    people = rows["users_m"] / rows["internet_share"]
    assert people["CHN"] == pytest.approx(1408.98, abs=0.1)
    assert (people / (1 + rows["population_growth"]) ** 5)["KEN"] == pytest.approx(51.2, abs=0.5)


def test_groups(states: pd.DataFrame) -> None:
    assert set(states["region"]) == {"Africa", "Americas", "Asia", "Europe", "Oceania"}
    assert len(states[["region", "subregion"]].drop_duplicates()) == states["subregion"].nunique()
    groups = {"Low income", "Lower middle income", "Upper middle income", "High income", "Not classified"}
    assert set(states["income_group"]) <= groups
    by_state = states.set_index("iso3")["income_group"]
    assert by_state["PRK"] == "Low income"
    assert set(by_state.index[by_state == "Not classified"]) == {"ETH", "VEN"}
    for flag in ("ldc", "lldc", "sids"):
        assert set(states[flag]) == {"true", "false"}


def test_norm_positions(states: pd.DataFrame, donors: pd.DataFrame) -> None:
    assert states["norm_position"].between(-3, 3).all()
    assert donors["norm_position"].between(-3, 3).all()
    assumed = states[~states["norm_position_basis"].str.startswith("UNGA ideal point 20")]
    assert list(assumed["iso3"]) == ["PSE"]
    own = donors[donors["kind"] == "state"].merge(states, left_on="iso3", right_on="iso3")
    assert set(own["iso3"]) == {"CHN", "IND"}
    assert (own["norm_position_x"] == own["norm_position_y"]).all()


def test_donors(states: pd.DataFrame, donors: pd.DataFrame) -> None:
    for prefix, keys in (("mandate", PILLARS), ("skill", INSTRUMENTS)):
        shares = donors[[f"{prefix}_{key}" for key in keys]]
        assert (shares >= 0).all().all()
        assert (shares.sum(axis=1) - 1).abs().max() < 1e-9
    assert (donors["budget_low"] >= 0).all()
    assert (donors["budget_low"] <= donors["budget_central"]).all()
    assert (donors["budget_central"] <= donors["budget_high"]).all()
    totals = donors[["budget_low", "budget_central", "budget_high"]].sum()
    assert totals["budget_low"] == pytest.approx(115.22, abs=0.005)
    assert totals["budget_central"] == pytest.approx(250.0, abs=0.05)
    assert totals["budget_high"] == pytest.approx(538.73, abs=0.005)
    assert list(donors.loc[donors["budget_central"] == 0, "id"]) == ["GFCE"]
    assert set(donors.loc[donors["rival"] == "true", "id"]) == {"CHN", "TUR", "ARE", "QAT", "RUS"}
    assert donors["kind"].value_counts().to_dict() == {
        "state": 34, "international_org": 6, "regional_org": 6, "foundation_company": 2,
    }  # fmt: skip
    assert ((donors["iso3"] == donors["id"]) == (donors["kind"] == "state")).all()
    assert set(donors["confidence"]) == {"found", "partly", "assumed"}
    style = donors.set_index("id")["conditionality_style"]
    assert style[style != "none"].to_dict() == {"COE": "treaty", "EU": "political", "USA": "political"}
    places = {"global", *states["region"], *states["subregion"]}
    assert {word for focus in donors["regional_focus"] for word in focus.split(";")} <= places


def test_affinity_is_complete(states: pd.DataFrame, donors: pd.DataFrame, affinity: pd.DataFrame) -> None:
    assert list(affinity.columns) == ["donor", "beneficiary", "affinity", "basis"]
    pairs = list(zip(affinity["donor"], affinity["beneficiary"], strict=True))
    assert pairs == [(donor, iso3) for donor in donors["id"] for iso3 in states["iso3"]]
    assert affinity["affinity"].between(0, 1).all()
    assert (affinity.groupby("donor")["affinity"].max() > 0).all()
    assert (affinity.groupby("beneficiary")["affinity"].max() > 0).all()
    oneself = affinity[affinity["donor"] == affinity["beneficiary"]]
    assert list(oneself["donor"]) == ["CHN", "IND"]
    assert (oneself["affinity"] == 0).all()
    assert (oneself["basis"] == "self").all()
    years = affinity[affinity["basis"].str.startswith("years")]
    assert years["basis"].str.endswith("2015-2017").all()
    assert set(years["affinity"]) <= {0.0, 0.333333, 0.666667, 1.0}
    assumed = affinity[affinity["basis"].str.startswith("assumption")]
    assert set(assumed["affinity"]) <= {0.1, 1.0}


def test_affinity_by_rule(states: pd.DataFrame, donors: pd.DataFrame, affinity: pd.DataFrame) -> None:
    table = affinity.pivot_table(index="donor", columns="beneficiary", values="affinity")
    basis = affinity.groupby("donor")["basis"].first()
    without = basis.index[basis.str.startswith("assumption") & ~basis.str.contains("dyads")]
    assert set(without) >= {"CHN", "IND", "SGP", "ISR", "QAT", "RUS", "COE", "ITU", "OAS", "AU", "GFCE"}
    focus = donors.set_index("id")["regional_focus"]
    for donor in set(without) - {"ECOWAS"}:
        words = set(focus[donor].split(";"))
        for iso3, region, subregion in states[["iso3", "region", "subregion"]].itertuples(index=False):
            inside = bool(words & {"global", region, subregion}) and donor != iso3
            assert table.loc[donor, iso3] == (1.0 if inside else 0.0 if donor == iso3 else 0.1)
    assert (table.loc["ECOWAS"] == 1.0).sum() == 15
    dyads = affinity.groupby("donor")["basis"].agg(lambda words: words.str.contains("technical").any())
    assert (table.loc[dyads.index[dyads], "FSM"] == 0.1).all()


def test_dyads(states: pd.DataFrame, donors: pd.DataFrame, affinity: pd.DataFrame) -> None:
    table = dyads()
    keys = ["donor", "recipient", "year"]
    assert list(table.columns) == [*keys, "technical_cooperation_usd_m"]
    assert len(table) == 14185
    assert not table.duplicated(keys).any()
    assert table[keys].equals(table[keys].sort_values(keys, ignore_index=True))
    assert set(table["year"]) == set(range(2015, 2021))
    assert table["donor"].str.fullmatch("[A-Z]{3}").all()
    assert set(states["iso3"]) - set(table["recipient"]) == {"FSM"}
    assert set(table["recipient"]) <= set(states["iso3"])
    assert len(set(table["donor"]) & set(donors["id"])) == 29
    assert table["technical_cooperation_usd_m"].min() >= 0.01
    # the other two tables that were derived from the same source say the same
    scored = table[table["year"] >= 2018].groupby("recipient")["technical_cooperation_usd_m"].sum()
    told = states.set_index("iso3")["technical_cooperation_usd_m"].dropna()
    assert (scored.reindex(told.index) - told).abs().max() < 0.005
    early = table[table["year"] <= 2017].groupby(["donor", "recipient"])["year"].nunique() / 3
    own = affinity[affinity["basis"].str.startswith("years with technical")].set_index(["donor", "beneficiary"])
    assert (early.reindex(own.index, fill_value=0.0) - own["affinity"]).abs().max() < 1e-6


def test_fit_can_be_recomputed(states: pd.DataFrame) -> None:
    table = read(DATA, "own_effort_fit.csv")
    assert list(table.columns) == ["fit", "states", "gain_tasks", "admin_ownership_quarters", "rule"]
    assert len(table) == 1
    fit, count = fit_by_hand(states)
    assert table.loc[0, "states"] == count == 43
    assert table.loc[0, "fit"] == pytest.approx(fit, abs=1e-9)
    assert table.loc[0, "fit"] == pytest.approx(0.82, abs=0.005)
    assert table.loc[0, "gain_tasks"] / table.loc[0, "admin_ownership_quarters"] == pytest.approx(fit, rel=1e-8)


def test_no_restricted_source_ships() -> None:
    raw = {".dta", ".xlsx", ".xls", ".rda", ".parquet"}
    assert not [path for path in DATA.rglob("*") if path.suffix in raw]
    for path in DATA.glob("*.csv"):
        header, _, body = path.read_text(encoding="utf-8").partition("\n")
        assert "ncsi" not in header.lower()
        assert "aiddata" not in (header + body).lower()
        assert "\r" not in body
    assert {path.name for path in DATA.glob("*.csv")} >= set(TABLES)


def test_every_table_and_column_is_documented() -> None:
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    for name in TABLES:
        assert f"`{name}`" in readme
        for column in read(DATA, name).columns:
            stem = column
            for prefix, keys in (
                ("gci2024", PILLARS), ("mandate", PILLARS), ("skill", INSTRUMENTS), ("pillar", PILLARS), ("method", INSTRUMENTS),
            ):  # fmt: skip
                if column in [f"{prefix}_{key}" for key in keys]:
                    stem = f"{prefix}_*"
            assert f"`{stem}`" in readme, f"{name}: {column}"
