"""Builder `world`: the real donors and states, read from the tables of ``data/``."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from donorlab.scenarios.builders import Builder, Parts, default_tables, register, shares
from donorlab.sim.scenario import Beneficiaries, Donors, FloatArray, ScenarioError, suggest

DATA: Final = Path(__file__).parent / "data"
USERS_FLOOR_M: Final = 0.01
"""Least internet users of a state, million: some sources report none."""
GCI_FULL_SCORE: Final = 20.0
"""Full score of one pillar in ITU's Global Cybersecurity Index 2024."""


class Table:
    """A CSV file as columns of text; a wrong cell is reported with file, row and column."""

    def __init__(self, path: Path, key: str) -> None:
        self.name = path.name
        try:
            with path.open(encoding="utf-8", newline="") as file:
                reader = csv.reader(file, strict=True)
                self.header = next(reader, [])
                rows = [row for row in reader if row]
        except FileNotFoundError:
            raise ScenarioError(f"{path.name}: not found in {path.parent}; rebuild it with data/build.py") from None
        except (csv.Error, UnicodeDecodeError) as error:
            raise ScenarioError(f"{path.name}: cannot be read as a UTF-8 CSV table: {error}") from None
        for number, row in enumerate(rows, start=2):
            if len(row) != len(self.header):
                raise ScenarioError(f"{path.name}, row {number}: {len(row)} cells for {len(self.header)} columns")
        if not rows:
            raise ScenarioError(f"{path.name}: has no rows")
        self._columns = dict(zip(self.header, (list(column) for column in zip(*rows, strict=True)), strict=True))
        self.keys = self.text(key)

    def text(self, column: str) -> list[str]:
        """Return a column as text."""
        if column not in self._columns:
            raise ScenarioError(f"{self.name}: no column '{column}'{suggest(column, self.header)}")
        return self._columns[column]

    def numbers(self, *columns: str) -> FloatArray:
        """Return columns as numbers, (rows,) for one column, else (rows, columns)."""
        cells = [self.text(column) for column in columns]
        try:
            values = np.array(cells, dtype=np.float64)
        except ValueError:
            values = np.array([[math.nan if not _is_number(cell) else 0.0 for cell in column] for column in cells])
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            column, row = (int(i) for i in bad[0])
            raise ScenarioError(
                f"{self.name}, row {self.keys[row]}, column {columns[column]}: '{cells[column][row]}' is not a number"
            )
        return np.asarray(values[0] if len(columns) == 1 else values.T, dtype=np.float64)

    def flags(self, column: str) -> list[bool]:
        """Return a column of true and false."""
        words = [cell.lower() for cell in self.text(column)]
        for row, word in enumerate(words):
            if word not in ("true", "false"):
                raise ScenarioError(
                    f"{self.name}, row {self.keys[row]}, column {column}: '{word}' is not true or false"
                )
        return [word == "true" for word in words]


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def build(_: Mapping[str, Any]) -> Parts:
    """Return the world of the data tables; beneficiaries sorted by ISO code, donors by id."""
    tables = default_tables()
    pillars: tuple[str, ...] = tables["pillars"]
    beneficiaries, sets = _beneficiaries(Table(DATA / "beneficiaries.csv", "iso3"), pillars)
    donors = _donors(Table(DATA / "donors.csv", "id"), beneficiaries.ids, pillars, tables["instruments"])
    return Parts(**tables, beneficiaries=beneficiaries, donors=donors, sets=sets)


def _order(table: Table) -> list[int]:
    return sorted(range(len(table.keys)), key=table.keys.__getitem__)


def _beneficiaries(table: Table, pillars: tuple[str, ...]) -> tuple[Beneficiaries, dict[str, tuple[str, ...]]]:
    order = _order(table)

    def words(column: str) -> tuple[str, ...]:
        cells = table.text(column)
        return tuple(cells[i] for i in order)

    ids = words("iso3")
    users = table.numbers("users_m", "users_relative")[order]
    beneficiaries = Beneficiaries(
        ids=ids,
        names=words("name"),
        regions=words("region"),
        subregions=words("subregion"),
        income_groups=words("income_group"),
        users_m=np.maximum(users[:, 0], USERS_FLOOR_M),
        users_relative=users[:, 1],
        government_rank=table.numbers("government_effectiveness_rank")[order],
        norm_position=table.numbers("norm_position")[order],
        population_growth=table.numbers("population_growth")[order],
        internet_share=table.numbers("internet_share")[order],
        internet_share_rate=table.numbers("internet_share_rate")[order],
        initial_score=table.numbers(*(f"gci2024_{pillar}" for pillar in pillars))[order] / GCI_FULL_SCORE,
    )
    ldc, sids = table.flags("ldc"), table.flags("sids")
    sets = {
        "oda": ids,
        "oda-without-china": tuple(name for name in ids if name != "CHN"),
        "ldc-and-sids": tuple(table.keys[i] for i in order if ldc[i] or sids[i]),
    }
    return beneficiaries, sets


def _donors(table: Table, states: tuple[str, ...], pillars: tuple[str, ...], instruments: tuple[str, ...]) -> Donors:
    order = _order(table)
    ids, names, kinds = (
        tuple(cells[i] for i in order) for cells in (table.keys, table.text("name"), table.text("kind"))
    )
    budgets = table.numbers("budget_low", "budget_central", "budget_high")[order]
    mandate = table.numbers(*(f"mandate_{pillar}" for pillar in pillars))[order]
    skill = table.numbers(*(f"skill_{instrument}" for instrument in instruments))[order]
    return Donors(
        ids=ids,
        names=names,
        kinds=kinds,
        budget_low=budgets[:, 0],
        budget_central=budgets[:, 1],
        budget_high=budgets[:, 2],
        mandate=shares(mandate, ids, "donors.csv: mandate"),
        skill=shares(skill, ids, "donors.csv: skill"),
        affinity=_affinity(Table(DATA / "affinity.csv", "donor"), ids, states),
        norm_position=table.numbers("norm_position")[order],
        rival=np.array(table.flags("rival"))[order],
        conditional=np.array([style != "none" for style in table.text("conditionality_style")])[order],
    )


def _affinity(table: Table, donors: tuple[str, ...], states: tuple[str, ...]) -> FloatArray:
    """Return the long table as a matrix; each pair of donor and state must stand exactly once."""
    rows = {name: i for i, name in enumerate(donors)}
    columns = {name: i for i, name in enumerate(states)}
    givers, takers = table.keys, table.text("beneficiary")
    for cells, known, what in ((givers, rows, "donor"), (takers, columns, "beneficiary")):
        unknown = sorted(set(cells) - known.keys())
        if unknown:
            raise ScenarioError(f"{table.name}: unknown {what} '{unknown[0]}'{suggest(unknown[0], known)}")
    places = (np.array([rows[cell] for cell in givers]), np.array([columns[cell] for cell in takers]))
    count = np.zeros((len(donors), len(states)), dtype=np.int64)
    np.add.at(count, places, 1)
    wrong = np.argwhere(count != 1)
    wrong = wrong[[donors[d] != states[j] or count[d, j] > 1 for d, j in wrong]]  # none for a donor itself is fine
    if len(wrong):
        d, j = (int(i) for i in wrong[0])
        raise ScenarioError(
            f"{table.name}: {int(count[d, j])} rows for donor {donors[d]} and beneficiary {states[j]} where 1 is needed"
        )
    affinity = np.zeros(count.shape)
    affinity[places] = table.numbers("affinity")
    for name in rows.keys() & columns.keys():
        affinity[rows[name], columns[name]] = 0.0
    return affinity


register("world", Builder(build))
