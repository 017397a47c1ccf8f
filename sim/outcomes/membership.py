"""5.2 Membership: how much of the money is under the umbrella, who joined, who left, and what each had seen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from donorlab.sim.mechanisms.membership import INSIDE, OUTSIDE
from donorlab.sim.scenario import BoolArray

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


def members_now(model: CoordinationModel) -> BoolArray:
    """Return (D,) who is under the umbrella and has a budget; the common fund has none."""
    return np.asarray(model.design.member & (model.giving.budget > 0))


def membership_outcomes(model: CoordinationModel) -> dict[str, float]:
    """Return the share of money under an umbrella, members at the end, and how many joined and left in the run."""
    state = model.state
    arrived = float(state.appropriated.sum())
    looks = model.membership.looks if model.membership is not None else []
    return {
        "membership": float(state.under_umbrella.sum()) / arrived if arrived > 0 else math.nan,
        "members": float(members_now(model).sum()),
        "members_joined": float(sum(int(look.joins.sum()) for look in looks)),
        "members_left": float(sum(int(look.leaves.sum()) for look in looks)),
    }


def membership_table(model: CoordinationModel) -> pd.DataFrame:
    """Return a row a donor and year in which it could look at both sides: what it saw, and whether it joined or left.

    Columns: ``quarter`` of the decision, ``donor``, ``member`` in the year before, ``seen_inside`` and ``seen_outside`` (what
    a euro brought there in that year), ``mean_inside`` and ``mean_outside`` (running means; NaN: not known), ``tried`` (moved
    whatever it saw), ``move`` (``joins``, ``leaves`` or empty). Empty where membership is compulsory. Only donors that were
    invited and have a budget.
    """
    columns = ["quarter", "donor", "member", "seen_inside", "seen_outside", "mean_inside", "mean_outside", "tried", "move"]
    found = model.membership
    if found is None or not found.looks:
        return pd.DataFrame({name: [] for name in columns})
    rows = np.flatnonzero(found.charter.member & (model.giving.budget > 0))
    ids = np.array(model.inputs.donors.ids, dtype=object)[rows]
    frames = [
        pd.DataFrame(
            {
                "quarter": look.quarter,
                "donor": ids,
                "member": look.member[rows],
                "seen_inside": look.seen[INSIDE, rows],
                "seen_outside": look.seen[OUTSIDE, rows],
                "mean_inside": look.means[INSIDE, rows],
                "mean_outside": look.means[OUTSIDE, rows],
                "tried": look.tried[rows],
                "move": np.select([look.joins[rows], look.leaves[rows]], ["joins", "leaves"], ""),
            }
        )
        for look in found.looks
    ]
    return pd.concat(frames, ignore_index=True)
