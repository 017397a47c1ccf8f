"""What a command said of its own results, on the page to be unfolded: its tested sentences, with a price year at every amount."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from donorlab.experiments.arguments import InputError
from donorlab.experiments.opened import Opened
from donorlab.experiments.pages import amounts, blocks
from donorlab.experiments.pages.chart import MINUS

_NUMBER: Final = r"[+-]?[\d.,]*\d"
_AMOUNT: Final = re.compile(
    rf"(?P<currency>EUR|USD) (?P<low>{_NUMBER}) ?m?(?P<to> to |-)?(?(to)(?P<high>{_NUMBER}) ?)m\b(?P<per> a year)?"
)
_NEGATIVE: Final = re.compile(r"(?<![\w-])-(?=[\d.])")


def own_words(one: Opened, without: Sequence[str] = (), prices: str = amounts.PRICES) -> Markup:
    """Return what a command said; empty where an older version made the folder and it says nothing.

    Parameters
    ----------
    one : the folder
    without : beginnings of sentences that are left out
    prices : price year of its amounts, in words

    Raises
    ------
    InputError
        If it cannot be read.
    """
    path = one.path / "report.txt"
    if not path.exists():
        return Markup("")
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError):
        raise InputError(f"{path}: cannot be read; put a copy of the folder in its place") from None
    items: list[tuple[str, list[str]]] = []
    for line in lines:
        if line.startswith(" ") and items:
            items[-1][1].append(dated(line.strip(), prices))
        elif not line.startswith(tuple(without)):
            items.append((dated(line.strip(), prices), []))
    if not items:
        return Markup("")
    inside = Markup("").join(Markup("<li>{}{}</li>").format(text, blocks.points(below)) for text, below in items)
    command = str(one.manifest.get("command"))
    head = Markup("All that <code>donorlab {}</code> says, in its own words").format(command)
    return blocks.folded(head, Markup('<ul class="plain note">{}</ul>').format(inside))


def dated(text: str, prices: str = amounts.PRICES) -> str:
    """Return a sentence of the terminal as the page writes it: a price year at every amount, true minus signs.

    Parameters
    ----------
    text : the sentence
    prices : price year in words
    """
    text = _AMOUNT.sub(lambda one: _amount(one, prices), text)
    return _NEGATIVE.sub(MINUS, text)


def _amount(one: re.Match[str], prices: str) -> str:
    high = f" to {one['high']}" if one["high"] else ""
    return f"{one['currency']} {one['low']}{high} million{one['per'] or ''} ({prices})"
