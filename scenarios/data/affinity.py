"""``affinity.csv``: how far a donor is drawn to a state.

Affinity is presence, not volume: the share of the years 2015-2017 in which the donor paid technical
cooperation to the state. Donors without such data get an assumption from their regional focus.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import donor_codings as coding
import pandas as pd
from raw import Raw
from sources import ALL_DONOR_COLUMNS

YEARS: Final = (2015, 2016, 2017)
"""Years from which affinity is taken; no year that is scored."""
OUTSIDE: Final = 0.1
"""Assumed affinity outside the regional focus or membership, and where dyads are missing."""


def assumed_affinity(donor: str, focus: set[str], iso3: str, places: set[str]) -> tuple[float, str]:
    """Affinity of a donor without dyads.

    Parameters
    ----------
    donor
        Donor id.
    focus
        Names of M49 regions and subregions, or `donor_codings.GLOBAL`.
    iso3
        The beneficiary.
    places
        Its M49 region and subregion.

    Returns
    -------
    tuple
        1 or `OUTSIDE`, and the reason.
    """
    if coding.GLOBAL in focus:
        inside, reason = True, "works everywhere"
    elif donor in coding.AFFINITY_MEMBERS:
        inside = iso3 in coding.AFFINITY_MEMBERS[donor]
        reason = "member" if inside else "not a member"
    else:
        inside = bool(focus & places)
        reason = "inside regional focus" if inside else "outside regional focus"
    return (1.0 if inside else OUTSIDE), f"assumption: {reason}"


def affinity_table(donors: Sequence[Mapping[str, object]], beneficiaries: pd.DataFrame, raw: Raw) -> pd.DataFrame:
    """Affinity of every donor and beneficiary.

    Parameters
    ----------
    donors
        Rows of `donor_table.donor_rows`.
    beneficiaries
        Table ``beneficiaries.csv``, indexed by ISO3.
    raw
        What was read.

    Returns
    -------
    pandas.DataFrame
        Columns ``donor``, ``beneficiary``, ``affinity`` in [0, 1] and ``basis``.
    """
    bilateral = raw.bilateral
    early = bilateral[bilateral["year"].isin(YEARS) & (bilateral["technical_cooperation"] > 0)]
    years_of = early.groupby(["donor", "recipient"])["year"].nunique().to_dict()
    with_dyads = set(early["donor"])
    recipients = set(bilateral["recipient"])
    window = raw.everyone[raw.everyone["year"].isin(YEARS)]
    for donor in ALL_DONOR_COLUMNS:
        paid = window[window[donor] > 0].groupby("recipient")["year"].nunique()
        years_of |= {(donor, iso3): count for iso3, count in paid.items()}
    span = f"{YEARS[0]}-{YEARS[-1]}"

    def value(donor: str, focus: set[str], iso3: str, places: set[str]) -> tuple[float, str]:
        share = round(years_of.get((donor, iso3), 0) / len(YEARS), 6)
        if donor == iso3:
            return 0.0, "self"
        if donor in ALL_DONOR_COLUMNS:
            return share, f"years with net ODA {span}"
        if donor not in with_dyads:
            return assumed_affinity(donor, focus, iso3, places)
        if iso3 not in recipients:
            return OUTSIDE, "assumption: no bilateral dyads for this state"
        return share, f"years with technical cooperation {span}"

    regions = zip(beneficiaries.index, beneficiaries["region"], beneficiaries["subregion"], strict=True)
    places_of = {str(iso3): {str(region), str(subregion)} for iso3, region, subregion in regions}
    rows = []
    for row in donors:
        donor, focus = str(row["id"]), set(str(row["regional_focus"]).split(";"))
        for iso3, places in places_of.items():
            rows.append((donor, iso3, *value(donor, focus, iso3, places)))
    return pd.DataFrame(rows, columns=["donor", "beneficiary", "affinity", "basis"])
