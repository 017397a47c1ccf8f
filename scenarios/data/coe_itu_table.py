"""From the project sample and ``coe_itu_codings.py`` to ``coe_itu_projects.csv``.

A row without an amount gets one from a rule: EUR m per country and year of the programmes that have amount, both dates and a
list of states. Amounts found stand in ``amount_eur_m``, what is used with its range in ``eur_m_low``, ``eur_m`` and ``eur_m_high``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final, NamedTuple

import donor_codings as coding
import pandas as pd
from coe_itu_codings import (
    ACTIVITIES,
    BAND_CHF_M,
    BAND_ROW,
    CODINGS,
    EUR_PER,
    REGIONAL,
    SOURCES,
    WIDE_HIGH,
    WIDE_LOW,
    WINDOW,
    Coding,
)
from donor_table import appearance, theme_vectors
from sources import BuildError

ORGANISATIONS: Final = ("COE", "ITU")
LEAST_LIST: Final = 5
"""A programme of this many states or more sets the rate per country and year: single contracts are another world."""
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


class Rates(NamedTuple):
    """EUR m per country and year: lowest, middle and highest programme; and how many states a middle one has."""

    low: float
    central: float
    high: float
    countries: float


def decimal_year(date: str, at_end: bool) -> float | None:
    """Return a date such as 2016, 2016-03 or 2016-03-01 as a decimal year, None where there is none.

    Parameters
    ----------
    date
        Text of the sample.
    at_end
        Whether the end of the year, month or day is meant.

    Returns
    -------
    float or None
    """
    if not date:
        return None
    found = _DATE.fullmatch(date)
    if found is None:
        raise BuildError(f"project sample: '{date}' is no date such as 2016, 2016-03 or 2016-03-01")
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    if month is None:
        return float(year + at_end)
    if day is None:
        return year + (month - 1 + at_end) / 12
    return year + (month - 1 + (day - 1 + at_end) / 31) / 12


def _states(project: Mapping[str, str]) -> list[str]:
    return [iso3.strip() for iso3 in project["beneficiaries_iso3"].split(";") if iso3.strip()]


def _found_m(project: Mapping[str, str]) -> float | None:
    """Amount of a row in EUR m, None where none was found."""
    if not project["amount"]:
        return None
    if project["currency"] not in EUR_PER:
        raise BuildError(f"project sample: no rate for the currency '{project['currency']}' of {project['id']}")
    return float(project["amount"]) * EUR_PER[project["currency"]] / 1e6


class _Row:
    """One project of one organisation, with what is coded of it."""

    def __init__(self, project: Mapping[str, str], organisation: str) -> None:
        self.project = project
        self.organisation = organisation
        self.coded: Coding = CODINGS.get(project["id"], Coding())
        self.part_of = project["part_of"] or self.coded.part_of
        self.states = _states(project)
        self.found = _found_m(project)
        begin, end = decimal_year(project["start"], False), decimal_year(project["end"], True)
        self.begin = self.coded.begin if self.coded.begin is not None else begin
        self.end = self.coded.end if self.coded.end is not None else end
        if self.coded.standing:
            self.begin, self.end = WINDOW
        self.dates_found = (self.begin, self.end) == (begin, end) and begin is not None and end is not None

    @property
    def years(self) -> float:
        return self.end - self.begin if self.begin is not None and self.end is not None else 0.0

    def counted(self, others: Mapping[str, _Row]) -> bool:
        """Whether its money counts: it can be dated, and is nested in no other row that counts."""
        parent = others.get(self.part_of)
        nested = parent is not None and parent.coded.counted
        return self.coded.counted and not nested and self.years > 0


def rates(rows: Sequence[_Row]) -> Rates:
    """Rates of the programmes that have amount, both dates and a list of at least `LEAST_LIST` states."""
    known = [
        row for row in rows if row.found and row.dates_found and len(row.states) >= LEAST_LIST and row.coded.counted
    ]
    if not known:
        raise BuildError("project sample: no programme has amount, dates and a list of states")
    each = [row.found * row.coded.share / (len(row.states) * row.years) for row in known if row.found]
    return Rates(min(each), median(each), max(each), float(median(len(row.states) for row in known)))


def _used(row: _Row, known: Rates, activity: tuple[float, float, float], parts: float) -> tuple[list[float], str]:
    """Low, central and high EUR m of a row, and where they come from; no number where nothing can be said."""
    coded = row.coded
    shares = (min(coded.share, coded.share_low), coded.share, max(coded.share, coded.share_high))
    if row.project["id"] == BAND_ROW:
        return [value * EUR_PER["CHF"] for value in BAND_CHF_M], "band"
    if coded.parts:
        return [parts, parts, parts * coded.raised], "parts"
    if row.found is not None:
        longer = max(1.0, row.years / coded.planned_years) if coded.planned_years else 1.0
        whole = row.found + coded.extra_m
        return [whole * shares[0], whole * shares[1], whole * shares[2] * longer], "found"
    if not coded.rule:
        return [], ""
    if coded.rule == ACTIVITIES:
        each, work = activity, coded.country_years
    elif coded.rule == REGIONAL:
        each, work = (known.low, known.central, known.high), coded.country_years
    else:
        each, work = (known.central * WIDE_LOW, known.central, known.central * WIDE_HIGH), known.countries * row.years
    work = len(row.states) * row.years if work is None else work
    if coded.standing:  # the year that was found, in each year
        return [
            each[0] * work,
            each[1] * work * row.years,
            each[1] * work * row.years * WIDE_HIGH,
        ], f"rule: {coded.rule}"
    return [rate * work * share for rate, share in zip(each, shares, strict=True)], f"rule: {coded.rule}"


def coe_itu_table(projects: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Table ``coe_itu_projects.csv``: the projects that the Council of Europe or ITU carries out.

    Parameters
    ----------
    projects
        Rows of the project sample.

    Returns
    -------
    pandas.DataFrame
        A row a project, sorted by organisation and begin.
    """
    rows: dict[str, _Row] = {}
    for project in projects:
        for organisation in ORGANISATIONS:
            alias = coding.ORGANISATIONS[organisation].alias
            if (
                appearance({**project, "funders": ""}, organisation, alias) is not None
            ):  # who carries it out, not who pays
                rows[project["id"]] = _Row(project, organisation)
    known = rates(list(rows.values()))
    band = rows.get(BAND_ROW)
    work = len(band.states) * band.years if band is not None else 0.0
    low, middle, high = (value * EUR_PER["CHF"] / work if work else 0.0 for value in BAND_CHF_M)
    activity = (low, middle, high)
    made = []
    for name, row in rows.items():
        parts = sum(other.found or 0.0 for other in rows.values() if other.part_of == name)
        counted = row.counted(rows)
        used, basis = _used(row, known, activity, parts) if counted else ([], "")
        vectors = theme_vectors(row.project["theme"])
        if vectors is None:
            raise BuildError(f"project sample: {name} has no theme")
        rounded: list[float | None] = [round(value, 6) for value in used] if used else [None, None, None]
        money = dict(zip(("eur_m_low", "eur_m", "eur_m_high"), rounded, strict=True))
        made.append(
            {
                "id": name,
                "organisation": row.organisation,
                "title": row.project["title"],
                "implementers": row.project["implementers"],
                "funders": row.project["funders"],
                "beneficiaries_iso3": ";".join(row.states),
                "start": row.project["start"],
                "end": row.project["end"],
                "begin_year": None if row.begin is None else round(row.begin, 4),
                "end_year": None if row.end is None else round(row.end, 4),
                "dates_basis": "found" if row.dates_found else "assumption" if row.years > 0 else "not found",
                "amount": row.project["amount"],
                "currency": row.project["currency"] if row.project["amount"] else "",
                "amount_eur_m": None if row.found is None else round(row.found, 6),
                "amount_note": row.project["amount_note"],
                "part_of": row.part_of,
                "counted": counted and bool(used),
                **money,
                "eur_m_basis": basis,
                "theme": row.project["theme"],
                **{f"pillar_{key}": round(v, 4) for key, v in zip(coding.PILLARS, vectors.pillars, strict=True)},
                **{
                    f"method_{key}": round(v, 4) for key, v in zip(coding.INSTRUMENTS, vectors.instruments, strict=True)
                },
                "coding_note": row.coded.why,
                "source_url": SOURCES.get(name, row.project["source_url"]),
            }
        )
    return pd.DataFrame(made).sort_values(["organisation", "begin_year", "id"], ignore_index=True, na_position="last")
