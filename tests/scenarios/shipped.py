"""The shipped tables, how they are read, and the fit of own effort done the long way: for the tests of the data."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "scenarios" / "data"
EXCERPT = Path(__file__).resolve().parent / "data_excerpt"
TABLES = [
    "beneficiaries.csv", "donors.csv", "affinity.csv", "dyads.csv", "alignment.csv", "coe_itu_projects.csv", "own_effort_fit.csv",
]  # fmt: skip

PILLARS = ["legal", "technical", "organisational", "capacity_development", "cooperation"]
INSTRUMENTS = ["advice", "training", "institution", "exchange"]
BENEFICIARY_COLUMNS = [
    "iso3", "iso_numeric", "name", "region", "subregion", "income_group", "ldc", "lldc", "sids", "users_m",
    "users_relative", "population_growth", "internet_share", "internet_share_rate",
    *(f"gci2024_{pillar}" for pillar in PILLARS), "gci2024_total", "gci2020_total",
    "government_effectiveness", "government_effectiveness_rank", "norm_position", "norm_position_basis",
    "technical_cooperation_usd_m", "notes",
]  # fmt: skip
DONOR_COLUMNS = [
    "id", "name", "kind", "iso3", "budget_low", "budget_central", "budget_high", "budget_basis",
    *(f"mandate_{pillar}" for pillar in PILLARS), "mandate_basis",
    *(f"skill_{instrument}" for instrument in INSTRUMENTS), "regional_focus", "conditionality_style", "rival",
    "norm_position", "norm_position_basis", "confidence", "evidence",
]  # fmt: skip


def read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(
        folder / name,
        keep_default_na=False,
        na_values={"technical_cooperation_usd_m": [""]},
        dtype={"iso_numeric": str, "ldc": str, "lldc": str, "sids": str, "rival": str},
    )


def fit_by_hand(states: pd.DataFrame) -> tuple[float, int]:
    """The rule in words, done the long way."""
    rows = [row for row in states.to_dict("records") if not math.isnan(row["technical_cooperation_usd_m"])]
    rows.sort(key=lambda row: (row["technical_cooperation_usd_m"], row["iso3"]))
    least = rows[: -(-len(rows) // 3)]
    used = [row for row in least if row["iso3"] not in {"FSM", "YEM"} and row["gci2020_total"] <= 70]
    gain = capacity = 0.0
    for row in used:
        rank = row["government_effectiveness_rank"]
        admin = (1.5 + 9 * rank) * row["users_relative"] ** 0.1
        gain += (row["gci2024_total"] - row["gci2020_total"]) / 20 * 0.85 * 48
        capacity += 16 * admin * (0.25 + 0.5 * rank)
    return gain / capacity, len(used)
