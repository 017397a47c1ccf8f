"""A third party's mechanism in one file: a function and its options, in plain numpy."""

from dataclasses import dataclass

import numpy as np

from donorlab.sim.mechanisms.coverage import mend_beliefs
from donorlab.sim.scenario import option
from donorlab.sim.state import DOMESTIC


@dataclass(frozen=True)
class Options:
    """Options of the mechanism."""

    quarter: int = option(20, "quarter", "when everything funded lapses", "assumption; range 1 to 56", low=1, high=4000)


def all_at_once(model, quarter):
    """Let every funded task lapse in one quarter, as after a change of government."""
    if quarter != model.options["lapse"].quarter:
        return
    state, ledger = model.state, model.state.ledger
    touched = np.argwhere(state.funded != 0)
    state.standing &= ~state.funded
    for j, k in touched:
        state.lapsed[j, k] += bin(int(state.funded[j, k])).count("1")
    state.funded[:] = 0
    state.owner[:] = DOMESTIC
    state.deadline[:] = np.inf
    by_task = model.parameters.ignorance == "task"
    for j, k in touched:
        mend_beliefs(j, k, state.first, ledger.whole, ledger.words, ledger.seen, state.known, state.visible, by_task)


all_at_once.Options = Options
