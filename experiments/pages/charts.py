"""All pictures of the report but the maps: plain tables in, a `Chart` out."""

from __future__ import annotations

from donorlab.experiments.pages.chart import NOTICE, Chart
from donorlab.experiments.pages.charts_of_actors import gains, ignorance, membership
from donorlab.experiments.pages.charts_of_comparison import comparison, futures, over_time
from donorlab.experiments.pages.charts_of_money import break_even, waterfall
from donorlab.experiments.pages.charts_of_studies import box, information, regime, regret, sensitivity

__all__ = [
    "NOTICE", "Chart", "box", "break_even", "comparison", "futures", "gains", "ignorance", "information", "membership",
    "over_time", "regime", "regret", "sensitivity", "waterfall",
]  # fmt: skip
