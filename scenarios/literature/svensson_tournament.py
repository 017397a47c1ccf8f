"""Plug-in of ``literature/svensson-tournament``: an individual condition on measured performance, for comparison.

Each project is judged by itself: it is paid if ``adopted + tournament_noise * z + common shock >= threshold``, without
exception. A state knows the shock and how the noise is distributed, and adopts by its own will or if
``(P(paid with the reform) - P(paid without)) * (stake - replaced) >= cost - benefit``. What it is told of the shock moves its
effort, which relative performance would not let it do. Source: the individual contract beside the tournament of Svensson 2003;
its form is derived here. Measurement, stakes and what follows are those of ``donorlab.sim.mechanisms``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from donorlab.sim.mechanisms import register_mechanism
from donorlab.sim.mechanisms.reforms import adopts, carry_out, is_conditional, stake, to_decide
from donorlab.sim.mechanisms.tournament import performance
from donorlab.sim.scenario import option

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

CUT = 2.0  # the noise is a standard normal draw cut at +-2, as in ``streams.normal_cut``


@dataclass(frozen=True)
class Options:
    """Options of the mechanism."""

    threshold: float = option(
        0.5, "-", "measured performance from which a project is paid", "assumption: half the effect of a reform"
    )
    common_shock: float = option(0.0, "-", "added to the measured performance of all", "assumption: 0")


def chance(lacking: float, noise: float) -> float:
    """Return the probability that noise makes up for what is lacking to the threshold."""
    if noise == 0:
        return float(lacking <= 0)
    least, most = ndtr(-CUT), ndtr(CUT)
    return float(np.clip((most - ndtr(lacking / noise)) / (most - least), 0.0, 1.0))


def measured(model: CoordinationModel, quarter: int) -> None:
    """Each project is paid if it measures well enough by itself. The phase ``contract = measured``."""
    options: Options = model.options["contract"]
    lacking, noise = options.threshold - options.common_shock, model.parameters.tournament_noise
    gain = chance(lacking - 1.0, noise) - chance(lacking, noise)
    answers = {
        row: adopts(model, quarter, row, gain, *stake(model, row))
        if is_conditional(model, row)
        else adopts(model, quarter, row)
        for row in to_decide(model)
    }
    group = [row for row in answers if is_conditional(model, row)]
    found = performance(model, quarter, group, answers, options.common_shock)
    carry_out(
        model, quarter, answers, {row for row, value in zip(group, found, strict=True) if value < options.threshold}
    )


measured.Options = Options  # type: ignore[attr-defined]
register_mechanism("contract", "measured", measured)
