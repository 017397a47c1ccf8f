"""Everything that is read from the raw files, together."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd
from sources import (
    check_files,
    name_index,
    read_all_donors,
    read_bilateral,
    read_codes,
    read_first_edition,
    read_gci,
    read_government_effectiveness,
    read_norm_positions,
    read_projects,
    read_users,
)


class Raw(NamedTuple):
    """Everything that was read."""

    codes: pd.DataFrame
    gci: pd.DataFrame
    first_edition: dict[str, float]
    users: pd.DataFrame
    effectiveness: dict[str, float]
    positions: dict[str, tuple[float, int]]
    bilateral: pd.DataFrame
    everyone: pd.DataFrame
    projects: list[dict[str, str]]


def read_everything(raw: Path) -> Raw:
    """Check the folder and read all its files.

    Parameters
    ----------
    raw
        Folder of the raw files.

    Returns
    -------
    Raw
        One table a source.
    """
    check_files(raw)
    codes = read_codes(raw)
    index = name_index(codes)
    return Raw(
        codes=codes,
        gci=read_gci(raw),
        first_edition=read_first_edition(raw, index),
        users=read_users(raw),
        effectiveness=read_government_effectiveness(raw, index),
        positions=read_norm_positions(raw),
        bilateral=read_bilateral(raw, index),
        everyone=read_all_donors(raw, index),
        projects=read_projects(raw),
    )
