"""Every payment for a task: the ledger, a row a project and task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from donorlab.sim.state import (
    BENEFICIARY,
    DONOR,
    DUPLICATED,
    PILLAR,
    PRICE,
    QUARTER,
    RACE,
    SLOT,
    STATUS,
    TASKS,
    WITHHELD,
)

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


def task_payments(model: CoordinationModel) -> pd.DataFrame:
    """Return all payments of a run in the order of their contracts.

    Returns
    -------
    DataFrame
        ``project`` (row of the ledger), ``donor``, ``beneficiary``, ``pillar``, ``task``, ``quarter``, ``slot``; ``price_m``, the
        base price in EUR m (0 where the project was withheld); ``paid_twice``, and of these ``by_race``, as they count at the
        end of the run; ``withheld``. The sum of ``price_m`` over those paid twice is the numerator of ``duplication_share``.
    """
    ledger, inputs = model.state.ledger, model.inputs
    whole, words = ledger.whole[: ledger.size], ledger.words[: ledger.size]
    bit = np.uint64(1) << np.arange(model.parameters.tasks_per_pillar, dtype=np.uint64)
    project, task = np.nonzero(words[:, TASKS, None] & bit)
    kept = whole[project, STATUS] != WITHHELD
    return pd.DataFrame(
        {
            "project": project,
            "donor": np.array(inputs.donors.ids, dtype=object)[whole[project, DONOR]],
            "beneficiary": np.array(inputs.beneficiaries.ids, dtype=object)[whole[project, BENEFICIARY]],
            "pillar": np.array(inputs.pillars, dtype=object)[whole[project, PILLAR]],
            "task": task,
            "quarter": whole[project, QUARTER],
            "slot": whole[project, SLOT],
            "price_m": np.where(kept, ledger.reals[project, PRICE], 0.0),
            "paid_twice": kept & (words[project, DUPLICATED] & bit[task] != 0),
            "by_race": kept & (words[project, RACE] & bit[task] != 0),
            "withheld": ~kept,
        }
    )
