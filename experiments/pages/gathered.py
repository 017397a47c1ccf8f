"""The result folders that a report is made of: what each is, what is missing, and what does not go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from donorlab.experiments.arguments import InputError
from donorlab.experiments.opened import Opened

PARTS: Final[Mapping[str, str]] = {
    "compare": "the comparison itself: levels, differences over the futures, where money goes, break-even, value judgements",
    "winners": "who gains and who loses: states and donors in groups, and what maps of differences need",
    "membership": "whether donors would join and stay",
    "ignorance": "what it costs that donors do not know of each other",
    "sensitivity": "which assumptions drive the answer",
    "discover": "under which conditions the first answer turns",
    "robust": "which design is never far from best, and what would be worth knowing",
    "sweep": "a map of regimes over two levers",
    "buys": "what two donors buy for a euro",
    "validate": "whether the model reproduces what is known",
}
"""Commands whose folders a report reads, with what each gives it; the order is that of the page."""
_SEVERAL: Final = ("membership", "sweep")  # a folder each proposal, a folder each pair of levers


@dataclass(frozen=True)
class Gathered:
    """What there is to report.

    Attributes
    ----------
    found : folders by command, in the order of `PARTS`; of most commands one
    notes : what a reader must be told of how they go together, a sentence each
    """

    found: Mapping[str, tuple[Opened, ...]]
    notes: tuple[str, ...] = field(default=())

    def one(self, command: str) -> Opened | None:
        """Return the folder of a command, None if there is none."""
        several = self.found.get(command, ())
        return several[0] if several else None

    @property
    def compare(self) -> Opened:
        """The comparison, which every report has."""
        return self.found["compare"][0]

    @property
    def missing(self) -> tuple[str, ...]:
        """Commands without a folder."""
        return tuple(name for name in PARTS if name not in self.found)

    @property
    def folders(self) -> tuple[Opened, ...]:
        """All folders, in the order of the page."""
        return tuple(one for several in self.found.values() for one in several)


def gathered(paths: Sequence[str | Path]) -> Gathered:
    """Open result folders and see whether they go together.

    Parameters
    ----------
    paths : of the folders, in any order; a folder without a manifest that holds result folders stands for these

    Raises
    ------
    InputError
        If one holds no results or those of a command that no report reads, two are of the same command, none is a comparison, or
        one is of another scenario than the comparison.
    """
    if not paths:
        raise InputError("report: name the folders of the results, such as results/2026-11-24-120000-compare-85db4644")
    found: dict[str, list[Opened]] = {}
    for path in paths:
        for one in _opened(Path(path)):
            found.setdefault(_command(one), []).append(one)
    for name, several in found.items():
        places = {one.path.resolve() for one in several}
        if len(places) < len(several):
            raise InputError(f"{several[-1].path}: is named twice")
        if len(several) > 1 and name not in _SEVERAL:
            raise InputError(
                f"{several[1].path}: is a second folder of `donorlab {name}` beside {several[0].path}; a report shows one"
            )
    if "compare" not in found:
        raise InputError(
            "report: none of the folders is a comparison, which every report begins with; run `donorlab compare` and name its "
            "folder too"
        )
    ordered = {name: tuple(found[name]) for name in PARTS if name in found}
    return Gathered(ordered, _notes(ordered))


def _opened(path: Path) -> list[Opened]:
    """Return a result folder, or those that a folder holds."""
    if not path.is_dir():
        raise InputError(f"{path}: {'is not a folder' if path.exists() else 'does not exist'}")
    if not (path / "manifest.json").exists():
        inside = sorted(
            one for one in path.iterdir() if (one / "manifest.json").is_file() and not one.name.startswith(".")
        )
        if inside:
            return [Opened(one) for one in inside]
    return [Opened(path)]


def _command(one: Opened) -> str:
    """Return the command of a folder, refused if a report does not read it."""
    command = str(one.manifest.get("command", ""))
    if command not in PARTS:
        what = f"holds results of `donorlab {command}`" if command else "does not say which command made it"
        raise InputError(f"{one.path}: {what}; a report reads those of {', '.join(PARTS)}")
    return command


# ---------------------------------------------------------------------- what goes together
def scenario_of(one: Opened) -> str | None:
    """Return the scenario of a folder; None where it has none, as a validation."""
    configuration = configuration_of(one)
    return str(configuration["scenario"]) if "scenario" in configuration else None


def settings_of(one: Opened) -> list[str]:
    """Return the user's own settings of a folder, as typed."""
    return [str(word) for word in configuration_of(one).get("settings", [])]


def configuration_of(one: Opened) -> dict[str, Any]:
    """Return what a folder says of its configuration, at one place whatever the command."""
    manifest = one.manifest
    if manifest.get("command") == "sweep":
        found = manifest.get("plan", {}).get("configuration", {})
    else:
        found = manifest.get("configuration", {})
    if not isinstance(found, dict):
        raise InputError(
            f"{one.path / 'manifest.json'}: its configuration is not readable; put a copy of the folder in its place"
        )
    keys = found.get("keys")
    return {**keys, **found} if isinstance(keys, dict) else found


def _notes(found: Mapping[str, tuple[Opened, ...]]) -> tuple[str, ...]:
    """Refuse folders of another scenario; tell of other settings and other sources."""
    first = found["compare"][0]
    scenario, settings = scenario_of(first), settings_of(first)
    notes: list[str] = []
    for name, several in found.items():
        for one in several:
            if name in ("buys", "validate") or one is first:
                continue  # these have a world of their own
            own = scenario_of(one)
            if own != scenario:
                raise InputError(
                    f"{one.path}: is of the scenario {own}, the comparison in {first.path} of {scenario}; a report is of "
                    "one scenario"
                )
            if sorted(settings_of(one)) != sorted(settings):
                notes.append(
                    f"The part made by `{name}` has other settings ({' '.join(settings_of(one)) or 'none'}) than the comparison "
                    f"({' '.join(settings) or 'none'})."
                )
    if len({text for several in found.values() for one in several for text in models_of(one)}) > 1:
        notes.append(
            "The parts were not all made by the same version of the model; the last section names the version of each."
        )
    return tuple(notes)


def models_of(one: Opened) -> tuple[str, ...]:
    """Return the hashes of the model's sources that made a folder; those of a sweep stand with what else its runs depend on."""
    several = one.manifest.get("sources")
    if isinstance(several, dict):
        return tuple(str(own["sim"]) for own in several.values() if isinstance(own, dict) and "sim" in own)
    own = one.manifest.get("source_hash")
    return (str(own),) if own else ()


# ---------------------------------------------------------------------- tables
def csv(one: Opened, name: str) -> pd.DataFrame | None:
    """Return a CSV table of a folder, None if it has none.

    Parameters
    ----------
    one : the folder
    name : without ``.csv``

    Raises
    ------
    InputError
        If it cannot be read.
    """
    path = one.path / f"{name}.csv"
    if not path.exists():
        return None
    try:
        return pd.read_csv(path)
    except pd.errors.EmptyDataError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: cannot be read ({str(error).splitlines()[0]}); put a copy of the folder in its place"
        ) from None


def needs(frame: pd.DataFrame, columns: Sequence[str], place: Path) -> pd.DataFrame:
    """Return a table after a look at its columns.

    Raises
    ------
    InputError
        If one is missing.
    """
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        raise InputError(f"{place}: has no column '{lacking[0]}'; it was changed by hand or made by another version")
    return frame


def required(one: Opened, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return a CSV table that folders of this command always have, after a look at its columns.

    Parameters
    ----------
    one : the folder
    name : without ``.csv``
    columns : that are read

    Raises
    ------
    InputError
        If it or a column is missing.
    """
    found = csv(one, name)
    if found is None:
        raise InputError(f"{one.path}: has no {name}.csv; put a copy of the folder in its place")
    return needs(found, columns, one.path / f"{name}.csv")
