"""Observed data that results are compared with. Sources and terms: ``data/README.md``.

One scenario, ``technical-cooperation``, reads the years that nothing is scored on; no other scenario reads any.
"""

from __future__ import annotations

import pandas as pd

from donorlab.scenarios.world import DATA


def dyads() -> pd.DataFrame:
    """Return technical cooperation by donor, recipient and year, 2015-2020.

    Returns
    -------
    pandas.DataFrame
        Columns ``donor``, ``recipient`` (ISO3), ``year`` and ``technical_cooperation_usd_m`` (million constant 2022 US$,
        above 0), sorted. A pair and year without a row: nothing positive was reported.

    Notes
    -----
    Source: OECD, Aid (ODA) disbursements to countries and regions [DAC2a]. Donors report it differently, so that it
    says who is present where rather than how much.
    """
    return pd.read_csv(DATA / "dyads.csv", keep_default_na=False)


def un_groups() -> dict[str, frozenset[str]]:
    """Return the states (ISO3) of the world that the United Nations group as LDC, LLDC and SIDS, by these names.

    Least developed countries, landlocked developing countries, small island developing states; a state may be in several.
    """
    table = pd.read_csv(DATA / "beneficiaries.csv", keep_default_na=False)
    return {name.upper(): frozenset(table.loc[table[name], "iso3"]) for name in ("ldc", "lldc", "sids")}
