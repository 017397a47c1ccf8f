"""Where the answer turns, and how sure it is: sections about sweeps and studies."""

from __future__ import annotations

from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case


def regimes(case: Case) -> Section | None:
    """Return a map of regimes for each pair of levers that a sweep varies; nothing without one."""
    return None


def sensitivity(case: Case) -> Section | None:
    """Return which assumptions drive the answer; nothing without results of `sensitivity`."""
    return None


def discovery(case: Case) -> Section | None:
    """Return under which conditions the answer turns; nothing without results of `discover`."""
    return None


def robustness(case: Case) -> Section | None:
    """Return which design is never far from best; nothing without results of `robust`."""
    return None


def rivals(case: Case) -> Section | None:
    """Return which conclusions survive rival submodels; nothing where the comparison tried none."""
    return None
