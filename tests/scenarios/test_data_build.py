"""The script that rebuilds the tables under ``scenarios/data``, on a made-up excerpt of its sources."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.shipped import BENEFICIARY_COLUMNS, DATA, EXCERPT, PILLARS, TABLES, fit_by_hand, read


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", str(DATA / "build.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("openpyxl", reason="reading the governance workbook needs it")
    out = tmp_path_factory.mktemp("data") / "out"
    done = run("--raw", EXCERPT, "--out", out, "--expect", 8)
    assert done.returncode == 0, done.stderr
    return out


def test_excerpt_builds_the_same_bytes_twice(built: Path, tmp_path: Path) -> None:
    assert sorted(path.name for path in built.iterdir()) == sorted(TABLES)
    assert run("--raw", EXCERPT, "--out", tmp_path).returncode == 0
    for name in TABLES:
        assert (tmp_path / name).read_bytes() == (built / name).read_bytes()


def test_excerpt_beneficiaries(built: Path) -> None:
    table = read(built, "beneficiaries.csv").set_index("iso3")
    assert list(table.reset_index().columns) == BENEFICIARY_COLUMNS
    # Chile has no row of 2018 or later, the Cook Islands no score, Türkiye is left out.
    assert list(table.index) == ["CHN", "COD", "FJI", "FSM", "GHA", "KEN", "PSE", "YEM"]
    assert table.loc["KEN", "users_m"] == 3.5  # half of 7 million; 2025 is not used
    assert table.loc["FJI", "users_m"] == 0.01
    assert "floor" in table.loc["FJI", "notes"]
    assert "2017" in table.loc["YEM", "notes"]
    assert table.loc["KEN", "users_relative"] == pytest.approx(3.5 / 2.0)
    assert table.loc["KEN", "government_effectiveness"] == pytest.approx(-0.4)  # 2023, not 2022
    assert table.loc["KEN", "government_effectiveness_rank"] == pytest.approx(5 / 7)
    assert table.loc["KEN", "technical_cooperation_usd_m"] == 60.0
    assert math.isnan(table.loc["FSM", "technical_cooperation_usd_m"])
    assert table.loc["PSE", "norm_position_basis"] == "does not vote: mean of 5 voters of Western Asia"
    assert table.loc["COD", "ldc"] == "true"
    # 8 of 10 in 2019; Kenya's path of .25 was written so; Ghana falls; China's year at saturation does not count
    assert table["population_growth"].to_numpy() == pytest.approx((10 / 8) ** 0.2 - 1, abs=1e-6)
    assert table.loc["KEN", "internet_share"] == 0.5
    assert table.loc["KEN", "internet_share_rate"] == pytest.approx(0.25, abs=1e-6)
    assert table.loc["GHA", "internet_share_rate"] == 0.0
    logit = [math.log(share / (0.95 - share)) for share in (0.2, 0.4, 0.5)]
    years = [2014 - 2018 - 1 / 3, 2017 - 2018 - 1 / 3, 2024 - 2018 - 1 / 3]
    slope = sum(y * z for y, z in zip(years, logit, strict=True)) / sum(y * y for y in years)
    assert table.loc["CHN", "internet_share_rate"] == pytest.approx(slope, abs=1e-6)
    few = table["notes"].str.contains("too few years")
    assert list(table.index[few]) == ["COD", "FJI", "FSM", "PSE", "YEM"]
    assert table.loc[few, "internet_share_rate"].to_numpy() == pytest.approx(slope, abs=1e-6)  # the middle of three
    assert table.loc["FJI", "internet_share"] == pytest.approx(0.01 / 4)  # no user in the source: that of the floor


def test_excerpt_donors(built: Path) -> None:
    table = read(built, "donors.csv").set_index("id")
    assert len(table) == 48
    assert table["budget_central"].sum() == pytest.approx(250, abs=0.05)
    # Japan and Germany both do one or two projects, so the activity cancels; gross less humanitarian aid counts
    japan, germany = table.loc["JPN", "budget_central"], table.loc["DEU", "budget_central"]
    base = {"JPN": (3 * 40 + 40 + 3 + 3) / 3, "DEU": (3 * 300 + 2 * 80 + 10 + 3 * 80) / 3}
    assert japan / germany == pytest.approx(math.sqrt(base["JPN"] / base["DEU"]), abs=0.001)
    # Japan funds p1 (CERT and strategy) and p2 (training); three average projects are added.
    first = [0.025, 0.3, 0.575, 0.1, 0.0]
    second = [0.0, 0.1, 0.0, 0.9, 0.0]
    for pillar, one, two in zip(PILLARS, first, second, strict=True):
        expected = (one + two + 3 * (one + two) / 2) / 5
        assert table.loc["JPN", f"mandate_{pillar}"] == pytest.approx(expected, abs=0.002)
    assert table.loc["JPN", "mandate_basis"].startswith("2 projects (2 as funder)")
    assert table.loc["COE", "mandate_basis"].startswith("1 projects (0 as funder)")
    assert table.loc["GBR", "mandate_basis"].startswith("1 projects (0 as funder)")
    assert table.loc["DEU", "mandate_basis"].startswith("0 projects")  # p3 has no theme
    assert table.loc["JPN", "evidence"] == "https://example.org/a ; https://example.org/b ; https://example.org/c"


def test_excerpt_affinity(built: Path) -> None:
    table = read(built, "affinity.csv").set_index(["donor", "beneficiary"])
    value = table["affinity"]
    assert len(table) == 48 * 8
    assert value["JPN", "KEN"] == pytest.approx(2 / 3, abs=1e-6)  # 2016 and 2017
    assert value["JPN", "GHA"] == 0.0  # 2018 does not count
    assert value["JPN", "FSM"] == 0.1
    assert value["EU", "KEN"] == pytest.approx(2 / 3, abs=1e-6)  # 2016 is a repayment
    assert value["EU", "FSM"] == 0.0
    assert value["WB", "KEN"] == 1.0
    assert value["IDB", "KEN"] == 0.0
    assert value["RUS", "KEN"] == 0.1  # aid, but no technical cooperation: regional focus
    assert value["ECOWAS", "GHA"] == 1.0
    assert value["ECOWAS", "KEN"] == 0.1
    assert value["COE", "FJI"] == 1.0
    assert value["CHN", "CHN"] == 0.0
    assert table.loc[("CHN", "CHN"), "basis"] == "self"


def test_excerpt_dyads(built: Path) -> None:
    table = read(built, "dyads.csv").set_index(["donor", "recipient", "year"])["technical_cooperation_usd_m"]
    assert list(table.index) == sorted(table.index)
    assert list(table["JPN", "KEN"].index) == [2016, 2017, 2018, 2019, 2020]
    assert (table["JPN", "KEN"] == 20.0).all()
    assert table["DEU", "KEN", 2015] == 1.24  # two decimals
    assert ("DEU", "GHA", 2017) not in table.index  # .004 is nothing in two decimals
    assert "RUS" not in table.index.get_level_values("donor")  # a negative figure is no presence
    assert set(table.index.get_level_values("recipient")) == {"CHN", "COD", "FJI", "GHA", "KEN", "PSE", "YEM"}


def test_excerpt_fit(built: Path) -> None:
    fit, count = fit_by_hand(read(built, "beneficiaries.csv"))
    table = read(built, "own_effort_fit.csv")
    assert table.loc[0, "states"] == count == 2
    assert table.loc[0, "fit"] == pytest.approx(fit, abs=1e-9)


def one_line_error(done: subprocess.CompletedProcess[str], words: str) -> bool:
    lines = done.stderr.splitlines()
    return done.returncode == 2 and len(lines) == 1 and words in lines[0]


def test_missing_folder_and_file(tmp_path: Path) -> None:
    assert one_line_error(run("--raw", tmp_path / "nowhere", "--out", tmp_path), "no such folder")
    raw = tmp_path / "raw"
    shutil.copytree(EXCERPT, raw)
    (raw / "wdi" / "worldbank_internet.csv").unlink()
    out = tmp_path / "out"
    assert one_line_error(run("--raw", raw, "--out", out), "wdi/worldbank_internet.csv")
    assert not out.exists()


def test_other_errors_leave_the_tables_alone(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "donors.csv").write_text("kept", encoding="utf-8")
    assert one_line_error(run("--raw", EXCERPT, "--out", out, "--expect", 134), "8 beneficiaries instead of 134")
    raw = tmp_path / "raw"
    shutil.copytree(EXCERPT, raw)
    (raw / "wgi" / "wgidataset.xlsx").write_text("not a workbook", encoding="utf-8")
    assert one_line_error(run("--raw", raw, "--out", out), "wgidataset.xlsx")
    (raw / "itu_gci" / "ITU_GCI.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert one_line_error(run("--raw", raw, "--out", out), "ITU_GCI.csv")
    assert [path.name for path in out.iterdir()] == ["donors.csv"]
    assert (out / "donors.csv").read_text(encoding="utf-8") == "kept"
    assert one_line_error(run("--raw", EXCERPT, "--out", out / "donors.csv"), "cannot write")


def test_excerpt_alignment(built: Path) -> None:
    table = read(built, "alignment.csv").set_index("iso3")
    assert list(table.index) == sorted(table.index)
    assert "COK" not in table.index  # neither a member nor a beneficiary
    assert not table.loc["PSE", "un_member"]
    assert table["beneficiary"].sum() == 8
    assert float(table.loc["GHA", "gci2014_total"]) == 25.0
    assert float(table.loc["KOR", "gci2014_total"]) == 70.0  # the first name has no score, the second one has
    assert table.loc["FJI", "gci2014_total"] == ""
    assert (
        float(table.loc["KEN", "gci2024_legal"])
        == read(built, "beneficiaries.csv").set_index("iso3").loc["KEN", "gci2024_legal"]
    )
