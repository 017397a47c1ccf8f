"""Projects of the Council of Europe and ITU: the shipped table, and the rules it is made by."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from scenarios.shipped import DATA, EXCERPT, INSTRUMENTS, PILLARS
from scenarios.test_data_build import run


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(
        DATA / "coe_itu_projects.csv", keep_default_na=False, na_values={"eur_m": [""], "amount_eur_m": [""]}
    )


@pytest.fixture(scope="module")
def module() -> Iterator[ModuleType]:
    """The script's own module: it stands beside the tables and is no part of the package."""
    sys.path.insert(0, str(DATA))
    try:
        yield importlib.import_module("coe_itu_table")
    finally:
        sys.path.remove(str(DATA))


def project(name: str, **changes: Any) -> dict[str, str]:
    empty = dict.fromkeys(
        (
            "title",
            "funders",
            "beneficiaries_iso3",
            "start",
            "end",
            "amount",
            "currency",
            "amount_note",
            "part_of",
            "source_url",
        ),
        "",
    )
    return {"id": name, **empty, "implementers": "Council of Europe", "theme": "law", **changes}


PROGRAMME = {
    "beneficiaries_iso3": "ALB;ARM;GEO;MDA;UKR",
    "start": "2015",
    "end": "2016",
    "amount": "1000000",
    "currency": "EUR",
}


def test_dates_are_decimal_years_at_either_end(module: ModuleType) -> None:
    assert module.decimal_year("", True) is None
    assert module.decimal_year("2016", False) == 2016.0
    assert module.decimal_year("2016", True) == 2017.0
    assert module.decimal_year("2016-03", False) == pytest.approx(2016 + 2 / 12)
    assert module.decimal_year("2016-03", True) == pytest.approx(2016.25)
    assert module.decimal_year("2016-12-31", True) == pytest.approx(2017.0)
    with pytest.raises(Exception, match="'spring 2016' is no date"):
        module.decimal_year("spring 2016", False)


def test_a_nested_row_is_counted_once_and_only_with_its_parent_left_out(module: ModuleType) -> None:
    rows = [project("whole", **PROGRAMME), project("part", **{**PROGRAMME, "amount": "400000"}, part_of="whole")]
    found = module.coe_itu_table(rows).set_index("id")
    assert found["counted"].to_dict() == {"whole": True, "part": False}
    assert found.loc["whole", "eur_m"] == 1.0
    assert pd.isna(found.loc["part", "eur_m"])
    # the parent of a real row is coded as somebody else's: then the part counts
    rows = [
        project("eu4digital_cyber", **PROGRAMME, implementers="GFA; Council of Europe"),
        project("cybereast", **{**PROGRAMME, "amount": "400000"}, part_of="eu4digital_cyber"),
    ]
    found = module.coe_itu_table(rows).set_index("id")
    assert found["counted"].to_dict() == {"eu4digital_cyber": False, "cybereast": True}
    assert found.loc["cybereast", "eur_m"] == 0.4


def test_a_row_without_an_amount_gets_the_median_rate(module: ModuleType) -> None:
    rows = [
        project("p", **PROGRAMME),  # .1 a country and year
        project("q", **{**PROGRAMME, "amount": "3000000"}),  # .3
        project("r", **{**PROGRAMME, "amount": "9000000", "beneficiaries_iso3": "UKR"}),  # one contract sets no rate
        project("glacy", beneficiaries_iso3="MAR;SEN", start="2014", end="2016"),
        project("gpc2", start="2010", end="2011"),  # no list
        project("other", start="2010", end="2011"),  # nothing is coded, nothing can be said
    ]
    found = module.coe_itu_table(rows).set_index("id")
    assert found.loc["glacy", ["eur_m_low", "eur_m", "eur_m_high"]].tolist() == pytest.approx([0.6, 1.2, 1.8])
    assert found.loc["gpc2", ["eur_m_low", "eur_m", "eur_m_high"]].tolist() == pytest.approx([0.8, 2.0, 5.0])
    assert found.loc["other", "counted"] == False  # noqa: E712
    with pytest.raises(Exception, match="no programme has amount"):
        module.coe_itu_table(rows[2:])


def test_currencies_extensions_and_sums_of_contributions(module: ModuleType) -> None:
    rows = [
        project("p", **PROGRAMME),
        project("iproceeds2", **{**PROGRAMME, "end": "2021"}),  # seven years instead of the planned 3.5
        project("octopus2", start="2021", end="2024"),
        project("us_octopus", amount="2000000", currency="USD", part_of="octopus2", implementers="Council of Europe"),
    ]
    found = module.coe_itu_table(rows).set_index("id")
    assert found.loc["us_octopus", "amount_eur_m"] == pytest.approx(1.85)
    assert found.loc["octopus2", ["eur_m", "eur_m_high"]].tolist() == pytest.approx([1.85, 2.775])
    assert found.loc["iproceeds2", ["eur_m_low", "eur_m", "eur_m_high"]].tolist() == pytest.approx([1.0, 1.0, 2.0])
    with pytest.raises(Exception, match="no rate for the currency 'XYZ'"):
        module.coe_itu_table([project("p", **{**PROGRAMME, "currency": "XYZ"})])


def test_who_carries_it_out_counts_not_who_pays(module: ModuleType) -> None:
    rows = [
        project("p", **PROGRAMME),
        project("paid", **PROGRAMME, funders="Council of Europe")  | {"implementers": "UNODC"},
        project("theirs", **PROGRAMME) | {"implementers": "ITU; AfricaCERT"},
    ]  # fmt: skip
    assert module.coe_itu_table(rows).set_index("id")["organisation"].to_dict() == {"p": "COE", "theirs": "ITU"}


def test_the_shipped_table_is_whole(table: pd.DataFrame, module: ModuleType) -> None:
    from coe_itu_codings import CODINGS  # beside the tables, as above

    assert table["organisation"].value_counts().to_dict() == {"COE": 29, "ITU": 18}
    assert table["id"].is_unique
    assert set(CODINGS) <= set(table["id"])  # no coding for a project that is not there
    assert (table["source_url"].str.len() > 10).all()
    assert set(table["part_of"]) - {""} <= set(table["id"])
    for prefix, keys in (("pillar", PILLARS), ("method", INSTRUMENTS)):
        assert (table[[f"{prefix}_{key}" for key in keys]].sum(axis=1) - 1).abs().max() < 1e-3
    counted = table[table["counted"]]
    assert not set(counted["part_of"]) & set(counted["id"])  # nothing twice
    numbers = counted[["eur_m_low", "eur_m", "eur_m_high"]].astype(float)
    assert (numbers.diff(axis=1).iloc[:, 1:] >= -1e-9).all().all()
    assert (numbers["eur_m"] > 0).all()
    assert (counted["end_year"].astype(float) > counted["begin_year"].astype(float)).all()
    # what rests on us says so; what was found is what was printed
    ours = table["eur_m_basis"].str.startswith("rule") | (table["dates_basis"] == "assumption")
    said = table["coding_note"].str.contains("assumption|median|found|\\(found\\)", regex=True)
    regional = table["eur_m_basis"] == "rule: regional"  # the rule itself is said in the README
    assert (said | regional | ~ours).all()
    plain = counted[(counted["eur_m_basis"] == "found") & ~counted["id"].isin(["itu_ec_acp", "cybereastplus"])]
    assert (plain["eur_m"].astype(float) == plain["amount_eur_m"]).all()
    assert len(plain) == 6


def test_every_source_is_a_public_address(table: pd.DataFrame) -> None:
    sources = table.set_index("id")["source_url"]
    assert not sources.str.contains(r"\.md\b|see |proxy|copy of", case=False).any()  # no file or way of ours
    for name, cell in sources.items():
        for part in cell.split(" ; "):
            assert re.match(r"(https?://)?[a-z0-9.-]+\.[a-z]{2,}\b", part), name
    assert sources["gpc2"] == "https://www.scribd.com/document/416423399/Report"
    assert sources["itu_ec_acp"].count("finance.gov.vc (amount; the site alone") == 1
    lonely = sources.str.contains("the site alone")
    assert sorted(sources[lonely].index) == ["cybersouthplus", "hipcar", "itu_ec_acp"]  # three, as the README says


def test_what_the_readme_says_of_the_money(table: pd.DataFrame) -> None:
    counted = table[table["counted"]]
    rate = [
        row["eur_m"] / (len(row["beneficiaries_iso3"].split(";")) * (float(row["end_year"]) - float(row["begin_year"])))
        for row in counted[counted["eur_m_basis"] == "found"].to_dict("records")
        if row["beneficiaries_iso3"].count(";") >= 4
    ]
    assert len(rate) == 6
    assert min(rate) == pytest.approx(0.1125, abs=0.001)
    assert max(rate) == pytest.approx(0.186, abs=0.001)


def test_the_script_writes_it(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl", reason="reading the governance workbook needs it")
    assert run("--raw", EXCERPT, "--out", tmp_path).returncode == 0
    built = pd.read_csv(tmp_path / "coe_itu_projects.csv").set_index("id")
    assert list(built.index) == ["p1"]
    assert built.loc["p1", "eur_m"] == pytest.approx(1.85)
    assert built.loc["p1", "end_year"] == pytest.approx(2018 + 2 / 12, abs=1e-4)
    assert built.loc["p1", "counted"]
