"""``donorlab trace``: a receipt for money that was spent twice, from the events of one run."""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click
import pandas as pd

from donorlab import scenarios as catalogue
from donorlab.experiments import provenance, receipt, setting
from donorlab.experiments.arguments import Arguments, InputError, did_you_mean, parse
from donorlab.experiments.store import ResultFolder
from donorlab.experiments.words import counted, label
from donorlab.sim.scenario import checked_seed

if TYPE_CHECKING:
    from donorlab.sim import Scenario
    from donorlab.sim.result import Result

MOST: Final = 3  # states that are named where nothing was lost in the one asked for
NEXT: Final = 5  # tasks that are named after the worst one


@dataclass(frozen=True)
class Place:
    """Which task is asked for; what is left open is None."""

    beneficiary: str | None
    pillar: str | None
    task: int | None

    @property
    def one(self) -> tuple[str, str, int] | None:
        """The task itself, if nothing is left open."""
        if self.beneficiary is None or self.pillar is None or self.task is None:
            return None
        return self.beneficiary, self.pillar, self.task

    def within(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a table that belong here."""
        for column in ("beneficiary", "pillar", "task"):
            if getattr(self, column) is not None:
                frame = frame[frame[column] == getattr(self, column)]
        return frame

    def __str__(self) -> str:
        parts = [self.beneficiary, label(self.pillar) if self.pillar else None]
        return ", ".join([part for part in parts if part] + ([] if self.task is None else [f"task {self.task}"]))


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab trace WORDS``."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    arguments = parse("trace", words)
    seed = checked_seed(arguments.experiment["seed"])
    out = setting.folder(arguments.experiment)
    scenario = catalogue.load(arguments.experiment["scenario"], list(arguments.overrides))
    place = _place(arguments, scenario)
    from donorlab.sim import simulate

    text, tables = tell(simulate(scenario, seed, trace=True), place)
    click.echo(text)
    if out is not None:
        configuration = _configuration(arguments, scenario, seed, place)
        with ResultFolder(out) as folder:
            folder.text("receipt.txt", text + "\n")
            for name, frame in tables.items():
                folder.csv(name, frame)
            folder.json("configuration", configuration)
            folder.manifest(setting.manifest(configuration, words, [seed], started, clock))
        click.echo(f"\nThe receipt and the events behind it: {folder.path}")


def tell(result: Result, place: Place) -> tuple[str, dict[str, pd.DataFrame]]:
    """Return the receipt of a traced run as text, and the tables behind it.

    Parameters
    ----------
    result : of ``simulate(..., trace=True)``
    place : the task, or where to look for the worst one
    """
    from donorlab.sim.outcomes.by_task import task_payments
    from donorlab.sim.sightings import sightings_frame

    model = result.model
    paid, who = task_payments(model), sightings_frame(model)
    scenario = result.scenario
    lines = receipt.wrapped(f"{scenario.title}, {label(scenario.architecture)}, seed {result.seed}. {_whole_run(paid)}")
    found = receipt.worst(place.within(paid))
    where = place.one
    if where is not None:
        lines.append("")
    elif found.empty:
        if paid["paid_twice"].any():
            where_lost = paid[paid["paid_twice"]].groupby("beneficiary", observed=True)["price_m"].sum()
            most = where_lost.sort_values(ascending=False, kind="stable").index[:MOST]
            lines += receipt.wrapped(
                f"None of them in {place}. Most money was paid twice in {', '.join(most)}: try beneficiary={most[0]}, or leave the "
                "place out."
            )
        return "\n".join(lines), {"events": result.events.iloc[:0], "sightings": who.iloc[:0]}
    else:
        first = found.iloc[0]
        where = (str(first["beneficiary"]), str(first["pillar"]), int(first["task"]))
        lines += ["", *receipt.wrapped(f"The worst task{f' in {place}' if str(place) else ''}:")]
    facts = receipt.Facts.of(model, result.events, paid, who, where)
    lines += receipt.receipt(facts)
    if place.one is None and len(found) > 1:
        lines += ["", f"The next worst{f' in {place}' if str(place) else ''}:"]
        for row in found.iloc[1 : NEXT + 1].to_dict("records"):
            key = f"beneficiary={row['beneficiary']} pillar={row['pillar']} task={row['task']}"
            lines.append(f"  {key}: {receipt.eur(row['lost_m'])} in {counted(row['payments'], 'payment')}")
    return "\n".join(lines), {"events": facts.events, "sightings": facts.who}


def _whole_run(paid: pd.DataFrame) -> str:
    """Return what the whole run lost."""
    lost, total = paid[paid["paid_twice"]], float(paid["price_m"].sum())
    digits = 1 if total >= 100 else 3
    if paid.empty:
        return "Nothing was contracted in this run."
    if lost.empty:
        return f"No payment was made twice in this run: {len(paid):,} payments, EUR {total:,.{digits}f}m for tasks."
    money, tasks = float(lost["price_m"].sum()), lost.groupby(["beneficiary", "pillar", "task"]).ngroups
    return (
        f"EUR {money:,.{digits}f}m of EUR {total:,.{digits}f}m for tasks ({money / total:.0%}) were paid for what was paid for "
        f"already: {counted(len(lost), 'payment')} on {counted(tasks, 'task')}."
    )


def _place(arguments: Arguments, scenario: Scenario) -> Place:
    """Return which task is asked for.

    Raises
    ------
    InputError
        If there is no such beneficiary, pillar or task.
    """
    given, states = arguments.experiment, scenario.beneficiaries
    beneficiary = pillar = task = None
    if given["beneficiary"] is not None:
        beneficiary = _known("beneficiary", given["beneficiary"], states.ids, states.names)
    if given["pillar"] is not None:
        pillar = _known("pillar", given["pillar"], scenario.pillars, scenario.pillars)
    if given["task"] is not None:
        text, tasks = str(given["task"]), scenario.parameters.tasks_per_pillar
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise InputError(f"task: '{text}' is not a whole number")
        task = int(text)
        if not 0 <= task < tasks:
            raise InputError(f"task: {task} is none; the nearest is {min(max(task, 0), tasks - 1)} (0 to {tasks - 1})")
    return Place(beneficiary, pillar, task)


def _known(key: str, text: str, ids: Sequence[str], names: Sequence[str]) -> str:
    """Return the id that is meant: an id or a name, in small or capital letters."""

    def plain(word: str) -> str:
        return word.casefold().replace("_", " ")

    meant = {plain(name): identifier for name, identifier in zip(names, ids, strict=True)}
    meant |= {plain(identifier): identifier for identifier in ids}
    if plain(text) in meant:
        return meant[plain(text)]
    close = did_you_mean(plain(text), meant)
    if close:
        word = close.split("'")[1] if close.count("'") == 2 else ""
        close = f" (did you mean '{meant[word]}'?)" if word else close
    some = ", ".join(ids[:6]) + (", ..." if len(ids) > 6 else "")
    raise InputError(f"{key}: there is no '{text}'{close or f'; there are {some}'}")


def _configuration(arguments: Arguments, scenario: Scenario, seed: int, place: Place) -> dict[str, Any]:
    """Return all that determines the receipt."""
    return {
        "command": "trace",
        "scenario": arguments.experiment["scenario"],
        "settings": list(arguments.overrides),
        "seed": seed,
        "beneficiary": place.beneficiary,
        "pillar": place.pillar,
        "task": place.task,
        "build": catalogue.configuration(arguments.experiment["scenario"], arguments.overrides),
        "resolved": provenance.as_plain(scenario),
    }
