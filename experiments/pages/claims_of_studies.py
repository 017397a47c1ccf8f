"""Sentences from studies (being written elsewhere)."""

from __future__ import annotations

import pandas as pd


def would_change(information: pd.DataFrame) -> list[str]:
    """Return what evidence would change the choice."""
    return []
