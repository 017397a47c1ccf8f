"""The figure of ``ignorance``: what each donor's report is worth, and what is left as more of them report."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from donorlab.experiments.canvas import FONT, INK, SHADES, SMALL, WIDTH_CM, Drawn, Page, Stamp, style, text_width_cm
from donorlab.experiments.report_of_ignorance import first_few
from donorlab.experiments.words import money

_ROW: Final = 0.44  # cm


def ignorance(found: pd.DataFrame, curve: pd.DataFrame, report: str, stamp: Stamp) -> Drawn:
    """Draw prices by donor, and what is still paid twice if the first ones report.

    Parameters
    ----------
    found, curve : of `reporters.table` and `reporters.curve`
    report : ``plans`` or ``projects``
    stamp : where the figure comes from
    """
    names = [str(name) for name in found["player"]]
    height = _ROW * len(names)
    with style():
        note = (
            f"Left: EUR m a year that are not paid twice if a donor (or all of a group) reports its {report}, its mean "
            "contribution over the orders in which they begin to report (Shapley value), with 95% of chance; the tick is the same "
            "total shared by money. Right: what is still paid twice if those at the top report, a group all at once. The register "
            "is free and in time."
        )
        title = claim(found, curve, report)
        page = Page(title, note, stamp, 1.5 + height)
        edge = 0.45 + max(text_width_cm(name, FONT) for name in names)
        width = (WIDTH_CM - edge - 1.7) * 0.55
        axes = page.axes(edge, 1.0, width, height)
        at = np.arange(len(names))[::-1]
        axes.barh(at, found["saved_m"], height=0.62, color=SHADES[2], edgecolor=INK, linewidth=0.5, zorder=2)
        reach = (found["saved_m_high"] - found["saved_m"]).fillna(0.0)
        axes.errorbar(found["saved_m"], at, xerr=reach, fmt="none", ecolor=INK, elinewidth=0.9, zorder=3)
        members = found["budget_m"] / found["budget_m"].sum()
        axes.plot(members * found["saved_m"].sum(), at, "|", ms=9, mew=1.6, color=SHADES[1], zorder=4)
        axes.axvline(0, color="#555555", linewidth=0.7, zorder=1)
        axes.set_yticks(at, names)
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("EUR m a year not paid twice", fontsize=SMALL)
        right = page.axes(edge + width + 1.2, 1.0, WIDTH_CM - edge - width - 1.5, height)
        right.step(curve["donors"], curve["paid_twice_m"], where="post", color=SHADES[0], linewidth=1.4)
        right.plot(curve["donors"], curve["paid_twice_m"], "o", ms=3, color=SHADES[0])
        right.set_ylim(0, 1.08 * float(curve["paid_twice_m"].max()) or 1.0)
        right.set_xlabel("donors that report", fontsize=SMALL)
        page.text(WIDTH_CM - 0.25, 1.25 + height, "EUR m a year paid twice", fontsize=SMALL, ha="right")
    data = found.merge(
        curve.iloc[1:].rename(columns={"last": "player"}).drop(columns=["efficiency", "donors"]), on="player"
    )
    return Drawn("ignorance", title, page.figure, data, stamp)


def claim(found: pd.DataFrame, curve: pd.DataFrame, report: str) -> str:
    """Return what the figure shows: how much the first few remove."""
    nobody, everybody = (float(curve["paid_twice_m"].iloc[i]) for i in (0, -1))
    if everybody >= nobody:
        return f"{report.capitalize()} in a register remove nothing of what is paid twice"
    donors = int(found["count"].sum())
    few = first_few(found)
    if not few:
        saved = f"EUR {money(nobody - everybody)} of {money(nobody)} a year"
        return f"If all {donors} donors report their {report}, {saved} are not paid twice"
    return (
        f"The {report} of {few} of {donors} donors remove {curve['removed'].iloc[few]:.0%} of what all reports remove: EUR "
        f"{money(nobody - float(curve['paid_twice_m'].iloc[few]))} of {money(nobody - everybody)} a year"
    )
