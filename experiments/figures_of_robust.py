"""The figures of ``robust``: regret, value judgements, objectives, value of information."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator, PercentFormatter

from donorlab.experiments.canvas import (
    DASHES,
    INK,
    MARKERS,
    SHADES,
    SMALL,
    WIDTH_CM,
    Drawn,
    Page,
    Stamp,
    names_width_cm,
    spread,
    style,
    text_width_cm,
)
from donorlab.experiments.report_of_robust import SURE, futures_of, judgement_names, likely
from donorlab.experiments.studies import robust, robustness
from donorlab.experiments.studies.objectives import OBJECTIVES
from donorlab.experiments.studies.robust import Answer
from donorlab.experiments.words import in_lines, label

_ROW: Final = 0.5  # cm
_KNOWN: Final = 12  # assumptions shown
_CURVE_CM: Final = 5.6
_SHADE: Final = LinearSegmentedColormap.from_list("regret", ("#ffffff", "#5b7fa3"))


def draw_all(answer: Answer, stamp: Stamp) -> Iterator[Drawn]:
    """Draw all figures."""
    yield regret(answer, stamp)
    yield judgements(answer, stamp)
    yield objectives(answer, stamp)
    if answer.information:
        yield information(answer, stamp)


# ---------------------------------------------------------------------- regret
def regret_claim(answer: Answer) -> str:
    """Return what the curves show: the nearest design, named as such only where that is sure."""
    own = answer.own.name
    lacks = {name: 100 * answer.score(own, name, "regret_95") for name in answer.designs}
    nearest, chance = answer.nearest(own)
    text = f"{label(nearest)} lacks no more than {lacks[nearest]:.1f} points of the best design in 95 of 100 futures"
    if chance >= SURE:
        second = min((name for name in lacks if name != nearest), key=lacks.__getitem__)
        return f"{text}, {label(second)} {lacks[second]:.1f}"
    return f"{text}; another may be as near"


def regret(answer: Answer, stamp: Stamp) -> Drawn:
    """Draw in what share of futures each design lacks no more than so many points of the best."""
    values = answer.own.worth
    lost = 100 * robustness.regret(values)
    title = regret_claim(answer)
    right = max(1.0, float(np.quantile(lost.to_numpy(), 0.99, axis=0).max()))
    curves = {name: np.sort(lost[name].to_numpy()) for name in answer.designs}
    share = (np.arange(len(lost)) + 1) / len(lost)
    with style():
        note = (
            f"Share of {futures_of(answer)} in which a design lacks no more than so many points of efficiency of the best of these "
            f"{len(answer.designs)} in the same future. Higher is safer; the start of a curve: how often it is best. "
            f"Dotted: 95%. Grey: {100 * answer.smallest:g} points, about the same."
        )
        edge, names = 1.1, names_width_cm(answer.designs) + 0.75
        page = Page(title, note, stamp, _CURVE_CM + 1.15)
        axes = page.axes(edge, 0.95, WIDTH_CM - edge - names - 0.2, _CURVE_CM)
        axes.axvspan(0, 100 * answer.smallest, color="#ececec", linewidth=0, zorder=0)
        axes.axhline(0.95, color="#777777", linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
        at_edge = []
        for i, name in enumerate(answer.designs):
            x, y = np.concatenate([[0.0], curves[name]]), np.concatenate([[0.0], share])
            y[0] = float((curves[name] <= 1e-9).mean())
            shade, dash = SHADES[i % len(SHADES)], DASHES[i % len(DASHES)]
            axes.step(x, y, where="post", color=shade, linestyle=dash, linewidth=1.4, zorder=3)
            at_edge.append(float((curves[name] <= right * 0.35).mean()))
        axes.set_xlim(0, right)
        axes.set_ylim(0, 1.01)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel("points of efficiency that it lacks of the best")
        lines = max(in_lines(name).count("\n") + 1 for name in answer.designs)
        last = [float((curves[name] <= right).mean()) for name in answer.designs]
        wanted = [value - 0.45 + 0.45 * e for value, e in zip(last, at_edge, strict=True)]
        places = spread(wanted, 0.062 * lines)
        shift = min(0.0, 0.98 - max(places))
        for i, (name, place) in enumerate(zip(answer.designs, places, strict=True)):
            _key(axes, i, in_lines(name), place + shift)
    data = pd.DataFrame({"share": share, **curves})
    return Drawn("regret", title, page.figure, data, stamp)


def _key(axes: Axes, index: int, name: str, at: float) -> None:
    """Write a curve's name beside the axes, with a piece of its line."""
    shade, dash = SHADES[index % len(SHADES)], DASHES[index % len(DASHES)]
    across = axes.get_yaxis_transform()
    axes.plot([1.02, 1.10], [at, at], transform=across, color=shade, linestyle=dash, linewidth=1.4, clip_on=False)
    axes.text(1.115, at, name, transform=across, va="center", fontsize=SMALL, linespacing=1.0)


# ---------------------------------------------------------------------- value judgements
def judgements_claim(answer: Answer) -> str:
    """Return under how many value judgements which design is nearest to the best."""
    names = [one.name for one in answer.judgements]
    counts = pd.Series([answer.nearest(name)[0] for name in names]).value_counts()
    sure = sum(answer.nearest(name)[1] >= SURE for name in names)
    parts = [f"{label(str(name))} under {count}" for name, count in counts.items()]
    return f"Of {len(names)} value judgements, nearest to the best is {', '.join(parts)}; {sure} of these are sure"


def judgements(answer: Answer, stamp: Stamp) -> Drawn:
    """Draw a table of how far designs are from the best, a row a value judgement."""
    wide = answer.scores.pivot_table(index="judgement", columns="design", values="regret_95", observed=True)
    wide = 100 * wide.loc[[one.name for one in answer.judgements], list(answer.designs)]
    title = judgements_claim(answer)
    values = wide.to_numpy(dtype=np.float64)
    rows, columns = values.shape
    names = judgement_names(answer.judgements)
    kinds = [one.kind for one in answer.judgements]
    offset = np.cumsum([0.0, *(0.35 * (a != b) for a, b in zip(kinds[1:], kinds[:-1], strict=True))])
    heights = np.arange(rows) + offset
    with style():
        note = (
            "Points that a design lacks of the best of these in 95 of 100 futures; darker is further. Frame: nearest to the best; "
            f"bold: and so in {SURE:.0%} of resampled futures. Below the gap: weighted sums of five objectives, a point of each "
            "counts alike (assumption)."
        )
        edge = 0.35 + max(text_width_cm(name, SMALL) for name in names)
        heads = [in_lines(name) for name in answer.designs]
        upright = columns > 6
        head = (
            max(text_width_cm(label(name), SMALL) for name in answer.designs) + 0.2
            if upright
            else 0.35 * max(text.count("\n") + 1 for text in heads) + 0.1
        )
        body = 0.46 * float(heights[-1] + 1)
        page = Page(title, note, stamp, body + head + 0.25)
        axes = page.axes(edge, 0.1, WIDTH_CM - edge - 0.25, body)
        most = max(float(values.max()), 1e-9)
        for i, at in enumerate(heights):
            best = int(values[i].argmin())
            bold = answer.of(wide.index[i])["chance_nearest"].iloc[best] >= SURE
            for d in range(columns):
                depth = (values[i, d] / most) ** 0.5
                axes.fill_between([d, d + 1], at, at + 1, color=_SHADE(depth), linewidth=0)
                text = f"{values[i, d]:.1f}"
                axes.text(
                    d + 0.5, at + 0.5, text, ha="center", va="center", fontsize=SMALL,
                    fontweight="bold" if d == best and bold else "normal",
                )  # fmt: skip
            across, down = np.array([0.03, 0.97, 0.97, 0.03, 0.03]), np.array([0.06, 0.06, 0.94, 0.94, 0.06])
            axes.plot(best + across, at + down, color=INK, linewidth=0.9)
        axes.set_xlim(0, columns)
        axes.set_ylim(float(heights[-1] + 1), 0)
        axes.set_yticks(heights + 0.5, names, fontsize=SMALL)
        axes.set_xticks([])
        for d, name in enumerate(answer.designs):
            words = label(name) if upright else heads[d]
            axes.text(
                d + 0.5,
                -0.2,
                words,
                ha="center",
                va="bottom",
                fontsize=SMALL,
                linespacing=1.0,
                rotation=90 if upright else 0,
            )
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)
    kept = ["judgement", "kind", "design", "futures", "regret_95", "regret_95_low", "regret_95_high", "chance_nearest"]
    return Drawn("judgements", title, page.figure, answer.scores[kept], stamp)


# ---------------------------------------------------------------------- objectives
def objectives_claim(answer: Answer) -> str:
    """Return what the dots show: who is dominated beyond noise."""
    table = answer.pareto
    count = int((table["dominated_by"] != "").sum())
    if count == 0:
        text = f"None of {len(table)} designs is dominated beyond noise in the five objectives"
        return f"{text}: each buys something with something" if bool(table["on_front"].all()) else text
    names = ", ".join(label(name) for name in table.loc[table["dominated_by"] != "", "design"])
    return f"{names}: another design is better or the same in all five objectives, beyond noise"


def objectives(answer: Answer, stamp: Stamp) -> Drawn:
    """Draw the five objectives side by side, a row a design."""
    table = answer.pareto
    title = objectives_claim(answer)
    rows = len(table)
    heights = np.arange(rows)[::-1]
    with style():
        note = (
            f"Means over {futures_of(answer)}, in %, with 95% over futures; better is to the right everywhere, so that cost runs "
            "backwards. Filled: on the front, no other design has better means in all. Autonomy: share of their money that donors "
            "decide themselves (assumption: discipline binds in its degree). Whiskers are wide because futures differ; "
            "differences between designs are paired and better known."
        )
        names = [in_lines(name) for name in table["design"]]
        edge = 0.35 + names_width_cm(list(table["design"]))
        tall = 0.62 if any("\n" in name for name in names) else _ROW
        gap = 0.3
        width = (WIDTH_CM - edge - 0.3 - gap * (len(OBJECTIVES) - 1)) / len(OBJECTIVES)
        page = Page(title, note, stamp, tall * rows + 1.75)
        for o, one in enumerate(OBJECTIVES):
            axes = page.axes(edge + o * (width + gap), 0.6, width, tall * rows)
            sign = 1 if one.more else -1
            mean = sign * 100 * table[one.name].to_numpy()
            error = 196 * table[f"{one.name}_error"].to_numpy()
            for i, at in enumerate(heights):
                shade = SHADES[i % len(SHADES)]
                axes.plot([mean[i] - error[i], mean[i] + error[i]], [at, at], color=shade, linewidth=0.9)
                face = shade if table["on_front"].iloc[i] else "white"
                axes.plot(mean[i], at, MARKERS[i % len(MARKERS)], ms=4.5, mfc=face, mec=shade, mew=0.9)
            for at in heights:
                axes.axhline(at, color="#e3e3e3", linewidth=0.5, zorder=0)
            low, high = float((mean - error).min()), float((mean + error).max())
            pad = max(0.08 * (high - low), 0.5)
            axes.set_xlim((low - pad, high + pad) if one.more else (high + pad, low - pad))
            axes.xaxis.set_major_locator(MaxNLocator(2, integer=True))
            axes.set_ylim(-0.6, rows - 0.4)
            axes.set_yticks(heights, names if o == 0 else [""] * rows, fontsize=SMALL)
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            words = one.label.replace(" of ", "\nof ")
            axes.text(
                0.5, 1.02, words, transform=axes.transAxes, ha="center", va="bottom", fontsize=SMALL, linespacing=1.0
            )
    return Drawn("objectives", title, page.figure, table, stamp)


# ---------------------------------------------------------------------- information
def information_claim(answer: Answer) -> str:
    """Return which assumption is worth knowing most; none where chance feigns as much."""
    one = answer.information[answer.own.name]
    told = one.table[one.table["told"]]
    if told.empty:
        return f"No single assumption, if it were known, would change the choice of {label(one.chosen)} beyond chance"
    first = told.iloc[0]
    return (
        f"Knowing {label(first['assumption'])} would be worth {100 * first['value']:.1f} points of efficiency and "
        f"change the choice in {100 * first['changes']:.0f} of 100 futures"
    )


def information(answer: Answer, stamp: Stamp) -> Drawn:
    """Draw the value of knowing each of the assumptions that are worth most."""
    one = answer.information[answer.own.name]
    table = one.table.head(_KNOWN)
    title = information_claim(answer)
    told = bool(table["told"].any())
    heights = np.arange(len(table))[::-1]
    with style():
        note = (
            f"Points of efficiency that one gains who knows the number before choosing, over taking {label(one.chosen)} always; "
            f"95%, futures resampled. Filled: told from chance, for all {len(one.table)} together. "
            f"{'Right: in how many futures the choice changes, and mostly to what. ' if told else ''}"
            f"Knowing everything, luck included: {100 * one.everything:.1f} points. {likely_words(answer)}"
        )
        names = [label(name) for name in table["assumption"]]
        edge = 0.35 + max(text_width_cm(name, SMALL) for name in names)
        side = (
            0.9 + max(text_width_cm(label(name), SMALL) for name in [*table["to"], "choice changes"]) if told else 0.2
        )
        height = 0.4 * len(table)
        page = Page(title, note, stamp, height + 1.5)
        axes = page.axes(edge, 0.95, WIDTH_CM - edge - side - 0.3, height)
        for row, at in zip(table.to_dict("records"), heights, strict=True):
            axes.barh(
                at,
                100 * row["value"],
                height=0.6,
                color=SHADES[0] if row["told"] else "white",
                edgecolor=SHADES[0],
                linewidth=0.8,
            )
            axes.plot([100 * row["low"], 100 * row["high"]], [at, at], color=SHADES[1], linewidth=1.3, zorder=4)
            if row["to"] and row["told"]:
                words = f"{100 * row['changes']:.0f}%  {label(row['to'])}"
                axes.text(1.03, at, words, transform=axes.get_yaxis_transform(), va="center", fontsize=SMALL)
        if told:
            where = axes.get_yaxis_transform()
            axes.text(1.03, len(table) - 0.45, "choice changes", transform=where, va="bottom", fontsize=SMALL)
        axes.set_yticks(heights, names, fontsize=SMALL)
        axes.set_ylim(-0.6, len(table) - 0.4)
        axes.set_xlim(left=0)
        axes.set_xlabel("points of efficiency")
        axes.tick_params(axis="y", length=0)
    return Drawn("information", title, page.figure, robust.information_table(answer), stamp)


def likely_words(answer: Answer) -> str:
    """Return how sure it is that the design taken has the highest mean."""
    one = answer.information[answer.own.name]
    chance = answer.score(answer.own.name, one.chosen, "chance_best_mean")
    sure = likely(chance)
    if sure:
        return f"{label(one.chosen)} has {sure} the highest mean."
    return f"Which design has the highest mean is open ({chance:.0%})."
