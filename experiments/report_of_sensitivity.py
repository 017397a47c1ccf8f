"""What ``sensitivity`` prints: sentences that follow from numbers by rules, and tables."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
from rich.console import Console

from donorlab.experiments import tables
from donorlab.experiments.studies.factors import NOISE
from donorlab.experiments.studies.indices import MOST, RANKED, REST, ROUGHLY, SETTLED, Indices
from donorlab.experiments.studies.measures import Measure
from donorlab.experiments.studies.screening import STEP
from donorlab.experiments.words import counted, label

if TYPE_CHECKING:
    from rich.table import Table

    from donorlab.experiments.sensitivity import Apportioned, Screening

NAMED: Final = 5  # assumptions that a sentence names
LISTED: Final = 12  # rows of the table of the screening
SURE: Final = 0.95  # of resamples in which an assumption is first
LIKELY: Final = (
    0.66  # the least that is called likely, as in the IPCC's guidance on uncertainty (Mastrandrea et al. 2010)
)
_MARKS: Final[Mapping[str, str]] = {"matters": "*", "nothing": "=", "small": "", "open": "?", "luck": ""}


def show(
    screen: Console,
    settings: Sequence[str],
    found: Screening | None,
    shares: Apportioned | None,
    smallest: float,
) -> None:
    """Print everything."""
    screen.print(f"\nYou set: {', '.join(settings) or 'nothing'}.", highlight=False, markup=False)
    if found is not None:
        _told(screen, found.told)
        screen.print("\n[bold]Screening: which assumptions matter[/]")
        for one, table in found.tables.items():
            _sentence(screen, of_screening(one, table, smallest))
        for name in dict.fromkeys(one.outcome for one in found.tables):
            screen.print(screening_table({m: t for m, t in found.tables.items() if m.outcome == name}, found.score))
        screen.print(f"[dim]{_SCREENED}[/]", highlight=False)
    if shares is not None:
        _told(screen, shares.told)
        screen.print("\n[bold]Indices: which share of the variance each makes[/]")
        screen.print(varied(shares), highlight=False, soft_wrap=True)
        for one, indices in shares.found.items():
            for text in of_indices(one, indices):
                _sentence(screen, text)
            if one in shares.left:
                _sentence(screen, left_out(shares.left[one]))
        for name in dict.fromkeys(one.outcome for one in shares.found):
            screen.print(index_table({m: i for m, i in shares.found.items() if m.outcome == name}))
        screen.print(f"[dim]{_INDEXED}[/]", highlight=False)


def sentences(found: Screening | None, shares: Apportioned | None, smallest: float) -> list[str]:
    """Return all that is said, without the tables."""
    texts: list[str] = []
    if found is not None:
        texts += [*found.told, *(of_screening(one, table, smallest) for one, table in found.tables.items())]
    if shares is not None:
        texts += [*shares.told, varied(shares)]
        for one, indices in shares.found.items():
            texts += of_indices(one, indices)
            texts += [left_out(shares.left[one])] if one in shares.left else []
    return texts


_SCREENED: Final = (
    "mu* (95%): mean size of the effect over the whole range, of shares in points. *: matters, beyond what reshuffled luck can "
    "make; ?: open; =: nothing at all; no mark: smaller than what matters. Luck: another seed, on the same scale."
)
_INDEXED: Final = (
    "First order / total (half the 95% interval), in % of the variance. *: told from luck. A total index holds also the luck that "
    "an assumption reshuffles, at most the total of the luck itself. Intervals are each by itself."
)


def _told(screen: Console, texts: Sequence[str]) -> None:
    for text in texts:
        _sentence(screen, text)


def _sentence(screen: Console, text: str) -> None:
    dash = "    - " if text.startswith(" ") else "- "  # what belongs to the line before
    lines = textwrap.wrap(
        text.strip(), screen.width - 1, initial_indent=dash, subsequent_indent=" " * len(dash), break_on_hyphens=False
    )
    screen.print("\n".join(lines), highlight=False, markup=False)


def amount(one: Measure, value: float) -> str:
    """Return a size of an effect: ``12 points`` of a share, else the number."""
    if one.unit != "share":
        return f"{value:.2g}" if abs(value) < 10 else f"{value:,.0f}"
    number = round(100 * value, 1)
    text = f"{number:.0f}" if number >= 9.95 or number == round(number) else f"{number:.1f}"
    return f"{text} point" if text == "1" else f"{text} points"


def listed(parts: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


# ---------------------------------------------------------------------- screening
def of_screening(one: Measure, table: pd.DataFrame, smallest: float) -> str:
    """Return what a screening says of one result."""
    own = table[table["factor"] != NOISE]
    counts = own["verdict"].value_counts()
    matter = own[own["verdict"] == "matters"].sort_values("mu_star", ascending=False, kind="stable").to_dict("records")
    least = one.smallest(smallest)
    enough = f"by more than {amount(one, least)} over their range, beyond luck" if least else "beyond luck"
    verb = "matter" if len(matter) > 1 else "matters" if matter else "is shown to matter"
    head = f"{one.words}: {len(matter) or 'none'} of {counted(len(own), 'assumption')} {verb} {enough}"
    if matter:
        named = [
            f"{label(str(row['factor']))} ({amount(one, float(row['mu_star']))}{_direction(row)})"
            for row in matter[:NAMED]
        ]
        more = len(matter) - len(named)
        head += f": {listed([*named, f'{more} more'] if more else named)}"
    rest = []
    if small := int(counts.get("small", 0)):
        rest.append(f"{small} {'changes' if small == 1 else 'change'} less")
    if idle := int(counts.get("nothing", 0)):
        rest.append(f"{idle} {'changes' if idle == 1 else 'change'} nothing at all")
    if left := int(counts.get("open", 0)):
        tried = int(table["trajectories"].iloc[0]) if "trajectories" in table else 0
        hint = f" (trajectories={2 * tried} would tell more)" if tried and 2 * left > len(own) else ""
        rest.append(f"{left} {'stays' if left == 1 else 'stay'} open{hint}")
    text = head + (f"; {listed(rest)}" if rest else "") + "."
    luck = table[table["factor"] == NOISE]
    if len(luck):
        text += f" Another seed changes it by {amount(one, float(luck['mu_star'].iloc[0]) * STEP)} in the mean."
    return text


def _direction(row: Mapping[Any, Any]) -> str:
    """Return whether a result rises or falls with an assumption; nothing where it does now one, now the other."""
    if abs(row["mu"]) < 0.9 * row["mu_star"]:  # an assumption: nine tenths of the size in one direction
        return ""
    return ", up" if row["mu"] > 0 else ", down"


def screening_table(each: Mapping[Measure, pd.DataFrame], score: pd.Series[float]) -> Table:
    """Return the factors of one outcome that rank first, a column a result, luck last."""
    found = tables.table()
    found.add_column(next(iter(each)).words.partition(" under ")[0].partition(",")[0])
    for one in each:
        found.add_column(
            one.name.replace("-", "\n- ") if one.against else label(one.who), justify="right", no_wrap=True
        )
    rows = {one: table.set_index("factor").to_dict("index") for one, table in each.items()}
    largest: pd.Series[float] = pd.concat(
        [table.set_index("factor")["mu_star"].drop(NOISE, errors="ignore") for table in each.values()], axis=1
    ).max(axis=1)
    names = [str(name) for name in largest.sort_values(ascending=False, kind="stable").index[:LISTED]]
    for name in [*names, NOISE]:
        cells = []
        for one in each:
            row = rows[one].get(name)
            cells.append("" if row is None else _size(one, row))
        found.add_row(label(name), *cells)
    left = len(score) - len(names)
    if left > 0:
        found.add_row(f"... {left} more in screening.csv")
    return found


def _size(one: Measure, row: Mapping[Any, Any]) -> str:
    factor = 100 if one.unit == "share" else 1
    half = factor * (float(row["mu_star_high"]) - float(row["mu_star"]))
    return f"{factor * float(row['mu_star']):.3g} [dim]±{half:.2g}[/] {_MARKS[str(row['verdict'])]:1}"


# ---------------------------------------------------------------------- indices
def varied(shares: Apportioned) -> str:
    """Return what was varied, and what became of the others."""
    text = f"{counted(len(shares.kept), 'assumption')} one by one, and the luck of the seed"
    if not shares.rest:
        return f"{text}; none is left out."
    others = counted(shares.rest, "other")
    return f"{text}; {others} {'at default values.' if shares.fixed else 'vary together, as one factor.'}"


def left_out(share: float) -> str:
    """Return what fixing the others leaves out, by the screening."""
    return (
        f"  By the screening, what stays at default values has {percent(share)} of all squared effects: a rough measure of the "
        "variance that is left out; rest=together measures it."
    )


def percent(value: float) -> str:
    """Return a share as a whole percentage; an index below 0 is one that the runs do not tell from 0."""
    return f"{max(0.0, 100 * value):.0f}%"


def _interval(row: Mapping[Any, Any], key: str) -> str:
    return spanned(float(row[key]), float(row[f"{key}_low"]), float(row[f"{key}_high"]))


def spanned(value: float, low: float, high: float) -> str:
    """Return a share of the variance with its interval, e.g. ``34% (30 to 38)``.

    An estimate above 100% stands as it is: it says that there are too few base points.
    """
    return f"{percent(value)} ({percent(low)[:-1]} to {percent(high)[:-1]})"


def of_indices(one: Measure, found: Indices | None) -> list[str]:
    """Return what the indices of one result say."""
    if found is None:
        return [f"{one.words}: it does not vary, so that nothing drives it."]
    texts = [f"{one.words}: {_drives(found)}."]
    if (luck := found.row(NOISE)) is not None:
        texts[0] += (
            f" No knowledge of the assumptions would take away {_interval(luck, 'total')} of its variance: the luck of the seed."
        )
    if (rest := found.row(REST)) is not None:
        texts[0] += f" All others together: {_interval(rest, 'total')}."
    texts[0] += f" Without interplay single factors make {spanned(*found.alone)}."
    texts.append(_converged(found))
    return texts


def _drives(found: Indices) -> str:
    """Return which assumption drives a result, as surely as resamples say."""
    own = found.table[~found.table["factor"].isin([NOISE, REST])]
    told = own[own["told"]].sort_values("total", ascending=False, kind="stable").to_dict("records")
    if not told:
        return "no single assumption is told from luck"
    first = told[0]
    if beaten := hidden(found):
        names = [f"{label(str(row['factor']))} ({_interval(row, 'total')})" for row in told[:NAMED]]
        return (
            f"which assumption drives it most is open; told from luck {'is' if len(told) == 1 else 'are'} "
            f"{listed(names)}, but the total index of "
            f"{label(beaten)}, which is not told from it, is estimated larger"
        )
    name, total, alone = label(str(first["factor"])), _interval(first, "total"), _interval(first, "first")
    what = f"{name}, {total} of its variance with all interplay, {alone} alone"
    chance = float(first["chance_first"])
    if chance >= SURE or len(own) == 1:
        text = f"what drives it most is {what}"
    elif chance >= LIKELY:
        text = f"what drives it most is likely {what}"
    else:
        rivals = [label(str(row["factor"])) for row in told[1:3] if row["total_high"] >= first["total_low"]]
        text = f"among what drives it most is {what}"
        text += (
            f"; whether {listed(rivals)} {'comes' if len(rivals) == 1 else 'come'} before it is open" if rivals else ""
        )
    others = [f"{label(str(row['factor']))} ({percent(float(row['total']))})" for row in told[1:NAMED]]
    return f"{text}; then {listed(others)}" if others else text


def hidden(found: Indices) -> str:
    """Return the single assumption with the largest total index, if it is not told from luck and some other is; else nothing.

    An assumption may be told by its first-order index while others have larger total ones: then it is not what drives most.
    """
    return hidden_in(found.table)


def hidden_in(table: pd.DataFrame) -> str:
    """Return the same of a table of indices of one result."""
    own = table[~table["factor"].isin([NOISE, REST])]
    if not own["told"].any():
        return ""
    largest = own.sort_values("total", ascending=False, kind="stable").iloc[0]
    return "" if largest["told"] else str(largest["factor"])


def _converged(found: Indices) -> str:
    widest = f"the widest 95% interval of a total index is {found.widest:.2f}"
    ranking = f"the ranking moves by {found.ranking:.1f} ranks, weighted"
    base = f"{found.base:,} base points"
    if found.state == "settled":
        return f"  Settled: with {base} {widest} (below {SETTLED:g}), {ranking} (below {RANKED:g})."
    more = f"base_points={found.enough} would do"
    if found.enough > MOST:
        more = f"not even {MOST:,} would do"
    if found.state == "roughly":
        return f"  Roughly settled: with {base} {widest} (below {ROUGHLY:g}, not {SETTLED:g}), {ranking}; {more}."
    return f"  Not settled: with {base} {widest} ({SETTLED:g} is settled), {ranking} (below {RANKED:g} is); {more}."


def index_table(each: Mapping[Measure, Indices | None]) -> Table:
    """Return first-order and total indices of one outcome, a column a result; luck and the others last."""
    found = tables.table()
    found.add_column(next(iter(each)).words.partition(" under ")[0].partition(",")[0])
    for one in each:
        found.add_column(
            one.name.replace("-", "\n- ") if one.against else label(one.who), justify="right", no_wrap=True
        )
    some = [indices for indices in each.values() if indices is not None]
    if not some:
        return found
    totals = pd.concat([one.table.set_index("factor")["total"] for one in some], axis=1).max(axis=1)
    names = [
        str(name) for name in totals.sort_values(ascending=False, kind="stable").index if name not in (NOISE, REST)
    ]
    for name in [*names, *(last for last in (REST, NOISE) if last in totals.index)]:
        cells = []
        for indices in each.values():
            row = indices.row(name) if indices is not None else None
            cells.append("-" if row is None else _index(row))
        found.add_row(label(name), *cells)
    return found


def _index(row: Mapping[Any, Any]) -> str:
    half = 100 * (float(row["total_high"]) - float(row["total"]))
    first = max(0.0, 100 * float(row["first"]))
    return f"{first:.0f} / {100 * float(row['total']):.0f} [dim]±{half:.0f}[/] {'*' if row['told'] else ' '}"
