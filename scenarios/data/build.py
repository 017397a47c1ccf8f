"""Rebuild the tables of this folder from the raw files of their sources.

    python build.py --raw FOLDER [--out FOLDER] [--expect N]

The raw files are not part of the project; README.md says what each is and where it came from. The
second run gives identical bytes. Exit status 2 and one line on standard error: something is missing.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import fmean, median
from typing import Final

import donor_codings as coding
import pandas as pd
import sources
from affinity import affinity_table
from coe_itu_table import coe_itu_table
from donor_table import donor_rows
from raw import Raw, read_everything
from sources import BuildError

RECIPIENT_SINCE: Final = 2018
"""A beneficiary has an aid row of this year or later."""
GIVES_MORE_THAN_IT_GETS: Final = frozenset({"TUR"})
USERS_FLOOR: Final = 0.01
"""Fewest internet users of a state, million."""
OLD_YEAR: Final = 2020
"""A share of internet users from before this year gets a note."""
TECHNICAL_YEARS: Final = (2018, 2019, 2020)
"""Years whose technical cooperation is summed."""
DYAD_YEARS: Final = tuple(range(2015, 2021))
"""Years of ``dyads.csv``: those of affinity and those that results are scored on."""

# What the fit of own effort assumes (the model's defaults).
HEADROOM: Final = 0.85
TASKS_A_PILLAR: Final = 48
QUARTERS: Final = 16
LEFT_OUT: Final = frozenset({"FSM", "YEM"})
HIGHEST_2020: Final = 70.0

# A member since 1945 that the concordance does not flag.
MEMBERS_NOT_FLAGGED: Final = ("VEN",)

NOTES: Final = {
    "COD": "GCI 2024 uncertain: a second transcription has the two Congos the other way round",
    "COG": "GCI 2024 uncertain: a second transcription has the two Congos the other way round",
}


def select_states(raw: Raw) -> list[str]:
    """Beneficiaries: states that got aid in 2018 or later and have a GCI 2024 score, less Türkiye.

    Parameters
    ----------
    raw
        What was read.

    Returns
    -------
    list of str
        ISO3 codes, sorted.
    """
    bilateral, everyone = raw.bilateral, raw.everyone
    recipients = set(bilateral.loc[bilateral["year"] >= RECIPIENT_SINCE, "recipient"])
    late = everyone["reported"] & (everyone["year"] >= RECIPIENT_SINCE)
    recipients |= set(everyone.loc[late, "recipient"])
    scored = set(raw.gci.index[raw.gci["gci2024_total"].notna()])
    states = sorted(str(iso3) for iso3 in (recipients & scored) - GIVES_MORE_THAN_IT_GETS)
    if not states:
        raise BuildError("no state has both a recent aid row and a GCI 2024 score")
    lost = [iso3 for iso3 in states if iso3 not in raw.codes.index]
    if lost:
        raise BuildError(f"{sources.CODES}: no row for {', '.join(lost)}")
    return states


def beneficiary_table(states: Sequence[str], raw: Raw) -> pd.DataFrame:
    """Table ``beneficiaries.csv``; medians and ranks are taken over all its states.

    Parameters
    ----------
    states
        ISO3 codes, from `select_states`.
    raw
        What was read.

    Returns
    -------
    pandas.DataFrame
        One row a state, in the order of `states`, indexed by ISO3.
    """
    index = list(states)
    users = raw.users.reindex(index)
    scores = raw.gci.reindex(index)
    government = pd.Series(raw.effectiveness, dtype=float).reindex(index)
    for name, column in (
        ("population", users["population"]),
        ("growth of population", users["growth"]),
        ("share of internet users", users["percent"]),
        ("GCI 2020 score", scores["gci2020_total"]),
        ("government effectiveness", government),
    ):
        lost = column.index[column.isna()]
        if len(lost):
            raise BuildError(f"no {name} for {', '.join(map(str, lost))}")
    million = (users["population"] * users["percent"] / 100 / 1e6).clip(lower=USERS_FLOOR).round(6)
    # where the source has no user at all, the share is that of the floor: a path from nothing leads nowhere
    share = (users["percent"] / 100).where(users["percent"] > 0, USERS_FLOOR * 1e6 / users["population"])
    rate = users["rate"].fillna(users["rate"].median())
    recent = raw.bilateral[raw.bilateral["year"].isin(TECHNICAL_YEARS)]
    technical = recent.groupby("recipient")["technical_cooperation"].sum(min_count=1).round(2).reindex(index)
    places = raw.codes.loc[index]
    position = [_beneficiary_position(iso3, raw.codes, raw.positions) for iso3 in index]
    percent_year = users["percent_year"].astype(int)
    few = users["rate"].isna()
    facts = zip(index, million, percent_year, few, scores["gci2020_total"], technical, strict=True)
    table = pd.DataFrame(
        {
            "iso_numeric": places["iso_numeric_code"].str.zfill(3),
            "name": places["name_short"],
            "region": places["region"],
            "subregion": places["subregion"],
            "income_group": places["income_level"],
            **{group: places[group] == "True" for group in ("ldc", "lldc", "sids")},
            "users_m": million,
            "users_relative": (million / median(million)).round(9),
            "population_growth": users["growth"].round(6),
            "internet_share": share.clip(upper=1.0).round(6),
            "internet_share_rate": rate.round(6),
            **{f"gci2024_{pillar}": scores[f"gci2024_{pillar}"] for pillar in coding.PILLARS},
            "gci2024_total": scores["gci2024_total"],
            "gci2020_total": scores["gci2020_total"],
            "government_effectiveness": government,
            "government_effectiveness_rank": ((government.rank() - 1) / max(len(index) - 1, 1)).round(9),
            "norm_position": [value for value, _ in position],
            "norm_position_basis": [basis for _, basis in position],
            "technical_cooperation_usd_m": technical,
            "notes": [_notes(*row) for row in facts],
        },
        index=index,
    )
    return table.rename_axis("iso3")


def _beneficiary_position(
    iso3: str, codes: pd.DataFrame, positions: Mapping[str, tuple[float, int]]
) -> tuple[float, str]:
    if iso3 in positions:
        value, year = positions[iso3]
        return value, f"UNGA ideal point {year}"
    subregion = str(codes["subregion"].to_dict()[iso3])
    peers = [str(peer) for peer in codes.index[codes["subregion"] == subregion] if peer in positions]
    if not peers:
        raise BuildError(f"no UN voting position for {iso3} or its subregion")
    value = round(fmean(positions[peer][0] for peer in sorted(peers)), 4)
    return value, f"does not vote: mean of {len(peers)} voters of {subregion}"


def _notes(iso3: str, users_m: float, percent_year: int, few: bool, gci2020: float, technical: float) -> str:
    notes = [NOTES[iso3]] if iso3 in NOTES else []
    if users_m <= USERS_FLOOR:
        notes.append(f"internet users set to the floor of {USERS_FLOOR} million")
    if percent_year < OLD_YEAR:
        notes.append(f"share of internet users is of {percent_year}")
    if few:
        notes.append("too few years for a path of internet use: its rate is the median of all beneficiaries")
    if gci2020 == 0:
        notes.append("GCI 2020 of 0 means no data")
    if math.isnan(technical):
        notes.append("no row in the bilateral table: technical cooperation unknown")
    return "; ".join(notes)


def dyad_table(states: Sequence[str], raw: Raw) -> pd.DataFrame:
    """Table ``dyads.csv``: technical cooperation from all bilateral donors to the beneficiaries.

    Parameters
    ----------
    states
        ISO3 codes, from `select_states`.
    raw
        What was read.

    Returns
    -------
    pandas.DataFrame
        Columns ``donor``, ``recipient``, ``year``, ``technical_cooperation_usd_m``; positive figures only, sorted.
    """
    keys = ["donor", "recipient", "year"]
    table = raw.bilateral[[*keys, "technical_cooperation"]].set_axis([*keys, "technical_cooperation_usd_m"], axis=1)
    table["technical_cooperation_usd_m"] = table["technical_cooperation_usd_m"].round(2)
    kept = (table["technical_cooperation_usd_m"] > 0) & table["recipient"].isin(list(states))
    return table[kept & table["year"].isin(DYAD_YEARS)].sort_values(keys, ignore_index=True)


def alignment_table(states: Sequence[str], raw: Raw) -> pd.DataFrame:
    """Table ``alignment.csv``: where states stood in law, and how they vote.

    Parameters
    ----------
    states
        ISO3 codes of the beneficiaries, from `select_states`.
    raw
        What was read.

    Returns
    -------
    pandas.DataFrame
        A row a member of the United Nations or beneficiary, sorted; blank where there is no score.
    """
    codes = raw.codes
    members = {str(iso3) for iso3 in codes.index[codes["un_member"] == "True"]} | set(MEMBERS_NOT_FLAGGED)
    rows = sorted((members & set(codes.index)) | set(states))
    scores = raw.gci.reindex(rows)
    return pd.DataFrame(
        {
            "iso3": rows,
            "name": [codes.loc[iso3, "name_short"] for iso3 in rows],
            "un_member": [iso3 in members for iso3 in rows],
            "beneficiary": [iso3 in states for iso3 in rows],
            "norm_position": [_beneficiary_position(iso3, codes, raw.positions)[0] for iso3 in rows],
            "gci2014_total": [raw.first_edition.get(iso3) for iso3 in rows],
            "gci2020_legal": scores["gci2020_legal"].to_numpy(),
            "gci2024_legal": scores["gci2024_legal"].to_numpy(),
        }
    )


def own_effort_fit(beneficiaries: pd.DataFrame) -> dict[str, object]:
    """Rate of own effort that explains the GCI gains of states with little technical cooperation.

    ``fit = sum(gain) / (16 * sum(admin * ownership))`` with gain in tasks,
    ``admin = (1.5 + 9 rank) users_relative^0.1`` tasks a quarter and ``ownership = 0.25 + 0.5 rank``.

    Parameters
    ----------
    beneficiaries
        Table of `beneficiary_table`, indexed by ISO3.

    Returns
    -------
    dict
        The row of ``own_effort_fit.csv``.
    """
    known = beneficiaries[beneficiaries["technical_cooperation_usd_m"].notna()]
    third = math.ceil(len(known) / 3)
    least = known.rename_axis("iso3").sort_values(["technical_cooperation_usd_m", "iso3"]).iloc[:third]
    used = least[~least.index.isin(list(LEFT_OUT)) & (least["gci2020_total"] <= HIGHEST_2020)]
    gain = (used["gci2024_total"] - used["gci2020_total"]) / 20 * HEADROOM * TASKS_A_PILLAR
    rank = used["government_effectiveness_rank"]
    admin = (1.5 + 9 * rank) * used["users_relative"] ** 0.1
    capacity = QUARTERS * math.fsum(admin * (0.25 + 0.5 * rank))
    if capacity <= 0:
        raise BuildError("no state is left for the fit of own effort")
    total = math.fsum(gain)
    return {
        "fit": round(total / capacity, 10),
        "states": len(used),
        "gain_tasks": round(total, 6),
        "admin_ownership_quarters": round(capacity, 6),
        "rule": (
            f"sum of gains in tasks, falls included (GCI total 2024 less 2020, / 20 x headroom {HEADROOM} "
            f"x {TASKS_A_PILLAR} tasks a pillar) / ({QUARTERS} quarters x sum of admin x ownership), admin "
            f"= (1.5 + 9 rank) x users_relative^0.1, ownership = 0.25 + 0.5 rank. States: of the "
            f"{len(known)} beneficiaries with a technical cooperation figure for 2018-2020 the {third} "
            f"with the least (a third, rounded up), then without {' and '.join(sorted(LEFT_OUT))} and "
            f"states above {HIGHEST_2020:g} in GCI 2020"
        ),
    }


def build(raw: Path) -> dict[str, pd.DataFrame]:
    """All tables by file name.

    Parameters
    ----------
    raw
        Folder of the raw files.

    Returns
    -------
    dict
        File name to table, ready to be written without an index.
    """
    everything = read_everything(raw)
    states = select_states(everything)
    beneficiaries = beneficiary_table(states, everything)
    donors = donor_rows(everything)
    return {
        "beneficiaries.csv": beneficiaries.reset_index(),
        "donors.csv": pd.DataFrame(donors),
        "affinity.csv": affinity_table(donors, beneficiaries, everything),
        "dyads.csv": dyad_table(states, everything),
        "alignment.csv": alignment_table(states, everything),
        "coe_itu_projects.csv": coe_itu_table(everything.projects),
        "own_effort_fit.csv": pd.DataFrame([own_effort_fit(beneficiaries)]),
    }


def write(tables: Mapping[str, pd.DataFrame], out: Path) -> None:
    """Write every table under a temporary name, then put all in place.

    Parameters
    ----------
    tables
        File name to table.
    out
        Folder, made if it does not exist.
    """
    temporary = {out / name: out / f".{name}.tmp" for name in tables}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for draft, table in zip(temporary.values(), tables.values(), strict=True):
            words = table.copy()
            for column in words.select_dtypes("bool").columns:
                words[column] = words[column].map({True: "true", False: "false"})
            words.to_csv(draft, index=False, encoding="utf-8", lineterminator="\n")
        for target, draft in temporary.items():
            draft.replace(target)
    except OSError as error:
        raise BuildError(f"cannot write to {out}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            for draft in temporary.values():
                draft.unlink(missing_ok=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Rebuild the tables of this folder from the raw files.")
    parser.add_argument("--raw", type=Path, required=True, help="folder of the raw files (see README.md)")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, help="where tables go")
    parser.add_argument("--expect", type=int, metavar="N", help="fail unless there are N beneficiaries")
    options = parser.parse_args(arguments)
    try:
        tables = build(options.raw)
        found = len(tables["beneficiaries.csv"])
        if options.expect is not None and found != options.expect:
            raise BuildError(f"{found} beneficiaries instead of {options.expect}")
        write(tables, options.out)
    except BuildError as error:
        print(f"build.py: error: {error}", file=sys.stderr)
        return 2
    for name, table in tables.items():
        print(f"{name}: {len(table)} rows")
    print(f"own effort fit: {tables['own_effort_fit.csv']['fit'].iloc[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
