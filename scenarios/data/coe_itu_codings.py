"""Hand-made codings behind ``coe_itu_projects.csv``: which rows count, how long they ran, what they cost where nobody says.

Nothing here was tuned on a result. What is not in a row of the project sample is our judgement (*assumption*), and the
table repeats the words that stand here. The calculation is in ``coe_itu_table.py``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from donor_codings import CAD, CHF, GBP, USD

WINDOW: Final = (2013.0, 2025.0)
"""Begin of 2013 to end of 2024: rows without an end are counted up to its end."""
EUR_PER: Final = {"EUR": 1.0, "USD": USD, "GBP": GBP, "CAD": CAD, "CHF": CHF}
"""The rates of ``donor_codings.py`` (about 2023) for all years."""
WIDE_LOW: Final = 0.4
WIDE_HIGH: Final = 2.5
"""Range of an amount that rests on a rule where no list of states was found, as a multiple of its central value."""
BAND_CHF_M: Final = (0.1, 0.3, 0.5)
"""The one financial scale that ITU prints for a project of its kind (found), and its middle."""
BAND_ROW: Final = "itu_9RAS17059"

REGIONAL: Final = "regional"
WORLDWIDE: Final = "worldwide"
ACTIVITIES: Final = "activities"
"""Rules for rows without an amount, see `Coding`."""


class Coding(NamedTuple):
    """What is said of a row beyond the sample; what is left out follows from the sample.

    Attributes
    ----------
    counted : whether its money counts; words why not stand in ``why``
    begin, end : decimal years in the place of those of the sample
    part_of : the row it is nested in, where the sample does not say so
    share, share_low, share_high : of its amount that is the organisation's help with law or capacity against cybercrime
    extra_m : EUR m on top of its amount, found in its note
    planned_years : length for which the amount was printed, where the project ran longer
    raised : highest amount as a multiple of the central one, where parts are missing
    parts : its amount is the sum of the contributions found
    rule : for rows without an amount: ``regional`` (median EUR m per country and year of the programmes with an amount),
        ``worldwide`` (the same, times the median number of countries), ``activities`` (EUR m per country and year of `BAND_ROW`)
    country_years : in the place of states times years
    standing : the year that was found stands for every year of `WINDOW`
    why : words for all of it
    """

    counted: bool = True
    begin: float | None = None
    end: float | None = None
    part_of: str = ""
    share: float = 1.0
    share_low: float = 1.0
    share_high: float = 1.0
    extra_m: float = 0.0
    planned_years: float | None = None
    raised: float = 1.0
    parts: bool = False
    rule: str = ""
    country_years: float | None = None
    standing: bool = False
    why: str = ""


_OPEN = "assumption: it ran to the end of 2024 and beyond; only that part is counted"
_STANDING = (
    "assumption: the year that was found stands for each of 2013 to 2024 (low: for itself alone; high: x 2.5); "
    "nobody counts them"
)

CODINGS: Final[dict[str, Coding]] = {
    # ------------------------------------------------------------ Council of Europe
    "octopus": Coding(rule=WORLDWIDE, why="assumption: a project of median size"),
    "octopus2": Coding(
        parts=True, raised=1.5,
        why="sum of the contributions found, a lower bound; high: half as much again (assumption)",
    ),
    "gpc1": Coding(rule=WORLDWIDE, why="assumption: a project of median size"),
    "gpc2": Coding(rule=WORLDWIDE, why="assumption: a project of median size"),
    "gpc3": Coding(
        end=2014.0, rule=WORLDWIDE,
        why="assumption: a project of median size, until its successor Cybercrime@Octopus began in January 2014",
    ),
    "uk_coe_2012": Coding(part_of="gpc3", why="a contribution to gpc3"),
    "coe_georgia": Coding(
        counted=False, begin=2009.0, end=2010.5,
        why="no amount and no dates found; begin and end from general knowledge (assumption), before 2013 in any case",
    ),
    "cybercrime_eap1": Coding(begin=2011 + 7 / 12, rule=REGIONAL, why="27 months to October 2013 (found)"),
    "cybercrime_eap23": Coding(rule=REGIONAL),
    "glacy": Coding(rule=REGIONAL),
    "glacyplus": Coding(
        planned_years=2022 - (2016 + 2 / 12),
        why="planned to 2021 (found: capacity-building-programmes of coe.int), ran to 2024; high: the planned yearly rate to the "
        "end; what INTERPOL spent of it is not known and counts here (assumption)",
    ),
    "iproceeds": Coding(rule=REGIONAL),
    "iproceeds2": Coding(planned_years=3.5, why="planned for 42 months (found); high: the planned yearly rate to the end"),
    "cybereast": Coding(
        planned_years=3.0,
        why="planned for 36 months (found); high: the planned yearly rate to the end; counted instead of its parent, which is half "
        "another implementer's",
    ),
    "cybereastplus": Coding(
        share=1 / 0.9, share_low=1.0, share_high=1 / 0.9,
        why="EU share; with the usual 10% of the Council of Europe (assumption)",
    ),
    "eu4digital_cyber": Coding(counted=False, why="two implementers; the Council of Europe's part is cybereast"),
    "glacye": Coding(end=WINDOW[1], rule=REGIONAL, why=_OPEN),
    "cybersee": Coding(end=WINDOW[1], rule=REGIONAL, why=_OPEN),
    "endocsea": Coding(counted=False, why="pan-European: mostly states that receive no aid; no amount found"),
    "icsp2019": Coding(counted=False, why="overlaps with glacyplus, and half of it is UNODC's"),
    # ------------------------------------------------------------ ITU
    "itu_ec_acp": Coding(
        share=1 / 3, share_low=1 / 9, share_high=1.0, extra_m=0.5 * USD,
        why="assumption: a third, cybercrime being one of several subjects; a ninth to all of it",
    ),
    "itu_impact": Coding(counted=False, why="a grant for a headquarters, no help to states"),
    BAND_ROW: Coding(why="middle of the printed scale CHF 0.1m to 0.5m (assumption); low and high are its ends"),
    "itu_cirt_assess": Coding(
        begin=2010.0, end=2021.0, rule=ACTIVITIES, country_years=71.0,
        why="assumption: one year of work for each of 71 states, spread over 2010 to 2020 (undated; 76 by 2020)",
    ),
    "itu_cirt_2025a": Coding(
        begin=2024.0, end=2025.0, rule=ACTIVITIES, country_years=11.0,
        why="of 2024 (the address says so); assumption: one year of work each",
    ),
    "itu_cirt_2025b": Coding(standing=True, rule=REGIONAL, country_years=6.0, why=_STANDING),
    "itu_trainings_2025": Coding(standing=True, rule=ACTIVITIES, country_years=9.0, why=_STANDING),
    "itu_drills_2025": Coding(
        standing=True, rule=ACTIVITIES, country_years=4.0,
        why=f"{_STANDING}; a drill counts as one year of work in one state",
    ),
    "itu_global_drill": Coding(counted=False, why="of 2025, and the host's"),
    "cyber_for_good2": Coding(counted=False, why="neither dates nor amount nor list found"),
    "her_cybertracks": Coding(
        end=WINDOW[1], share=0.5, share_low=0.0, share_high=1.0, rule=WORLDWIDE,
        why=f"assumption: a project of median size, half of it ITU's (another implementer: GIZ); {_OPEN}",
    ),
    "gm_csirt": Coding(counted=False, end=2020.0, begin=2018.0, why="paid by the state's own regulator; begin is an assumption"),
    "cmm_wsm": Coding(share=1 / 3, rule=ACTIVITIES, country_years=1.0, why="assumption: one year of work, a third of it ITU's"),
    "cmm_ton": Coding(share=1 / 3, rule=ACTIVITIES, country_years=1.0, why="assumption: one year of work, a third of it ITU's"),
    "cmm_vut": Coding(
        share=1 / 3, share_low=1 / 3, share_high=1.0, rule=ACTIVITIES, country_years=1.0,
        why="assumption: one year of work, a third of it ITU's",
    ),
}  # fmt: skip
"""By id of the project sample; a row that is not here counts if it is nested in no other, with its own dates and amount."""

SOURCES: Final[dict[str, str]] = {
    "gpc2": "https://www.scribd.com/document/416423399/Report",
    "cybereastplus": "https://eueastdev.a3ia.com/projects/eu-project-page/?id=2767 ; europesays.com/1554298 (amount and dates)",
    "cybersouthplus": (
        "https://coe.int/fr/web/cybercrime/-/cybersouth-project-starts-its-activities-with-8-partners-from-the-mena-region ; "
        "elilam.net (amount; the site alone, its page was not kept)"
    ),
    "hipcar": "foreign.gov.vc (amount; the site alone, its page was not kept) ; https://studylib.net/doc/12924034/",
    "itu_ec_acp": (
        "http://www.itu.int/ITU-D/projects/ITU_EC_ACP/index.html ; finance.gov.vc (amount; the site alone, its page was not kept)"
    ),
}  # fmt: skip
"""Public addresses of rows whose source the sample words otherwise."""
