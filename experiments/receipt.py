"""A receipt for one task in plain words: who paid, when, and why each could not know."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from donorlab.experiments import remedies
from donorlab.experiments.words import counted, label
from donorlab.sim.state import COMPLETED, PRICE, REMAINING, STATUS

if TYPE_CHECKING:
    from donorlab.sim import CoordinationModel

WIDTH: Final = 100
_ENDED: Final = {
    "failed": "fails before it delivers the task.",
    "stalled": "is ended before it delivers the task: the state does not want the reforms that are left.",
}
_OPENED: Final = {
    "lapsed": "it had lapsed",
    "obsolete": "it had become obsolete",
    "failed": "the project that held it had failed",
    "stalled": "the project that held it had been ended",
    "withheld": "the project that held it had been withheld",
    "spoiled": "it had been delivered but did not take",
}
_REMEDIES: Final = {
    remedies.PROJECTS: "a register of projects",
    remedies.PLANS: "a register of plans",
    remedies.SERIAL: "planning one after the other",
    remedies.BOTH: "a register of plans and planning one after the other",
}


def date(quarter: int) -> str:
    """Return ``year 3, quarter 2`` for quarter 10 of a run."""
    return f"year {(quarter - 1) // 4 + 1}, quarter {(quarter - 1) % 4 + 1}"


def eur(millions: float) -> str:
    """Return EUR in full."""
    return f"EUR {1e6 * millions:,.0f}"


@dataclass(frozen=True)
class Facts:
    """All that a receipt tells, of one task.

    Attributes
    ----------
    model : finished and traced
    beneficiary, pillar, task : which one
    paid : payments (``task_payments``); who : who could know of whom (``sightings_frame``); events : what happened, in order
    """

    model: CoordinationModel
    beneficiary: str
    pillar: str
    task: int
    paid: pd.DataFrame
    who: pd.DataFrame
    events: pd.DataFrame

    @staticmethod
    def of(
        model: CoordinationModel,
        events: pd.DataFrame,
        paid: pd.DataFrame,
        who: pd.DataFrame,
        where: tuple[str, str, int],
    ) -> Facts:
        """Take one task's facts from those of a whole run."""
        state, pillar, task = where

        def cell(frame: pd.DataFrame) -> pd.Series:
            return (frame["beneficiary"] == state) & (frame["pillar"] == pillar)

        mine = paid[cell(paid) & (paid["task"] == task)]
        whole_project = (events["task"] < 0) & events["project"].isin(mine["project"])
        happened = events[cell(events) & ((events["task"] == task) | whole_project)]
        return Facts(model, state, pillar, task, mine, who[cell(who) & (who["task"] == task)], happened)

    @property
    def lost_m(self) -> float:
        """EUR m paid twice, at base prices."""
        return float(self.paid.loc[self.paid["paid_twice"], "price_m"].sum())


def receipt(facts: Facts) -> list[str]:
    """Return the lines of a receipt."""
    return [*_head(facts), "", *_story(facts), "", *_sum(facts)]


def wrapped(text: str, indent: int = 0, hang: int = 0) -> list[str]:
    """Return a text in lines of at most ``WIDTH`` characters, the second and later ones indented by ``hang`` more."""
    first, later = " " * indent, " " * (indent + hang)
    kept = text.replace("EUR ", "EUR\N{NO-BREAK SPACE}")  # a sum is not torn from its currency
    lines = textwrap.wrap(kept, WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def _named(identifier: str, ids: Iterable[str], names: Iterable[str]) -> str:
    name = dict(zip(ids, names, strict=True))[identifier]
    return name if name == identifier else f"{name} ({identifier})"


def _head(facts: Facts) -> list[str]:
    model, states = facts.model, facts.model.inputs.beneficiaries
    k = model.inputs.pillars.index(facts.pillar)
    instrument = model.inputs.instruments[int(model.land.instrument_of[k, facts.task])]
    where = _named(facts.beneficiary, states.ids, states.names)
    return wrapped(f"Receipt: {where}, {label(facts.pillar)}, task {facts.task} ({label(instrument)})")


class _Story:
    """Tells the events of a task in order."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.paid = facts.paid.set_index("project")
        self.opened = ""
        self.done: set[int] = set()  # projects that have delivered the task
        self.lines: list[str] = []

    def donor(self, identifier: str) -> str:
        donors = self.facts.model.inputs.donors
        return _named(identifier, donors.ids, donors.names)

    def say(self, text: str) -> None:
        self.lines += wrapped(text, 2, 4)

    def payment(self, row: Any) -> None:
        """Tell a payment, and where it was no first one why its donor could not know."""
        payment = self.paid.loc[row.project]
        who = self.facts.who[self.facts.who["project"] == row.project]
        price = self.facts.model.state.ledger.reals[row.project, PRICE]
        earlier, together = who[~who["same_slot"]], who[who["same_slot"]]
        if payment["paid_twice"]:
            verdict = "PAID TWICE, a race" if payment["by_race"] else "PAID TWICE, not seen"
        elif payment["withheld"]:
            verdict = "withheld before it began, see below"
        elif len(earlier):
            verdict = "paid twice, but useful after all: see below"
        elif len(together):
            verdict = "useful: of the payments made at the same time it is the one that counts"
        elif self.opened:
            verdict = f"useful: the task was open again ({self.opened}), so that this is a replacement and no duplicate"
        else:
            verdict = "useful"
        self.say(f"{self.donor(row.donor)} contracts project {row.project}, {eur(price)} for this task: {verdict}.")
        if payment["paid_twice"] or len(earlier):
            for holder in who.itertuples():
                self.lines += wrapped("- " + _why(holder, self.donor(holder.holder_donor)), 6, 2)

    def overtakes(self, row: Any) -> bool:
        """Return whether a payment counts because its project finished first in a race: another's counts no more."""
        events = self.facts.events
        others = events[(events["event"] == "duplicated after all") & (events["quarter"] == row.quarter)]["project"]
        moment = self.paid.loc[row.project, ["quarter", "slot"]]
        return any((self.paid.loc[p, ["quarter", "slot"]] == moment).all() for p in others)

    def event(self, row: Any) -> None:
        """Tell anything else; the end of a project matters to the task only while it has not delivered it."""
        who = f"project {row.project} of {row.donor}"
        told = {
            "withheld": f"{who} is withheld: the state refuses its conditions, and the money for tasks returns.",
            "started": f"{who} starts.",
            "delivered": f"{who} delivers the task. It stands.",
            "delivered again": f"{who} delivers the task again: it stood already.",
            "spoiled": f"{who} delivers the task, but it does not take: its method fails here.",
            "useful after all": f"the payment in {who} counts as useful after all: the one before it came to nothing.",
            "duplicated after all": f"the payment in {who} counts as paid twice: the other project finished first.",
            "own effort": f"{row.beneficiary} does the task by its own effort. It stands.",
            "lapsed": "the task lapses: it stands no more.",
            "obsolete": "the task becomes obsolete: its successor is open.",
        }  # fmt: skip
        ended = _ENDED.get(row.event)
        if row.event in ("delivered", "delivered again", "spoiled"):
            self.done.add(row.project)
        if row.event == "useful after all" and self.overtakes(row):
            told[row.event] = f"the payment in {who} counts as useful: it finished first."
        if ended and row.project not in self.done:
            self.say(f"P{who[1:]} {ended}")
        elif row.event in told:
            text = told[row.event]
            self.say(text[0].upper() + text[1:])
        if row.event in _OPENED and not (ended and row.project in self.done):
            self.opened = f"{_OPENED[row.event]}, {date(row.quarter)}"


def _story(facts: Facts) -> list[str]:
    """Return what happened to the task, quarter by quarter."""
    model = facts.model
    j, k = model.inputs.beneficiaries.ids.index(facts.beneficiary), model.inputs.pillars.index(facts.pillar)
    story = _Story(facts)
    stood = bool(int(model.land.standing[j, k]) >> facts.task & 1)
    lines = ["At the start the task stood already." if stood else "At the start the task did not stand."]
    for quarter in sorted({int(when) for when in facts.events["quarter"]}):
        rows = facts.events[facts.events["quarter"] == quarter]
        story.lines = []
        for row in rows.itertuples():
            if row.event == "contracted":
                story.payment(row)
            else:
                story.event(row)
        if story.lines:
            date_line = date(quarter)
            lines += [f"{date_line[0].upper()}{date_line[1:]} (quarter {quarter})", *story.lines]
    stands = bool(int(model.state.standing[j, k]) >> facts.task & 1)
    left = [p for p in facts.paid["project"] if int(model.state.ledger.words[p, REMAINING]) >> facts.task & 1]
    under_way = [p for p in left if model.state.ledger.whole[p, STATUS] < COMPLETED]
    if under_way:
        names = ", ".join(f"{p} ({facts.paid.set_index('project').loc[p, 'donor']})" for p in under_way)
        lines += wrapped(f"At the end of the run these projects have not delivered it yet: {names}.", 0, 2)
    return [*lines, f"At the end of the run the task {'stands' if stands else 'does not stand'}."]


def _why(row: Any, holder: str) -> str:
    """Return in words why a donor did not know of one other project that held the task."""
    other = f"{holder}, project {row.holder}"
    if row.same_slot:
        return f"{other}: planned at the same time; neither could see the other."
    if row.known:  # the engine's planner never does this; a planner of a third party may
        return f"{other}: {row.donor} knew of it and paid all the same."
    return f"{other}: {row.donor} did not see it by itself{_chance(row)}; {_register(row)}."


def _chance(row: Any) -> str:
    if row.chance <= 0:
        return " (nobody does here)"
    return f" (chance {row.chance:.0%}: the draw, {row.draw:.3f}, must be below {row.chance:g})"


def _register(row: Any) -> str:
    """Return in words why the register did not show a project to a donor."""
    if row.register == "none":
        return "there is no register"
    reasons = []
    if not row.holder_member:
        reasons.append(f"{row.holder_donor} is no member")
    elif row.holder_rate <= 0:
        reasons.append(f"{row.holder_donor} does not report")
    elif not row.reported:
        draw = f"{row.report_draw:.3f}"
        reasons.append(
            f"{row.holder_donor}, which reports {row.holder_rate:.0%}, did not report this one (draw {draw})"
        )
    if not row.member:
        reasons.append(f"{row.donor} is no member and cannot read it")
    if row.register == "projects":
        if not row.started:
            reasons.append("the project had not started, and only what runs is shown")
        elif row.due > row.quarter:
            reasons.append(f"it shows the project, which started in {date(row.started)}, only from {date(row.due)} on")
    if not reasons:
        reasons.append("it was not in force when it would have been shown")
    return f"the register of {row.register} did not show it: " + "; ".join(reasons)


def _sum(facts: Facts) -> list[str]:
    """Return what was lost, and what would have shown it."""
    paid, lost = facts.paid, facts.paid[facts.paid["paid_twice"]]
    kept = paid[~paid["withheld"]]
    lines = wrapped(
        f"Paid for this task: {eur(float(kept['price_m'].sum()))} in {counted(len(kept), 'payment')} (base prices). "
        f"Lost because it was paid twice: {eur(facts.lost_m)} in {counted(len(lost), 'payment')}."
    )
    if lost.empty:
        return lines
    race = float(lost.loc[lost["by_race"], "price_m"].sum())
    lines += wrapped(
        f"Of this not seen: {eur(facts.lost_m - race)}; in a race (planned at the same time): {eur(race)}."
    )
    found = remedies.remedies(facts.model, paid, facts.who)
    lines += ["", *wrapped("What would have shown it, by the facts at the moment of each payment, all else as it was:")]
    for one in found:
        if one.name != remedies.BOTH:
            text = f"{_REMEDIES[one.name]}{_terms(facts.model, one.name)}: {eur(one.lost_m)} of {eur(facts.lost_m)}"
            lines += wrapped(f"- {text} ({one.payments} of {counted(len(lost), 'payment')})", 2, 2)
    return [*lines, *wrapped(_verdict(found, len(lost)))]


def _terms(model: CoordinationModel, name: str) -> str:
    if name == remedies.PROJECTS:
        wait = counted(remedies.register_lag(model) + 1, "quarter")
        return f" (all are members and report all; shown {wait} after the start)"
    if name == remedies.PLANS:
        return " (all are members and report all; shown at once)"
    return " (in the order of their draws, with the register that there is)"


def _verdict(found: Iterable[remedies.Remedy], lost: int) -> str:
    """Return which single change shows all of it."""
    count = {one.name: one.payments for one in found}
    single = [name for name in (remedies.PROJECTS, remedies.PLANS, remedies.SERIAL) if count[name] == lost]
    if single:
        names = " or ".join(_REMEDIES[name] for name in single)
        text = f"One change is enough: {names}."
    elif count[remedies.BOTH] == lost:
        text = f"No single one of these shows all of it; {_REMEDIES[remedies.BOTH]} together do."
    else:
        text = "None of these shows all of it."
    return f"{text} What the donors would have bought in its place is not claimed."


def worst(paid: pd.DataFrame) -> pd.DataFrame:
    """Return the tasks on which money was spent twice, most first (ties by name): lost_m and number of payments."""
    lost = paid[paid["paid_twice"]]
    keys = ["beneficiary", "pillar", "task"]
    sums = lost.groupby(keys, as_index=False)["price_m"].agg(lost_m="sum", payments="size")
    # sums of the same prices may differ by rounding: compare them to the euro's millionth part
    order = -np.round(sums["lost_m"].to_numpy(), 12)
    ranked: pd.DataFrame = sums.assign(order=order).sort_values(["order", *keys], ignore_index=True)
    return ranked.drop(columns="order")
