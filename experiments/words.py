"""Names as a reader sees them; files and commands keep the names that are typed."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

DEFAULT_VALUES: Final = "at default values"
"""Every parameter at its default in ``ranges.yaml``, but for what the scenario or the command sets."""
LONG: Final = 14  # characters of a name that fit beside others
_LABELS: Final = {"umbrella_conditional": "umbrella + conditional"}


def label(name: str) -> str:
    """Return the name of an architecture or a parameter in plain words."""
    return _LABELS.get(name, name.replace("_", " "))


def called(name: str) -> str:
    """Return the name of a design for a sentence; the field as it is by what it is."""
    return "donors who act apart" if name == "fragmented" else label(name)


def in_lines(name: str) -> str:
    """Return the same over several lines where it is long."""
    return "\n".join(textwrap.wrap(label(name), LONG, break_long_words=False))


def counted(number: float, thing: str) -> str:
    """Return a rounded number with what it counts, e.g. ``1 orphan``, ``40 orphans``."""
    text = f"{number:.0f}"
    return f"{text} {thing}" if text == "1" else f"{text} {thing}s"


def span(seeds: Sequence[int]) -> str:
    """Return ``seeds 1-20``."""
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]}-{seeds[-1]}"


def money(millions: float, decimals: int = 1, sign: str = "") -> str:
    """Return EUR m, e.g. ``2.3m``; what would be printed as 0 and is not nothing keeps its first figure, e.g. ``0.003m``.

    Parameters
    ----------
    millions : EUR m
    decimals : of larger ones
    sign : ``+`` to print the sign always
    """
    small = 1e-9 < abs(millions) < 0.5 * 10.0**-decimals
    return f"{millions:{sign}.1g}m" if small else f"{millions:{sign}z.{decimals}f}m"
