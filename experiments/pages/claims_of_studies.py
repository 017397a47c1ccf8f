"""What sweeps, sensitivity and robustness say, in sentences: numbers in, text or nothing out; which words, rules decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import pandas as pd

from donorlab.experiments.outcomes import percent
from donorlab.experiments.pages.chart import label, listed
from donorlab.experiments.pages.plainly import JUDGEMENTS, PLAIN
from donorlab.experiments.report_of_robust import SURE, in_points, likely
from donorlab.experiments.report_of_sensitivity import LIKELY as LIKELY_FIRST
from donorlab.experiments.report_of_sensitivity import SURE as SURE_FIRST
from donorlab.experiments.report_of_sensitivity import hidden_in, spanned
from donorlab.experiments.studies.factors import NOISE
from donorlab.experiments.studies.indices import REST
from donorlab.experiments.studies.robust import OWN, nearest_in
from donorlab.experiments.studies.robustness import SHARE
from donorlab.experiments.sweeps.columns import rows
from donorlab.experiments.words import counted

Called = Callable[[str], str]
"""Returns the name of an architecture or proposal in plain words."""
_NAMED: Final = 3  # assumptions that a sentence names
MOST: Final = 0.5
SMALLEST: Final = 0.02  # least change that counts, where a study says no other


def started(text: str) -> str:
    """Return a sentence with a capital at its start."""
    return text[:1].upper() + text[1:]


def be(called: str) -> str:
    """Return *is*, or *are* after a name that stands for several donors."""
    return "are" if called.startswith("donors ") else "is"


def explained(name: str) -> str:
    """Return a parameter with what it means, e.g. ``reform cost (political cost of a reform)``; a formula explains nothing."""
    means = meaning(name)
    return f"{label(name)} ({means})" if means else label(name)


def known(name: str) -> str:
    """Return what would be known, e.g. ``what a reform costs a government politically (reform cost)``."""
    return f"{PLAIN[name]} ({label(name)})" if name in PLAIN else label(name)


def meaning(name: str) -> str:
    """Return what a parameter means in plain words; nothing where that is a formula, or unknown."""
    if name in PLAIN:
        return PLAIN[name]
    row = rows().get(name)
    text = "" if row is None else row.meaning.partition(";")[0]
    return "" if any(sign in text for sign in "=*^") else text


def glossary(names: Iterable[str]) -> str:
    """Return what parameters mean, for a note under a picture that names them; nothing where none has a meaning in words."""
    found = [f"{label(name)}: {meaning(name)}" for name in dict.fromkeys(names) if meaning(name)]
    return f"{started('; '.join(found))}." if found else ""


# ---------------------------------------------------------------------- sensitivity
def _single(table: pd.DataFrame) -> pd.DataFrame:
    """Return the indices of single assumptions that are told from luck, the largest first."""
    own = table[~table["factor"].isin([NOISE, REST])]
    return own[own["told"].astype(bool)].sort_values("total", ascending=False, kind="stable")


def driver(table: pd.DataFrame) -> tuple[str, str]:
    """Return the assumption that drives a result most and how sure that is: ``sure``, ``likely``, ``open``, or ``none``.

    Parameters
    ----------
    table : factor, total, told, chance_first, as ``indices.csv`` has them for one result
    """
    told = _single(table)
    if told.empty:
        return "", "none"
    first = told.iloc[0]
    if hidden_in(table.assign(told=table["told"].astype(bool))):
        return str(first["factor"]), "open"
    chance, alone = float(first["chance_first"]), len(table[~table["factor"].isin([NOISE, REST])]) == 1
    sure = "sure" if alone or chance >= SURE_FIRST else "likely" if chance >= LIKELY_FIRST else "open"
    return str(first["factor"]), sure


def sensitivity_title(table: pd.DataFrame, what: str) -> str:
    """Return which assumption drives a result, as a heading; ``what`` is the result in words."""
    name, sure = driver(table)
    if sure == "none":
        return f"No single assumption is shown to drive {what}"
    if sure == "open":
        return f"Which assumption drives {what} most is open"
    return f"{started(what)} {'likely ' if sure == 'likely' else ''}hangs most on one assumption: {label(name)}"


def drives(table: pd.DataFrame, what: str) -> str:
    """Return which assumption drives a result most, with its share of the spread over the futures."""
    name, sure = driver(table)
    if sure == "none":
        return f"No single assumption is told from luck as what drives the spread of {what} over the futures."
    told = _single(table)
    share = _share(*(float(told.iloc[0][key]) for key in ("total", "total_low", "total_high")))
    if sure == "open":
        names = [label(str(factor)) for factor in told["factor"].head(_NAMED)]
        rest = len(told) - len(names)
        named = listed([*names, f"{rest} more"] if rest else names)
        return (
            f"Which assumption drives {what} most is open; told from luck {'is' if len(told) == 1 else 'are'} {named}."
        )
    most = f"most is {'likely ' if sure == 'likely' else ''}{explained(name)}"
    text = f"What drives {what} {most}: {share} of the spread over the futures"
    then = [
        f"{label(str(row['factor']))} ({percent(min(float(row['total']), 1.0))})"
        for row in told.iloc[1:_NAMED].to_dict("records")
    ]
    return f"{text}; then {listed(then)}." if then else f"{text}."


def luck(table: pd.DataFrame) -> str:
    """Return how much of a result no knowledge takes away; nothing where luck was not varied."""
    found = table[table["factor"] == NOISE]
    if found.empty:
        return ""
    total, low, high = (float(found.iloc[0][key]) for key in ("total", "total_low", "total_high"))
    share = _share(total, low, high)
    if total >= 1 and low > MOST:
        share = "all" if low >= 1 else f"most or all ({share})"
    return f"The luck of the seed makes {share} of that spread, which no knowledge of the assumptions would take away."


def _share(value: float, low: float, high: float) -> str:
    """Return an estimated share with its interval, e.g. ``34% (30 to 38)``; none of it above the whole, or below nothing."""
    low, high = max(low, 0.0), min(high, 1.0)
    return spanned(value, low, high) if value < 1 else f"{percent(min(low, 1.0))} or more"


def settled(state: str) -> str:
    """Return what must be said of shares that more runs would move; nothing where they are settled."""
    if state == "no":
        return (
            "These shares are not settled: with more base points they would move, so that they are a first hint only."
        )
    return "These shares are roughly settled: more base points would narrow them." if state == "roughly" else ""


def screened_title(table: pd.DataFrame, what: str) -> str:
    """Return what a screening alone says, as a heading."""
    own = table[table["factor"] != NOISE]
    matter = int((own["verdict"] == "matters").sum())
    if not matter:
        return f"No single assumption is shown to matter for {what}"
    return f"{matter} of {counted(len(own), 'assumption')} {'is' if matter == 1 else 'are'} shown to matter for {what}"


def screened(table: pd.DataFrame, what: str, points: str) -> str:
    """Return which assumptions a screening shows to matter, and how many it leaves open.

    Parameters
    ----------
    table : factor, mu_star, verdict, as ``screening.csv`` has them for one result
    what : the result in words
    points : least change that matters, in words
    """
    own = table[table["factor"] != NOISE]
    matter = own[own["verdict"] == "matters"].sort_values("mu_star", ascending=False, kind="stable")
    open_ = int((own["verdict"] == "open").sum())
    text = f"Of {counted(len(own), 'assumption')} "
    text += f"{len(matter)} {'is' if len(matter) == 1 else 'are'}" if len(matter) else "none is"
    text += f" shown to move {what} by more than {points} over the whole of its range"
    if len(matter):
        names = [explained(str(name)) for name in matter["factor"].head(_NAMED)]
        rest = len(matter) - len(names)
        text += f": {listed([*names, f'{rest} more'] if rest else names)}"
    return text + (f"; {open_} {'stays' if open_ == 1 else 'stay'} open." if open_ else ".")


# ---------------------------------------------------------------------- robustness
def own_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the scores under the scenario's own value judgement, which come first."""
    own: pd.DataFrame = scores[scores["judgement"] == scores["judgement"].iloc[0]]
    return own


def _row(scores: pd.DataFrame, design: str) -> dict[str, float]:
    """Return the scores of a design under the scenario's own value judgement."""
    own = own_scores(scores).set_index("design").select_dtypes("number")
    return {str(name): float(value) for name, value in own.loc[[design]].iloc[0].items()}


def robust_title(scores: pd.DataFrame, called: Called) -> str:
    """Return which design is never far from best, as a heading."""
    own = own_scores(scores)
    name, chance = nearest_in(own)
    if not (sure := likely(chance)):
        return "Which design is never far from the best is open"
    near = _row(scores, name)["near_share"]
    what = "never far from the best" if near >= SHARE else "nearest to the best, but not always near"
    return f"{started(called(name))} {be(called(name))} {sure} {what}"


def never_far(scores: pd.DataFrame, called: Called) -> str:
    """Return which design is nearest to the best, by how much it lacks, and how sure that is."""
    own = own_scores(scores)
    name, chance = nearest_in(own)
    row = _row(scores, name)
    who, lack = f"{called(name)} {be(called(name))}", "they lack" if be(called(name)) == "are" else "it lacks"
    how = (
        f"in 95 of 100 futures {lack} no more than {in_points(row['regret_95'])} points of efficiency "
        f"({in_points(row['regret_95_low'])} to {in_points(row['regret_95_high'])}) against the best of the "
        f"{len(own)} designs there"
    )
    resampled = f"in {percent(chance)} of resampled futures"
    if sure := likely(chance):
        return f"{started(who)} {sure} nearest to the best over all futures considered ({resampled}): {how}."
    return f"Which design is nearest to the best over all futures is open: {who} the nearest {resampled} only; {how}."


def lag_of(scores: pd.DataFrame, first: str, called: Called) -> str:
    """Return how far the reference is from the best; nothing where it is the nearest itself, or not among the designs."""
    own = own_scores(scores)
    if first not in set(own["design"]) or nearest_in(own)[0] == first:
        return ""
    row = _row(scores, first)
    who = called(first)
    lack = "lack" if be(who) == "are" else "lacks"
    return f"{started(who)} {lack} up to {in_points(row['regret_95'])} points of efficiency in 95 of 100 futures."


def best_in(scores: pd.DataFrame, points: str, called: Called) -> str:
    """Return in how many futures the nearest design is the best one, and clearly so."""
    name = nearest_in(own_scores(scores))[0]
    row = _row(scores, name)
    futures = int(row["futures"])
    best, clear = (round(row[key] * futures) for key in ("best_share", "clear_share"))
    who = f"{started(called(name))} {be(called(name))}"
    return f"{who} the best in {best:,} of {futures:,} futures considered, and ahead of all others by {points} in {clear:,}."


def judged(scores: pd.DataFrame, called: Called) -> str:
    """Return whether another design is nearest under other value judgements; nothing where none were tried."""
    name, _ = nearest_in(own_scores(scores))
    found = [nearest_in(part) for _, part in scores.groupby("judgement", sort=False)][1:]
    if not found:
        return ""
    other = [chance for design, chance in found if design != name]
    sure = sum(chance >= SURE for chance in other)
    of = "other value judgement that was tried" if len(found) == 1 else f"{len(found)} other value judgements"
    if not other:
        return f"Under {'the' if len(found) == 1 else 'all'} {of} {called(name)} {be(called(name))} nearest to the best as well."
    told = "none of them for sure" if not sure else "for sure" if sure == len(other) == 1 else f"for sure in {sure}"
    where = f"the {of}" if len(found) == 1 else f"{len(other)} of {of}"
    return f"Under {where} another design than {called(name)} is nearest to the best, {told}."


def judgements(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a row a value judgement: the nearest design, what it lacks in points, how sure it is, and the next one.

    Parameters
    ----------
    scores : judgement, kind, design, regret_95 (a share), chance_nearest, as ``scores.csv`` has them
    """
    found: list[dict[str, Any]] = []
    for name, part in scores.groupby("judgement", sort=False):
        design, chance = nearest_in(part)
        order = part.sort_values("regret_95", kind="stable")
        next_ = order[order["design"] != design].head(1)
        found.append(
            {
                "judgement": judgement_in_words(str(name), str(part["kind"].iloc[0])), "nearest": design,
                "lacks": 100 * float(order["regret_95"].iloc[0]), "sure": chance,
                "next": str(next_["design"].iloc[0]) if len(next_) else "",
                "next_lacks": 100 * float(next_["regret_95"].iloc[0]) if len(next_) else float("nan"),
            }
        )  # fmt: skip
    return pd.DataFrame(found)


def judgement_in_words(name: str, kind: str) -> str:
    """Return a value judgement in plain words."""
    if kind == OWN:
        return "efficiency as the scenario has it"
    return _JUDGEMENTS.get(name, name)


_JUDGEMENTS: Final = {
    **{f"efficiency, {name}": f"efficiency, {words}" for name, words in JUDGEMENTS.items()},
    "all five alike": "all five objectives alike",
    "four alike, no autonomy": "four objectives alike, autonomy of donors aside",
}


# ---------------------------------------------------------------------- value of information
def would_change(
    information: pd.DataFrame, called: Called = label, futures: int = 0, smallest: float = SMALLEST
) -> list[str]:
    """Return what evidence would change the choice of a design: a sentence for each of at most three assumptions told from chance.

    Parameters
    ----------
    information : ``information.csv`` of `donorlab robust`: judgement, chosen, assumption, value, low, high (shares), told, changes,
        to; the first judgement is the scenario's own and alone is read
    called : names a design
    futures : of the study; 0 where that is not known
    smallest : least change that counts, a share

    Returns
    -------
    list
        One sentence if none is told; nothing if the table is empty.
    """
    if information.empty:
        return []
    own = (
        information[information["judgement"] == information["judgement"].iloc[0]]
        if "judgement" in information
        else information
    )
    told = own[own["told"].astype(bool)].sort_values("value", ascending=False, kind="stable")
    if told.empty:
        return ["No single assumption, if it were known, is shown to change the choice."]
    of = f"the {counted(futures, 'future')} of that study" if futures else "futures considered"
    found = []
    for row in told.head(_NAMED).to_dict("records"):
        to = "" if pd.isna(row["to"]) or row["to"] == row["chosen"] else f", mostly to {called(str(row['to']))}"
        text = (
            f"If we knew {known(str(row['assumption']))}, the choice would change from {called(str(row['chosen']))} in "
            f"{percent(float(row['changes']))} of {of}{to}; worth about {in_points(row['value'])} points of "
            "efficiency"
        )
        if not (pd.isna(row["low"]) or pd.isna(row["high"])):
            text += f" ({in_points(row['low'])} to {in_points(row['high'])})"
        if float(row["value"]) < smallest:
            text += f", less than the {100 * smallest:g} points that count"
        found.append(f"{text}.")
    return found


def worth_title(information: pd.DataFrame, smallest: float = SMALLEST) -> str:
    """Return what knowing more would be worth, as a heading inside the section.

    Parameters
    ----------
    information : as of `would_change`
    smallest : least change that counts, a share
    """
    own = information[information["judgement"] == information["judgement"].iloc[0]]
    told = own[own["told"].astype(bool)]
    if told.empty:
        return "No single assumption is shown to be worth knowing"
    if float(told["value"].max()) < smallest:
        return f"Knowing one assumption would change the choice, but gain less than the {100 * smallest:g} points that count"
    return "What would be worth knowing"


def spoken(texts: Sequence[str]) -> list[str]:
    """Return the texts that say something."""
    return [text for text in texts if text]
