"""``donorlab buys``: what two donors buy per euro, law or other capacity, at what cost; and accession beside the real dates."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from donorlab import scenarios as catalogue
from donorlab.experiments import (
    accession,
    ensemble,
    figures_of_buys,
    provenance,
    purchases,
    report_of_buys,
    setting,
    tables,
)
from donorlab.experiments.arguments import Arguments, InputError, did_you_mean, parse
from donorlab.experiments.kept import Kept
from donorlab.experiments.progress import progress
from donorlab.experiments.store import ResultFolder, default_folder, digest_of
from donorlab.experiments.words import span
from donorlab.scenarios import coe_itu
from donorlab.scenarios.alignment import BEGIN, Law, law
from donorlab.scenarios.world import DATA
from donorlab.sim.architectures import get_architecture
from donorlab.sim.scenario import ScenarioError
from donorlab.sim.setup import yearly_budgets

if TYPE_CHECKING:
    from donorlab.sim import Scenario

OF_2013: Final = ("alignment", "coe_itu")
"""Builders whose runs begin in January 2013, so that years are real years."""
FROZEN_FOR: Final = "coe-itu"
"""Scenario of the demands in accession.yaml, with what was known in 2013 (`BLIND`)."""
BLIND: Final = f"coe_itu.known_until={BEGIN}"
LAST_REAL: Final = 2024
"""Last whole year of budapest.csv."""


@dataclass(frozen=True)
class Options(setting.Keys):
    """Keys of the experiment, checked: those that commands share, and the two donors."""

    of: tuple[str, str]


@dataclass(frozen=True, eq=False)
class Accessions:
    """Accession beside the real dates: the forecast that is judged, and that with all that is known.

    Attributes
    ----------
    lines : the frozen demands with what was found, a row a forecast (``label``, the first is the one to judge) and demand;
        ``holds`` is empty where it is not ``judged``
    states : a row a candidate, first forecast
    nulls : Brier scores of forecasts without a model; ``the model`` among them
    expected : expected number by the wait of the frozen range
    without : area, expected number and Brier score in the world without either donor
    added_up : area of law and votes of January 2013, without a model
    blind : whether the first forecast knows nothing of projects after 2012
    last : last year of the runs
    unjudged : why nothing is judged, in words; empty where it is
    """

    lines: pd.DataFrame
    states: pd.DataFrame
    nulls: dict[str, float]
    expected: dict[float, float]
    without: tuple[float, float, float]
    added_up: float
    blind: bool
    last: int
    unjudged: str


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab buys WORDS``."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    arguments = parse("buys", words)
    options = _options(arguments)
    name = str(arguments.experiment["scenario"])
    world = catalogue.load(name, arguments.overrides)
    who = _pair(world, options.of)
    built = catalogue.configuration(name, arguments.overrides)["builder"]
    known = _known(world, built)
    plan = ensemble.plan(world, options.draws, {*arguments.given, "money", "rival_share"}) if options.draws else None
    works = [
        purchases.Work(world, "seeds", seed, 0, who, (*purchases.SETTINGS, *purchases.ALL_THE_MONEY), known)
        for seed in options.seeds
    ]
    blind = _blind(name, arguments, built) if known is not None else None
    if blind is not None:
        works += [purchases.Work(blind, "blind", seed, 0, who, ("both",), known) for seed in options.seeds]
    if plan is not None:
        works += purchases.futures(world, plan, who, known)
    configuration = _configuration(arguments, options, world)
    digest = digest_of(configuration)
    target = options.out or default_folder("buys", digest, datetime.datetime.now())
    stamp = setting.stamp(arguments, world, span(options.seeds), digest)
    with (
        Kept(target, configuration, {world.architecture: world}) as kept,
        ResultFolder(target, options.out is not None) as folder,
    ):
        crew = options.crew.keeping(kept)
        with progress(f"{world.name}, what {' and '.join(who.ids)} buy", len(works), unit="worlds") as advance:
            done = purchases.carry_out_all(works, crew, advance)
        runs = pd.DataFrame([row for one in done for row in one.runs])
        booked = pd.DataFrame([row for one in done for row in one.booked])
        seeds = purchases.bought(runs[runs["label"] == "seeds"], who)
        draws = purchases.bought(runs[runs["label"] == "futures"], who) if plan is not None else None
        found = purchases.summary(seeds, draws)
        contest = purchases.contest(draws, who, purchases.least(world, options.smallest)) if draws is not None else None
        works_how = booked_summary(booked, world, who)
        joining = accessions(works, done, world, known, blind) if known is not None else None
        folder.table("runs", runs)
        folder.csv("buys", found)
        folder.csv("booked", works_how)
        if contest is not None:
            folder.csv("contest", contest)
        if built == "coe_itu":
            folder.csv("money", coe_itu.yearly(coe_itu.projects(), world.beneficiaries.ids))
        drawings = [figures_of_buys.buys(found, who, world.parameters.wind_down, len(options.seeds), stamp)]
        if joining is not None:
            folder.csv("accession", joining.states)
            folder.csv("accession_checks", joining.lines)
            drawings.append(figures_of_buys.accession(joining.states, joining.lines, joining.last, stamp))
        for drawing in drawings:
            folder.figure(drawing.name, drawing.figure, drawing.data, drawing.stamp.metadata(drawing.title))
        others = int((yearly_budgets(world) > 0).sum()) - 2
        fixed = report_of_buys.by_construction(world, others, joining is not None)
        told = (found, who, works_how, contest, joining, len(options.seeds), fixed)
        folder.sentences(report_of_buys.sentences(*told))
        folder.json("configuration", configuration)
        folder.manifest(setting.manifest(configuration, words, options.seeds, started, clock))
    screen = tables.console()
    report_of_buys.show(screen, world, who, found, works_how, contest, joining, arguments.overrides, len(options.seeds))
    screen.print(f"\nResults, figures and their data: {folder.path}", soft_wrap=True, highlight=False)


def booked_summary(booked: pd.DataFrame, world: Scenario, who: purchases.Pair) -> pd.DataFrame:
    """Return how each donor works: a row a measure, with the mean of each donor and its seed noise.

    Parameters
    ----------
    booked : a row a run and donor, of `purchases.carry_out`
    world : the scenario, for what the donor's themes say; who : the two donors
    """
    own = booked[booked["label"] == "seeds"]
    rows = []
    for measure, words in purchases.BOOKED.items():
        row: dict[str, Any] = {"measure": measure, "words": words}
        for name in who.ids:
            values = own.loc[own["donor"] == name, measure].astype("float64")
            row[name], row[f"{name}_seed_noise"] = float(values.mean()), float(values.std(ddof=1))
        rows.append(row)
    for pillar in sorted({"legal", "technical"} & set(world.pillars)):
        mandate = {
            name: float(world.donors.mandate[world.donors.ids.index(name), world.pillars.index(pillar)])
            for name in who.ids
        }
        at = next(i for i, row in enumerate(rows) if row["measure"] == f"{pillar}_share")
        rows.insert(at + 1, {"measure": f"{pillar}_mandate", "words": f"... of its mandate: {pillar}", **mandate})
    return pd.DataFrame(rows)


def accessions(
    works: Sequence[purchases.Work],
    done: Sequence[purchases.Done],
    world: Scenario,
    known: Law | None,
    blind: Scenario | None,
) -> Accessions:
    """Compare the runs with both donors with the real dates.

    Parameters
    ----------
    works, done : what was run, and what is kept of it
    world : the scenario; known : law and votes of January 2013
    blind : the scenario that knows nothing of projects after 2012, where it was run; it is judged then
    """
    assert known is not None
    rule, states = accession.frozen(), world.beneficiaries.ids
    truth = accession.facts(known, states, world.parameters.horizon)
    inside = accession.candidates(known, states)
    unjudged = _unjudged(world if blind is None else blind)

    def forecast(label: str, wait: float, among: str = "both") -> np.ndarray:
        seen = [
            one.ready[among]
            for work, one in zip(works, done, strict=True)
            if work.label == label and among in one.ready
        ]
        chance = np.mean([accession.probability(one, wait) for one in seen], axis=0)
        return np.asarray(chance[: 4 * truth.years, inside])  # the real dates are of whole years

    judged = "seeds" if blind is None else "blind"
    lines = []
    for label in dict.fromkeys((judged, "seeds")):
        chance = forecast(label, rule.wait)
        found = accession.checks(chance[-1], accession.year_of_half(chance), truth, rule)
        found.insert(0, "label", label)
        found["judged"] = label == judged and not unjudged
        found["holds"] = found["holds"].astype("boolean").where(found["judged"])
        lines.append(found)
    chance = forecast(judged, rule.wait)
    half = accession.year_of_half(chance)
    alone = forecast("seeds", rule.wait, "neither")[-1]
    names = dict(zip(states, world.beneficiaries.names, strict=True))
    treaty = pd.read_csv(DATA / "budapest.csv", keep_default_na=False)
    return Accessions(
        lines=pd.concat(lines, ignore_index=True),
        states=accession.table(chance[-1], half, truth, names, treaty),
        nulls={"the model": accession.brier(chance[-1], truth.happened), **accession.nulls(truth)},
        without=(
            accession.area_under_curve(alone, truth.happened),
            float(alone.sum()),
            accession.brier(alone, truth.happened),
        ),
        added_up=accession.added_up(truth),
        expected={wait: float(forecast(judged, wait)[-1].sum()) for wait in (rule.low, rule.wait, rule.high)},
        blind=blind is not None,
        last=truth.last,
        unjudged=unjudged,
    )


def _unjudged(scenario: Scenario) -> str:
    """Return why the frozen demands are not judged on a scenario, in words; empty where it is the one they were frozen for."""
    frozen = catalogue.load(FROZEN_FOR, [BLIND])
    changed = provenance.differences(provenance.as_plain(frozen), provenance.as_plain(scenario))
    if set(changed) <= {"name", "title", "description"}:
        return ""
    if scenario.name != FROZEN_FOR:
        return f"the demands were frozen for the scenario {FROZEN_FOR}, and this is another"
    return "the scenario was changed"


def _options(arguments: Arguments) -> Options:
    keys, of = setting.keys(arguments), arguments.experiment["of"]
    if len(of) != 2 or of[0] == of[1]:
        raise InputError(f"of: {len(set(of))} donors are named; two are compared, as in of=[COE,ITU]")
    return Options(**vars(keys), of=(of[0], of[1]))


def _pair(world: Scenario, of: tuple[str, str]) -> purchases.Pair:
    """Return the two donors; both must be there and have money."""
    money = dict(zip(world.donors.ids, yearly_budgets(world), strict=True))
    for name in of:
        if name not in money:
            raise InputError(f"of: '{name}' is no donor of {world.name}{did_you_mean(name, money)}")
        if money[name] <= 0:
            raise InputError(f"of: {name} has no money here, so that it buys nothing")
    acting = get_architecture(world.architecture, world.options).prepare(world).donors.ids
    merged = [name for name in of if name not in acting]
    if merged:
        raise InputError(
            f"architecture: under {world.architecture} donors do not act by themselves ({' and '.join(merged)} are one), "
            "so that nobody can tell what each buys; take another, such as architecture=fragmented"
        )
    return purchases.pair(world, of)


def _known(world: Scenario, built: str) -> Law | None:
    """Return law and votes of January 2013 where the run begins then and ends with the real dates; None elsewhere."""
    if built not in OF_2013 or "legal" not in world.pillars:
        return None
    years = world.parameters.horizon // 4
    return law() if 0 < years <= LAST_REAL + 1 - BEGIN else None


def _blind(name: str, arguments: Arguments, built: str) -> Scenario | None:
    """Return the scenario that knows nothing of projects after 2012, where there is one and the user chose no other."""
    if built != "coe_itu" or "coe_itu.known_until" in arguments.given:
        return None
    try:
        return catalogue.load(name, [*arguments.overrides, BLIND])
    except ScenarioError as error:
        raise ScenarioError(f"{BLIND}: {error}") from None


def _configuration(arguments: Arguments, options: Options, world: Scenario) -> dict[str, Any]:
    """Return all that determines the results."""
    return {
        "command": "buys",
        "scenario": arguments.experiment["scenario"],
        "settings": list(arguments.overrides),
        "of": list(options.of),
        "replications": len(options.seeds),
        "draws": options.draws,
        "smallest_difference": options.smallest,
        "seed": options.seeds[0],
        "accession": accession.frozen().digest,
        **setting.resolved(arguments, {world.architecture: world}),
    }
