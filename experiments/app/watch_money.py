"""Watch: donors, what they contract in a quarter, and the money that flows from them to states."""

from __future__ import annotations

from typing import Final

import numpy as np
from markupsafe import Markup

from donorlab.experiments.app.watch_facts import Facts
from donorlab.experiments.app.watch_tiles import when
from donorlab.experiments.words import counted, label

_ROW, _LEFT, _RIGHT, _WIDE, _TOP = 22.0, 150.0, 430.0, 580.0, 8.0
_THICKEST: Final = 17.0  # pixels of the largest sum that anybody pays or gets in a quarter
_LONGEST: Final = 21  # letters of a name


def html(facts: Facts, state: str, quarter: int) -> Markup:
    """Return the three pictures of a quarter's money, side by side where there is room."""
    return Markup('<div class="money">{}{}{}</div>').format(
        flowing(facts, state, quarter), _projects(facts, state, quarter), _donors(facts, quarter)
    )


# ---------------------------------------------------------------------- flows
def flowing(facts: Facts, state: str, quarter: int) -> Markup:
    """Return money from donors to states as an SVG; rows keep their places through the whole run."""
    flows = facts.flows(quarter)
    (donors, other_donors), (states, other_states) = facts.donors, facts.states
    left = {one: _TOP + _ROW * (i + 0.5) for i, one in enumerate([*donors, *([""] if other_donors else [])])}
    right = {one: _TOP + _ROW * (i + 0.5) for i, one in enumerate([*states, *([""] if other_states else [])])}
    size = _THICKEST / facts.widest_m if facts.widest_m > 0 else 0.0
    flows = flows.assign(width=np.maximum(flows["cost_m"] * size, 0.8))
    out, into = dict.fromkeys(left, 0.0), dict.fromkeys(right, 0.0)
    for row in flows.itertuples():
        out[row.donor] += row.width
        into[row.state] += row.width
    starts = {one: left[one] - width / 2 for one, width in out.items()}
    ends = {one: right[one] - width / 2 for one, width in into.items()}
    paths = []
    order = sorted(flows.itertuples(), key=lambda row: (left[row.donor], right[row.state]))
    for row in order:
        y = starts[row.donor] + row.width / 2
        starts[row.donor] += row.width
        z = ends[row.state] + row.width / 2
        ends[row.state] += row.width
        paths.append(
            Markup('<path class="{}" d="M{:g} {:.1f}C{:g} {:.1f} {:g} {:.1f} {:g} {:.1f}" stroke-width="{:.1f}" pathLength="1"/>').format(
                "flow twice" if row.twice else "flow", _LEFT, y, (_LEFT + _RIGHT) / 2, y, (_LEFT + _RIGHT) / 2, z, _RIGHT, z, row.width
            )
        )  # fmt: skip
    names = [
        _name(_LEFT - 8, y, facts.donor_called(one) if one else f"{len(other_donors)} others", "end", out[one] > 0)
        for one, y in left.items()
    ]
    names += [
        _name(_RIGHT + 8, y, facts.called(one) if one else f"{len(other_states)} others", "start", into[one] > 0, one == state)
        for one, y in right.items()
    ]  # fmt: skip
    high = 2 * _TOP + _ROW * max(len(left), len(right))
    total, lost = float(flows["cost_m"].sum()), float(flows.loc[flows["twice"], "cost_m"].sum())
    told = f"EUR {total:,.2f} m contracted in {when(quarter)}, EUR {lost:,.2f} m of it in projects of which a task is paid twice"
    return Markup(
        '<section class="block flows" aria-labelledby="m-flows"><h2 id="m-flows">Money flowing</h2><p class="note">{}.</p>'
        '<div class="wide" data-scroll="flows" tabindex="0" role="group" aria-label="Picture of the money">'
        '<svg viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">{}{}</svg></div>'
        '<p class="note"><span class="line"></span> contracted <span class="line twice"></span> with a task that is paid twice. '
        "Width: EUR of this quarter.</p></section>"
    ).format(told, _WIDE, high, told, Markup("").join(paths), Markup("").join(names))


def _name(x: float, y: float, name: str, anchor: str, active: bool, chosen: bool = False) -> Markup:
    short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"
    kind = " ".join(word for word, so in (("active", active), ("chosen", chosen)) if so)
    return Markup('<text x="{:g}" y="{:.1f}" text-anchor="{}" class="{}">{}<title>{}</title></text>').format(
        x, y + 4, anchor, kind, short, name
    )


# ---------------------------------------------------------------------- tables
def _projects(facts: Facts, state: str, quarter: int) -> Markup:
    frame = facts.recording.new_projects(quarter)
    frame = frame.assign(here=frame["state"] == state).sort_values(["here", "duplicated", "cost_m"], ascending=False)
    rows = Markup("").join(
        Markup('<tr class="{}"><th scope="row">{} → {}</th><td>{}{}</td><td class="n">{:.2f}</td><td class="n">{}</td></tr>').format(
            " ".join(word for word, so in (("twice", row.duplicated > 0), ("chosen", row.here)) if so),
            row.donor, facts.called(row.state), label(row.pillar), " (withheld)" if row.withheld else "", row.cost_m,
            f"{row.duplicated} of {len(row.tasks)}",
        )
        for row in frame.itertuples()
    )  # fmt: skip
    if not len(frame):
        return _block("projects", "Contracted in this quarter", Markup('<p class="note">Nothing.</p>'))
    table = Markup(
        "<table><caption>{}, those of {} first.</caption><thead><tr><th>Donor → state</th><th>Pillar</th>"
        '<th class="n">EUR m</th><th class="n">Tasks paid twice</th></tr></thead><tbody>{}</tbody></table>'
    ).format(counted(len(frame), "project"), facts.called(state), rows)
    return _block("projects", "Contracted in this quarter", table)


def _donors(facts: Facts, quarter: int) -> Markup:
    frame = facts.recording.donors_at(quarter)
    sums = facts.recording.new_projects(quarter).groupby("donor")["cost_m"].sum()
    most = max(float(one.cash.max(initial=0.0)) for one in facts.recording.frames) or 1.0
    order = {one: i for i, one in enumerate([*facts.donors[0], *facts.donors[1]])}
    frame = frame.assign(place=frame["donor"].map(order), now=frame["donor"].map(sums).fillna(0.0)).sort_values("place")
    rows = Markup("").join(
        Markup(
            '<tr class="{}"><th scope="row">{}</th><td><span class="cash" style="width:{:.1f}%"></span></td><td class="n">{:.2f}</td>'
            '<td class="n">{}</td><td class="n">{}</td></tr>'
        ).format("active" if row.now > 0 else "", row.name, 100 * max(row.cash_m, 0.0) / most, row.cash_m, row.live,
                 Markup("<b>▶ {:.2f}</b>").format(row.now) if row.now > 0 else "–")
        for row in frame.itertuples(index=False)
    )  # fmt: skip
    table = Markup(
        '<table><caption>At the end of the quarter; ▶ contracts now.</caption><thead><tr><th>Donor</th><th class="bars">Cash</th>'
        '<th class="n">EUR m</th><th class="n">Running</th><th class="n">Contracts, EUR m</th></tr></thead><tbody>{}</tbody></table>'
    ).format(rows)
    return _block("donors", "Donors", table)


def _block(name: str, title: str, inside: Markup) -> Markup:
    return Markup(
        '<section class="block {}" aria-labelledby="m-{}"><h2 id="m-{}">{}</h2>'
        '<div class="list" data-scroll="{}" tabindex="0" role="group" aria-label="{}">{}</div></section>'
    ).format(name, name, name, title, name, title, inside)
