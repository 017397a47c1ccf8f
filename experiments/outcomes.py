"""Outcomes in words a policy adviser can read, and how their numbers are written.

The names and formulas of outcomes are the model's; here stand only label, unit and place in the table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

Unit = Literal["share", "number", "EUR m", "index"]


@dataclass(frozen=True)
class Outcome:
    """How one outcome is shown.

    Attributes
    ----------
    name : the model's name
    label : in plain words
    unit : ``share`` is written in percent, its difference in points
    group : heading under which it stands; empty if it is only in the files
    """

    name: str
    label: str
    unit: Unit
    group: str = ""


_BOUGHT: Final = "What the money bought"
_TWICE: Final = "Paid for twice (of task money)"
_OVERLAP: Final = "In each other's way (of task money)"
_COST: Final = "Not for tasks (of all money)"
_CONDITIONS: Final = "Conditions (of projects with reforms)"
_SERVED: Final = "Who is served"
_WHOSE: Final = "Whose work it is"
_LASTS: Final = "What lasts, and who is exposed"
MEMBERS: Final = "Who is a member (with a budget)"
"""In tables only where it tells architectures apart, or where members are free."""
MOVES: Final = ("members_joined", "members_left")
"""Of these, what tells something only where members are free."""

OUTCOMES: Final = (
    Outcome("efficiency", "Efficiency (of a proven bound)", "share", _BOUGHT),
    Outcome("efficiency_at_horizon", "... when the money stops", "share", _BOUGHT),
    Outcome("relative_to_central", "Gain, if one donor = 100%", "share", _BOUGHT),
    Outcome("path_efficiency", "Efficiency summed over all quarters", "share"),
    Outcome("duplication_share", "Duplication", "share", _TWICE),
    Outcome("duplication_ignorance_share", "... by ignorance (was not seen)", "share", _TWICE),
    Outcome("duplication_race_share", "... by race (at the same time)", "share", _TWICE),
    Outcome("objective_overlap", "Overlap in objectives", "share", _OVERLAP),
    Outcome("method_overlap", "Overlap in methods too", "share", _OVERLAP),
    Outcome("task_overlap", "Overlap in the very task", "share"),
    Outcome("transaction_cost_share", "Transaction cost", "share", _COST),
    Outcome("overhead_share", "Overhead and negotiation", "share", _COST),
    Outcome("idle_share", "Money left unspent", "share", _COST),
    Outcome("compliance_rate", "Conditions that states accept", "share", _CONDITIONS),
    Outcome("conditions_demanded", "Reforms that donors demand", "share", _CONDITIONS),
    Outcome("release_rate", "Conditional projects paid", "share", _CONDITIONS),
    Outcome("stalled_share", "Projects ended by unwanted reforms", "share"),
    Outcome("donors_per_recipient", "Donors per recipient", "number", _SERVED),
    Outcome("effective_donors", "... effective number (by money)", "number", _SERVED),
    Outcome("orphans", "Orphans: under half their share", "number", _SERVED),
    Outcome("darlings", "Darlings: over 1.5 times it", "number", _SERVED),
    Outcome("coverage_gini", "Inequality of aid by need (Gini)", "index", _SERVED),
    Outcome("fragmentation_hhi", "Concentration of donors in a recipient (HHI)", "index"),
    Outcome("nonsignificant_relations_share", "Relations too small to matter (OECD)", "share"),
    Outcome("attribution_share", "New tasks by states' own effort", "share", _WHOSE),
    Outcome("attribution_share_at_horizon", "... when the money stops", "share"),
    Outcome("gain_per_user", "Protection that aid adds, average user", "share"),
    Outcome("aid_per_user", "EUR a year for each Internet user", "index"),
    Outcome("users_m", "Internet users at the end, million", "number"),
    Outcome("weight_of_users", "Weight of the average user's state", "index"),
    Outcome("obsolete_share", "Delivered tasks that went out of date", "share"),
    Outcome("sustained_share", "Tasks that outlive the money", "share", _LASTS),
    Outcome("ownership", "Ownership by states, at the end", "share", _LASTS),
    Outcome("ownership_start", "... at the start", "share"),
    Outcome("exposure", "Exposure of users", "share", _LASTS),
    Outcome("exposed_users_m", "Exposed users, million", "number"),
    Outcome("safe_havens", "Safe havens, at the end", "number", _LASTS),
    Outcome("membership", "Money under an umbrella", "share", MEMBERS),
    Outcome("members", "Members at the end", "number", MEMBERS),
    Outcome("members_joined", "Times a donor joined in the run", "number", MEMBERS),
    Outcome("members_left", "Times a member left", "number", MEMBERS),
    Outcome("norm_alignment", "Alignment of norms with donors", "share"),
    Outcome("norm_shift", "Shift of norms (UN voting position)", "index"),
    Outcome("norm_contest", "Pull on norms that camps cancel", "share"),
    Outcome("absorption_use", "Use of administrative capacity", "share"),
    Outcome("failure_share", "Failed projects", "share"),
    Outcome("spoiled_share", "Delivered tasks that did not take", "share"),
    Outcome("poached_share", "Administration lost to hiring", "share"),
    Outcome("mismatch_cost_share", "Extra price outside mandates", "share"),
    Outcome("unfinished_share", "Projects unfinished at the end", "share"),
    Outcome("projects", "Projects", "number"),
    Outcome("appropriated_m", "Money given to donors", "EUR m"),
    Outcome("contracted_m", "Money contracted", "EUR m"),
    Outcome("welfare", "Welfare at the end", "index"),
    Outcome("welfare_no_aid", "Welfare without aid", "index"),
    Outcome("welfare_bound", "Welfare, upper bound", "index"),
    Outcome("bound_gap", "Gap of the bound's certificate", "index"),
)
BY_NAME: Final = {outcome.name: outcome for outcome in OUTCOMES}


def outcome(name: str) -> Outcome:
    """Return how an outcome is shown; one that is not known here is shown by its name, in the files only."""
    return BY_NAME.get(name, Outcome(name, name, "share" if name.endswith("_share") else "index"))


def written(value: float, unit: Unit) -> str:
    """Return a value with its unit: shares in percent, one decimal; no value as a dash."""
    if math.isnan(value):
        return "-"
    if unit == "share":
        return f"{100 * value:.1f}%"
    return f"{value:.2f}" if unit == "index" else f"{value:,.1f}"


def written_noise(value: float, unit: Unit) -> str:
    """Return seed noise to stand behind a value: no percent sign, no value as an empty string."""
    if math.isnan(value):
        return ""
    number = f"{100 * value:.1f}" if unit == "share" else written(value, unit)
    return f"±{number}"


def written_difference(value: float, unit: Unit) -> str:
    """Return a difference with its sign; of shares in percentage points."""
    if math.isnan(value):
        return "-"
    text = f"{100 * value:+.1f}" if unit == "share" else f"{value:+.2f}" if unit == "index" else f"{value:+,.1f}"
    return text if float(text.replace(",", "")) != 0 else text.lstrip("+-")


def percent(value: float) -> str:
    """Return a share as a whole percentage for a sentence; below 1% with one decimal."""
    number = 100 * value
    if math.isnan(number):
        return "an unknown share"
    return f"{number:.1f}%" if 0 < abs(number) < 0.95 else f"{number:.0f}%"


def euros(million: float) -> str:
    """Return an amount for a sentence, e.g. ``EUR 250m``; below 10m with two digits."""
    return f"EUR {million:,.0f}m" if million >= 9.95 or million == 0 else f"EUR {million:.2g}m"


def cents(value: float) -> str:
    """Return a share of money as cents of a euro for a sentence, e.g. ``18 cents``."""
    number = 100 * value
    text = f"{number:.1f}" if 0 < abs(number) < 0.95 else f"{number:.0f}"
    return f"{text} cent" if text == "1" else f"{text} cents"
