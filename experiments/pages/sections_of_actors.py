"""Who gains, who joins, who should report: sections about states and donors."""

from __future__ import annotations

from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case


def states(case: Case) -> Section | None:
    """Return which groups of states gain and lose; nothing without results of `winners`."""
    return None


def donors(case: Case) -> Section | None:
    """Return which donors gain and lose; nothing without results of `winners`."""
    return None


def membership(case: Case) -> Section | None:
    """Return whether donors would join and stay; nothing without results of `membership`."""
    return None


def ignorance(case: Case) -> Section | None:
    """Return what ignorance costs; nothing without results of `ignorance`."""
    return None


def buys(case: Case) -> Section | None:
    """Return what two donors buy per euro; nothing without results of `buys`."""
    return None
