"""Explore: the HTML of what can be set."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from donorlab.experiments.app import settable
from donorlab.experiments.app.choices import SEED_HIGHEST, Choice
from donorlab.experiments.app.explore_state import NOTHING
from donorlab.experiments.app.levers_shown import WORDS, Shown
from donorlab.experiments.pages.chart import listed
from donorlab.experiments.words import called, label
from donorlab.scenarios.parameters import Value
from donorlab.sim.architectures import get_architecture

JUDGEMENTS: Final[Mapping[str, str]] = {
    "as-set": "as the scenario has it",
    "equal-states": "every state counts the same",
    "by-users": "every Internet user counts the same",
    "poorest-first": "poorer states count more",
}
"""Who counts how much, in words."""
_GROUPS: Final = (
    ("lever", "Levers of the designs", "What a proposal can decide."),
    ("uncertainty", "The world", "What nobody decides, and everybody has to guess."),
    ("value", "What is worth how much", "A judgement, not a fact."),
)


def controls(choice: Choice, levers: Sequence[Shown]) -> Markup:
    """Return the whole column of what can be set.

    Parameters
    ----------
    choice : what is set
    levers : what can act
    """
    head = {"value": _select("judgement", "Who counts how much", JUDGEMENTS, choice.judgement)}
    groups = Markup("").join(
        _group(
            title,
            said,
            [one for one in levers if one.kind == kind],
            choice,
            kind == "lever",
            head.get(kind, Markup("")),
        )
        for kind, title, said in _GROUPS
    )
    seed = Markup(
        '<div class="row"><label for="seed">Draws begin at seed</label><input type="number" id="seed" data-key="seed" '
        'data-act="seed" min="1" max="{}" step="1" value="{}"></div>'
    ).format(SEED_HIGHEST, choice.seed)
    return Markup('{}<div class="levers">{}</div>{}{}').format(pickers(choice), groups, seed, _absent(choice, levers))


# ---------------------------------------------------------------------- what is compared
def pickers(choice: Choice) -> Markup:
    """Return what is compared: the world and the designs."""
    worlds = {name: f"{label(name)}: {world.title}" for name, world in settable.WORLDS.items()}
    plain, proposed = settable.architectures(), settable.proposals()
    there = settable.designs(choice.scenario)
    first = {name: _option(name) for name in there if name in plain}
    others = {
        "Architectures": first,
        "Proposals": {name: _title(name) for name in there if name in proposed},
    }
    names = [*choice.designs, NOTHING][:3]
    rows = [
        _select("scenario", "Where", worlds, choice.scenario),
        _select("design-0", "Held against", first, names[0], _summary(names[0])),
        _grouped("design-1", "Design", others, names[1], _summary(names[1])),
        _grouped("design-2", "Another design", others, names[2], _summary(names[2]) if names[2] else "", optional=True)
        if len(names) > 2
        else Markup(""),
    ]
    return Markup('<h2>What is compared</h2><div class="pickers">{}</div>').format(Markup("").join(rows))


def _select(act: str, title: str, options: Mapping[str, str], chosen: str, said: str = "") -> Markup:
    return _picker(act, title, _options(options, chosen), said)


def _grouped(
    act: str, title: str, groups: Mapping[str, Mapping[str, str]], chosen: str, said: str = "", optional: bool = False
) -> Markup:
    none = _options({NOTHING: "(none)"}, chosen) if optional else Markup("")
    inside = Markup("").join(
        Markup('<optgroup label="{}">{}</optgroup>').format(name, _options(options, chosen))
        for name, options in groups.items()
        if options
    )
    return _picker(act, title, none + inside, said)


def _picker(act: str, title: str, options: Markup, said: str) -> Markup:
    return Markup(
        '<div class="row"><label for="{act}">{title}</label><select id="{act}" data-key="{act}" '
        'data-act="{act}">{options}</select>{said}</div>'
    ).format(act=act, title=title, options=options, said=Markup('<p class="note">{}</p>').format(said) if said else "")


def _options(options: Mapping[str, str], chosen: str) -> Markup:
    return Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(value, Markup(" selected") if value == chosen else "", text)
        for value, text in options.items()
    )


def _option(name: str) -> str:
    return called(name).capitalize() if name == "fragmented" else label(name).capitalize()


def _title(name: str) -> str:
    return settable.proposal(name).title


def _summary(name: str) -> str:
    """Return what a design is, in a line."""
    if name in settable.proposals():
        return " ".join(settable.proposal(name).description.split())
    return get_architecture(name, {}).summary


# ---------------------------------------------------------------------- levers
def _group(title: str, said: str, levers: Sequence[Shown], choice: Choice, first: bool, head: Markup) -> Markup:
    if not levers and not head:
        return Markup("")
    set_here = [one.label for one in levers if one.name in choice.settings]
    told = f" ({len(set_here)} set)" if set_here else ""
    reset = (
        Markup('<button type="button" class="bare" data-act="reset-all" data-key="reset-all">Reset all</button>')
        if first and choice.changes
        else Markup("")
    )
    return Markup(
        '<details data-key="group-{key}"{open}><summary>{title}{told}</summary><p class="note">{said} '
        "{reset}</p>{head}{rows}</details>"
    ).format(
        key=title,
        open=Markup(" open") if first or set_here or head else "",
        head=head,
        title=title,
        told=told,
        said=said,
        reset=reset,
        rows=Markup("").join(lever(one, choice) for one in levers),
    )


def lever(one: Shown, choice: Choice) -> Markup:
    """Return one lever: a slider or a list of words, what it is, what each design has, and a way back."""
    setting = choice.settings.get(one.name)
    key = f"set-{one.name}"
    back = Markup(
        '<button type="button" class="bare" data-act="reset" data-value="{}" data-key="reset-{}" aria-label="Leave {} as '
        'designed">'
        "as designed</button>"
    ).format(one.name, one.name, one.label)
    hint = Markup('<p class="note" id="hint-{}">{} {}</p>').format(one.name, one.explanation, as_designed(one))
    if one.options:
        words = {NOTHING: "as designed", **{option: option.replace("_", " ") for option in one.options}}
        field = Markup('<select id="{}" data-key="{}" data-act="set:{}" aria-describedby="hint-{}">{}</select>').format(
            key, key, one.name, one.name, _options(words, NOTHING if setting is None else str(setting))
        )
        told = Markup("")
    else:
        assert one.low is not None
        assert one.high is not None
        assert one.step is not None
        value = float(setting if setting is not None else _shown_at(one))
        step = grid(one.low, one.step, _shown_at(one))
        text = amount(one, value)
        field = Markup(
            '<input type="range" id="{key}" data-key="{key}" data-act="set:{name}" min="{low:.12g}" max="{high:.12g}" '
            'step="{step:.12g}" '
            'value="{value:.12g}" aria-valuetext="{text}" aria-describedby="hint-{name}" '
            'data-digits="{digits}"{percent}{unit}>'
        ).format(
            key=key, name=one.name, low=one.low, high=one.high, step=step, value=value, text=text, digits=digits(step, one.percent),
            percent=Markup(' data-percent="1"') if one.percent else "",
            unit=Markup(' data-unit="{}"').format(_unit(one)) if _unit(one) else "",
        )  # fmt: skip
        told = Markup("<output>{}</output>").format(text)
    return Markup(
        '<div class="lever{set}" data-row><div class="head"><label '
        'for="{key}">{label}</label>{told}{back}</div>{field}{hint}</div>'
    ).format(
        set=" set" if setting is not None else "",
        key=key,
        label=one.label,
        told=told,
        back=back,
        field=field,
        hint=hint,
    )


def as_designed(one: Shown) -> str:
    """Return what each design that uses a lever has before anything is set."""
    if one.kind != "lever":
        return f"As the scenario has it: {amount(one, _shown_at(one))}."
    told: dict[str, list[str]] = {}
    for name in one.users:
        told.setdefault(amount(one, one.now[name]), []).append(called(name))
    if not told:
        return ""
    return "As designed: " + ", ".join(f"{value} ({listed(who)})" for value, who in told.items()) + "."


def _shown_at(one: Shown) -> float:
    """Return where a slider stands that is not set: at what the first design has that uses it."""
    return float(one.now[one.users[0]] if one.users else one.default)


def grid(low: float, step: float, value: float) -> float:
    """Return the step, made finer until a value lies on it: else a browser would move the slider by itself."""
    for finer in (1, 2, 4, 5, 10, 20, 50, 100):
        at = (value - low) / (step / finer)
        if math.isclose(at, round(at), abs_tol=1e-6):
            return step / finer
    return step / 100


def digits(step: float, percent: bool) -> int:
    """Return how many decimals a step needs, in percent where it is a share."""
    own = 100 * step if percent else step
    return next((n for n in range(6) if math.isclose(own * 10**n, round(own * 10**n), rel_tol=1e-6, abs_tol=1e-9)), 6)


def amount(one: Shown, value: Value) -> str:
    """Return a value of a lever in words, as the slider writes it."""
    if isinstance(value, str):
        return value.replace("_", " ")
    assert one.low is not None
    assert one.step is not None
    step = grid(one.low, one.step, float(value))
    places = digits(step, one.percent)
    return f"{100 * float(value):.{places}f}%" if one.percent else f"{float(value):.{places}f}{_unit(one)}"


def _unit(one: Shown) -> str:
    return "" if one.unit in ("-", "") or one.percent else f" {one.unit}"


def _absent(choice: Choice, levers: Sequence[Shown]) -> Markup:
    """Return which levers do nothing here: they are missed otherwise."""
    there = {one.name for one in levers}
    gone = [
        WORDS[name][0]
        for name, row in settable.rows().items()
        if row.kind == "lever" and name not in there and name not in settable.WORLDS[choice.scenario].without
    ]
    if not gone:
        return Markup("")
    return Markup(
        '<details data-key="absent"><summary>Levers that do nothing here</summary><p class="note">None of these designs uses '
        "them as it stands: {}.</p></details>"
    ).format(listed(gone))
