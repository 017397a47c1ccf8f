"""4.5 Lapse: what projects delivered falls into disuse unless the state owns it.

A task that a project owns lapses when the hazard summed since delivery, lapse * (1 - ownership) a quarter, exceeds its
lifetime, `(-ln u)^(1/s) / Gamma(1 + 1/s)` with s = 1 (`exponential`, `after_exit`) or 2 (`ageing`), for imposed reforms over
imposed_lapse; in `after_exit` the hazard is summed only while the donor has no live project in the state.
Sources: imposed reform decays at a rate d * (1 - ownership), owned reform persists (literature on conditionality and
ownership, e.g. Killick 1998); Weibull 1951 for ageing; rate, forms and imposed_lapse are assumptions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.mechanisms.coverage import mend_beliefs
from donorlab.sim.state import DOMESTIC, DONOR, LAPSED

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


@dataclass(frozen=True)
class LapseForm:
    """How the tasks of projects lapse.

    Attributes
    ----------
    shape : of the Weibull distribution of lifetimes, whose mean is 1 in hazard: 1 no ageing
    after_exit : whether only quarters count in which the donor has no live project in the state
    """

    shape: float = 1.0
    after_exit: bool = False


FORMS: Final = {"ageing": LapseForm(shape=2.0), "after_exit": LapseForm(after_exit=True)}
"""Name of the mechanism to its form; all others, those of third parties too, have lifetimes without ageing."""


@compiled
def lifetime(u, shape, faster):  # type: ignore[no-untyped-def]
    """Return how much hazard a task stands, from a uniform draw: mean 1 whatever the shape, over ``faster``."""
    life = -math.log(u)
    if shape != 1.0:
        life = life ** (1.0 / shape) / math.gamma(1.0 + 1.0 / shape)
    return life / faster


@compiled
def lapse_quarter(  # type: ignore[no-untyped-def]
    rate, by_task, after_exit, ownership, own_running, whole, words, seen, standing, funded, owner, deadline, next_deadline,
    hazard, known, visible, first, lapsed, flow,
):
    """Let funded tasks lapse whose time has come. ``hazard`` is one clock for all donors (1, J), or one for each (D, J)."""
    one = np.uint64(1)
    for j in range(standing.shape[0]):
        latest = 0.0
        for clock in range(hazard.shape[0]):
            if not after_exit or own_running[clock, j] == 0:
                hazard[clock, j] += rate * (1.0 - ownership[j])
            latest = max(latest, hazard[clock, j])
        for k in range(standing.shape[1]):
            if latest <= next_deadline[j, k]:
                continue
            soonest = math.inf
            for task in range(owner.shape[2]):
                if (funded[j, k] >> np.uint64(task)) & one:
                    clock = whole[owner[j, k, task], DONOR] if hazard.shape[0] > 1 else 0
                    if hazard[clock, j] > deadline[j, k, task]:
                        bit = one << np.uint64(task)
                        standing[j, k] &= ~bit
                        funded[j, k] &= ~bit
                        owner[j, k, task] = DOMESTIC
                        deadline[j, k, task] = math.inf
                        lapsed[j, k] += 1
                        flow[LAPSED] += 1
                    else:
                        soonest = min(soonest, deadline[j, k, task])
            next_deadline[j, k] = soonest
            mend_beliefs(j, k, first, whole, words, seen, known, visible, by_task)


def _lapse(model: CoordinationModel) -> None:
    """Let tasks lapse in the form of the model; does nothing where ``lapse`` is 0."""
    state, p = model.state, model.parameters
    if p.lapse <= 0:
        return
    ledger = state.ledger
    lapse_quarter(
        p.lapse, p.ignorance == "task", model.lapse_form.after_exit, state.ownership, state.own_running, ledger.whole,
        ledger.words, ledger.seen, state.standing, state.funded, state.owner, state.deadline, state.next_deadline,
        state.hazard, state.known, state.visible, state.first, state.lapsed, state.flow,
    )  # fmt: skip


def lapse(model: CoordinationModel, quarter: int) -> None:
    """What the state does not own falls into disuse at a constant rate. The phase ``lapse = exponential``.

    Source: imposed reform decays at a rate (literature on conditionality and ownership, e.g. Killick 1998); assumption.
    """
    _lapse(model)


def ageing(model: CoordinationModel, quarter: int) -> None:
    """The older it is, the faster falls into disuse what the state does not own, after the same mean time. ``lapse = ageing``.

    Source: lifetimes that age (Weibull 1951); that what projects delivered ages so is an assumption.
    """
    _lapse(model)


def after_exit(model: CoordinationModel, quarter: int) -> None:
    """Only once its donor has left falls into disuse what the state does not own. The phase ``lapse = after_exit``.

    Source: what stands after the money stops as the test of ownership (Killick 1998); the form is an assumption.
    """
    _lapse(model)
