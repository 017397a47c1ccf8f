"""Builder ``coe_itu``: the Council of Europe and ITU as two donors, with what was found of their projects, from January 2013 on.

Read from ``coe_itu_projects.csv``, whose columns say row by row what was found and what is assumed:

* *Budgets*: EUR m a year, the mean over 2013-2024 of all rows that count, each shared evenly over its length; of a row that lists
  its states, the part of those that are simulated. Low, central and high each. A budget stands still over the years (assumption).
* *Mandates and skills*: means of the theme codings of the rows that are nested in no other.
* *Affinity*: 1 where a project of the organisation lists the state, .1 elsewhere (assumption, as in ``affinity.csv``).
* *Norm position, conditions*: those of ``donors.csv``.

The states are those of ``alignment``: the world with the scores of January 2013.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from donorlab.scenarios import alignment, plain
from donorlab.scenarios.builders import Builder, Parts, register, select
from donorlab.scenarios.world import DATA
from donorlab.sim.scenario import Donors, FloatArray, ScenarioError

ORGANISATIONS: Final = ("COE", "ITU")
YEARS: Final = tuple(range(alignment.BEGIN, 2025))
"""Years of the scenario."""
MONEY: Final = ("eur_m_low", "eur_m", "eur_m_high")
OUTSIDE: Final = 0.1
"""Affinity to a state that no project lists: assumption, that of ``affinity.csv``."""
EARLIEST, LATEST = 2006, 2025  # known_until: the first project, and the end of the window


@dataclass(frozen=True)
class Options:
    """Keys of the section `coe_itu`.

    Attributes
    ----------
    background : whether the other donors of ``donors.csv`` are there as well
    known_until : projects begun before this year say where an organisation is drawn; undated ones only at the end
    """

    background: bool
    known_until: int

    def __post_init__(self) -> None:
        if not isinstance(self.background, bool):
            shown = plain.one_line(self.background)
            raise ScenarioError(f"coe_itu.background: '{shown}' is not true or false")
        year = self.known_until
        if isinstance(year, bool) or not isinstance(year, int) or not EARLIEST <= year <= LATEST:
            shown = plain.one_line(year)
            raise ScenarioError(
                f"coe_itu.known_until: '{shown}' is no year; it must be a whole number from {EARLIEST} to {LATEST}"
            )


OPTIONS: Final = tuple(item.name for item in dataclasses.fields(Options))


def projects() -> pd.DataFrame:
    """Return ``coe_itu_projects.csv``; what was not found is NaN in columns of numbers and an empty text elsewhere."""
    numbers = ("begin_year", "end_year", "amount", "amount_eur_m", *MONEY)
    return pd.read_csv(DATA / "coe_itu_projects.csv", keep_default_na=False, na_values={name: [""] for name in numbers})


def listed(table: pd.DataFrame) -> list[list[str]]:
    """Return the ISO3 codes that each row lists."""
    return [[iso3 for iso3 in cell.split(";") if iso3] for cell in table["beneficiaries_iso3"]]


def yearly(table: pd.DataFrame, states: tuple[str, ...]) -> pd.DataFrame:
    """Return the money of each organisation and year.

    Parameters
    ----------
    table : of `projects`
    states : ids of those that are simulated

    Returns
    -------
    pandas.DataFrame
        A row an organisation, year of `YEARS` and basis: ``organisation``, ``year``, ``basis`` (of the column
        ``eur_m_basis``), ``eur_m_low``, ``eur_m``, ``eur_m_high``.
    """
    known = set(states)
    rows = []
    for project, there in zip(table.to_dict("records"), listed(table), strict=True):
        if not project["counted"]:
            continue
        part = sum(iso3 in known for iso3 in there) / len(there) if there else 1.0
        begin, end = float(project["begin_year"]), float(project["end_year"])
        for year in YEARS:
            inside = max(0.0, min(end, year + 1) - max(begin, year)) / (end - begin)
            if inside > 0:
                money = {name: float(project[name]) * part * inside for name in MONEY}
                rows.append(
                    {"organisation": project["organisation"], "year": year, "basis": project["eur_m_basis"], **money}
                )
    long = pd.DataFrame(rows, columns=["organisation", "year", "basis", *MONEY])
    return long.groupby(["organisation", "year", "basis"], as_index=False)[list(MONEY)].sum()


def budgets(table: pd.DataFrame, states: tuple[str, ...]) -> FloatArray:
    """Return EUR m a year, (2 organisations, low central high): means over `YEARS`."""
    sums = yearly(table, states).groupby("organisation")[list(MONEY)].sum() / len(YEARS)
    return np.asarray(sums.reindex(list(ORGANISATIONS), fill_value=0.0), dtype=np.float64)


def affinity(table: pd.DataFrame, states: tuple[str, ...], known_until: int) -> FloatArray:
    """Return (2 organisations, J): 1 where a project begun before ``known_until`` lists the state, `OUTSIDE` elsewhere."""
    found = np.full((len(ORGANISATIONS), len(states)), OUTSIDE)
    place = {iso3: j for j, iso3 in enumerate(states)}
    for organisation, begin, there in zip(table["organisation"], table["begin_year"], listed(table), strict=True):
        if begin >= known_until or (math.isnan(begin) and known_until < LATEST):
            continue  # an undated project is known of at the end only
        for iso3 in there:
            if iso3 in place:
                found[ORGANISATIONS.index(organisation), place[iso3]] = 1.0
    return found


def themes(table: pd.DataFrame, prefix: str, names: tuple[str, ...]) -> FloatArray:
    """Return (2 organisations, names): mean weights of the rows that are nested in no other row of the table."""
    top = table[table["part_of"] == ""]
    columns = [f"{prefix}_{name}" for name in names]
    means = top.groupby("organisation")[columns].mean().reindex(list(ORGANISATIONS)).to_numpy(dtype=np.float64)
    return np.asarray(means / means.sum(axis=1, keepdims=True), dtype=np.float64)


def build(data: Mapping[str, Any]) -> Parts:
    """Return the world of January 2013 with the two organisations, alone or among the others."""
    options = _options(data["coe_itu"])
    parts = alignment.build(data)
    table, states = projects(), parts.beneficiaries.ids
    chosen = list(parts.donors.ids) if options.background else list(ORGANISATIONS)
    parts = select(parts, None, chosen)
    rows = [parts.donors.ids.index(name) for name in ORGANISATIONS]
    values = {item.name: getattr(parts.donors, item.name) for item in dataclasses.fields(Donors)}
    changed = {
        "mandate": themes(table, "pillar", parts.pillars),
        "skill": themes(table, "method", parts.instruments),
        "affinity": affinity(table, states, options.known_until),
        **dict(zip(("budget_low", "budget_central", "budget_high"), budgets(table, states).T, strict=True)),
    }
    others = values["budget_low"]
    for name, given in changed.items():
        column = np.array(others if name.startswith("budget") else values[name])
        column[rows] = given
        values[name] = column
    central, rival = values["budget_central"], values["rival"]
    parameters = {}
    if options.background:  # then the money follows from the rows of the others
        whole = float(central.sum())
        parameters = {"money": whole, "rival_share": float(central[rival].sum()) / whole}
    return dataclasses.replace(parts, donors=Donors(**values), parameters=parameters)


def _options(section: object) -> Options:
    if not isinstance(section, Mapping) or set(section) != set(OPTIONS):
        raise ScenarioError(f"coe_itu: must be a mapping with {' and '.join(OPTIONS)}")
    return Options(**section)


register("coe_itu", Builder(build, required=("coe_itu",), options={"coe_itu": OPTIONS}))
