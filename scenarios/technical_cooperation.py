"""Builder ``technical_cooperation``: the world with the donors and the money of technical cooperation, as known at the end of 2017.

Donors are those of ``donors.csv`` that paid technical cooperation in 2015-2017 by ``dyads.csv``: all of them have an affinity
that was measured in these same years. Other donors of ``dyads.csv`` have no mandate, skill or motives that were found anywhere
and are left out; they are small (about 2% of the money). States are those to which the table has rows. All else is as in ``world``.

Only proportions of the money count: a donor's budget is its share, 2015-2017, of the parameter ``money``. Multiplying all
money and all prices by one number changes nothing, so that this is a world with the real amounts in which everything is as
many times dearer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from donorlab.scenarios import world
from donorlab.scenarios.builders import Builder, Parts, register, select
from donorlab.scenarios.observed import dyads
from donorlab.sim.scenario import Donors

KNOWN_YEARS: Final = (2015, 2016, 2017)
"""Years whose rows are read, those from which affinity is taken."""
AMOUNT: Final = "technical_cooperation_usd_m"


def known() -> pd.DataFrame:
    """Return the rows of ``dyads.csv`` that the scenario may know."""
    table = dyads()
    return table[table["year"].isin(KNOWN_YEARS)].reset_index(drop=True)


def build(data: Mapping[str, Any]) -> Parts:
    """Return the world with these donors, their money, and the states of the table."""
    everything, table = world.build(data), known()
    paid = table.groupby("donor")[AMOUNT].sum() / len(KNOWN_YEARS)
    states = set(table["recipient"])
    chosen = [name for name in everything.beneficiaries.ids if name in states]
    parts = select(everything, chosen, [name for name in everything.donors.ids if name in paid.index])
    amount = paid.reindex(list(parts.donors.ids)).to_numpy(dtype=float)
    values = {item.name: getattr(parts.donors, item.name) for item in dataclasses.fields(Donors)}
    values |= dict.fromkeys(("budget_low", "budget_central", "budget_high"), amount)
    return dataclasses.replace(
        parts,
        donors=Donors(**values),
        sets={name: tuple(state for state in ids if state in states) for name, ids in parts.sets.items()},
        parameters={"rival_share": float(amount[parts.donors.rival].sum() / np.sum(amount))},
    )


register("technical_cooperation", Builder(build))
