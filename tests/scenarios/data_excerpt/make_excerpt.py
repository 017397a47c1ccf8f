"""Write the raw-shaped files of this folder: `python make_excerpt.py`.

All numbers are made up. Only codes, names and regions of countries are real (they are facts that the
codings refer to). The files have the columns that the build script reads, and no others.
"""

import math
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent

# ISO3, numeric code, name, region, subregion
PLACES = """
ARE 784 United_Arab_Emirates Asia Western_Asia
AUS 36 Australia Oceania Australia_and_New_Zealand
BEL 56 Belgium Europe Western_Europe
CAN 124 Canada Americas Northern_America
CHE 756 Switzerland Europe Western_Europe
CHL 152 Chile Americas Latin_America_and_the_Caribbean
CHN 156 China Asia Eastern_Asia
COD 180 DR_Congo Africa Sub-Saharan_Africa
COK 184 Cook_Islands Oceania Polynesia
CZE 203 Czechia Europe Eastern_Europe
DEU 276 Germany Europe Western_Europe
DNK 208 Denmark Europe Northern_Europe
ESP 724 Spain Europe Southern_Europe
EST 233 Estonia Europe Northern_Europe
FIN 246 Finland Europe Northern_Europe
FJI 242 Fiji Oceania Melanesia
FRA 250 France Europe Western_Europe
FSM 583 Micronesia Oceania Micronesia
GBR 826 United_Kingdom Europe Northern_Europe
GHA 288 Ghana Africa Sub-Saharan_Africa
IND 356 India Asia Southern_Asia
ISR 376 Israel Asia Western_Asia
ITA 380 Italy Europe Southern_Europe
JPN 392 Japan Asia Eastern_Asia
KEN 404 Kenya Africa Sub-Saharan_Africa
KOR 410 South_Korea Asia Eastern_Asia
LTU 440 Lithuania Europe Northern_Europe
LUX 442 Luxembourg Europe Western_Europe
NLD 528 Netherlands Europe Western_Europe
NOR 578 Norway Europe Northern_Europe
NZL 554 New_Zealand Oceania Australia_and_New_Zealand
POL 616 Poland Europe Eastern_Europe
PRT 620 Portugal Europe Southern_Europe
PSE 275 Palestine Asia Western_Asia
QAT 634 Qatar Asia Western_Asia
ROU 642 Romania Europe Eastern_Europe
RUS 643 Russia Europe Eastern_Europe
SGP 702 Singapore Asia South-eastern_Asia
SVN 705 Slovenia Europe Southern_Europe
SWE 752 Sweden Europe Northern_Europe
TUR 792 Türkiye Asia Western_Asia
USA 840 United_States Americas Northern_America
YEM 887 Yemen Asia Western_Asia
"""
SCORED = ["CHL", "CHN", "COD", "FJI", "FSM", "GHA", "KEN", "PSE", "TUR", "YEM"]
GCI_CODES = ["LEGL_SCRE", "TECH_SCORE", "ORG_SCORE", "CDS_SCORE", "COOP_SCORE"]
SILENT = {"PSE", "COK"}  # these do not vote

# donor, recipient, first and last year, technical cooperation, gross, humanitarian
FLOWS = [
    ("Japan", "Kenya", 2016, 2020, 20.0, 50.0, 10.0),
    ("Japan", "Ghana", 2018, 2018, 10.0, 40.0, None),
    ("Japan", "Chile", 2015, 2017, 5.0, 5.0, None),
    ("Japan", "Cook Islands", 2018, 2020, 1.0, 1.0, None),
    ("Japan", "Türkiye", 2018, 2020, 1.0, 1.0, None),
    ("Germany", "Fiji", 2015, 2020, 10.0, 90.0, 95.0),
    ("Germany", "China (People's Republic of)", 2017, 2020, 300.0, 300.0, None),
    ("Germany", "Democratic Republic of the Congo", 2019, 2020, 80.0, 100.0, 20.0),
    ("Germany", "Yemen", 2019, 2019, 20.0, 100.0, 90.0),
    ("Germany", "West Bank and Gaza Strip", 2015, 2020, 60.0, 80.0, None),
    ("Russia", "Kenya", 2016, 2020, None, 7.0, None),
    ("Germany", "Ghana", 2017, 2017, 0.004, None, None),
    ("Germany", "Kenya", 2015, 2015, 1.236, None, None),
    ("Russia", "Ghana", 2016, 2016, -1.0, None, None),
]
ALL_DONOR_COLUMNS = [
    "Official Donors, Total", "Japan", "EU Institutions", "Inter-American Development Bank, Total",
    "World Bank Group, Total", "Bill & Melinda Gates Foundation",
]  # fmt: skip


def save(frame: pd.DataFrame, name: str, **options: object) -> None:
    """Write one CSV file."""
    path = HERE / name
    path.parent.mkdir(exist_ok=True)
    frame.to_csv(path, index=False, lineterminator="\n", **options)


def codes() -> pd.DataFrame:
    """Write the concordance and return it."""
    rows = []
    for line in PLACES.split("\n"):
        if not line:
            continue
        iso3, numeric, *words = line.split()
        name, region, subregion = (word.replace("_", " ") for word in words)
        rows.append(
            {
                "iso3_code": iso3, "iso_numeric_code": numeric, "name_official": name, "name_short": name,
                "region": region, "subregion": subregion, "ldc": str(iso3 in {"COD", "YEM"}),
                "lldc": "False", "sids": str(iso3 in {"FJI", "FSM"}),
                "un_member": str(iso3 not in SILENT), "un_observer": str(iso3 in SILENT), "income_level": "Lower middle income",
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows)
    frame.loc[frame["iso3_code"] == "COD", "name_official"] = "Democratic Republic of the Congo"
    save(frame, "country_codes/bblocks_places_concordance.csv")
    return frame


def scores() -> None:
    """Write the two editions of the index."""
    rows = []
    for year in (2020, 2024):
        for place, iso3 in enumerate(SCORED):
            parts = [(place * 3 + pillar * 5 + (year == 2024) * 7) % 20 * 0.5 for pillar in range(5)]
            if year == 2020 and iso3 in {"FSM", "YEM"}:
                parts = [0.0] * 5
            rows += [(iso3, f"ITU_GCI_{code}", year, part) for code, part in zip(GCI_CODES, parts, strict=True)]
            rows.append((iso3, "ITU_GCI_GCI_OVRL_SCRE", year, sum(parts)))
    save(pd.DataFrame(rows, columns=["REF_AREA", "INDICATOR", "TIME_PERIOD", "OBS_VALUE"]), "itu_gci/ITU_GCI.csv")


def first_edition() -> None:
    """Write the totals of the first edition, as typed in by a third party: two names for one state, two states missing."""
    rows = [("Ghana", "0.25"), ("Kenya", "0.4"), ("Japan", "0.706"), ("Korea (the Republic of)", "#N/A"), ("China", "0.441"),
            ("Korea", "0.7"), ("Fiji", "#N/A")]  # fmt: skip
    save(pd.DataFrame(rows, columns=["Country", "2014"]), "itu_gci_history/gci-local-indicator-summary.csv")


def flows() -> None:
    """Write the two aid tables."""
    rows = []
    for donor, recipient, first, last, technical, gross, humanitarian in FLOWS:
        for year in range(first, last + 1):
            for kind, value in (
                ("Technical Cooperation", technical),
                ("Memo: ODA Total, Gross disbursements", gross),
                ("Humanitarian Aid", humanitarian),
            ):
                if value is not None:
                    rows.append((recipient, donor, kind, float(year), value))
    columns = ["Recipient", "Donor", "Aid type", "Year", "Value"]
    save(pd.DataFrame(rows, columns=columns), "oecd_dac2a/dac2a_2015_2020.csv")
    for year in range(2015, 2020):
        blank = None
        table = [
            ("Africa, Total", blank, 9, 9, 9, blank, 9, 9),
            ("Kenya", blank, 8, 3, 5 if year != 2016 else -1, blank, 4, blank),
            ("Micronesia", blank, 2, blank, 2 if year == 2019 else blank, blank, blank, blank),
        ]
        frame = pd.DataFrame(table, columns=["Recipient", "FakeColumn", *ALL_DONOR_COLUMNS])
        save(frame, f"oecd_dac2a_all_donors/ODA-{year}-DAC2a.csv")


def people(places: pd.DataFrame) -> None:
    """Write population, internet users, governance and voting."""
    states = places[places["iso3_code"].isin(SCORED)]
    rows = [(n, c, year, millions * 100_000 * (i + 1)) for year, millions in ((2019, 8), (2023, 10), (2024, 10))
            for i, (n, c) in enumerate(zip(states["name_short"], states["iso3_code"], strict=True))]  # fmt: skip
    save(pd.DataFrame(rows, columns=["Country Name", "Country Code", "Year", "Value"]), "population/population.csv")

    wide = states[["name_short", "iso3_code"]].set_axis(["Country Name", "Country Code"], axis=1)
    wide = wide.assign(**{"2013": 90.0, "2014": None, "2017": 10.0, "2020": None, "2024": 50.0, "2025": 99.0})
    # Kenya is on a path of rate .25, Ghana falls, China has a year without a logit; the others have two years or fewer
    for year in (2014, 2017, 2020):
        path = 95.0 / (1.0 + math.exp(-(math.log(50 / 45) + 0.25 * (year - 2024))))
        wide.loc[wide["Country Code"] == "KEN", str(year)] = round(path, 9)
        wide.loc[wide["Country Code"] == "GHA", str(year)] = 60.0
        wide.loc[wide["Country Code"] == "CHN", str(year)] = {2014: 20.0, 2017: 40.0, 2020: 95.0}[year]
    wide.loc[wide["Country Code"] == "YEM", ["2024", "2025"]] = None
    wide.loc[wide["Country Code"] == "FJI", "2024"] = 0.0
    save(wide, "wdi/worldbank_internet.csv")
    path = HERE / "wdi/worldbank_internet.csv"
    path.write_text('"Data Source","synthetic"\n\n"Last Updated Date","-"\n\n' + path.read_text(), encoding="utf-8")

    governance = []
    for year in (2022, 2023):
        for i, (name, iso3) in enumerate(zip(states["name_short"], states["iso3_code"], strict=True)):
            other = "Congo, Dem. Rep." if iso3 == "COD" else name
            governance.append((other, year, "ge", -1.0 + 0.1 * i + (year == 2022)))
    governance.append(("Kenya", 2023, "cc", 2.0))
    (HERE / "wgi").mkdir(exist_ok=True)
    columns = ["countryname", "year", "indicator", "estimate"]
    pd.DataFrame(governance, columns=columns).to_excel(HERE / "wgi/wgidataset.xlsx", index=False)

    votes = [(c, year, round(-1.5 + 0.07 * i + (year == 2023), 2)) for year in (2023, 2024) for i, c in
             enumerate(places["iso3_code"]) if c not in SILENT]  # fmt: skip
    (HERE / "unga_ideal_points").mkdir(exist_ok=True)
    frame = pd.DataFrame(votes, columns=["iso3c", "year", "idealpointfp"])
    frame = frame.astype({"idealpointfp": "float32", "year": "float32"})
    frame.to_stata(HERE / "unga_ideal_points/IdealpointsJuly2025.dta", write_index=False)


def projects() -> None:
    """Write a sample of three projects."""
    columns = [
        "id", "title", "funders", "implementers", "beneficiaries_iso3", "start", "end", "amount", "currency", "amount_note",
        "theme", "part_of", "source_url",
    ]  # fmt: skip
    rows = [
        ("p1", "First", "European Union; Japan (JICA)", "Council of Europe; NI-CO (GBR)", "FJI;GHA;KEN;PSE;YEM", "2016-03",
         "2018-02", "2000000", "USD", "", "CSIRT; strategy", "", "https://example.org/a (press) ; https://example.org/b"),
        ("p2", "Second", "Japan", "", "", "", "", "", "", "", "training", "", "https://example.org/c"),
        ("p3", "Third", "Germany", "ECOWAS", "", "", "", "", "", "", "", "", "https://example.org/d"),
    ]  # fmt: skip
    save(pd.DataFrame(rows, columns=columns), "cyber_projects_sample/cyber_projects_sample.csv")


if __name__ == "__main__":
    table = codes()
    scores()
    first_edition()
    flows()
    people(table)
    projects()
