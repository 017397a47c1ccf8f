"""What a result rests on: assumptions, validation, limits, provenance."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from donorlab import scenarios as catalogue
from donorlab.experiments.opened import Opened
from donorlab.experiments.pages import amounts, blocks, gathered, own_words
from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case
from donorlab.experiments.pages.chart import label
from donorlab.experiments.pages.plainly import PLAIN
from donorlab.experiments.words import counted

SOURCES: Final = "prices of its source"
"""Of amounts that a source gives."""


# ---------------------------------------------------------------------- assumptions
def assumptions(case: Case) -> Section:
    """Return what was drawn, over which ranges and from which source, and what each proposal assumes."""
    drawn = _drawn(case)
    parts = []
    if drawn is None:
        title = "No assumption was varied: default values only"
    else:
        acting = drawn[drawn["acts"]] if "acts" in drawn else drawn
        assumed = int(acting["source"].str.contains("assumption", case=False).sum())
        idle = len(drawn) - len(acting)
        title = f"What was assumed: {counted(len(acting), 'uncertain number')}, {assumed} of which have an assumed value or range"
        parts.append(
            blocks.say(
                f"In each future {len(acting)} numbers are drawn evenly over the ranges below"
                + (f" ({idle} more are drawn, but can do nothing in any of these designs)" if idle else "")
                + ". Where a source for a value or its range was not found, the word assumption stands beside it. The "
                "ranges themselves are "
                "judgements: wider ones would give other shares of futures."
            )
        )
        table = acting.drop(columns=[name for name in ("acts", "distribution") if name in acting])
        table["source"] = [own_words.dated(str(text), SOURCES) for text in table["source"]]
        table.insert(1, "what", [PLAIN.get(str(name), "") for name in table["name"]])
        parts.append(
            blocks.table(
                table,
                "Uncertain numbers, with default, range and source",
                {"name": label, "default": _plain, "low": _plain, "high": _plain},
            )
        )
    parts += [_of_proposals(case), blocks.note(amounts.PRICES_SAID)]
    return Section("assumptions", title, tuple(parts))


def _drawn(case: Case) -> pd.DataFrame | None:
    """Return the numbers that were drawn; from the comparison's own table, or its configuration where an older version made it."""
    if case.ensemble is None:
        return None
    table = case.optional("uncertainties")
    if table is not None:
        found = gathered.needs(
            table, ["name", "default", "low", "high", "acts", "source"], case.compare.path / "uncertainties.csv"
        )
        return found[["name", "default", "low", "high", "acts", "source"]]
    known = {row.name: row for row in catalogue.parameter_table()}
    return pd.DataFrame(
        {
            "name": name,
            "default": known[name].default if name in known else "",
            "low": own["range"][0],
            "high": own["range"][-1],
            "source": known[name].source if name in known else "",
        }
        for name, own in case.ensemble["varied"].items()
    )


def _plain(value: Any) -> str:
    """Return a number as short as it is typed."""
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return str(value)


def _of_proposals(case: Case) -> Markup:
    """Return what each proposal assumes, in its own words, with its sources."""
    found = []
    for name, own in case.proposals.items():
        lines = [own_words.dated(str(line)) for line in own.get("assumed", ())]
        facts = [
            own_words.dated(f"{fact['fact']} ({fact['source']})", SOURCES)
            for fact in own.get("facts", ())
            if isinstance(fact, dict) and "fact" in fact
        ]
        if lines or facts:
            heads = blocks.heading(case.called(name)) + blocks.points(lines)
            found.append(heads + (blocks.say("Known:") + blocks.points(facts) if facts else Markup("")))
    if not found:
        return Markup("")
    return blocks.folded("What had to be assumed of each proposal, and what is known of it", Markup("").join(found))


# ---------------------------------------------------------------------- validation
_LEVELS: Final = {
    "V": "theorems that must hold exactly",
    "C": "facts that defaults may be tuned on",
    "P": "published patterns, never tuned on",
}


def validation(case: Case) -> Section | None:
    """Return what the model reproduces and what it does not; nothing without results of `validate`."""
    one = case.one("validate")
    table = gathered.csv(one, "validation") if one is not None else None
    if one is None or table is None:
        return None
    table = gathered.needs(
        table, ["row", "level", "title", "sentence", "passes", "verdict"], one.path / "validation.csv"
    )
    told = []
    for level, what in _LEVELS.items():
        part = table[table["level"] == level]
        if len(part):
            told.append(f"Of {len(part)} {what}: {_verdicts(part['verdict'])}.")
    failed = table[table["verdict"] == "fail"]
    passed = int((table["verdict"] == "pass").sum())
    if len(failed):
        title = f"The model fails {len(failed)} of {counted(len(table), 'check')}, and says so"
    elif passed == len(table):
        title = f"The model passes all of {counted(len(table), 'check')}"
    else:
        title = f"The model passes {passed} of {counted(len(table), 'check')}; the others are not tested yet"
    rows = table[["level", "title", "verdict", "sentence"]].assign(
        level=[_LEVELS.get(str(value), str(value)) for value in table["level"]],
        sentence=[own_words.dated(str(value)) for value in table["sentence"]],
    )
    heads = {"level": "what must hold", "title": "check", "sentence": "what was found"}
    if quick(one):
        told.append("These checks were made in small sizes (quick); the whole ones may find more.")
    parts = [blocks.points(told, "claims")]
    if len(failed):
        parts.append(blocks.table(rows[table["verdict"] == "fail"], "Checks that fail", heads=heads))
    parts.append(blocks.folded("All checks", blocks.table(rows, "All checks", heads=heads)))
    parts.append(
        blocks.note(
            "Tolerances were frozen before results were looked at. A pattern that fails says that the model should "
            "not be trusted where that "
            "pattern matters."
        )
    )
    return Section("validation", title, tuple(parts))


def quick(one: Opened) -> bool:
    """Return whether a validation was made in small sizes."""
    return bool(gathered.configuration_of(one).get("quick")) or any(
        "quick" in str(word) for word in one.manifest.get("words", [])
    )


def _verdicts(column: pd.Series[Any]) -> str:
    counts = column.value_counts()
    words = (
        ("pass", "pass", "pass"),
        ("fail", "fails", "fail"),
        ("not yet", "is not tested yet", "are not tested yet"),
    )
    return (
        ", ".join(
            f"{counts[key]} {one if counts[key] == 1 else many}" for key, one, many in words if key in counts
        ).replace("1 pass", "1 passes")
        or "none"
    )


# ---------------------------------------------------------------------- what this cannot tell
_LIMITS: Final[tuple[tuple[str, str], ...]] = (
    (
        "It does not forecast.",
        "No state, no donor and no year is predicted. The model compares designs under the same stated assumptions.",
    ),
    (
        "Shares of futures are no probabilities.",
        "Futures are drawn evenly over ranges, most of which are assumptions. That a design is better in 120 of 200 "
        "of them does not make it "
        "60% likely to be better.",
    ),
    (
        "Budgets are mostly assumed.",
        "No source lists what donors spend on cyber capacity. Their total and its division rest on counted "
        "programmes and on aid statistics; "
        "each number carries its source or the word assumption.",
    ),
    (
        "Duplication is not measured anywhere.",
        "No source gives a rate. In the model it emerges from what donors cannot see; its level cannot be checked against data.",
    ),
    (
        "The bound is loose where money is plentiful.",
        "100 points are a purchase without any obstacle. Differences between designs share that denominator and do "
        "not hang on it; levels do.",
    ),
    (
        "Money buys tasks, not safety.",
        "Capacity is a list of tasks that stand. What attackers do is not simulated, beyond that weak states expose others.",
    ),
    (
        "Politics is thin.",
        "Donors follow four motives and states weigh reforms against aid. Elections, personalities, scandals and "
        "wars are not in it. That "
        "donors would agree to a design is tested by what they would gain, not by how they would negotiate.",
    ),
    (
        "Single states and donors are noisy.",
        "Results for one state mix its data with luck. Read groups; a name in a table is no statement about that state.",
    ),
    (
        "What was not varied is not tested.",
        "Levers stand as proposed; rival submodels are tried only where this report says so.",
    ),
)


def limits(case: Case) -> Section:
    """Return what the report cannot tell: the limits of the model, and what this report in particular lacks."""
    items = Markup("").join(Markup("<li><strong>{}</strong> {}</li>").format(head, text) for head, text in _LIMITS)
    own = []
    if case.ensemble is None:
        own.append("No futures were drawn: nothing here rests on more than chance at default values.")
    if case.missing:
        own.append(f"Not in this report, for want of results: {', '.join(case.missing)}.")
    own += case.gathered.notes
    parts = (Markup('<ul class="claims">{}</ul>').format(items), blocks.points(own))
    return Section("limits", "What this cannot tell", parts)


# ---------------------------------------------------------------------- provenance
def provenance(case: Case) -> Section:
    """Return how to make the same numbers again: command, seeds, versions and hashes of each folder."""
    rows = [_origin(one) for one in case.gathered.folders]
    first = case.compare.manifest
    packages = {name: version for name, version in (first.get("packages") or {}).items() if version}
    platform = first.get("platform") or {}
    parts = (
        blocks.say(
            "The same version of the model, the same words and the same seeds give the same numbers to the last bit "
            "on the same platform."
        ),
        blocks.table(
            pd.DataFrame(rows),
            "What each part was made by",
            heads={"source": "model", "configuration": "configuration hash"},
        ),
        blocks.note(
            "Comparison: "
            + ", ".join(f"{name} {version}" for name, version in packages.items())
            + "; "
            + ", ".join(f"{key} {value}" for key, value in platform.items())
            + "."
        ),
        blocks.note(
            "Outlines of states: Natural Earth (public domain) by world-atlas (ISC). Country data: sources and "
            "licences are in the project's "
            "scenarios/data. To cite: DonorLab, with its version and the configuration hash of the comparison."
        ),
    )
    return Section("provenance", "How to make these numbers again", parts)


def _origin(one: Opened) -> dict[str, str]:
    manifest = one.manifest
    words = " ".join(word for word in map(str, manifest.get("words", [])) if not word.startswith("out="))
    git = manifest.get("git") or {}
    commit = f"{str(git.get('commit', ''))[:10]}{', changed' if git.get('dirty') else ''}" if git else "installed"
    return {
        "command": f"donorlab {manifest.get('command', '')} {words}".strip(),
        "version": str((manifest.get("packages") or {}).get("donorlab", "")),
        "commit": commit,
        "source": ", ".join(text[:12] for text in gathered.models_of(one)),
        "configuration": str(manifest.get("configuration_hash", ""))[:12],
        "begun": str(manifest.get("started", ""))[:10],
    }
