"""The comparison in the report: levels, losses, break-even points, value judgements."""

from __future__ import annotations

from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case


def levels(case: Case) -> Section | None:
    """Return the comparison itself."""
    return None


def losses(case: Case) -> Section | None:
    """Return where each euro goes."""
    return None


def break_even(case: Case) -> Section | None:
    """Return up to which price coordination pays; nothing where it was not asked for."""
    return None


def judgements(case: Case) -> Section | None:
    """Return the ranking under other value judgements; nothing where it was not asked for."""
    return None
