"""What a report is about, read once: the comparison's tables and what its configuration says, with all other folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pandas as pd

from donorlab.experiments import ensemble
from donorlab.experiments.arguments import InputError
from donorlab.experiments.ensemble import Futures
from donorlab.experiments.opened import Opened
from donorlab.experiments.pages import claims, gathered
from donorlab.experiments.pages.gathered import Gathered
from donorlab.experiments.tables import names_in
from donorlab.experiments.words import called

CENTRAL: Final = "central"


@dataclass(frozen=True)
class Case:
    """What is reported.

    Attributes
    ----------
    gathered : the folders
    named : whether states may be named in tables of havens, compliance and losers, and on maps
    """

    gathered: Gathered
    named: bool = False

    # ------------------------------------------------------------------ folders
    @property
    def compare(self) -> Opened:
        """Folder of the comparison."""
        return self.gathered.compare

    @property
    def missing(self) -> tuple[str, ...]:
        """Commands without a folder."""
        return self.gathered.missing

    def one(self, command: str) -> Opened | None:
        """Return the folder of a command, None if there is none."""
        return self.gathered.one(command)

    # ------------------------------------------------------------------ configuration
    @cached_property
    def configuration(self) -> dict[str, Any]:
        """What determined the comparison."""
        return gathered.configuration_of(self.compare)

    def said(self, *keys: str) -> Any:
        """Return a part of the configuration.

        Raises
        ------
        InputError
            If it is not there.
        """
        found: Any = self.configuration
        for key in keys:
            if not isinstance(found, dict) or key not in found:
                raise InputError(
                    f"{self.compare.path / 'manifest.json'}: lacks '{'.'.join(keys)}'; put a copy of the folder in its place"
                )
            found = found[key]
        return found

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return str(self.said("scenario"))

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of the first architecture."""
        return dict(self.said("resolved", "parameters"))

    @property
    def smallest(self) -> float:
        """Least difference in efficiency that matters, as a share."""
        return float(self.said("smallest_difference"))

    @property
    def points(self) -> str:
        """The same in words, e.g. ``2 points``."""
        return "1 point" if self.smallest == 0.01 else f"{100 * self.smallest:g} points"

    @property
    def seeds(self) -> int:
        """Number of paired replications."""
        return int(self.said("replications"))

    @property
    def money(self) -> float:
        """EUR m a year of all donors at default values."""
        return float(self.parameters["money"])

    @property
    def years(self) -> float:
        """Years with new money."""
        return float(self.parameters["horizon"]) / 4

    @property
    def donors(self) -> int:
        """Number of donors."""
        return len(self.said("resolved", "donors", "ids"))

    @property
    def states(self) -> int:
        """Number of states."""
        return len(self.said("resolved", "beneficiaries", "ids"))

    @property
    def ensemble(self) -> Mapping[str, Any] | None:
        """What was drawn; None without futures."""
        found: Mapping[str, Any] | None = self.said("ensemble")
        return found

    @cached_property
    def drawn(self) -> int:
        """How many numbers were drawn that can do anything here; all that were drawn where an older version made the comparison."""
        table = self.optional("uncertainties")
        if table is not None and "acts" in table:
            return int(table["acts"].sum())
        return len(self.ensemble["varied"]) if self.ensemble is not None else 0

    @property
    def proposals(self) -> Mapping[str, Any]:
        """Proposals by name, as written; empty where architectures were compared."""
        found: Mapping[str, Any] = self.configuration.get("proposals") or {}
        return found

    # ------------------------------------------------------------------ tables
    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row a run at default values."""
        return self.compare.frame("runs")

    @cached_property
    def ends(self) -> pd.DataFrame:
        """Capacity at the end of each run at default values, with what it is without aid; empty where it was not kept."""
        columns = ["architecture", "seed", "quarter", "capacity", "capacity_no_aid"]
        if "steps" not in self.compare.tables or not set(columns) <= set(self.compare.dataset("steps").schema.names):
            return pd.DataFrame()
        last = int(self.parameters["horizon"]) + int(self.parameters["wind_down"])
        return self.compare.frame("steps", columns, [("quarter", "==", last)])

    @cached_property
    def draws(self) -> pd.DataFrame | None:
        """A row a future and architecture; None without futures."""
        return self.compare.frame("ensemble") if "ensemble" in self.compare.tables else None

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row an outcome."""
        return gathered.required(self.compare, "summary", ["outcome", "unit", *self.names])

    def optional(self, name: str) -> pd.DataFrame | None:
        """Return a table that only some comparisons have."""
        return gathered.csv(self.compare, name)

    # ------------------------------------------------------------------ who is compared
    @cached_property
    def names(self) -> tuple[str, ...]:
        """Architectures and proposals, the reference first."""
        return tuple(names_in(self.runs))

    @property
    def first(self) -> str:
        """The reference."""
        return self.names[0]

    @property
    def others(self) -> tuple[str, ...]:
        """All but the reference."""
        return self.names[1:]

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Difference in efficiency to the reference: a row a future, a column each of the others; empty without futures."""
        return ensemble.differences(self.draws) if self.draws is not None else pd.DataFrame()

    @cached_property
    def counts(self) -> dict[str, Futures]:
        """In how many futures each of the others is better, same, worse; empty without futures."""
        return {str(name): ensemble.futures(column, self.smallest) for name, column in self.differences.items()}

    @property
    def futures(self) -> int:
        """Number of futures."""
        return max((one.count for one in self.counts.values()), default=0)

    @cached_property
    def ranked(self) -> tuple[str, ...]:
        """The others by what the futures say of them, see `claims.ranked`; without futures as they were asked for."""
        return tuple(claims.ranked(self.counts)) if self.counts else self.others

    @property
    def candidates(self) -> tuple[str, ...]:
        """Those that could be proposed, in the order of `ranked`: one donor with all money is a benchmark and no proposal."""
        return tuple(name for name in self.ranked if name != CENTRAL)

    @property
    def candidate_counts(self) -> dict[str, Futures]:
        """Counts of the candidates; empty without futures."""
        return {name: self.counts[name] for name in self.candidates} if self.counts else {}

    def called(self, name: str) -> str:
        """Return the name of an architecture or proposal in plain words; the reference as what it is."""
        return called(name)

    @property
    def footer(self) -> str:
        """What stands under the page."""
        return (
            f"DonorLab, scenario {self.scenario}. Boundaries and names imply no endorsement; model results under "
            "stated assumptions, "
            "no forecast of any state or donor."
        )
