"""From the codings, the project sample and aid flows to ``donors.csv``.

A donor's mandate and skills are the mean of its projects plus a few average projects. The budget of
a state without any amount found follows one rule: ``constant * activity * sqrt(bilateral ODA without
humanitarian aid)``, the constant being what makes the central total `donor_codings.TOTAL_EUR_M`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Final, NamedTuple

import donor_codings as coding
import pandas as pd
from raw import Raw
from sources import BuildError

BASE_YEARS: Final = (2018, 2019, 2020)
"""Years whose mean bilateral ODA enters the budget rule."""
URLS_KEPT: Final = 6


class Vectors(NamedTuple):
    """Weights over pillars and over instruments."""

    pillars: list[float]
    instruments: list[float]


class Appearance(NamedTuple):
    """One donor in one project."""

    project: Mapping[str, str]
    funds: bool


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _column_means(rows: Sequence[Sequence[float]]) -> list[float]:
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def theme_vectors(theme: str) -> Vectors | None:
    """Mean weights of the themes of a project, or None when it has no theme.

    Parameters
    ----------
    theme
        Theme words separated by semicolons.

    Returns
    -------
    Vectors or None
        Weights over pillars and instruments, each summing to 1.
    """
    words = [coding.SYNONYMS.get(word, word) for word in _split(theme)]
    unknown = [word for word in words if word not in coding.THEMES]
    if unknown:
        raise BuildError(f"project sample: no coding for the theme {unknown[0]!r}")
    if not words:
        return None
    return Vectors(
        _column_means([coding.THEMES[word].pillars for word in words]),
        _column_means([coding.THEMES[word].instruments for word in words]),
    )


def appearance(project: Mapping[str, str], donor: str, alias: str) -> Appearance | None:
    """How a donor appears in a project: as funder, as implementer only, or not at all.

    Parameters
    ----------
    project
        A row of the project sample.
    donor
        Donor id; for a state the ISO3 code, which implementers carry in brackets.
    alias
        Name of the donor as the sample writes it.

    Returns
    -------
    Appearance or None
        The project and whether the donor funds it.
    """
    funders = _split(project["funders"])
    if any(f == alias or f.startswith((f"{alias} (", f"{alias} voluntary")) for f in funders):
        return Appearance(project, True)
    doers = _split(project["implementers"])
    if any(f"({donor})" in d or d == alias or d.startswith(f"{alias} (") for d in doers):
        return Appearance(project, False)
    return None


def _rounded_shares(average: Sequence[float]) -> list[float]:
    """Round to three decimals and let the largest share take what is missing to 1."""
    shares = [round(value, 3) for value in average]
    top = shares.index(max(shares))
    shares[top] = round(shares[top] + 1 - sum(shares), 3)
    return shares


def _with_prior(own: Sequence[Sequence[float]], prior: Sequence[float]) -> list[float]:
    weight = coding.PRIOR_PROJECTS + len(own)
    return _rounded_shares(
        [(coding.PRIOR_PROJECTS * mean + sum(row[i] for row in own)) / weight for i, mean in enumerate(prior)]
    )


def _urls(appearances: Sequence[Appearance]) -> str:
    """First addresses of evidence: projects funded before projects done, with an amount before without."""
    urls: list[str] = []
    ordered = sorted(appearances, key=lambda a: (not a.funds, not a.project["amount"]))
    for item in ordered:
        for part in item.project["source_url"].split(" ; "):
            url = part.split(" (")[0].strip()
            if url.startswith("http") and url not in urls:
                urls.append(url)
    return " ; ".join(urls[:URLS_KEPT])


def oda_base(bilateral: pd.DataFrame) -> dict[str, float]:
    """Bilateral gross ODA without humanitarian aid by donor, mean of `BASE_YEARS`, million 2022 US$.

    Parameters
    ----------
    bilateral
        Table of `sources.read_bilateral`.

    Returns
    -------
    dict
        ISO3 code of the donor to million US$ a year.
    """
    part = bilateral[bilateral["year"].isin(BASE_YEARS)]
    useful = (part["gross"].fillna(0.0) - part["humanitarian"].fillna(0.0)).clip(lower=0.0)
    total = useful.groupby(part["donor"]).sum() / len(BASE_YEARS)
    return {str(donor): float(value) for donor, value in total.items()}


def rule_budgets(seen: Mapping[str, Sequence[Appearance]], base: Mapping[str, float]) -> dict[str, coding.Budget]:
    """Budgets of the states without an amount found.

    Parameters
    ----------
    seen
        Appearances in the project sample by donor id.
    base
        Bilateral ODA without humanitarian aid by ISO3, from `oda_base`.

    Returns
    -------
    dict
        ISO3 code to budget, EUR m a year.
    """
    activity: dict[str, float] = {}
    for iso3 in coding.STATES:
        if iso3 in coding.BUDGETS:
            continue
        count = len(seen[iso3])
        few = coding.ACTIVITY_FEW if count else coding.ACTIVITY_NONE
        activity[iso3] = coding.ACTIVITY_MANY if count >= coding.MANY_PROJECTS else few
    weight = {iso3: value * math.sqrt(base.get(iso3, 0.0)) for iso3, value in activity.items()}
    rest = coding.TOTAL_EUR_M - sum(budget.central for budget in coding.BUDGETS.values())
    total = sum(weight.values())
    if total <= 0:
        raise BuildError("the budget rule needs aid flows of at least one donor state")
    constant = rest / total
    budgets = {}
    for iso3, value in weight.items():
        central = constant * value
        basis = (
            f"assumption: rule: {constant:.3f} x activity {activity[iso3]} ({len(seen[iso3])} projects "
            f"found) x square root of non-humanitarian bilateral ODA (USD {base.get(iso3, 0.0):.0f}m a "
            f"year); range x {coding.RULE_LOW} and x {coding.RULE_HIGH}"
        )
        budgets[iso3] = coding.Budget(coding.RULE_LOW * central, central, coding.RULE_HIGH * central, basis)
    return budgets


def norm_position(
    donor: str, positions: Mapping[str, tuple[float, int]], region: Mapping[str, str]
) -> tuple[float, str]:
    """Norm position of a donor and the words for where it comes from.

    Parameters
    ----------
    donor
        Donor id.
    positions
        UNGA ideal point and year by ISO3.
    region
        M49 region by ISO3.

    Returns
    -------
    tuple
        Position and basis.
    """
    if donor in coding.STATES:
        if donor not in positions:
            raise BuildError(f"no UN voting position for the donor {donor}")
        value, year = positions[donor]
        return value, f"UNGA ideal point {year}"
    if donor in coding.POSITION_MEMBERS:
        members, words = coding.POSITION_MEMBERS[donor]
        chosen: Iterable[str] = members
    elif donor in coding.POSITION_REGION:
        words = f"states of {coding.POSITION_REGION[donor]}"
        chosen = [iso3 for iso3, name in region.items() if name == coding.POSITION_REGION[donor]]
    else:
        words = "voting UN members"
        chosen = positions
    values = [positions[iso3][0] for iso3 in sorted(chosen) if iso3 in positions]
    if not values:
        raise BuildError(f"no UN voting position for any of the {words} of {donor}")
    basis = f"{words} (USA)" if words == "home state" else f"mean of {len(values)} {words}"
    return round(fmean(values), 4), basis


def donor_rows(raw: Raw) -> list[dict[str, object]]:
    """Rows of ``donors.csv``, sorted by id.

    Parameters
    ----------
    raw
        What was read.

    Returns
    -------
    list of dict
        One dictionary a donor, keyed by column.
    """
    projects = raw.projects
    region = {str(iso3): str(name) for iso3, name in raw.codes["region"].items()}
    names = {iso3: (name, "state", name) for iso3, name in coding.STATES.items()}
    names |= {key: (org.name, org.kind, org.alias) for key, org in coding.ORGANISATIONS.items()}
    vectors = {project["id"]: theme_vectors(project["theme"]) for project in projects}
    known = [vector for vector in vectors.values() if vector]
    if not known:
        raise BuildError("project sample: no project has a theme")
    prior = Vectors(_column_means([v.pillars for v in known]), _column_means([v.instruments for v in known]))
    seen = {
        donor: [found for project in projects if (found := appearance(project, donor, alias))]
        for donor, (_, _, alias) in names.items()
    }
    budgets = coding.BUDGETS | rule_budgets(seen, oda_base(raw.bilateral))

    rows: list[dict[str, object]] = []
    for donor in sorted(names):
        name, kind, _ = names[donor]
        coded = [item for item in seen[donor] if vectors[item.project["id"]]]
        own = [vector for item in coded if (vector := vectors[item.project["id"]])]
        pillars = _with_prior([v.pillars for v in own], prior.pillars)
        instruments = _with_prior([v.instruments for v in own], prior.instruments)
        budget = budgets[donor]
        partly = "partly" if seen[donor] else "assumed"
        position, position_basis = norm_position(donor, raw.positions, region)
        row: dict[str, object] = {
            "id": donor,
            "name": name,
            "kind": kind,
            "iso3": donor if kind == "state" else "",
            "budget_low": round(budget.low, 2),
            "budget_central": round(budget.central, 2),
            "budget_high": round(budget.high, 2),
            "budget_basis": budget.basis,
        }
        row |= {f"mandate_{key}": value for key, value in zip(coding.PILLARS, pillars, strict=True)}
        row["mandate_basis"] = (
            f"{len(coded)} projects ({sum(item.funds for item in coded)} as funder) + prior of "
            f"{coding.PRIOR_PROJECTS:g} average projects"
        )
        row |= {f"skill_{key}": value for key, value in zip(coding.INSTRUMENTS, instruments, strict=True)}
        row |= {
            "regional_focus": coding.FOCUS.get(donor, coding.GLOBAL),
            "conditionality_style": coding.CONDITIONALITY.get(donor, "none"),
            "rival": donor in coding.RIVALS,
            "norm_position": position,
            "norm_position_basis": position_basis,
            "confidence": "found" if donor in coding.FOUND_BUDGET else partly,
            "evidence": _urls(coded),
        }
        rows.append(row)
    return rows
