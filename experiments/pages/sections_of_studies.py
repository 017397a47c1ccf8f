"""Where the answer turns, and how sure it is: sections about sweeps and studies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from donorlab.experiments.arguments import InputError
from donorlab.experiments.opened import Opened
from donorlab.experiments.pages import amounts, blocks, charts, gathered
from donorlab.experiments.pages import claims_of_conditions as told
from donorlab.experiments.pages import claims_of_studies as said
from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case
from donorlab.experiments.pages.chart import Chart, label, word_of
from donorlab.experiments.pages.own_words import own_words
from donorlab.experiments.studies.boxes import Counted
from donorlab.experiments.studies.findings import Question
from donorlab.experiments.studies.measures import Measure
from donorlab.experiments.sweeps.columns import rows as parameters
from donorlab.experiments.words import label as plain_label
from donorlab.scenarios import parameter_table

_PICTURES: Final = 3  # of a kind in a section
_EXPLAINED: Final = 6  # assumptions of a picture that a note explains
_OUTCOME: Final = "efficiency"


# ---------------------------------------------------------------------- sensitivity
def sensitivity(case: Case) -> Section | None:
    """Return which assumptions drive the answer; nothing without results of `sensitivity`."""
    one = case.one("sensitivity")
    if one is None:
        return None
    shares, screen = gathered.csv(one, "indices"), gathered.csv(one, "screening")
    tables = [table for table in (shares, screen) if table is not None and len(table)]
    if not tables:
        return Section("sensitivity", "Nothing that was looked at varies, so that nothing drives it", (own_words(one),))
    table = tables[0]
    whole = table is shares
    columns = (
        ["total", "total_low", "total_high", "first", "told", "chance_first"]
        if whole
        else ["mu_star", "mu_star_low", "mu_star_high", "verdict"]
    )
    gathered.needs(
        table, ["outcome", "result", "factor", *columns], one.path / f"{'indices' if whole else 'screening'}.csv"
    )
    outcome = _OUTCOME if (table["outcome"] == _OUTCOME).any() else str(table["outcome"].iloc[0])
    part = table[table["outcome"] == outcome]
    body: list[Markup] = []
    made: list[Chart] = []
    title = ""
    for result, words, short in _results(case, part, outcome)[:_PICTURES]:
        own = part[part["result"] == result]
        if whole:
            texts = [said.drives(own, short), said.luck(own), said.settled(_state(one, outcome, result))]
        else:
            texts = [said.screened(own, short, case.points)]
        title = title or (said.sensitivity_title(own, short) if whole else said.screened_title(own, short))
        chart = charts.sensitivity(part, result, outcome, words)
        made.append(chart)
        largest = own.sort_values("total" if whole else "mu_star", ascending=False, kind="stable")["factor"].astype(str)
        body += [
            blocks.points(said.spoken(texts), "claims"),
            blocks.picture(chart, f"Assumptions that move it most: {words}."),
            *_words(largest.head(_EXPLAINED)),
        ]
    body.append(blocks.note(_SHARES if whole else _SCREENED))
    return Section("sensitivity", title, (*body, own_words(one)), tuple(made))


_SHARES: Final = (
    "Share of the spread (of the variance over the futures and seeds) that would be gone if the assumption were known, with all "
    "that it does together with others; such shares add up to more than 100%. In brackets, and as lines: 95% intervals. Told "
    "from luck is what goes beyond what another seed makes."
)
_SCREENED: Final = (
    "A screening moves one assumption at a time, in many places of the space of assumptions, and tells whether it matters at "
    "all; how much of the spread it makes is told by `method=sobol`."
)


def _results(case: Case, table: pd.DataFrame, outcome: str) -> list[tuple[str, str, str]]:
    """Return what is shown, differences before levels: the name in the table, in words, and in words inside a sentence."""
    names = [str(name) for name in table["result"].unique()]
    tail = f"-{case.first}" if any(name.endswith(f"-{case.first}") for name in names) else f"-{names[0]}"
    found = []
    for name in names:
        if name.endswith(tail):
            who = name.removesuffix(tail)
            what = "in efficiency" if outcome == _OUTCOME else f"in {label(outcome)}"
            first = case.called(tail[1:])
            short = f"the difference {what} between {case.called(who)} and {first}"
            found.append(
                (
                    name,
                    Measure(outcome, who, tail[1:]).words.replace(
                        f"against {plain_label(tail[1:])}", f"against {first}"
                    ),
                    short,
                )
            )
    if found:
        return found
    return [(name, Measure(outcome, name).words, f"{label(outcome)} under {case.called(name)}") for name in names]


def _state(one: Opened, outcome: str, result: str) -> str:
    """Return how far indices are settled, as the last row of their convergence says; empty where it is not known."""
    table = gathered.csv(one, "convergence")
    if table is None:
        return ""
    gathered.needs(table, ["outcome", "result", "base_points", "state"], one.path / "convergence.csv")
    own = table[(table["outcome"] == outcome) & (table["result"] == result)]
    return str(own.sort_values("base_points", kind="stable")["state"].iloc[-1]) if len(own) else ""


# ---------------------------------------------------------------------- discovery
def discovery(case: Case) -> Section | None:
    """Return under which conditions the answer turns; nothing without results of `discover`."""
    one = case.one("discover")
    if one is None:
        return None
    keys = gathered.configuration_of(one)
    try:
        question = Question(str(keys["outcome"]), str(keys["case"]), float(keys["smallest_difference"]))
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"{one.path / 'manifest.json'}: does not say what was asked; put a copy of the folder in its place"
        ) from None
    boxes, tree = gathered.csv(one, "boxes"), gathered.csv(one, "tree")
    counts = [f"{prefix}{name}" for prefix in ("", "fresh_") for name in ("futures", "cases", "inside", "hits")]
    if boxes is not None:
        gathered.needs(
            boxes,
            ["architecture", "against", "box", "name", "end", "limit", "beyond_chance", *counts],
            one.path / "boxes.csv",
        )
    if tree is not None:
        gathered.needs(tree, ["architecture", "against", "conditions", *counts], one.path / "tree.csv")
    futures = {path.stem.removeprefix("futures_"): path for path in sorted(one.path.glob("futures_*.csv"))}
    order = [] if tree is None else [str(name) for name in tree["architecture"].unique()]
    found: list[told.Searched] = []
    body: list[Markup] = []
    made: list[Chart] = []
    whose = [*(name for name in order if name in futures), *(name for name in futures if name not in order)]
    for place, who in enumerate(whose, start=1):  # names may differ only in signs that a picture's name cannot have
        table = gathered.needs(pd.read_csv(futures[who]), ["case"], futures[who])
        pair = _searched(case, who, table, question, boxes, tree)
        found.append(pair)
        body.append(blocks.points([told.how_often(pair), *told.where(pair)], "claims"))
        for box in pair.held[:_PICTURES]:
            rows_ = (
                boxes[(boxes["architecture"] == who) & (boxes["box"] == box.place)]
                if boxes is not None
                else pd.DataFrame()
            )
            gain = question.case == "wins"
            chart = charts.box(
                rows_, _ranges(table), f"box-{place}-{word_of(who)}-{box.place}", f"{pair.other} {pair.happens}", gain
            )
            made.append(chart)
            which = f", set of conditions {box.place}" if len(pair.held) > 1 else ""
            body.append(blocks.picture(chart, f"Where {pair.other} {pair.happens}{which}: all of these together."))
    if not found:
        return Section("discovery", "Under which conditions the answer turns was not searched", (own_words(one),))
    limited = [name for pair in found for box in pair.held for name in box.limits]
    body += [*_words(limited), blocks.note(_CONDITIONS)]
    if any(row.unit.startswith("EUR") for name in limited if (row := parameters().get(name)) is not None):
        body.append(blocks.note(amounts.PRICES_SAID))
    return Section("discovery", told.searched_title(found), (*body, own_words(one)), tuple(made))


_CONDITIONS: Final = (
    "Futures were searched for conditions under which this happens; what was found was counted again in fresh futures that the "
    "search had not seen, and held against searches in noise. Only what is better than chance is shown. Conditions are where "
    "such futures gather in this model, not causes by themselves."
)


def _searched(
    case: Case,
    who: str,
    futures: pd.DataFrame,
    question: Question,
    boxes: pd.DataFrame | None,
    tree: pd.DataFrame | None,
) -> told.Searched:
    """Return what was found of one architecture."""
    leaves = () if tree is None else told.leaves_of(tree, who)
    against = [
        str(row)
        for table in (tree, boxes)
        if table is not None
        for row in table.loc[table["architecture"] == who, "against"]
    ]
    fresh = None
    if leaves:
        all_, cases = leaves[0][1].fresh.futures, leaves[0][1].fresh.cases
        fresh = Counted(all_, cases, all_, cases)
    cases = int(futures["case"].astype(bool).sum())
    return told.Searched(
        first=case.called(against[0] if against else case.first),
        other=case.called(who),
        question=question,
        own=Counted(len(futures), cases, len(futures), cases),
        fresh=fresh,
        held=() if boxes is None else told.held_boxes(boxes, who),
        leaves=leaves,
    )


def _ranges(futures: pd.DataFrame) -> pd.DataFrame:
    """Return the ranges that were considered: declared ones, else from the least to the largest value that was searched."""
    declared = {row.name: row for row in parameter_table() if row.range and not row.choices}
    found: list[dict[str, Any]] = []
    for name in futures.select_dtypes("number").columns:
        row = declared.get(str(name))
        low, high = (
            (float(row.range[0]), float(row.range[-1]))
            if row is not None and row.range
            else (futures[name].min(), futures[name].max())
        )
        found.append(
            {"name": str(name), "low": low, "high": high, "log": row is not None and row.distribution == "log_uniform"}
        )
    return pd.DataFrame(found)


# ---------------------------------------------------------------------- robustness
def robustness(case: Case) -> Section | None:
    """Return which design is never far from best; nothing without results of `robust`."""
    one = case.one("robust")
    if one is None:
        return None
    scores, regret = gathered.csv(one, "scores"), gathered.csv(one, "regret")
    if scores is None or regret is None:
        name = "scores" if scores is None else "regret"
        raise InputError(f"{one.path}: has no {name}.csv; put a copy of the folder in its place")
    columns = [
        "regret_95",
        "regret_95_low",
        "regret_95_high",
        "near_share",
        "best_share",
        "clear_share",
        "chance_nearest",
        "futures",
    ]
    gathered.needs(scores, ["judgement", "kind", "design", *columns], one.path / "scores.csv")
    gathered.needs(regret, ["judgement", "design", "regret"], one.path / "regret.csv")
    chart = charts.regret(regret.assign(design=[case.called(str(name)) for name in regret["design"]]))
    claims = [
        said.never_far(scores, case.called), said.lag_of(scores, case.first, case.called),
        said.best_in(scores, case.points, case.called), said.judged(scores, case.called),
    ]  # fmt: skip
    body = [
        blocks.points(said.spoken(claims), "claims"),
        blocks.picture(chart, "What each design lacks of the best design in the same future, in points of efficiency."),
    ]
    if len(scores["judgement"].unique()) > 1:
        body += [_judgements(case, scores), blocks.note(_JUDGED)]
    made = [chart]
    futures = int(said.own_scores(scores)["futures"].max())
    information = gathered.csv(one, "information")
    if information is not None and len(information):
        columns = ["judgement", "chosen", "assumption", "value", "low", "high", "told", "changes", "to"]
        gathered.needs(information, columns, one.path / "information.csv")
        worth = charts.information(information)
        made.append(worth)
        body += [
            blocks.heading(said.worth_title(information, case.smallest)),
            blocks.points(said.would_change(information, case.called, futures, case.smallest), "claims"),
            blocks.picture(
                worth, "What it would be worth to know single assumptions before choosing, in points of efficiency."
            ),
            *_words(information["assumption"].astype(str).head(_EXPLAINED)),
            blocks.note(_WORTH),
        ]
    return Section("robustness", said.robust_title(scores, case.called), (*body, own_words(one)), tuple(made))


_JUDGED: Final = (
    "How sure: the share of resampled futures in which the same design is nearest; below 90% another may be. Points: of "
    "efficiency where other states or tasks count more; of a weighted sum of efficiency, coverage, ownership, cost of giving "
    "and autonomy of donors where these count otherwise."
)
_WORTH: Final = (
    "Who knows only the ranges takes the design that is best on average; who knew one assumption could choose otherwise where "
    "that is better. The gain is the mean over the futures, less what noise alone would feign."
)


_TABLE: Final = (
    "Which design is nearest to the best, by value judgement, and how many points it lacks of the best in 95 of 100 "
    "futures at most"
)


def _judgements(case: Case, scores: pd.DataFrame) -> Markup:
    table = said.judgements(scores)
    for name in ("nearest", "next"):
        table[name] = [case.called(who) if who else "" for who in table[name]]
    heads = {
        "judgement": "Value judgement",
        "nearest": "Nearest to the best",
        "lacks": "Lacks, points",
        "sure": "How sure",
        "next": "Next",
        "next_lacks": "Lacks, points",
    }
    cells = {"lacks": _decimal, "next_lacks": _decimal, "sure": blocks.percent_cell()}
    return blocks.table(table, _TABLE, cells, heads=heads)


def _decimal(value: Any) -> str:
    return f"{value:.1f}" if value == value else "\N{EN DASH}"


# ---------------------------------------------------------------------- own words
def _words(names: Iterable[str]) -> list[Markup]:
    """Return a note that says what assumptions are; nothing where there is nothing to say."""
    text = said.glossary(names)
    return [blocks.note(text)] if text else []
