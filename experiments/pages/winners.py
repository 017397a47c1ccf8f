"""Results of `donorlab winners` as sections read them: tables, and how many gain and lose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from donorlab.experiments import chances
from donorlab.experiments.gains import FUTURE, Gains
from donorlab.experiments.opened import Opened
from donorlab.experiments.pages import gathered
from donorlab.experiments.pages.case import Case
from donorlab.experiments.pages.claims_of_actors import Verdicts
from donorlab.experiments.tables import names_in

_STATES: Final = ("proposal", "iso3", "name", "region", "income_group", "value_change", "told", "verdict")
_GROUPS: Final = ("proposal", "kind", "group", "states", "value_change", "value_change_low", "value_change_high")
_DONORS: Final = ("proposal", "donor", "name", "kind", "member", "budget_m", "worth_m", "verdict", "overhead_m_change")
_CHANCE: Final = ("proposal", "gains", "may_gain", "may_lose", "loses", "chance_called")
_OVER: Final = (
    "futures_gain",
    "futures_same",
    "futures_lose",
    "future_change",
    "future_low",
    "future_high",
    "over_futures",
)


@dataclass(frozen=True)
class Winners:
    """Results of `donorlab winners`, tables read once.

    Attributes
    ----------
    case : what is reported
    folder : of the results
    """

    case: Case
    folder: Opened

    @cached_property
    def smallest(self) -> float:
        """Least change that matters, as a share."""
        return float(gathered.configuration_of(self.folder).get("smallest_difference", self.case.smallest))

    @property
    def points(self) -> str:
        """The same in words."""
        return f"{100 * self.smallest:g} points"

    @cached_property
    def states(self) -> pd.DataFrame:
        """A row a proposal and state."""
        return self._table("states", _STATES)

    @cached_property
    def groups(self) -> pd.DataFrame:
        """A row a proposal and group of states."""
        return self._table("groups", _GROUPS)

    @cached_property
    def donors(self) -> pd.DataFrame:
        """A row a proposal and donor."""
        return self._table("donors", _DONORS)

    @cached_property
    def chance(self) -> pd.DataFrame:
        """A row a proposal."""
        return gathered.required(self.folder, "chance", _CHANCE)

    def _table(self, name: str, columns: Sequence[str]) -> pd.DataFrame:
        found = gathered.required(self.folder, name, columns)
        if "futures_gain" in found:
            gathered.needs(found, _OVER, self.folder.path / f"{name}.csv")
        return found

    @property
    def over(self) -> bool:
        """Whether futures were drawn."""
        return "futures_gain" in self.states

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Proposals, best first as far as the comparison knows them; one donor with all money, a benchmark, is last."""
        own = list(dict.fromkeys(self.states["proposal"].astype(str)))
        known = [name for name in self.case.candidates if name in own]
        return tuple(known + [name for name in own if name not in known])

    def typical_loss(self, name: str) -> float:
        """Return the middle loss over futures in which states lose that more often lose than gain, as a share of own value.

        NaN where none does, or the folder does not hold what states had in each future.
        """
        own = of(self.states, name)
        who = set(own.loc[own["over_futures"] == "loses", "iso3"])
        if not who or not (self.folder.path / "states.parquet").exists():
            return float("nan")
        had = self.folder.frame("states", ["sample", "number", "architecture", "iso3", "value"])
        had = had[(had["sample"] == FUTURE) & had["iso3"].isin(who)]
        first = names_in(self.runs.runs)[0]
        wide = had.pivot_table(index=["number", "iso3"], columns="architecture", values="value", observed=True)
        lost = (wide[first] - wide[name]).to_numpy(dtype=np.float64)
        lost = lost[lost >= self.smallest]
        return float(np.median(lost)) if len(lost) else float("nan")

    @cached_property
    def runs(self) -> Gains:
        """What each donor had in every run."""
        runs = self.folder.frame("runs", ["sample", "number", "architecture"])
        ids = tuple(dict.fromkeys(self.donors["donor"].astype(str)))
        return Gains(pd.DataFrame(), self.folder.frame("donors"), runs, (), ids)


def verdicts(part: pd.DataFrame) -> Verdicts:
    """Return how many states or donors gain and lose, over the futures where there are any.

    Parameters
    ----------
    part : rows of one proposal
    """
    if "over_futures" not in part:
        gain, lose = (int((part["verdict"] == one).sum()) for one in ("gains", "loses"))
        return Verdicts(gain, len(part) - gain - lose, lose, 0.0, 0)
    gain, lose = (int((part["over_futures"] == one).sum()) for one in ("gains", "loses"))
    counts = part[["futures_gain", "futures_same", "futures_lose"]].fillna(0).to_numpy(dtype=np.int64).T
    futures = int(counts.sum(axis=0).max(initial=0))
    most_gain, _, most_lose = (int(count) for count in (2 * counts > counts.sum(axis=0)).sum(axis=1))
    return Verdicts(gain, len(part) - gain - lose, lose, chances.fair_coin(counts), futures, most_gain, most_lose)


def of(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows of one proposal.

    Parameters
    ----------
    frame : with a column ``proposal``
    name : of the proposal
    """
    return frame[frame["proposal"] == name]
