"""Who joins, who should report, what two donors buy: sections about what donors do together."""

from __future__ import annotations

import json
import math
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from donorlab.experiments import coalitions, report_of_buys, report_of_ignorance, tables
from donorlab.experiments.arguments import InputError
from donorlab.experiments.opened import Opened
from donorlab.experiments.pages import amounts, blocks, charts, claims_of_cooperation, gathered
from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case
from donorlab.experiments.pages.chart import MINUS, Chart, label, listed, word_of
from donorlab.experiments.pages.claims_of_cooperation import Stand
from donorlab.experiments.pages.own_words import own_words
from donorlab.experiments.purchases import MEASURES, TEN
from donorlab.experiments.words import DEFAULT_VALUES

_MEMBERSHIP: Final = ("player", "count", "member", "gain_m", "gain_low", "gain_high")
_BY_DONOR: Final = ("donor", "member", "budget_m", "gain_m", "moves", "told", "stays")
_CURVE: Final = ("reporters", "donors", "last", "paid_twice_m", "removed", "removed_low", "removed_high")
_REPORTERS: Final = (
    "player",
    "count",
    "budget_m",
    "budget_share",
    "saved_m",
    "saved_m_low",
    "saved_m_high",
    "saved_share",
)
_BUYS: Final = ("donor", "way", "measure", "per_million", "standard_error")
_CONTEST: Final = ("measure", "first_more", "neither", "second_more")
_SHOWN: Final = (*report_of_buys.PILLARS, "tasks", "accessions")
"""Measures of `buys` in its table; the others are in its sentences and files."""
_BUYS_PRICES: Final = "prices of 2013 to 2024, not deflated"
"""Of amounts of `buys`: budgets behind them are those of projects of these years."""
_NAMING: Final = ("Years, found for real", "Missed", "False alarms", "Of the false alarms")
"""How sentences of `buys` begin that name single states."""


def donor_names(folder: Opened) -> dict[str, str]:
    """Return names of donors by their letters; empty where a folder does not say them.

    Parameters
    ----------
    folder : of the results

    Raises
    ------
    InputError
        If its configuration cannot be read.
    """
    found = _donors_of(folder)
    return dict(zip(found.get("ids", ()), found.get("names", ()), strict=False))


def _donors_of(folder: Opened) -> dict[str, list[Any]]:
    """Return lists about the donors of the scenario, ``ids`` and ``names`` among them; empty where a folder does not say them."""
    path = folder.path / "configuration.json"
    if not path.exists():
        return {}
    try:
        donors = json.loads(path.read_text("utf-8"))["resolved"]["donors"]
        return {str(key): value for key, value in dict(donors).items() if isinstance(value, list)}
    except (KeyError, TypeError):
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); put a copy of the folder in its place") from None


def _left_out(folder: Opened, asked: set[str]) -> str | None:
    """Return which donors of the scenario are not counted; nothing where that is not known, or all are."""
    found = _donors_of(folder)
    if not {"ids", "names", "budget_central"} <= set(found) or not asked <= set(found["ids"]):
        return None
    rows = zip(found["ids"], found["names"], found["budget_central"], strict=False)
    moneyless = [str(name) for one, name, money in rows if not money and one not in asked]
    return claims_of_cooperation.left_out(len(found["ids"]), len(asked), moneyless)


# ---------------------------------------------------------------------- membership
def membership(case: Case) -> Section | None:
    """Return whether donors would join and stay; nothing without results of `membership`."""
    folders = case.gathered.found.get("membership", ())
    if not folders:
        return None
    found = [(_proposal(one), one, gathered.required(one, "membership_by_donor", _BY_DONOR)) for one in folders]
    stands = [_stand(case.called(name), donors) for name, _, donors in found]
    title = claims_of_cooperation.membership_title(stands)
    missing = {text for _, folder, donors in found if (text := _left_out(folder, set(donors["donor"].astype(str))))}
    charts_, pieces = [], []
    for i, (name, folder, _) in enumerate(found):
        players = gathered.required(folder, "membership", _MEMBERSHIP)
        players["player"] = players["player"].replace(donor_names(folder))
        drawn = charts.membership(players, f"membership-{word_of(name)}-{i}")
        charts_.append(drawn)
        pieces += [
            blocks.heading(label(name)),
            blocks.picture(drawn, f"What being in {label(name)} is worth to each donor or group, in {amounts.head()}."),
            own_words(folder),
        ]
    return Section(
        "membership",
        title,
        (
            blocks.say(f"{DEFAULT_VALUES.capitalize()}, each donor moving alone while all others stay as they are:"),
            blocks.points([claims_of_cooperation.stands(one) for one in stands], "claims"),
            _membership_table(found, stands),
            *pieces,
            blocks.note(
                "What being in is worth: what a donor would have to add to its own programme outside to get as much as inside, by "
                "what it wants itself, all others staying where they are. The sum over members is not what the whole proposal is "
                "worth to them against a world without it, which stands in the section of donors: one who leaves alone still has "
                "what the others do. A group is the sum of its donors, each of which moves alone. Colours of a picture are of "
                "each by itself, by its 95% interval; the counts are of what is told where all are asked at once, which is "
                f"stricter. No futures were drawn for this: it says nothing of other assumptions. {amounts.PRICES_SAID}"
            ),
            *(blocks.note(text) for text in sorted(missing)),
        ),
        tuple(charts_),
    )


def _proposal(folder: Opened) -> str:
    """Return the name of the proposal of a folder; where it has none, of its architecture."""
    configuration = gathered.configuration_of(folder)
    return str(configuration.get("proposal") or configuration.get("architecture") or folder.path.name)


def _stand(name: str, donors: pd.DataFrame) -> Stand:
    """Return what is told of both sides; from one seed nothing is."""
    member = donors["member"].astype(bool)
    inside, outside = donors[member], donors[~member]
    sides = [
        coalitions.verdict(
            part["moves"].astype(bool).tolist(), part["told"].astype(bool).tolist(), part["stays"].astype(bool).tolist()
        )
        for part in (inside, outside)
    ]
    moving = [int(part["moves"].astype(bool).sum()) for part in (inside, outside)]
    told = [int((part["moves"].astype(bool) & part["told"].astype(bool)).sum()) for part in (inside, outside)]
    return Stand(name, sides[0], sides[1], len(inside), len(outside), moving[0], told[0], moving[1], told[1])


_STABLE: Final = {"stable": "yes", "unstable": "no", "not told": "open"}


def _membership_table(found: list[tuple[str, Opened, pd.DataFrame]], stands: list[Stand]) -> Markup:
    rows = []
    for (name, _, donors), one in zip(found, stands, strict=True):
        inside = donors[donors["member"].astype(bool)]
        rows.append(
            {
                "proposal": label(name),
                "leaving": f"{one.leaving_told} / {one.leaving} / {one.members}",
                "inside": _STABLE[one.inside] if one.members else "\N{EN DASH}",
                "joining": f"{one.joining_told} / {one.joining} / {one.outsiders}",
                "outside": _STABLE[one.outside] if one.outsiders else "\N{EN DASH}",
                "worth": float(inside["gain_m"].sum()),
                "money": float(inside["budget_m"].sum()),
            }
        )
    heads = {
        "leaving": "members better off outside: beyond chance / by the mean / of",
        "inside": "all stay",
        "joining": "outsiders better off inside",
        "outside": "all stay out",
        "worth": "being in rather than out, each member alone, summed",
        "money": "their money",
    }
    frame = pd.DataFrame(rows)
    size = float(frame["worth"].abs().max())
    return blocks.table(
        frame, f"Would donors stay and join? Means at default values; {amounts.head()}",
        {"worth": blocks.signed_cell(0 if size >= 10 else 1 if size >= 1 else 2), "money": amounts.bare}, heads=heads,
    )  # fmt: skip


# ---------------------------------------------------------------------- ignorance
def ignorance(case: Case) -> Section | None:
    """Return what ignorance costs; nothing without results of `ignorance`."""
    folder = case.one("ignorance")
    if folder is None:
        return None
    curve = gathered.required(folder, "curve", _CURVE)
    reporters = gathered.required(folder, "reporters", _REPORTERS)
    if curve.empty or reporters.empty:
        return None
    configuration = gathered.configuration_of(folder)
    report, names = str(configuration.get("report", "plans")), donor_names(folder)
    curve["last"], reporters["player"] = curve["last"].replace(names), reporters["player"].replace(names)
    nobody, everybody = float(curve["paid_twice_m"].iloc[0]), float(curve["paid_twice_m"].iloc[-1])
    donors = int(reporters["count"].sum())
    known = "donors" in reporters  # letters of those of each row
    counted = {one for text in reporters["donors"].astype(str) for one in text.split()} if known else set()
    missing = _left_out(folder, counted) if known else None
    saves = nobody > 0 and everybody < nobody
    few = report_of_ignorance.first_few(reporters) if saves else 0
    row = curve.iloc[min(few, len(curve) - 1)]
    removed, low, high = (float(row[key]) for key in ("removed", "removed_low", "removed_high"))
    said: list[str | None] = [claims_of_cooperation.ignorance_costs(nobody, everybody, donors, report)]
    made: tuple[Chart, ...] = ()
    if few:
        said.append(
            claims_of_cooperation.few_remove(list(map(str, reporters["player"].iloc[:few])), removed, low, high, report)
        )
        said.append(_needed(curve, donors) if removed <= claims_of_cooperation.MOST else None)
    if nobody > 0:
        made = (charts.ignorance(curve),)
    title = claims_of_cooperation.ignorance_title(few, claims_of_cooperation.told_of_most(low, high), report, saves)
    return Section(
        "ignorance",
        title,
        (
            blocks.points([text for text in said if text], "claims"),
            *(
                blocks.picture(one, f"What the {report} of one donor after the other remove of what is paid twice.")
                for one in made
            ),
            _reporters_table(reporters, report),
            own_words(folder),
            blocks.note(
                f"What a donor's {report} save is the mean of what they save over the orders in which donors could begin to report "
                "(its Shapley value). The register costs nothing, is in time, and shows all members what is reported; what is not "
                f"paid twice is spent elsewhere. Intervals are of chance, at default values. {amounts.PRICES_SAID}"
            ),
            *([blocks.note(missing)] if missing else []),
        ),
        made,
    )


def _needed(curve: pd.DataFrame, donors: int) -> str | None:
    """Return how many donors it takes to remove more than half."""
    enough = curve[curve["removed"] > claims_of_cooperation.MOST]
    if enough.empty:
        return None
    row = enough.iloc[0]
    before = curve["donors"].iloc[int(row["reporters"]) - 1] if int(row["reporters"]) else 0
    return claims_of_cooperation.needed(int(row["donors"]), donors, int(row["donors"]) - int(before) == 1)


def _reporters_table(reporters: pd.DataFrame, report: str) -> Markup:
    frame = reporters[
        ["player", "count", "budget_m", "budget_share", "saved_m", "saved_m_low", "saved_m_high", "saved_share"]
    ]
    money = blocks.signed_cell(2) if float(reporters["saved_m"].abs().max()) < 1 else blocks.signed_cell(1)
    heads = {
        "player": "donors and groups", "count": "donors", "budget_m": "money", "budget_share": "share of all", "saved_m": "saved",
        "saved_m_low": "95% from", "saved_m_high": "to", "saved_share": "share of all saved",
    }  # fmt: skip
    percent = blocks.percent_cell()
    return blocks.table(
        frame, f"What is not paid twice if a donor reports its {report}, in {amounts.head()}",
        {
            "budget_m": amounts.bare, "budget_share": percent, "saved_share": percent,
            **dict.fromkeys(("saved_m", "saved_m_low", "saved_m_high"), money),
        },
        heads=heads,
    )  # fmt: skip


# ---------------------------------------------------------------------- buys
def buys(case: Case) -> Section | None:
    """Return what two donors buy per euro; nothing without results of `buys`."""
    folder = case.one("buys")
    if folder is None:
        return None
    bought = gathered.required(folder, "buys", _BUYS)
    alone = bought[bought["way"] == "alone"]
    names = list(dict.fromkeys(alone["donor"].astype(str)))
    if len(names) != 2:
        return None
    counts = gathered.csv(folder, "contest")
    if counts is not None:
        gathered.needs(counts, _CONTEST, folder.path / "contest.csv")
    configuration = gathered.configuration_of(folder)
    seeds = int(configuration.get("replications", 1))
    rows: dict[tuple[str, str], dict[Any, Any]] = {
        (str(r["donor"]), str(r["measure"])): r for r in alone.to_dict("records")
    }
    best = [_best(rows, name, seeds) for name in names]
    title = claims_of_cooperation.buys_title(names[0], names[1], *best)
    said = []
    for measure in ("legal", "technical", "tasks") if counts is not None else ():
        for r in counts[counts["measure"] == measure].to_dict("records") if counts is not None else ():
            what = {"legal": "tasks of law", "technical": "technical tasks"}.get(measure, "tasks in all")
            said.append(
                claims_of_cooperation.contest(
                    names[0], names[1], what, int(r["first_more"]), int(r["neither"]), int(r["second_more"])
                )
            )
    world = str(configuration.get("build", {}).get("title") or configuration.get("scenario", ""))
    known = donor_names(folder)
    called = (
        [f"{listed([f'{name} is {known[name]}' for name in names])}."] if all(name in known for name in names) else []
    )
    left_out = _NAMING if not case.named else ()
    return Section(
        "buys",
        title,
        (
            blocks.say(" ".join([f"This part is of a world of its own: {world}.", *called])),
            blocks.points(said, "claims"),
            _buys_table(rows, names, counts, seeds),
            own_words(folder, left_out, _BUYS_PRICES),
            blocks.note(
                "Against a world without either donor; tasks that stand when the run ends, years after the money stops. Below 0: "
                "more stands without the donor, since projects take up administration that states use for work of their own. "
                f"A star: told from chance (95%, {seeds} paired runs at default values). Amounts are in {_BUYS_PRICES}; the "
                "model has no inflation." + ("" if case.named else " Sentences that name single states are left out.")
            ),
        ),
    )


def _told(row: dict[Any, Any], seeds: int) -> bool:
    error = float(row["standard_error"])
    return not math.isnan(error) and abs(float(row["per_million"])) > tables.sure(seeds) * error


def _best(rows: dict[tuple[str, str], dict[Any, Any]], name: str, seeds: int) -> str:
    """Return of which pillar a donor buys most, in words; empty if that is not told from chance."""
    there = [measure for measure in report_of_buys.PILLARS if (name, measure) in rows]
    if not there:
        return ""
    best = max(there, key=lambda measure: float(rows[name, measure]["per_million"]))
    row = rows[name, best]
    return MEASURES[best][1] if _told(row, seeds) and float(row["per_million"]) > 0 else ""


def _buys_table(
    rows: dict[tuple[str, str], dict[Any, Any]], names: list[str], counts: pd.DataFrame | None, seeds: int
) -> Markup:
    """Return what EUR 10m of each buys alone."""
    by = {str(r["measure"]): r for r in counts.to_dict("records")} if counts is not None else {}
    found = []
    for measure in _SHOWN:
        if not all((name, measure) in rows for name in names):
            continue
        unit, words = MEASURES[measure]
        row: dict[str, Any] = {"what": f"{unit}: {words}" if unit == "tasks" else words}
        for name in names:
            own = rows[name, measure]
            text = report_of_buys.written(float(own["per_million"]), measure).replace("-", MINUS)
            row[name] = text + ("\N{NO-BREAK SPACE}*" if _told(own, seeds) else "")
            if "range_low" in own and not math.isnan(float(own["range_low"])):
                ends = [
                    report_of_buys.written(float(own[end]), measure).replace("-", MINUS)
                    for end in ("range_low", "range_high")
                ]
                row[f"{name}: 5% to 95% of the futures"] = f"{ends[0]} to {ends[1]}"
        if measure in by:
            one = by[measure]
            row["futures"] = f"{one['first_more']} / {one['neither']} / {one['second_more']}"
        found.append(row)
    frame = pd.DataFrame(found)
    heads = {
        **{str(name): str(name) for name in frame.columns},
        "what": "",
        "futures": f"futures: {names[0]} more / neither / {names[1]} more",
    }
    return blocks.table(
        frame,
        f"What EUR {TEN:g} million ({_BUYS_PRICES}) of {names[0]} and of {names[1]} buys, each alone",
        heads=heads,
    )
