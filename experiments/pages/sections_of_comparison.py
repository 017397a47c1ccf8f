"""The comparison in the report: levels, losses, break-even points, value judgements."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from donorlab import scenarios as catalogue
from donorlab.experiments import report_of_comparison, values
from donorlab.experiments.pages import blocks, charts, claims, claims_of_break_even, gathered, own_words
from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import CENTRAL, Case
from donorlab.experiments.pages.chart import label, listed
from donorlab.experiments.pages.plainly import JUDGEMENTS
from donorlab.experiments.tables import names_in
from donorlab.experiments.words import counted

_OVER_TIME: Final = 3  # designs beside the reference in pictures that have a line each


# ---------------------------------------------------------------------- levels
def levels(case: Case) -> Section:
    """Return the comparison itself: what each design is, its levels, and the differences over the futures."""
    made = [charts.comparison(case.summary)]
    parts = [blocks.points(_told(case), "claims"), _designs(case)]
    parts.append(blocks.picture(made[0], _caption(case)))
    if case.counts:
        parts.append(_differences(case))
    time = _over_time(case)
    if time is not None:
        made.append(time)
        parts.append(
            blocks.picture(time, "What aid adds to the capacity of the mean state, year by year, at default values.")
        )
    parts.append(_levers(case))
    return Section("comparison", _title(case), tuple(parts), tuple(made))


def _title(case: Case) -> str:
    """Return a heading that says what was found over the futures, or that nothing was."""
    if not case.counts:
        return "Levels at default values, with chance alone"
    called = {name: case.called(name) for name in case.names}
    return claims.title(case.candidate_counts or case.counts, called, case.called(case.first))


def _told(case: Case) -> list[str]:
    """Return what the futures say of each, and how often aid does harm."""
    if case.draws is None:
        return []
    called = {name: case.called(name) for name in case.names}
    found = [claims.harm(case.draws, [case.first, *case.candidates[:2]], called)]
    if CENTRAL in case.counts:
        count = case.counts[CENTRAL]
        found.append(
            f"One donor with all the money (central) is no proposal but a benchmark; it is better in {count.better} "
            f"of {count.count} futures."
        )
    return [text for text in found if text]


def _designs(case: Case) -> Markup:
    """Return what each design is here."""
    table = case.optional("designs")
    if table is None:
        return blocks.note("What each design is here was not recorded by the version that made the comparison.")
    needed = gathered.needs(table, ["design", "what", "as_first"], case.compare.path / "designs.csv")
    texts = []
    for row in needed.to_dict("records"):
        same = (
            f" It runs exactly like {case.called(case.first)} here: nobody uses what it offers."
            if row["as_first"]
            else ""
        )
        own = case.proposals.get(str(row["design"])) or {}
        title = f" ({own['title']})" if own.get("title") else ""
        texts.append(own_words.dated(f"{case.called(str(row['design']))}{title}: {row['what']}.{same}"))
    return blocks.heading("What was simulated") + blocks.points(texts, "small")


def _caption(case: Case) -> str:
    futures = f"; lines span nine of ten of the {case.futures} futures" if case.futures else ""
    return (
        f"Levels of {counted(len(case.names), 'design')}: dots at default values (means of "
        f"{counted(case.seeds, 'paired replication')}){futures}. "
        "Lines overlap because all designs share the same good and bad futures; what counts is the difference within a future."
    )


def _differences(case: Case) -> Markup:
    """Return the table of differences over the futures."""
    rows = []
    for name in case.ranked:
        here, count = 100 * case.differences[name].dropna(), case.counts[name]
        rows.append(
            {
                "design": case.called(name),
                "better": count.better, "same": count.same, "worse": count.worse, "undefined": count.undefined,
                "middle": float(here.median()), "low": float(here.quantile(0.05)), "high": float(here.quantile(0.95)),
                "default": 100 * _at_default(case, name),
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows)
    if not frame["undefined"].any():
        frame = frame.drop(columns="undefined")
    heads = {
        "better": f"better by {case.points}", "same": "about the same", "worse": f"worse by {case.points}",
        "middle": "middle future, points", "low": "one in 20 lies below", "high": "one in 20 lies above", "default": "at default "
        "values, points",
    }  # fmt: skip
    signed = blocks.signed_cell(0)
    cells = {"middle": signed, "low": signed, "high": signed, "default": blocks.signed_cell(1)}
    return blocks.table(frame, f"Difference to {case.called(case.first)} in {case.futures} futures", cells, heads=heads)


def _at_default(case: Case, name: str) -> float:
    row = case.summary[case.summary["outcome"] == "efficiency"]
    return float((row[name] - row[case.first]).iloc[0])


def _over_time(case: Case) -> charts.Chart | None:
    """Return what aid adds over the years, of the reference and the best few."""
    columns = ["architecture", "seed", "quarter", "capacity", "capacity_no_aid"]
    if "steps" not in case.compare.tables:
        return None
    there = set(case.compare.dataset("steps").schema.names)
    if not set(columns) - {"capacity_no_aid"} <= there:
        return None
    own = [case.first, *case.candidates[:_OVER_TIME]]
    steps = case.compare.frame("steps", [name for name in columns if name in there], [("architecture", "in", own)])
    steps = steps.assign(architecture=pd.Categorical(steps["architecture"].astype(str), own)).sort_values(
        ["architecture", "seed", "quarter"]
    )
    return charts.over_time(steps, "capacity", int(case.parameters["horizon"]))


def _levers(case: Case) -> Markup:
    if case.ensemble is None:
        return blocks.note("No futures were drawn.")
    where = (
        "at the ends of their ranges that are worse for coordination"
        if case.ensemble.get("levers")
        else "at default values"
    )
    held = case.ensemble.get("held") or {}
    text = f"Levers (what a proposal decides, such as its overhead) stand {where} in all futures."
    if held:
        text += f" Not drawn, but held: {listed([_held(name, value) for name, value in held.items()])}."
    return blocks.note(text)


def _held(name: str, value: Any) -> str:
    """Return a number that is not drawn, with its unit, in words."""
    row = next((one for one in catalogue.parameter_table() if one.name == name), None)
    if row is None or not isinstance(value, (int, float)):
        return f"{label(name)} {value}"
    if row.unit.startswith("EUR m"):
        return own_words.dated(f"{label(name)} EUR {value:g}m{row.unit.removeprefix('EUR m')}")
    return f"{label(name)} {value:g}{'' if row.unit in ('-', 'share') else f' {row.unit}'}"


# ---------------------------------------------------------------------- losses
def losses(case: Case) -> Section:
    """Return where each euro goes."""
    shares = gathered.required(case.compare, "waterfall", ["bar", "label", "architecture", "share"])
    own = [case.first, *case.candidates[: _OVER_TIME + 1]]
    part = shares[shares["architecture"].isin(own)]
    part = part.assign(architecture=pd.Categorical(part["architecture"], own)).sort_values(
        "architecture", kind="stable"
    )
    made = charts.waterfall(part.assign(architecture=part["architecture"].astype(str)), case.first)
    wide = shares.pivot_table(index="label", columns="architecture", values="share", sort=False)[list(names_in(shares))]
    cells = dict.fromkeys(wide.columns, blocks.percent_cell(1))
    table = wide.rename_axis("of each euro").reset_index()
    heads = {name: case.called(name) for name in wide.columns}
    parts = (
        blocks.say(made.alt),
        blocks.picture(made, "Where each euro goes, at default values (means over paired replications, in cents)."),
        blocks.folded(
            "All losses of all designs",
            blocks.table(table, "Share of all money, at default values", cells, heads=heads),
        ),
        blocks.note(
            "Effective: what the gain over no aid would have cost a buyer without any obstacle. Own effort "
            "displaced: what states would have "
            "done without aid. A design that loses less in one place may lose more in another; whether it does "
            "better is said by efficiency."
        ),
    )
    return Section("losses", _loss_title(case, made.data), parts, (made,))


def _loss_title(case: Case, cents: pd.DataFrame) -> str:
    """Return the largest loss under the reference, as a heading.

    Parameters
    ----------
    case : what is reported
    cents : of a euro: a row a group of losses, its name first, then the reference
    """
    head, own = cents.columns[0], cents.columns[1]
    lost = cents[(cents[head] != "effective") & cents[own].notna()]
    if lost.empty:
        return "Where each euro goes is not defined"
    most = lost.sort_values(own, ascending=False, kind="stable").iloc[0]
    return f"Under {case.called(case.first)} most is lost to: {most[head]}, {float(most[own]):.0f} cents of each euro"


# ---------------------------------------------------------------------- break-even
def break_even(case: Case) -> Section | None:
    """Return up to which price coordination pays; nothing where it was not asked for."""
    curves = case.optional("break_even")
    if curves is None or curves.empty:
        return None
    gathered.needs(
        curves, ["parameter", "value", "architecture", "seed", "difference"], case.compare.path / "break_even.csv"
    )
    own = [name for name in case.candidates[: _OVER_TIME + 1] if name in set(curves["architecture"].astype(str))]
    if not own:
        return None
    part = curves[curves["architecture"].astype(str).isin(own)]
    part = part.assign(architecture=pd.Categorical(part["architecture"].astype(str), own)).sort_values(
        "architecture", kind="stable"
    )
    made = charts.break_even(part.assign(architecture=part["architecture"].astype(str)), case.first, case.smallest)
    blocks_of = [
        blocks.heading(case.called(name)) + blocks.points(claims_of_break_even.sentences(curves, name, case.smallest))
        for name in own
    ]
    parts = (
        blocks.picture(
            made,
            f"Difference in efficiency to {case.called(case.first)} as one setting moves and all else stays at default values.",
        ),
        *blocks_of,
        blocks.note(
            f"{counted(int(curves['seed'].nunique()), 'paired replication')}; straight lines between the values "
            "tried. What chance leaves open "
            "is said; what the assumptions leave open is not in these limits."
        ),
    )
    return Section("break-even", "Up to which price coordination pays", parts, (made,))


# ---------------------------------------------------------------------- value judgements
def judgements(case: Case) -> Section | None:
    """Return the ranking under other value judgements; nothing where it was not asked for."""
    frame = case.optional("values")
    if frame is None or frame.empty:
        return None
    gathered.needs(frame, ["judgement", "architecture", "seed", "efficiency"], case.compare.path / "values.csv")
    texts = report_of_comparison.swaps_in(frame, case.smallest)
    mean: dict[str, dict[Any, Any]] = {str(name): one.to_dict() for name, one in values.means(frame).items()}
    own = [name for name in case.names if name in mean]
    rows = []
    for name in own:
        lead = values.leads(frame, name, case.first)["lead"].to_dict()
        shown = mean[name] if name == case.first else lead
        rows.append(
            {"design": case.called(name), **{str(judgement): 100 * float(value) for judgement, value in shown.items()}}
        )
    table = pd.DataFrame(rows)
    cells = {name: blocks.signed_cell(1) for name in table.columns[1:]}
    heads = {name: JUDGEMENTS.get(name, name) for name in table.columns[1:]}
    swaps, _ = values.swaps(frame)
    large = any(min(swap.by, swap.minus) >= case.smallest for swap in swaps)
    title = (
        "The order depends on who counts"
        if large
        else "At default values the order changes with who counts only by less than matters"
        if swaps
        else "At default values no change of order between value judgements is told from chance"
    )
    parts = (
        blocks.points(texts, "claims"),
        blocks.table(
            table,
            f"First row: efficiency of {case.called(case.first)} in %. Others: points above or below it, at default values",
            cells,
            heads=heads,
        ),
        blocks.note(
            "Who counts: every state alike, states by the number of their Internet users or its square root, or the "
            "poorest first; and "
            "whether every further task counts alike or first tasks count most. "
            "Each column has a bound of "
            f"its own. {counted(int(frame['seed'].nunique()), 'paired replication')}, chance only."
        ),
    )
    return Section("judgements", title, parts)
