"""Reading the raw files: one function a source, each checked and reduced to what the tables need.

Nothing is imputed here: a missing number stays missing.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from donor_codings import PILLARS

LAST_YEAR: Final = 2024
"""Newest year accepted from WDI and the population table."""
GROWTH_YEARS: Final = (2019, 2024)
"""First and last year of the growth of population."""
PATH_YEARS: Final = range(2014, 2025)
"""Years of the path of internet use."""
PATH_LEAST: Final = 3
"""Fewest years from which a path is fitted."""
SATURATION: Final = 0.95
"""Share of users in the population towards which internet use grows."""
VOTES_SINCE: Final = 2020
"""Oldest UN voting year accepted."""
ROUNDING: Final = 1e-6
ALL_DONOR_YEARS: Final = range(2015, 2020)
"""Years of the all-donor matrices."""

CODES: Final = "country_codes/bblocks_places_concordance.csv"
GCI: Final = "itu_gci/ITU_GCI.csv"
HISTORY: Final = "itu_gci_history/gci-local-indicator-summary.csv"
POPULATION: Final = "population/population.csv"
INTERNET: Final = "wdi/worldbank_internet.csv"
GOVERNANCE: Final = "wgi/wgidataset.xlsx"
VOTING: Final = "unga_ideal_points/IdealpointsJuly2025.dta"
BILATERAL: Final = "oecd_dac2a/dac2a_2015_2020.csv"
ALL_DONORS: Final = "oecd_dac2a_all_donors/ODA-{year}-DAC2a.csv"
PROJECTS: Final = "cyber_projects_sample/cyber_projects_sample.csv"
FILES: Final = (
    CODES, GCI, HISTORY, POPULATION, INTERNET, GOVERNANCE, VOTING, BILATERAL,
    *(ALL_DONORS.format(year=year) for year in ALL_DONOR_YEARS), PROJECTS,
)  # fmt: skip

GCI_CODES: Final = {
    "ITU_GCI_LEGL_SCRE": "legal",
    "ITU_GCI_TECH_SCORE": "technical",
    "ITU_GCI_ORG_SCORE": "organisational",
    "ITU_GCI_CDS_SCORE": "capacity_development",
    "ITU_GCI_COOP_SCORE": "cooperation",
    "ITU_GCI_GCI_OVRL_SCRE": "total",
}
AID_TYPES: Final = {
    "Memo: ODA Total, Gross disbursements": "gross",
    "Technical Cooperation": "technical_cooperation",
    "Humanitarian Aid": "humanitarian",
}
ALL_DONOR_COLUMNS: Final = {
    "EU": "EU Institutions",
    "WB": "World Bank Group, Total",
    "IDB": "Inter-American Development Bank, Total",
    "GATES": "Bill & Melinda Gates Foundation",
}
"""Donor id and its column in the all-donor matrices."""

# Names used by one of the sources and absent from the concordance.
ALIASES: Final = {
    "bahamas, the": "BHS", "cape verde": "CPV", "china (people's republic of)": "CHN",
    "chinese taipei": "TWN", "congo, dem. rep.": "COD", "congo, rep.": "COG", "cote d'ivoire": "CIV",
    "czech republic": "CZE", "côte d'ivoire": "CIV", "egypt, arab rep.": "EGY", "gambia, the": "GMB",
    "hong kong (china)": "HKG", "hong kong sar, china": "HKG", "iran, islamic rep.": "IRN",
    "korea": "KOR", "korea (the republic of)": "KOR", "korea, dem. rep.": "PRK", "korea, rep.": "KOR", "kyrgyz republic": "KGZ",
    "lao": "LAO", "lao pdr": "LAO", "macao sar, china": "MAC", "macau (china)": "MAC", "micronesia, fed. sts.": "FSM",
    "macedonia": "MKD", "swaziland": "SWZ",
    "slovak republic": "SVK", "são tomé and principe": "STP", "taiwan, china": "TWN", "turkey": "TUR",
    "venezuela, rb": "VEN", "virgin islands (u.s.)": "VIR", "wallis and futuna": "WLF",
    "west bank and gaza": "PSE", "west bank and gaza strip": "PSE", "yemen, rep.": "YEM",
}  # fmt: skip
# Places without a code of their own; dropped on purpose.
IGNORED: Final = frozenset({"netherlands antilles (former)", "jersey, channel islands"})


class BuildError(Exception):
    """The tables cannot be built; the message is one line for the user."""


def check_files(raw: Path) -> None:
    """Raise BuildError unless `raw` is a folder that holds every raw file."""
    if not raw.is_dir():
        raise BuildError(f"no such folder: {raw}")
    missing = [name for name in FILES if not (raw / name).is_file()]
    if missing:
        raise BuildError(f"missing in {raw}: {', '.join(missing)}")


def _load(path: Path, columns: Sequence[str], read: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Run one pandas reader; a file that is not what was expected becomes a one-line error."""
    try:
        frame = read()
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BuildError(f"cannot read {path}: {reason}") from error
    lost = [name for name in columns if name not in frame.columns]
    if lost:
        raise BuildError(f"cannot read {path}: no column {', '.join(lost)}")
    return frame


def _text(raw: Path, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Read a CSV file as text, blanks as empty strings (Namibia's code is not a missing value)."""
    path = raw / name
    frame = _load(path, columns, lambda: pd.read_csv(path, dtype=str, keep_default_na=False))
    return frame[list(columns)]


def read_codes(raw: Path) -> pd.DataFrame:
    """Codes, M49 regions, groups and income level of every place.

    Parameters
    ----------
    raw
        Folder of the raw files.

    Returns
    -------
    pandas.DataFrame
        Text columns of the concordance, a row a place, indexed by ISO3 code.
    """
    columns = [
        "iso3_code", "iso_numeric_code", "name_official", "name_short", "region", "subregion",
        "ldc", "lldc", "sids", "un_member", "un_observer", "income_level",
    ]  # fmt: skip
    return _text(raw, CODES, columns).set_index("iso3_code")


def name_index(codes: pd.DataFrame) -> dict[str, str]:
    """Map lower-case country names of all sources to ISO3 codes."""
    index: dict[str, str] = {}
    for column in ("name_official", "name_short"):
        for iso3, name in codes[column].items():
            if name:
                index[str(name).lower()] = str(iso3)
    return index | ALIASES


def _iso3(names: pd.Series[str], index: dict[str, str], where: str) -> pd.Series[str]:
    keys = names.str.strip().str.replace("\u2019", "'").str.lower()
    iso3 = keys.map(index)
    lost = sorted(set(keys[iso3.isna()]) - IGNORED)
    if lost:
        raise BuildError(f"{where}: no ISO code for {', '.join(lost)}")
    return iso3


def read_gci(raw: Path) -> pd.DataFrame:
    """GCI 2020 and 2024: pillar scores (0-20) and total (0-100).

    Parameters
    ----------
    raw
        Folder of the raw files.

    Returns
    -------
    pandas.DataFrame
        Columns ``gci2024_legal`` ... ``gci2024_total`` and the same of 2020, three decimals, by ISO3.
    """
    path = raw / GCI
    columns = ["REF_AREA", "INDICATOR", "TIME_PERIOD", "OBS_VALUE"]
    frame = _load(path, columns, lambda: pd.read_csv(path, usecols=columns))
    frame = frame[frame["INDICATOR"].isin(list(GCI_CODES))].copy()
    frame["column"] = "gci" + frame["TIME_PERIOD"].astype(str) + "_" + frame["INDICATOR"].map(GCI_CODES)
    if frame.duplicated(["REF_AREA", "column"]).any():
        raise BuildError(f"cannot read {path}: a score stands there twice")
    wide = frame.pivot_table(index="REF_AREA", columns="column", values="OBS_VALUE", aggfunc="first")
    for year in (2020, 2024):
        parts = [f"gci{year}_{pillar}" for pillar in PILLARS]
        total = f"gci{year}_total"
        if not {*parts, total} <= set(wide.columns):
            raise BuildError(f"cannot read {path}: the {year} edition is incomplete")
        gap = (wide[parts].sum(axis=1) - wide[total]).abs().max()
        if gap > ROUNDING:
            raise BuildError(f"{path}: pillars of {year} do not add up to the total")
    return wide.round(3)


def logistic_rate(years: Sequence[int], shares: Sequence[float]) -> float:
    """Slope a year, at least 0, of the logit of share / `SATURATION` by least squares.

    Parameters
    ----------
    years, shares
        Calendar years and shares of the population, 0 to 1. Years with a share of 0 or from `SATURATION` on
        have no logit and are left out.

    Returns
    -------
    float
        NaN where fewer than `PATH_LEAST` years are left.
    """
    kept = [(year, share / SATURATION) for year, share in zip(years, shares, strict=True) if 0 < share < SATURATION]
    if len(kept) < PATH_LEAST:
        return float("nan")
    year, filled = np.array(kept, dtype=float).T
    logit = np.log(filled / (1 - filled))
    away = year - year.mean()
    return max(0.0, float((away * logit).sum() / (away * away).sum()))


def read_users(raw: Path) -> pd.DataFrame:
    """Newest population and share of internet users, up to `LAST_YEAR`, and how both grew.

    Parameters
    ----------
    raw
        Folder of the raw files.

    Returns
    -------
    pandas.DataFrame
        Columns ``population``, ``growth`` (yearly, over `GROWTH_YEARS`), ``percent``, ``percent_year`` and ``rate``
        (`logistic_rate` over `PATH_YEARS`, NaN where there are too few), by ISO3.
    """
    path = raw / POPULATION
    columns = ["Country Code", "Year", "Value"]
    people = _load(path, columns, lambda: pd.read_csv(path, usecols=columns))
    people = people[people["Year"] <= LAST_YEAR].sort_values("Year", kind="stable")
    population = people.groupby("Country Code")["Value"].last().astype(float)
    first, last_year = (people[people["Year"] == year].set_index("Country Code")["Value"] for year in GROWTH_YEARS)
    growth = (last_year / first) ** (1 / (GROWTH_YEARS[1] - GROWTH_YEARS[0])) - 1

    path = raw / INTERNET
    wide = _load(path, ["Country Code"], lambda: pd.read_csv(path, skiprows=4))
    years = [name for name in wide.columns if name.isdigit() and int(name) <= LAST_YEAR]
    tall = wide.melt(id_vars="Country Code", value_vars=years, var_name="year").dropna(subset=["value"])
    tall["year"] = tall["year"].astype(int)
    tall = tall.sort_values("year", kind="stable")
    last = tall.groupby("Country Code").last()
    recent = tall[tall["year"].isin(PATH_YEARS)].groupby("Country Code")
    rate = {iso3: logistic_rate(list(part["year"]), list(part["value"] / 100)) for iso3, part in recent}
    return pd.DataFrame(
        {
            "population": population,
            "growth": growth,
            "percent": last["value"],
            "percent_year": last["year"],
            "rate": pd.Series(rate, dtype=float),
        }
    ).rename_axis("iso3")


def read_government_effectiveness(raw: Path, index: dict[str, str]) -> dict[str, float]:
    """Newest WGI estimate of government effectiveness by ISO3, four decimals."""
    path = raw / GOVERNANCE
    columns = ["countryname", "year", "indicator", "estimate"]
    frame = _load(path, columns, lambda: pd.read_excel(path, na_values="..", usecols=columns))
    frame = frame[(frame["indicator"] == "ge") & frame["estimate"].notna()].copy()
    frame["iso3"] = _iso3(frame["countryname"], index, GOVERNANCE)
    last = frame.dropna(subset=["iso3"]).sort_values("year", kind="stable").groupby("iso3")["estimate"].last()
    return {str(iso3): round(float(value), 4) for iso3, value in last.items()}


def read_first_edition(raw: Path, index: dict[str, str]) -> dict[str, float]:
    """GCI 2014 total (0-100, one decimal) by ISO3; typed in by hand by a third party, so uncertain row by row.

    Parameters
    ----------
    raw
        Folder of the raw files.
    index
        Names to ISO3 codes, from `name_index`.

    Returns
    -------
    dict
        ISO3 to score; a state that stands there under two names counts with the first score that is given.
    """
    frame = _text(raw, HISTORY, ["Country", "2014"])
    scores = pd.to_numeric(frame["2014"].replace("#N/A", ""), errors="coerce")
    kept = scores.notna()
    if not scores[kept].between(0, 1).all():
        raise BuildError(f"cannot read {raw / HISTORY}: a score of 2014 is not between 0 and 1")
    iso3 = _iso3(frame.loc[kept, "Country"], index, str(raw / HISTORY))
    first: dict[str, float] = {}
    for place, score in zip(iso3, scores[kept], strict=True):
        if isinstance(place, str):
            first.setdefault(place, round(100 * float(score), 1))
    return first


def read_norm_positions(raw: Path) -> dict[str, tuple[float, int]]:
    """Newest UNGA ideal point (final passage, `VOTES_SINCE` or later) and its year, by ISO3."""
    path = raw / VOTING
    columns = ["iso3c", "year", "idealpointfp"]
    frame = _load(path, columns, lambda: pd.read_stata(path, columns=columns))
    frame = frame.dropna(subset=["idealpointfp"])
    frame = frame[frame["year"] >= VOTES_SINCE].sort_values("year", kind="stable")
    frame["iso3"] = frame["iso3c"].replace("YUG", "SRB")  # COW code 345 is Serbia since 2006
    last = frame.groupby("iso3").last()
    rows = zip(last.index, last["idealpointfp"], last["year"], strict=True)
    return {str(iso3): (round(float(value), 4), int(year)) for iso3, value, year in rows if iso3}


def read_bilateral(raw: Path, index: dict[str, str]) -> pd.DataFrame:
    """Bilateral disbursements, million constant 2022 US$.

    Parameters
    ----------
    raw
        Folder of the raw files.
    index
        Names to ISO3 codes, from `name_index`.

    Returns
    -------
    pandas.DataFrame
        Columns ``donor``, ``recipient`` (ISO3), ``year``, ``gross``, ``technical_cooperation`` and
        ``humanitarian``; NaN where nothing positive was reported.
    """
    path = raw / BILATERAL
    columns = ["Recipient", "Donor", "Aid type", "Year", "Value"]
    frame = _load(path, columns, lambda: pd.read_csv(path, usecols=columns))
    frame = frame[frame["Aid type"].isin(list(AID_TYPES))].copy()
    frame["kind"] = frame["Aid type"].map(AID_TYPES)
    frame["year"] = frame["Year"].astype(float).astype(int)
    frame["donor"] = _iso3(frame["Donor"], index, BILATERAL)
    frame["recipient"] = _iso3(frame["Recipient"], index, BILATERAL)
    frame = frame.dropna(subset=["donor", "recipient"])
    keys = ["donor", "recipient", "year"]
    if frame.duplicated([*keys, "kind"]).any():
        raise BuildError(f"cannot read {path}: a flow stands there twice")
    wide = frame.pivot_table(index=keys, columns="kind", values="Value", aggfunc="first")
    return wide.reindex(columns=list(AID_TYPES.values())).reset_index()


def read_all_donors(raw: Path, index: dict[str, str]) -> pd.DataFrame:
    """Net disbursements of the donors in `ALL_DONOR_COLUMNS`, million current US$.

    Parameters
    ----------
    raw
        Folder of the raw files.
    index
        Names to ISO3 codes, from `name_index`.

    Returns
    -------
    pandas.DataFrame
        Columns ``recipient`` (ISO3), ``year``, one a donor id, and ``reported``: whether any donor
        reported a flow. Regions and organisations that receive are dropped.
    """
    return pd.concat([_all_donors_of(raw, year, index) for year in ALL_DONOR_YEARS], ignore_index=True)


def _all_donors_of(raw: Path, year: int, index: dict[str, str]) -> pd.DataFrame:
    path = raw / ALL_DONORS.format(year=year)
    needed = ["Recipient", *ALL_DONOR_COLUMNS.values()]
    wide = _load(path, needed, lambda: pd.read_csv(path))
    part = wide[list(ALL_DONOR_COLUMNS.values())].astype(float)
    part.columns = pd.Index(list(ALL_DONOR_COLUMNS))
    flows = wide.drop(columns=["Recipient", "FakeColumn"], errors="ignore")
    part.insert(0, "recipient", wide["Recipient"].str.strip().str.lower().map(index))
    part.insert(1, "year", year)
    part["reported"] = flows.notna().any(axis=1)
    return part.dropna(subset=["recipient"])


def read_projects(raw: Path) -> list[dict[str, str]]:
    """Projects of the hand-coded sample, as text."""
    columns = [
        "id", "title", "funders", "implementers", "beneficiaries_iso3", "start", "end", "amount", "currency", "amount_note",
        "theme", "part_of", "source_url",
    ]  # fmt: skip
    frame = _text(raw, PROJECTS, columns)
    return [{str(key): str(value) for key, value in row.items()} for row in frame.to_dict("records")]
