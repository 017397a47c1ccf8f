"""How exposed users are, and how many states are safe havens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from donorlab.sim.recording import EXPOSED, EXPOSURE, HAVENS

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


def exposure_outcomes(model: CoordinationModel) -> dict[str, float]:
    """Return outcomes about safe havens at the end of the run.

    safe_havens
        number of states where legal or technical capacity lies below the threshold
    exposure
        mean over users of the exposure of their state, 0 to 1
    exposed_users_m
        that mean times all users, millions
    """
    last = model.record.numbers[model.parameters.quarters - 1]
    return {
        "safe_havens": float(last[HAVENS]),
        "exposure": float(last[EXPOSURE]),
        "exposed_users_m": float(last[EXPOSED]),
    }
