"""Explore: capacity over time, and where each euro goes. The figure is made once for a set of designs, and then fed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
from bokeh.models import ColumnDataSource, HoverTool
from bokeh.plotting import figure
from markupsafe import Markup

from donorlab.experiments.app.answers import Answer
from donorlab.experiments.canvas import SHADES
from donorlab.experiments.figures_of_worth import GROUPS
from donorlab.experiments.pages import blocks
from donorlab.experiments.pages.chart import label

ROOM: Final = 4.0
"""Cents below which a part of a bar has no room for its number."""
DASHES: Final = ("solid", "dashed", "dotted")
_FONT: Final = "Arial, 'Liberation Sans', Helvetica, sans-serif"


def heads() -> list[str]:
    """Return the parts of a euro, what is effective first."""
    return [head.replace("\n", " ") for head, *_ in GROUPS]


def euro(known: Answer) -> pd.DataFrame:
    """Return where each euro goes.

    Returns
    -------
    DataFrame
        a row a design, a column a part (see `heads`), in cents
    """
    wide = known.waterfall.pivot_table(index="architecture", columns="bar", values="share", observed=True)
    found = {
        head.replace("\n", " "): 100 * wide.reindex(columns=list(parts)).sum(axis=1, min_count=1)
        for head, parts, *_ in GROUPS
    }
    return pd.DataFrame(found).loc[list(known.choice.designs)]


def lines(known: Answer) -> pd.DataFrame:
    """Return capacity over time: ``year``, and a column a design in percent of all tasks."""
    wide = known.steps.pivot_table(index="quarter", columns="architecture", values="capacity", observed=True)
    found = 100 * wide[list(known.choice.designs)].astype("float64")
    found.insert(0, "year", [float(quarter) / 4 for quarter in wide.index])
    return found.reset_index(drop=True)


class Plots:
    """The figure of a set of designs.

    Parameters
    ----------
    designs : in their order
    """

    def __init__(self, designs: Sequence[str]) -> None:
        self.designs = tuple(designs)
        self._time = ColumnDataSource({"year": [0.0, 1.0], **{name: [0.0, 0.0] for name in designs}})
        self.over_time = self._over_time()

    def feed(self, known: Answer) -> None:
        """Show an answer about the same designs."""
        frame = lines(known)
        self._time.data = {str(name): frame[name].to_numpy() for name in frame}

    def _over_time(self) -> Any:
        made = figure(height=300, sizing_mode="stretch_width", toolbar_location=None, tools="", x_axis_label="Year",
                      y_axis_label="Tasks that stand, %")  # fmt: skip
        for place, name in enumerate(self.designs):
            line = made.line("year", name, source=self._time, line_width=2.4, color=SHADES[place], line_dash=DASHES[place],
                             legend_label=label(name))  # fmt: skip
            tips = [("", f"{label(name)}"), ("year", "@year{0.0}"), ("tasks", f"@{{{name}}}{{0.0}}%")]
            made.add_tools(HoverTool(renderers=[line], tooltips=tips, mode="vline" if place == 0 else "mouse"))
        _styled(made)
        made.legend.location = "bottom_right"
        return made


def _styled(made: Any) -> None:
    for axis in (*made.xaxis, *made.yaxis):
        axis.axis_label_text_font = axis.major_label_text_font = _FONT
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = axis.major_label_text_font_size = "12px"
        axis.axis_label_text_color, axis.major_label_text_color = "#5c5c5c", "#1f2328"
        axis.axis_line_color = axis.major_tick_line_color = "#8a8a8a"
        axis.minor_tick_line_color = None
    made.xgrid.grid_line_color = made.ygrid.grid_line_color = "#e6e6e6"
    made.outline_line_color = None
    if made.legend:
        made.legend.label_text_font, made.legend.label_text_font_size = _FONT, "12px"
        made.legend.border_line_color = None
        made.legend.background_fill_alpha = 0.85


# ---------------------------------------------------------------------- the same in words and numbers
def over_time_told(known: Answer | None) -> Markup:
    """Return heading and numbers of the figure."""
    if known is None:
        return Markup("<h2>Over time</h2>")
    frame = lines(known)
    last = frame.iloc[-1]
    said = "; ".join(f"{label(name)} {float(last[name]):.1f}%" for name in known.choice.designs)
    years = frame[frame["year"] % 1 == 0].rename(columns={name: label(str(name)) for name in frame})
    return Markup(
        "<h2>Over time</h2><p>Tasks that stand at the end of year {:g}: {}.</p>"
        "<details data-key='time-numbers'><summary>The numbers</summary>{}</details>"
    ).format(float(last["year"]), said, blocks.table(years, "Percent of all tasks that stand, by year", inside=True))


def waterfall(known: Answer | None) -> Markup:
    """Return where each euro goes: a bar a design, its parts told apart by hatches too, their key and their numbers."""
    if known is None:
        return Markup("<h2>Where each euro goes</h2>")
    cents = euro(known)
    said = "; ".join(f"{label(str(name))} {float(cents.loc[name, 'effective']):.0f} cents" for name in cents.index)
    keys = Markup("").join(
        Markup('<span class="euro"><span class="key g{}"></span> {}</span> ').format(place, head)
        for place, head in enumerate(heads())
    )
    bars = Markup("").join(_bar(str(name), cents.loc[name].fillna(0.0)) for name in cents.index)
    table = cents.T.rename(columns={name: label(str(name)) for name in cents.index}).rename_axis("cents of a euro")
    return Markup(
        "<h2>Where each euro goes</h2><p>Of each euro, effective in the end: {}.</p>{}<p class='note'>{}</p>"
        "<details data-key='euro-numbers'><summary>The numbers</summary>{}</details>"
    ).format(said, bars, keys, blocks.table(table.reset_index(), "Cents of a euro", inside=True))


def _bar(name: str, cents: pd.Series[float]) -> Markup:
    """Return the bar of a design; a part that has no room for its number is told by its title."""
    parts = Markup("").join(
        Markup('<span class="g{}" style="width:{:.2f}%" title="{}: {:.1f} cents">{}</span>').format(
            place, value, head, value, Markup("<b>{:.0f}</b>").format(value) if value >= ROOM else ""
        )
        for place, (head, value) in enumerate(cents.items())
        if value > 0
    )
    told = ", ".join(f"{head} {value:.0f}" for head, value in cents.items())
    return Markup(
        '<div class="future"><span class="who">{}</span><span class="bar euros" role="img" aria-label="{}">{}</span></div>'
    ).format(label(name), f"Cents of a euro, {label(name)}: {told}", parts)
