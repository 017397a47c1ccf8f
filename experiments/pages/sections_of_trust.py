"""What a result rests on: assumptions, validation, limits, provenance."""

from __future__ import annotations

from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case


def assumptions(case: Case) -> Section | None:
    """Return what was drawn, over which ranges, and from which source."""
    return None


def validation(case: Case) -> Section | None:
    """Return what the model reproduces and what it does not; nothing without results of `validate`."""
    return None


def limits(case: Case) -> Section | None:
    """Return what the report cannot tell."""
    return None


def provenance(case: Case) -> Section | None:
    """Return how to make the same numbers again."""
    return None
