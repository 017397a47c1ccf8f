"""The futures of a study under each value judgement of who counts how much: donors plan by it, so that they are run anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from donorlab.experiments import values
from donorlab.experiments.arguments import Arguments
from donorlab.experiments.studies import study
from donorlab.experiments.studies.study import Study

if TYPE_CHECKING:
    from donorlab.sim import Scenario


def allowed(given: Arguments, loaded: Mapping[str, Scenario]) -> dict[str, dict[str, float | int | str]]:
    """Return the value judgements other than the scenario's own, but for those that the user's words decide."""
    found, _ = values.possible(next(iter(loaded.values())))
    return {name: dict(changes) for name, changes in found.items() if not given.given & changes.keys()}


def made(given: Arguments, changes: Mapping[str, float | int | str], points: pd.DataFrame) -> Study:
    """Return the runs at points under one value judgement, one seed each: the first of the point's own.

    Parameters
    ----------
    given : keys of the command
    changes : parameters of the judgement
    points : of `factors.futures`
    """
    words = tuple(f"{key}={value}" for key, value in changes.items())
    return study.made(replace(given, overrides=(*given.overrides, *words)), points, 1)
