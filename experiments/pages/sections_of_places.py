"""World maps of the report: capacity, duplication, coverage and exposure under each architecture."""

from __future__ import annotations

from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case


def maps(case: Case) -> Section | None:
    """Return maps of what states have in the end, and of what changes; nothing where no state has a place on a map."""
    return None
