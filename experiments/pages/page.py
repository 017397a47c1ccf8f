"""The page put together: page one, what follows, what is missing, and the scripts that let one point at the charts."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from importlib import resources
from typing import Final

import jinja2
from markupsafe import Markup

from donorlab.experiments import provenance
from donorlab.experiments.pages import (
    interactive,
    page_one,
    sections_of_actors,
    sections_of_comparison,
    sections_of_cooperation,
    sections_of_places,
    sections_of_regimes,
    sections_of_rivals,
    sections_of_studies,
    sections_of_trust,
)
from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case
from donorlab.experiments.pages.gathered import PARTS

LARGEST: Final = 5_000_000
"""Bytes that a page may have, so that it goes through a mail server."""
Maker = Callable[[Case], Section | None]

SECTIONS: Final[tuple[Maker, ...]] = (
    sections_of_comparison.levels,
    sections_of_comparison.losses,
    sections_of_comparison.break_even,
    sections_of_places.maps,
    sections_of_actors.states,
    sections_of_actors.donors,
    sections_of_cooperation.membership,
    sections_of_cooperation.ignorance,
    sections_of_cooperation.buys,
    sections_of_regimes.regimes,
    sections_of_studies.sensitivity,
    sections_of_studies.discovery,
    sections_of_studies.robustness,
    sections_of_rivals.rivals,
    sections_of_comparison.judgements,
    sections_of_trust.assumptions,
    sections_of_trust.validation,
    sections_of_trust.limits,
    sections_of_trust.provenance,
)
"""What may follow page one, in order; each makes its section, or nothing where there are no results for it."""


def sections(case: Case) -> list[Section]:
    """Return all that follows page one."""
    return [made for make in SECTIONS if (made := make(case)) is not None]


def written(case: Case, now: datetime.datetime) -> str:
    """Return the whole page as HTML.

    Parameters
    ----------
    case : what is reported
    now : when it is made
    """
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    others = sections(case)
    first = page_one.first(case, {section.key: section.title for section in others})
    charts = [chart for section in (first, *others) for chart in section.charts]
    _refuse_twice([chart.name for chart in charts])
    text: str = environment.from_string(_file("page.html")).render(
        title=f"{first.title} - DonorLab",
        css=Markup(_file("page.css")),
        version=provenance.version(),
        made=f"{now:%d %B %Y}".lstrip("0"),
        first=first,
        sections=others,
        missing=[(name, PARTS[name]) for name in case.missing],
        footer=case.footer,
        scripts=Markup(interactive.scripts(charts)),
    )
    return text


def _file(name: str) -> str:
    return resources.files("donorlab.experiments.pages").joinpath(name).read_text("utf-8")


def _refuse_twice(names: Sequence[str]) -> None:
    """Two pictures of a name would share their identifiers."""
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two pictures are called {', '.join(sorted(twice))}")
