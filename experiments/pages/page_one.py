"""Page one: the question, the answer in calibrated words, one picture, break-even, and what would change the answer."""

from __future__ import annotations

from donorlab.experiments.pages import blocks, charts
from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case


def first(case: Case) -> Section:
    """Return page one."""
    made = [] if case.draws is None else [charts.futures(case.draws, case.first, case.smallest)]
    pictures = [blocks.picture(one, "Differences over the futures") for one in made]
    return Section("answer", f"Would {case.title} do better?", tuple(pictures), tuple(made))
