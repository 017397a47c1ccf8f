"""Watch: the tasks of a state as tiles, and the receipt of one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup, escape

from donorlab.experiments import receipt
from donorlab.experiments.app.watch_facts import Facts
from donorlab.experiments.app.watched import ABSENT, LAPSED, STANDING, TWICE, UNDER_WAY, Tile
from donorlab.experiments.pages.chart import listed
from donorlab.experiments.words import label

LOOKS: Final[Mapping[str, str]] = {
    ABSENT: "absent",
    UNDER_WAY: "way",
    STANDING: "standing",
    LAPSED: "lapsed",
    TWICE: "twice",
}
"""Class of a tile in the style sheet, where it has a colour and a sign; in the order of the legend."""
_ROOMY: Final = 24  # tasks of a pillar up to which tiles are large
Marks = dict[str, tuple[str | None, str | None]]


def said(tile: Tile) -> str:
    """Return all that a tile shows, in words."""
    parts = [tile.state]
    if tile.paid_twice:
        parts.append(TWICE)
    if tile.donors:
        parts.append(f"contracted by {listed(list(tile.donors))}")
    return f"{label(tile.pillar)}, task {tile.task}: {'; '.join(parts)}"


def marks(facts: Facts, state: str, quarter: int, opened: tuple[str, int] | None = None) -> Marks:
    """Return class and words of each tile at the end of a quarter; what is paid twice since this quarter is marked as new."""
    earlier = facts.tiles(state, quarter - 1) if quarter else []
    before = {(one.pillar, one.task) for one in earlier if one.paid_twice}
    found: Marks = {}
    for tile in facts.tiles(state, quarter):
        where = (tile.pillar, tile.task)
        new = " new" if tile.paid_twice and where not in before and quarter else ""
        kind = f"tile {LOOKS[tile.shown]}{new}{' opened' if where == opened else ''}"
        found[f"tile {tile.pillar} {tile.task}"] = (kind, said(tile))
    return found


def html(
    facts: Facts, state: str, quarter: int, opened: tuple[str, int] | None, closed: tuple[str, int] | None
) -> Markup:
    """Return tiles, and beside them a receipt.

    Parameters
    ----------
    facts : of the run
    state, quarter : what is looked at
    opened : pillar and task whose receipt is shown; closed : the one whose receipt was closed, which is focused again
    """
    tasks = facts.recording.model.parameters.tasks_per_pillar
    look = marks(facts, state, quarter, opened)
    focus = f"tile {closed[0]} {closed[1]}" if closed and not opened else ""
    row = Markup(
        '<div class="pillar"><h3 id="p-{}">{}</h3><div class="tiles" role="group" aria-labelledby="p-{}">{}</div></div>'
    )
    buttons = {
        pillar: Markup("").join(_tile(f"tile {pillar} {task}", look, focus) for task in range(tasks))
        for pillar in facts.recording.pillars
    }
    rows = Markup("").join(row.format(pillar, label(pillar), pillar, tiles) for pillar, tiles in buttons.items())
    return Markup(
        '<h2 class="hidden">Tasks of a state</h2>'
        '<div class="head"><label for="state">Tasks of</label><select id="state" data-act="state" data-key="state">{}</select>'
        '<button data-act="next" data-key="next">Next task paid twice</button>'
        '<button data-act="most" data-key="most">The state with most paid twice</button></div>'
        '<div class="beside{}"><div class="all{}">{}{}</div>{}</div>'
    ).format(
        _states(facts, state),
        " open" if opened else "",
        " roomy" if tasks <= _ROOMY else "",
        rows,
        _legend(),
        receipt_of(facts, state, opened, quarter) if opened else "",
    )


def _states(facts: Facts, state: str) -> Markup:
    names = facts.recording.names
    order = [(facts.recording.ids[j], names[j]) for j in facts.recording.in_order]
    if not facts.recording.hidden:
        order.sort(key=lambda one: one[1])
    return Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(one, Markup(" selected") if one == state else "", name)
        for one, name in order
    )


def _tile(key: str, look: Marks, focus: str) -> Markup:
    kind, words = look[key]
    return Markup(
        '<button data-act="tile" data-value="{}" data-key="{}" data-mark="{}" class="{}" aria-label="{}"{}></button>'
    ).format(
        key.partition(" ")[2], key, key, kind, words, Markup(' data-focus="{}"').format(key) if key == focus else ""
    )


def _legend() -> Markup:
    items = Markup("").join(
        Markup('<li><span class="tile {}" aria-hidden="true"></span>{}</li>').format(kind, words)
        for words, kind in LOOKS.items()
    )
    return Markup(
        '<ul class="legend">{}<li><span class="tile twice new" aria-hidden="true"></span>in this quarter</li></ul>'
        '<p class="note">A tile is a task. Click one for its receipt: who paid, and why each could not know.</p>'
    ).format(items)


# ---------------------------------------------------------------------- the receipt
def receipt_of(facts: Facts, state: str, opened: tuple[str, int], quarter: int) -> Markup:
    """Return the receipt of a task, with a button that closes it."""
    pillar, task = opened
    lines = paragraphs(facts.recording.receipt(state, pillar, task))
    early = ""
    if quarter < facts.recording.last:
        early = Markup('<p class="note">The receipt tells the whole run to its end; the tiles show {}.</p>').format(
            when(quarter)
        )
    body = Markup("").join(_paragraph(level, text) for level, text in lines[1:])
    return Markup(
        '<section class="receipt" aria-label="Receipt"><div class="top">'
        '<h3 tabindex="-1" data-focus="receipt {} {} {}" data-key="receipt">{}</h3>'
        '<button data-act="close" data-key="close">Close</button></div>{}'
        '<div class="lines" data-scroll="receipt" tabindex="0" role="group" aria-label="Lines of the receipt">{}</div></section>'
    ).format(state, pillar, task, lines[0][1], early, body)


def _paragraph(level: int, text: str) -> Markup:
    told = Markup(str(escape(text)).replace("PAID TWICE", "<strong>PAID TWICE</strong>"))
    if level == 0 and text.endswith(")") and "(quarter " in text:
        return Markup("<h4>{}</h4>").format(told)
    return Markup('<p class="l{}">{}</p>').format(level, told)


def paragraphs(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Return the lines of a receipt, which are as wide as a terminal, as paragraphs that a page wraps as it likes.

    Returns
    -------
    list
        Level (0; 1 of what happens in a quarter; 2 of a reason) and text. A line goes on with the one before if that one had no
        room for its first word.
    """
    found: list[tuple[int, str]] = []
    last = ""
    for line in lines:
        text = line.strip()
        if not text:
            last = ""
            continue
        word = text.split(" ")[1 if text.startswith("EUR ") else 0]
        room = receipt.WIDTH - len(last) - (5 if text.startswith("EUR ") else 1)
        if last and len(word) > room and not text.startswith("- "):
            level, before = found[-1]
            found[-1] = (level, f"{before} {text}")
        else:
            indent = len(line) - len(line.lstrip())
            found.append((0 if indent < 2 else 2 if text.startswith("- ") else 1, text.removeprefix("- ")))
        last = line
    return found


def when(quarter: int) -> str:
    """Return a quarter in words."""
    return receipt.date(quarter) if quarter else "the start"
