"""Who could know of whom: the facts at the moment of each contract for a task that another live project held.

Noted only by a traced run, after the planning of a quarter: until then no project ends and none delivers, so that what
stands in the arrays is what stood there at the contract. A donor knows of a project if it sees it by itself or a register
shows it (ODD, 4.2 and 5.2; source: Halonen-Akatwijuka 2007). Draws are addressed, so that they can be told again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from donorlab.sim import streams
from donorlab.sim.state import (
    BENEFICIARY,
    COMPLETED,
    DONOR,
    FLAGS,
    NEXT,
    PILLAR,
    QUARTER,
    REMAINING,
    REPORTED,
    RUNNING,
    SERIAL,
    SLOT,
    START,
    STATUS,
    TASKS,
)

if TYPE_CHECKING:
    from donorlab.sim.design import Design
    from donorlab.sim.model import CoordinationModel
    from donorlab.sim.scenario import FloatArray

COLUMNS = (
    "quarter", "project", "donor", "beneficiary", "pillar", "task", "holder", "holder_donor", "same_slot", "known",
    "chance", "draw", "seen_itself", "register", "member", "holder_member", "holder_rate", "report_draw", "reported", "started",
    "due", "shown",
)  # fmt: skip


class Overlap(NamedTuple):
    """Two contracts with tasks in common; ``known`` are those of which the later one's donor knew, as the engine has it."""

    project: int
    holder: int
    tasks: int
    same_slot: bool
    known: int
    started: int


class Entry(NamedTuple):
    """What a register has to do with one project and one reader.

    Attributes
    ----------
    register : ``none``, ``projects`` or ``plans``, in force when the reader plans
    member : whether the reader was a member when the register shows such a project: at the end of the slot of its contract
        (plans), or when it is due (projects)
    holder_member : whether the project's donor was a member at its contract
    rate, draw : share of its projects that this donor reports, and the draw that must be below it
    reported : whether the project was
    due : first quarter in which a register of projects can show it, 0 if it has not started
    shown : whether the register has shown it to the reader
    """

    register: str
    member: bool
    holder_member: bool
    rate: float
    draw: float
    reported: bool
    due: int
    shown: bool


class Sightings:
    """Collects overlaps while a model steps, and which designs were in force."""

    def __init__(self) -> None:
        self.rows: list[Overlap] = []
        self._designs: list[tuple[int, Design, FloatArray]] = []

    def note(self, model: CoordinationModel, first: int) -> None:
        """Note the overlaps of the contracts from row ``first`` of the ledger on; to be called when all have planned."""
        if not self._designs or self._designs[-1][1] is not model.design:
            self._designs.append((model.quarter, model.design, model.reporting))
        state = model.state
        whole, words, seen = state.ledger.whole, state.ledger.words, state.ledger.seen
        for p in range(first, state.ledger.size):
            d, j, k = (int(whole[p, column]) for column in (DONOR, BENEFICIARY, PILLAR))
            mine, slot = int(words[p, TASKS]), whole[p, SLOT]
            h = int(state.first[j])
            while h >= 0:
                both = mine & int(words[h, REMAINING])
                together = h >= first and whole[h, SLOT] == slot
                earlier = h < first or whole[h, SLOT] < slot
                if both and h != p and whole[h, PILLAR] == k and whole[h, STATUS] < COMPLETED and (together or earlier):
                    known = 0
                    if earlier and int(seen[h, d >> 6]) >> (d & 63) & 1:
                        known = both
                    elif earlier and len(state.visible):
                        known = both & int(state.visible[d, j, k])
                    started = int(whole[h, START]) if whole[h, STATUS] >= RUNNING else 0
                    self.rows.append(Overlap(p, h, both, bool(together), known, started))
                h = int(whole[h, NEXT])

    def in_force(self, quarter: int) -> tuple[Design, FloatArray]:
        """Return the design in which a quarter was planned, and what share of its projects each donor reports."""
        return next((design, rate) for since, design, rate in reversed(self._designs) if since <= quarter)

    def entry(self, model: CoordinationModel, project: int, reader: int, quarter: int, started: int) -> Entry:
        """Return what the register shows ``reader`` of a project by the planning of a quarter, from the rule and the draws.

        Parameters
        ----------
        project : row of the ledger; reader : row of a donor
        quarter : in which the reader plans; started : quarter in which the project had started by then, 0 if it had not
        """
        row = model.state.ledger.whole[project]
        holder, contracted, reported = int(row[DONOR]), int(row[QUARTER]), bool(row[FLAGS] & REPORTED)
        then, rates = self.in_force(contracted)
        now, _ = self.in_force(quarter)
        shown = reported and then.register == "plans" and bool(then.member[reader])
        for when in range(started + 1, quarter + 1) if started and reported else ():
            late, _ = self.in_force(when)
            if late.register == "projects" and started + 1 + late.register_lag == when and late.member[reader]:
                shown = True
        due = started + 1 + now.register_lag if started and now.register == "projects" else 0
        at = then if now.register == "plans" else self.in_force(min(due, quarter))[0] if due else now
        key = model.giving.keys[holder]
        draw = float(streams.uniform(streams.REPORT, model.seed, contracted, key, 0, 0, int(row[SERIAL])))
        rate, member, other = float(rates[holder]), bool(at.member[reader]), bool(then.member[holder])
        return Entry(now.register, member, other, rate, draw, reported, due, shown)


def observation_draw(model: CoordinationModel, project: int, reader: int, task: int) -> float:
    """Return the draw by which a donor sees a project (or the funding of a task) by itself: it does if it is below q."""
    row, keys = model.state.ledger.whole[project], model.giving.keys
    if model.parameters.ignorance == "task":
        cell, state = 64 * int(row[PILLAR]) + task, model.land.keys[row[BENEFICIARY]]
        return float(streams.uniform(streams.TASK_OBSERVATION, model.seed, 0, keys[reader], state, cell, 0))
    where = (int(row[QUARTER]), keys[row[DONOR]], keys[reader], 0, int(row[SERIAL]))
    return float(streams.uniform(streams.OBSERVATION, model.seed, *where))


def calendar_draw(model: CoordinationModel, quarter: int, donor: int) -> float:
    """Return the draw that says when in a quarter a donor plans: a serial calendar goes by its order."""
    return float(streams.uniform(streams.CALENDAR, model.seed, quarter, model.giving.keys[donor], 0, 0, 0))


def sightings_frame(model: CoordinationModel) -> pd.DataFrame:
    """Return who could know of whom, a row a payment (project and task) and another live project that held the task.

    Returns
    -------
    DataFrame
        ``quarter``, ``project``, ``donor``, ``beneficiary``, ``pillar``, ``task`` of the payment; ``holder``, ``holder_donor`` of
        the other; ``same_slot``: planned at the same time; ``known``: what the donor knew, read off the engine;
        ``chance``, ``draw``, ``seen_itself``: of seeing it by itself; ``register``, ``member`` (the donor), ``holder_member``,
        ``holder_rate``, ``report_draw``, ``reported``, ``due``, ``shown``: see ``Entry``; ``started``: quarter in which the other
        project had started by then (0: not). Of the same slot nothing can be seen or shown, and draws say what would have been.

    Raises
    ------
    ValueError
        If the model was not traced.
    """
    if model.trace is None:
        raise ValueError("sightings: the model was not traced")
    inputs, whole, chance = model.inputs, model.state.ledger.whole, model.parameters.observation_probability
    rows = []
    for found in model.trace.sightings.rows:
        p, h = found.project, found.holder
        d, e, quarter = int(whole[p, DONOR]), int(whole[h, DONOR]), int(whole[p, QUARTER])
        entry = model.trace.sightings.entry(model, h, d, quarter, found.started)
        for task in range(found.tasks.bit_length()):
            if not found.tasks >> task & 1:
                continue
            draw = observation_draw(model, h, d, task)
            rows.append(
                (
                    quarter, p, inputs.donors.ids[d], inputs.beneficiaries.ids[whole[p, BENEFICIARY]],
                    inputs.pillars[whole[p, PILLAR]], task, h, inputs.donors.ids[e], found.same_slot,
                    bool(found.known >> task & 1), chance, draw, draw < chance and not found.same_slot, entry.register,
                    entry.member, entry.holder_member, entry.rate, entry.draw, entry.reported, found.started, entry.due,
                    entry.shown and not found.same_slot,
                )
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def would_see(model: CoordinationModel, project: int, reader: int, task: int) -> bool:
    """Return whether a donor would know of a project of its own slot, were it to plan after that one: by draw or register."""
    if observation_draw(model, project, reader, task) < model.parameters.observation_probability:
        return True
    assert model.trace is not None
    return model.trace.sightings.entry(model, project, reader, int(model.state.ledger.whole[project, QUARTER]), 0).shown


def serial_order(model: CoordinationModel, projects: list[int]) -> list[int]:
    """Return projects of one quarter in the order in which a serial calendar would have had them planned."""
    whole = model.state.ledger.whole

    def place(p: int) -> tuple[float, int, int]:
        donor = int(whole[p, DONOR])
        return calendar_draw(model, int(whole[p, QUARTER]), donor), donor, p

    return sorted(projects, key=place)
