"""Amounts of money as a page writes them: with their currency, their price year and what it rests on."""

from __future__ import annotations

import math
from typing import Final

from donorlab.experiments.pages.chart import MINUS

PRICE_YEAR: Final = 2021
"""Year in whose prices amounts are read: *assumption*. The total of 250 is sized by programmes counted in 2021 (Cybil, see the
source of ``money``); budgets of single projects, which give the cost of a task, are of 2013 to 2024 and are not deflated. The model
has no inflation."""
PRICES: Final = f"{PRICE_YEAR} prices"
PRICES_SAID: Final = (
    f"Amounts are in euros at constant prices, read as those of {PRICE_YEAR} (an assumption: the total is sized by "
    "programmes counted "
    "in that year, the project budgets behind the cost of a task are not deflated, and the model has no inflation)."
)


def euros(million: float, per: str = "", sign: bool = False) -> str:
    """Return an amount in words, e.g. ``EUR 2.3 million a year (2021 prices)``.

    Parameters
    ----------
    million : EUR m
    per : what follows, such as ``a year``
    sign : with its sign, which nothing has not
    """
    text = f"EUR {bare(million, sign)} million"
    return f"{text} {per} ({PRICES})" if per else f"{text} ({PRICES})"


def bare(million: float, sign: bool = False) -> str:
    """Return an amount without its unit, to two figures below 10, whole above."""
    return "an unknown number of" if math.isnan(million) else alike(million, sign=sign)[0]


def head(words: str = "EUR million", per: str = "a year") -> str:
    """Return what stands above a column of amounts."""
    return f"{words} {per}, {PRICES}".replace(" ,", ",")


def alike(*millions: float, sign: bool = True) -> list[str]:
    """Return amounts without their unit, all to as many figures as the largest has, so that a middle is no finer than its range.

    Parameters
    ----------
    millions : EUR m
    sign : with their signs, which nothing has not
    """
    most = max((abs(one) for one in millions if not math.isnan(one)), default=0.0)
    decimals = 0 if most >= 10 or most == 0 else 1 if most >= 1 else 2 if most >= 0.1 else 3
    found = []
    for one in millions:
        text = f"{one:{'+' if sign else ''}z,.{decimals}f}"
        nothing = not math.isnan(one) and float(text.replace(",", "")) == 0
        found.append(text.lstrip("+-") if nothing else text.replace("-", MINUS))
    return found


def euros_within(low: float, middle: float, high: float, per: str, reach: str) -> str:
    """Return an amount with its range, e.g. ``EUR +1 million a year (2021 prices; -31 to +44 in nine of ten futures)``.

    Parameters
    ----------
    low, middle, high : EUR m; without a range low or high is NaN
    per : what follows, such as ``a year``
    reach : what the range is
    """
    below, text, above = alike(low, middle, high)
    if math.isnan(low) or math.isnan(high):
        return f"EUR {text} million {per} ({PRICES})"
    return f"EUR {text} million {per} ({PRICES}; {below} to {above} {reach})"
