"""Watch: donors, what they contract in a quarter, and the money that flows from them to states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from donorlab.experiments.app.watch_facts import Facts
from donorlab.experiments.app.watch_tiles import when
from donorlab.experiments.words import counted, label

_ROW, _LEFT, _RIGHT, _WIDE, _TOP = 22.0, 150.0, 430.0, 580.0, 8.0
_THICKEST: Final = 17.0  # pixels of the largest sum that anybody who is drawn pays or gets in a quarter
_OTHERS: Final = 130.0  # and at most of all others together
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
    size = _pixels(facts)
    left, right = (_rows(most, size) for most in facts.most_m)
    out, into = dict.fromkeys(left, 0.0), dict.fromkeys(right, 0.0)
    for (donor, to, _), amount in flows.items():
        out[donor] += amount * size
        into[to] += amount * size
    starts = {one: left[one] - width / 2 for one, width in out.items()}
    ends = {one: right[one] - width / 2 for one, width in into.items()}
    paths = []
    for donor, to, twice in sorted(flows, key=lambda key: (left[key[0]], right[key[1]], key[2])):
        width = flows[donor, to, twice] * size
        y, z = starts[donor] + width / 2, ends[to] + width / 2
        starts[donor] += width
        ends[to] += width
        paths.append(_path("flow twice" if twice else "flow", y, z, width))
    names = [
        _name(_LEFT - 8, y, facts.donor_called(one) if one else f"{len(facts.donors[1])} others", "end", out[one] > 0)
        for one, y in left.items()
    ]
    for one, y in right.items():
        name = facts.called(one) if one else f"{len(facts.states[1])} others"
        names.append(_name(_RIGHT + 8, y, name, "start", into[one] > 0, one == state))
    high = max(_high(most, size) for most in facts.most_m)
    told = _told(flows, quarter)
    return Markup(
        '<section class="block flows" aria-labelledby="m-flows"><h2 id="m-flows">Money flowing</h2><p class="note">{}.</p>'
        '<div class="wide" data-scroll="flows" tabindex="0" role="group" aria-label="Picture of the money">'
        '<svg viewBox="0 0 {:g} {:.0f}" role="img" aria-label="{}">{}{}</svg></div>'
        '<p class="note"><span class="line"></span> contracted <span class="line twice"></span> with a task that is paid twice. '
        "Width: EUR of this quarter.</p></section>"
    ).format(told, _WIDE, high, told, Markup("").join(paths), Markup("").join(names))


def _told(flows: Mapping[tuple[str, str, bool], float], quarter: int) -> str:
    total, lost = sum(flows.values()), sum(amount for (_, _, twice), amount in flows.items() if twice)
    if total == 0:
        return f"Nothing is contracted in {when(quarter)}" if quarter else "Nothing is contracted at the start"
    part = (
        f"EUR {lost:,.2f} m of it in projects of which a task is paid twice" if lost else "no task of it is paid twice"
    )
    return f"EUR {total:,.2f} m contracted in {when(quarter)}, {part}"


def _pixels(facts: Facts) -> float:
    """Return pixels for EUR 1 m, the same for all quarters."""
    drawn = max((amount for most in facts.most_m for one, amount in most.items() if one), default=0.0)
    others = max((most.get("", 0.0) for most in facts.most_m), default=0.0)
    sizes = [room / amount for room, amount in ((_THICKEST, drawn), (_OTHERS, others)) if amount > 0]
    return min(sizes, default=0.0)


def _room(amount: float, size: float) -> float:
    return max(_ROW, amount * size + 5)


def _high(most: Mapping[str, float], size: float) -> float:
    return 2 * _TOP + sum(_room(amount, size) for amount in most.values())


def _rows(most: Mapping[str, float], size: float) -> dict[str, float]:
    """Return the middle of each row."""
    found, top = {}, _TOP
    for one, amount in most.items():
        found[one] = top + _room(amount, size) / 2
        top += _room(amount, size)
    return found


def _path(kind: str, y: float, z: float, width: float) -> Markup:
    middle = (_LEFT + _RIGHT) / 2
    return Markup(
        '<path class="{}" d="M{:g} {:.1f}C{:g} {:.1f} {:g} {:.1f} {:g} {:.1f}" stroke-width="{:.1f}" pathLength="1"/>'
    ).format(kind, _LEFT, y, middle, y, middle, z, _RIGHT, z, max(width, 0.7))


def _name(x: float, y: float, name: str, anchor: str, active: bool, chosen: bool = False) -> Markup:
    short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"
    kind = _words(active=active, chosen=chosen)
    return Markup('<text x="{:g}" y="{:.1f}" text-anchor="{}" class="{}">{}<title>{}</title></text>').format(
        x, y + 4, anchor, kind, short, name
    )


# ---------------------------------------------------------------------- tables
def _projects(facts: Facts, state: str, quarter: int) -> Markup:
    found = sorted(facts.projects(quarter), key=lambda one: (one.state != state, -one.twice, -one.cost_m))
    if not found:
        return _block("projects", "Contracted in this quarter", Markup('<p class="note">Nothing.</p>'))
    row = Markup(
        '<tr class="{}"><th scope="row">{} → {}</th><td>{}{}</td><td class="n">{:.2f}</td><td class="n">{} of {}</td></tr>'
    )
    rows = Markup("").join(
        row.format(
            _words(twice=one.twice > 0, chosen=one.state == state), one.donor, facts.called(one.state), label(one.pillar),
            " (withheld)" if one.withheld else "", one.cost_m, one.twice, one.tasks,
        )
        for one in found
    )  # fmt: skip
    table = Markup(
        "<table><caption>{}, those of {} first.</caption><thead><tr><th>Donor → state</th><th>Pillar</th>"
        '<th class="n">EUR m</th><th class="n">Tasks paid twice</th></tr></thead><tbody>{}</tbody></table>'
    ).format(counted(len(found), "project"), facts.called(state), rows)
    return _block("projects", "Contracted in this quarter", table)


def _donors(facts: Facts, quarter: int) -> Markup:
    sums: dict[str, float] = {}
    for project in facts.projects(quarter):
        sums[project.donor] = sums.get(project.donor, 0.0) + project.cost_m
    frame = facts.recording.donors_at(quarter).itertuples(index=False, name=None)
    place = {one: i for i, one in enumerate([*facts.donors[0], *facts.donors[1]])}
    row = Markup(
        '<tr class="{}"><th scope="row">{}</th><td><span class="cash" style="width:{:.1f}%"></span></td>'
        '<td class="n">{:.2f}</td><td class="n">{}</td><td class="n">{}</td></tr>'
    )
    rows = Markup("").join(
        row.format(
            _words(active=donor in sums), name, 100 * max(cash, 0.0) / (facts.most_cash_m or 1.0), cash, live,
            Markup("<b>▶ {:.2f}</b>").format(sums[donor]) if donor in sums else "-",
        )
        for donor, name, cash, live in sorted(frame, key=lambda one: place[one[0]])
    )  # fmt: skip
    table = Markup(
        "<table><caption>At the end of the quarter; ▶ contracts now.</caption><thead><tr><th>Donor</th>"
        '<th class="bars">Cash</th><th class="n">EUR m</th><th class="n">Running</th><th class="n">Now, EUR m</th></tr></thead>'
        "<tbody>{}</tbody></table>"
    ).format(rows)
    return _block("donors", "Donors", table)


def _words(**so: bool) -> str:
    return " ".join(word for word, is_so in so.items() if is_so)


def _block(name: str, title: str, inside: Markup) -> Markup:
    return Markup(
        '<section class="block {}" aria-labelledby="m-{}"><h2 id="m-{}">{}</h2>'
        '<div class="list" data-scroll="{}" tabindex="0" role="group" aria-label="{}">{}</div></section>'
    ).format(name, name, name, title, name, title, inside)
