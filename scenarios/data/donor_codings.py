"""Hand-made codings behind ``donors.csv``: themes, budgets, regional focus, memberships.

No source publishes cyber capacity building budgets or mandates by donor. What stands here is our
judgement, or arithmetic on single amounts found in public pages; each budget says in words which of
the two it is. The calculation that uses these tables is in ``donor_table.py``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

PILLARS: Final = ("legal", "technical", "organisational", "capacity_development", "cooperation")
INSTRUMENTS: Final = ("advice", "training", "institution", "exchange")

TOTAL_EUR_M: Final = 250.0
"""All donors together, EUR m a year, central (assumption; it sets the constant of the budget rule)."""
PROGRAMME_EUR_M: Final = 1.2
"""Median programme found, EUR m a year: about EUR 4.2m over 42 months."""
RULE_LOW: Final = 0.4
"""Low end of a budget that comes from the rule, as a multiple of its central value."""
RULE_HIGH: Final = 2.5
"""High end of a budget that comes from the rule, as a multiple of its central value."""
PRIOR_PROJECTS: Final = 3.0
"""Average projects added to every donor's own: few projects say little about a mandate."""
MANY_PROJECTS: Final = 3
ACTIVITY_MANY: Final = 1.0
"""Activity of a donor with at least `MANY_PROJECTS` projects found."""
ACTIVITY_FEW: Final = 0.6
"""Activity of a donor with fewer."""
ACTIVITY_NONE: Final = 0.25
"""Activity of a donor without any project found."""

RIVALS: Final = frozenset({"CHN", "TUR", "ARE", "QAT", "RUS"})
"""Donors outside the circle that the umbrella architectures are about."""

# EUR per unit of currency, about the averages of 2023 (general knowledge, rounded).
USD: Final = 0.925
GBP: Final = 1.15
AUD: Final = 0.614
CAD: Final = 0.685
SGD: Final = 0.689
NZD: Final = 0.568
CHF: Final = 1.03


class Theme(NamedTuple):
    """Weights of one project theme, each tuple summing to 1."""

    pillars: tuple[float, float, float, float, float]
    instruments: tuple[float, float, float, float]


# Coding of project themes (assumption): weights over PILLARS, then over INSTRUMENTS.
THEMES: Final[dict[str, Theme]] = {
    "cybercrime law": Theme((0.6, 0, 0, 0.2, 0.2), (0.5, 0.3, 0, 0.2)),
    "law": Theme((1, 0, 0, 0, 0), (1, 0, 0, 0)),
    "ICT regulation": Theme((0.8, 0, 0.2, 0, 0), (0.9, 0.1, 0, 0)),
    "cybercrime": Theme((0.35, 0.1, 0.05, 0.3, 0.2), (0.2, 0.5, 0.1, 0.2)),
    "cybercrime proceeds": Theme((0.5, 0.05, 0.05, 0.25, 0.15), (0.35, 0.4, 0.05, 0.2)),
    "organised crime": Theme((0.5, 0.05, 0.05, 0.2, 0.2), (0.3, 0.3, 0.1, 0.3)),
    "child protection": Theme((0.4, 0, 0.1, 0.3, 0.2), (0.3, 0.4, 0, 0.3)),
    "police training": Theme((0.2, 0.1, 0, 0.7, 0), (0, 1, 0, 0)),
    "forensics": Theme((0.2, 0.5, 0, 0.3, 0), (0, 0.4, 0.6, 0)),
    "CERT": Theme((0, 0.6, 0.25, 0.15, 0), (0.2, 0.2, 0.6, 0)),
    "CERT network": Theme((0, 0.25, 0, 0.1, 0.65), (0, 0.1, 0.1, 0.8)),
    "incident response": Theme((0, 0.7, 0.1, 0.1, 0.1), (0.2, 0.1, 0.6, 0.1)),
    "CII": Theme((0.1, 0.6, 0.3, 0, 0), (0.4, 0.1, 0.5, 0)),
    "resilience": Theme((0, 0.5, 0.3, 0.1, 0.1), (0.4, 0.2, 0.4, 0)),
    "equipment": Theme((0, 1, 0, 0, 0), (0, 0, 1, 0)),
    "cyber defence": Theme((0, 0.8, 0.1, 0.1, 0), (0, 0.3, 0.7, 0)),
    "institution": Theme((0, 0.4, 0.5, 0.1, 0), (0.1, 0.1, 0.8, 0)),
    "exercise": Theme((0, 0.4, 0, 0.4, 0.2), (0, 0.6, 0, 0.4)),
    "strategy": Theme((0.05, 0, 0.9, 0.05, 0), (0.9, 0.1, 0, 0)),
    "assessment": Theme((0.1, 0.1, 0.6, 0.2, 0), (1, 0, 0, 0)),
    "technical assistance": Theme((0.1, 0.4, 0.3, 0.2, 0), (0.6, 0.1, 0.3, 0)),
    "training": Theme((0, 0.1, 0, 0.9, 0), (0, 1, 0, 0)),
    "awareness": Theme((0, 0, 0, 1, 0), (0.1, 0.8, 0, 0.1)),
    "civil society": Theme((0, 0, 0, 0.6, 0.4), (0.1, 0.5, 0, 0.4)),
    "network": Theme((0, 0.1, 0, 0.1, 0.8), (0, 0.1, 0.1, 0.8)),
    "coordination": Theme((0, 0, 0.1, 0, 0.9), (0.1, 0, 0, 0.9)),
    "expert pool": Theme((0, 0, 0.1, 0.4, 0.5), (0.4, 0.3, 0, 0.3)),
    "diplomacy": Theme((0.1, 0, 0.1, 0.2, 0.6), (0.1, 0.5, 0, 0.4)),
}
SYNONYMS: Final = {
    "CSIRT": "CERT", "CIRT": "CERT", "networks": "network", "policy": "strategy", "norms": "diplomacy",
    "risk assessment": "assessment", "skills": "training", "critical infrastructure": "CII",
}  # fmt: skip

# ISO code: name, as the project sample writes it.
STATES: Final[dict[str, str]] = {
    "ARE": "United Arab Emirates", "AUS": "Australia", "BEL": "Belgium", "CAN": "Canada",
    "CHE": "Switzerland", "CHN": "China", "CZE": "Czechia", "DEU": "Germany", "DNK": "Denmark",
    "ESP": "Spain", "EST": "Estonia", "FIN": "Finland", "FRA": "France", "GBR": "United Kingdom",
    "IND": "India", "ISR": "Israel", "ITA": "Italy", "JPN": "Japan", "KOR": "Korea", "LTU": "Lithuania",
    "LUX": "Luxembourg", "NLD": "Netherlands", "NOR": "Norway", "NZL": "New Zealand", "POL": "Poland",
    "PRT": "Portugal", "QAT": "Qatar", "ROU": "Romania", "RUS": "Russia", "SGP": "Singapore",
    "SVN": "Slovenia", "SWE": "Sweden", "TUR": "Türkiye", "USA": "United States",
}  # fmt: skip


class Organisation(NamedTuple):
    """A donor that is not a state, and its name in the project sample."""

    name: str
    kind: str
    alias: str


ORGANISATIONS: Final[dict[str, Organisation]] = {
    "AU": Organisation("African Union (with AUDA-NEPAD)", "regional_org", "African Union"),
    "COE": Organisation("Council of Europe", "regional_org", "Council of Europe"),
    "COMSEC": Organisation("Commonwealth Secretariat", "international_org", "Commonwealth Secretariat"),
    "ECOWAS": Organisation("ECOWAS", "regional_org", "ECOWAS"),
    "EU": Organisation("European Union", "regional_org", "European Union"),
    "GATES": Organisation("Gates Foundation", "foundation_company", "Gates Foundation"),
    "GFCE": Organisation("Global Forum on Cyber Expertise (broker, not a funder)", "international_org", "GFCE"),
    "IDB": Organisation("Inter-American Development Bank", "regional_org", "Inter-American Development Bank"),
    "INTERPOL": Organisation("INTERPOL", "international_org", "INTERPOL"),
    "ITU": Organisation("International Telecommunication Union", "international_org", "ITU"),
    "MICROSOFT": Organisation("Microsoft", "foundation_company", "Microsoft"),
    "OAS": Organisation("Organization of American States (CICTE)", "regional_org", "OAS/CICTE"),
    "UNODC": Organisation("UN Office on Drugs and Crime", "international_org", "UNODC"),
    "WB": Organisation("World Bank", "international_org", "World Bank"),
}


class Budget(NamedTuple):
    """EUR m a year, and how the three numbers were got."""

    low: float
    central: float
    high: float
    basis: str


_P = PROGRAMME_EUR_M

# Budgets with some evidence. Every other state gets the rule of ``donor_table.py``.
BUDGETS: Final[dict[str, Budget]] = {
    "USA": Budget(
        25 * USD, (25 + 50 / 3) * USD, (50 + 50 / 3 + 125 / 5.9) * USD + 6.5 / 3.75,
        "low: half of the USD 50m fund of 2024 (the other half taken as connectivity: assumption); "
        "central: + Costa Rica and Albania, USD 25m each, over three years; high: whole fund + USAID "
        "Ukraine USD 125m over 5.9 years + Octopus. Before the cuts of 2025: therecord.media ; "
        "cybermaterial.com ; sputnikglobe.com ; coe.int",
    ),
    "GBR": Budget(
        15 / 2 * GBP, 22 * GBP, (22 + 10 / 1.5 + 16 / 2) * GBP,
        "low: Commonwealth package GBP 15m over two years; central: GBP 22m package of 2021 taken as one "
        "year's (assumption); high: + Digital Access Programme GBP 10m in 18 months + Ukraine Cyber "
        "Programme GBP 16m over two years: gov.uk ; forceindia.net ; kpmg.com ; computerweekly.com",
    ),
    "AUS": Budget(
        68.4 / 7.5 * AUD, 83.5 / 4 * AUD, (83.5 + 26.2 + 16.7 + 4.5) / 4 * AUD,
        "low: AUD 68.4m since July 2016 over 7.5 years; central: AUD 83.5m over four years; high: + the "
        "three measures of November 2023 over four years (assumption): dfat.gov.au ; abpanelpc.com ; "
        "ministers.dfat.gov.au",
    ),
    "KOR": Budget(
        9.8 / 3 * USD, (9.8 / 3 + 25.6 / 4 / 2) * USD, (9.8 / 3 + 25.6 / 4) * USD,
        "low: ASEAN Cyber Shield USD 9.8m over three years; high: + KOICA Philippines USD 25.6m over four "
        "years from 2026; central: half of the latter: asiae.co.kr ; digitaltoday.co.kr",
    ),
    "SGP": Budget(
        30 / 8 * SGD, 30 / 5 * SGD, 30 / 3 * SGD,
        "SGD 30m over five years (2019-2023); low: if the extension to 2026 added no money; high: if it "
        "added SGD 30m: straitstimes.com ; nationthailand.com",
    ),
    "NZL": Budget(
        10 / 5 * NZD * 0.7, 10 / 5 * NZD, 10 / 5 * NZD * 1.5,
        "NZD 10m over five years from 2019 (zdnet.com); range assumed",
    ),
    "EST": Budget(
        0.6, 1.0, 2.5,
        "found: EUR 0.5m a year to the Tallinn Mechanism, USD 0.1m to OAS in 2015; the rest (trust fund, "
        "other ESTDEV projects) assumed to be as much again: news.err.ee ; oas.org",
    ),
    "ISR": Budget(
        0.3, 2 / 3 * USD, 2 * USD,
        "USD 2m to IDB in 2022, spread over three years; high: one year; low assumed: "
        "nearshoreamericas.com",
    ),
    "CHN": Budget(
        1.0, 5.0, 20.0,
        "assumption: no amount found anywhere (training is pledged, people.cn; one cyber title in 10,849 "
        "projects of a public list); central about Singapore's size",
    ),
    "IND": Budget(0.2, 0.8, 3.0, "assumption: no programme for other states was found in the look-ups"),
    "RUS": Budget(
        0.1, 0.5, 2.0, "assumption: no programme was found; row kept for the contest of norms only"
    ),
    "EU": Budget(
        18.0, 30 * _P - 5.6, 50.0,
        "assumption: 30 actions running on 1 January 2023 (found, eucybernet.eu) x EUR 1.2m a year "
        "(median programme found), less 90% of the joint programmes counted with the Council of Europe",
    ),
    "COE": Budget(
        5.0, 3.9 / 3 + 3.5 / 0.9 / 4 + 4.945 / 4 + 13.5 / 5.8 + 6.5 / 3.75 + 0.1, 11.0,
        "sum of running projects: CyberSouth+ and CyberEast+ (found), CyberSEE and GLACY-e taken at the "
        "yearly rate of their predecessors (assumption), Octopus at the US rate (found); includes the "
        "EU's 90%: coe.int ; eufordigital.eu",
    ),
    "ITU": Budget(
        2.5, 6 * 0.3 * CHF + 3 * _P, 10.0,
        "assumption: six CIRT projects under way (found, itu.int) x CHF 0.3m (middle of the one band "
        "found) + three programmes x EUR 1.2m",
    ),
    "WB": Budget(
        2.0, 4 * _P, 15.0,
        "assumption: four programmes x EUR 1.2m; trust fund amount not found; loans not counted",
    ),
    "UNODC": Budget(
        2.5, 4 * _P, 9.0,
        "assumption: four regions x EUR 1.2m; the budget of the global programme was not found",
    ),
    "INTERPOL": Budget(
        2.9 / 2 * GBP, 2.9 / 2 * GBP + 2.757 / 2 * CAD + _P, 7.0,
        "AFJOC GBP 2.9m over two years (found) + Americas CAD 2.757m over two years (found) + one Asian "
        "programme at EUR 1.2m (assumption): interpol.int ; canada.ca",
    ),
    "OAS": Budget(
        2.5 / 3 * CAD + 0.1 * USD, 2 * _P, 6.0,
        "low: contributions found (Canada CAD 2.5m over three years, Estonia USD 0.1m); central: two "
        "programmes x EUR 1.2m (assumption): oas.org ; jbcdepiriapolis.com.uy",
    ),
    "IDB": Budget(
        2 / 3 * USD, (2 / 3 + 0.35 * 44.5 / 7) * USD, (2 / 3 + 44.5 / 7) * USD,
        "three loans found (USD 8m, 30m, 6.5m in about seven years) counted at 35% (assumption; high: in "
        "full; low: not at all) + Israel's grant: iadb.org ; fundsforngos.org",
    ),
    "AU": Budget(
        0.1, 0.5, 1.2,
        "assumption; the AU itself names 'lack of budgetary resources' (found: nepad-aws.assyst-uc.com)",
    ),
    "ECOWAS": Budget(0.1, 0.5, 1.2, "assumption: own part beside OCWAR-C and the German platform"),
    "COMSEC": Budget(0.3, 0.8, 2.0, "assumption: two thirds of one programme; paid by the United Kingdom"),
    "GFCE": Budget(0.0, 0.0, 1.0, "broker: funds no projects; secretariat cost not found and not counted"),
    "MICROSOFT": Budget(0.3, 1.0, 3.0, "assumption: partnerships found, no amount"),
    "GATES": Budget(0.0, 0.5, 1.5, "assumption: one two-year project found, no amount; ended 2023"),
}  # fmt: skip

FOUND_BUDGET: Final = frozenset({"USA", "GBR", "AUS", "KOR", "SGP", "NZL"})
"""Central budget made of amounts that were found (their spread over years is ours)."""

GLOBAL: Final = "global"
_LAC = "Latin America and the Caribbean"
_PACIFIC = "Melanesia;Micronesia;Polynesia"

# Names of `subregion` or `region` in beneficiaries.csv; a donor that is not here works everywhere.
FOCUS: Final[dict[str, str]] = {
    "ARE": "Western Asia;Northern Africa",
    "AU": "Sub-Saharan Africa;Northern Africa",
    "AUS": f"South-eastern Asia;{_PACIFIC}",
    "BEL": "Sub-Saharan Africa",
    "CAN": f"{_LAC};Eastern Europe",
    "CHN": "Sub-Saharan Africa;South-eastern Asia;Northern Africa",
    "CZE": "Eastern Europe;Southern Europe",
    "DEU": "Sub-Saharan Africa;Eastern Europe",
    "DNK": "Eastern Europe",
    "ECOWAS": "Sub-Saharan Africa",
    "ESP": _LAC,
    "EST": f"Eastern Europe;{_LAC};Southern Europe",
    "EU": f"Eastern Europe;Southern Europe;Sub-Saharan Africa;{_LAC};Northern Africa;Western Asia",
    "FIN": "Eastern Europe",
    "FRA": "Sub-Saharan Africa;Southern Europe",
    "GATES": "Sub-Saharan Africa;Northern Africa",
    "IDB": _LAC,
    "IND": "Southern Asia;Sub-Saharan Africa",
    "ISR": _LAC,
    "ITA": f"Eastern Europe;{_LAC}",
    "JPN": f"South-eastern Asia;{_PACIFIC};Eastern Asia",
    "KOR": f"South-eastern Asia;{_LAC}",
    "LTU": "Eastern Europe",
    "LUX": "Sub-Saharan Africa",
    "MICROSOFT": f"Sub-Saharan Africa;{_LAC}",
    "NZL": _PACIFIC,
    "OAS": _LAC,
    "POL": "Eastern Europe",
    "PRT": f"{_LAC};Sub-Saharan Africa",
    "QAT": "Western Asia;Northern Africa",
    "ROU": "Eastern Europe",
    "RUS": "Central Asia;Eastern Europe",
    "SGP": "South-eastern Asia",
    "SVN": "Southern Europe",
    "SWE": "Eastern Europe;Sub-Saharan Africa",
    "TUR": "Central Asia;Southern Europe;Western Asia",
}

CONDITIONALITY: Final = {"COE": "treaty", "EU": "political", "USA": "political"}
"""Default contract of a donor under conditional aid; everybody else: none found."""


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


EU27: Final = _codes(
    "AUT BEL BGR HRV CYP CZE DNK EST FIN FRA DEU GRC HUN IRL ITA LVA LTU LUX MLT NLD POL PRT ROU SVK SVN ESP SWE"
)
COE46: Final = EU27 | _codes("ALB AND ARM AZE BIH GEO GBR ISL LIE MCO MDA MKD MNE NOR SMR SRB CHE TUR UKR")
ECOWAS15: Final = _codes("BEN BFA CPV CIV GMB GHA GIN GNB LBR MLI NER NGA SEN SLE TGO")
COMMONWEALTH: Final = _codes(
    "ATG AUS BHS BGD BRB BLZ BWA BRN CMR CAN CYP DMA SWZ FJI GAB GMB GHA GRD GUY IND JAM KEN KIR LSO MWI MYS "
    "MDV MLT MUS MOZ NAM NRU NZL NGA PAK PNG RWA LCA WSM SYC SLE SGP SLB ZAF LKA KNA VCT TZA TGO TON TTO TUV "
    "UGA GBR VUT ZMB"
)

# Whose mean norm position an organisation gets.
POSITION_MEMBERS: Final[dict[str, tuple[frozenset[str], str]]] = {
    "COE": (COE46, "members"),
    "COMSEC": (COMMONWEALTH, "members"),
    "ECOWAS": (ECOWAS15, "members before 2024"),
    "EU": (EU27, "members"),
    "GATES": (frozenset({"USA"}), "home state"),
    "GFCE": (frozenset(STATES) - {"CHN", "RUS"}, "donor states here without CHN and RUS"),
    "MICROSOFT": (frozenset({"USA"}), "home state"),
}
POSITION_REGION: Final = {"AU": "Africa", "IDB": "Americas", "OAS": "Americas"}
"""Organisations whose position is the mean of a region; those in neither table: mean of all voters."""

AFFINITY_MEMBERS: Final[dict[str, frozenset[str]]] = {"ECOWAS": ECOWAS15}
"""Organisations that help their members only and whose membership is narrower than their focus."""
