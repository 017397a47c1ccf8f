"""What two donors buy: the same seeds with neither, with each alone, with both, and with each in charge of all their money.

What a donor *buys* is a difference of paired runs: nothing is credited to it that would stand without it. Three ways:
``alone`` (against neither), ``added`` (to the other one), and ``all the money`` (alone, with the money of both: the model of the
donor without its size). What is *booked* to it, its own projects in the run with both, says how it works: cost, choice, conditions.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import qmc

from donorlab import sim
from donorlab.experiments import ensemble
from donorlab.experiments.accession import Watch, candidates, frozen, probability
from donorlab.experiments.calls import called_in_order
from donorlab.experiments.crew import Workers
from donorlab.experiments.ensemble import SEED, Plan
from donorlab.scenarios.alignment import Law
from donorlab.scenarios.parameters import Value
from donorlab.sim.interventions import donor_leaves
from donorlab.sim.outcomes.tables import ratio
from donorlab.sim.scenario import FloatArray, Scenario
from donorlab.sim.setup import yearly_budgets
from donorlab.sim.state import CHOSEN, DOMESTIC, DONOR, FLAGS
from donorlab.sim.value import bit_counts

SETTINGS: Final = ("neither", "first", "second", "both")
TEN: Final = 10.0
"""EUR m that tables, figure and sentences are about; files have EUR 1m."""
ALL_THE_MONEY: Final = ("first with all", "second with all")
WAYS: Final = ("alone", "added", "all the money")
MEASURES: Final[Mapping[str, tuple[str, str]]] = {
    "legal": ("tasks", "law"),
    "technical": ("tasks", "technical"),
    "organisational": ("tasks", "organisations"),
    "capacity_development": ("tasks", "training"),
    "cooperation": ("tasks", "cooperation"),
    "tasks": ("tasks", "all"),
    "tasks_at_horizon": ("tasks", "all, when money stops"),
    "value": ("fine", "value of all, 1/10,000"),
    "ownership": ("fine", "ownership, 1/10,000"),
    "norms": ("hundredths", "votes drawn West, 1/100"),
    "accessions": ("states", "accessions"),
}
"""What is bought, with unit and words; tasks stand when the run ends, years after the money.

``value`` is welfare in ten-thousandths of that without aid, ``ownership`` a mean of states in ten-thousandths, ``norms`` that of
their positions in hundredths.
"""
BOOKED: Final[Mapping[str, str]] = {
    "money_m": "EUR m received",
    "projects": "projects",
    "states": "states it works in",
    "legal_share": "of delivered tasks: law",
    "technical_share": "of delivered tasks: technical",
    "alignment": "fits the state's own priorities (cosine)",
    "chosen_share": "projects that a state could choose between offers",
    "imposed_share": "projects with reforms that a state did not want by itself",
    "stalled_share": "projects that ended with reforms nobody wanted",
    "withheld_share": "projects not paid for a refused reform",
    "transaction_share": "of the money: contracting and watching",
    "idle_share": "of the money: never spent",
    "cost_a_task_m": "EUR m for a task delivered",
    "cost_a_sustained_task_m": "EUR m for a task that stands at the end, its own",
    "sustained_share": "of delivered tasks: standing at the end, its own",
    "duplicated_share": "of the money for tasks: paid twice",
    "overlap_share": "of the money for tasks: where the other works too",
}


@dataclass(frozen=True)
class Pair:
    """The two donors, and what they have.

    Attributes
    ----------
    first, second : ids
    low, central, high : EUR m a year, (2,)
    """

    first: str
    second: str
    low: FloatArray
    central: FloatArray
    high: FloatArray

    @property
    def ids(self) -> tuple[str, str]:
        """The two ids."""
        return self.first, self.second


def pair(scenario: Scenario, ids: Sequence[str]) -> Pair:
    """Return the two donors with their money; ranges are in proportion to their columns of low and high budgets."""
    donors = scenario.donors
    rows = [donors.ids.index(name) for name in ids]
    central = yearly_budgets(scenario)[rows]
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = (
            np.where(donors.budget_central[rows] > 0, central * column[rows] / donors.budget_central[rows], 0.0)
            for column in (donors.budget_low, donors.budget_high)
        )
    return Pair(ids[0], ids[1], np.minimum(low, central), central, np.maximum(high, central))


def with_money(scenario: Scenario, budgets: Mapping[str, float]) -> Scenario:
    """Return the scenario in which some donors have so many EUR m a year and all others what they had."""
    money = yearly_budgets(scenario).copy()
    for name, value in budgets.items():
        money[scenario.donors.ids.index(name)] = value
    whole = float(money.sum())
    share = float(money[scenario.donors.rival].sum()) / whole if whole > 0 else scenario.parameters.rival_share
    donors = dataclasses.replace(scenario.donors, budget_low=money, budget_central=money, budget_high=money)
    return scenario.replace(donors=donors, money=whole, rival_share=share)


@dataclass(frozen=True, eq=False)
class Work:
    """One seed of one scenario under several settings.

    Attributes
    ----------
    scenario : with the money of both; label : how it is told
    seed : replication number; draw : number of the future, 0 for none
    settings : of `SETTINGS`, and `ALL_THE_MONEY`
    known : law and votes of January 2013, where accession is watched; None elsewhere
    """

    scenario: Scenario
    label: str
    seed: int
    draw: int
    who: Pair
    settings: tuple[str, ...]
    known: Law | None = None


@dataclass(frozen=True, eq=False)
class Done:
    """What is kept of it: a row a setting, a row a donor of the run with both, and by setting who was ready when, (Q, J)."""

    runs: list[dict[str, Any]]
    booked: list[dict[str, Any]]
    ready: dict[str, npt.NDArray[np.bool_]]


def carry_out(work: Work) -> Done:
    """Run one piece of work in this process."""
    scenario, who = work.scenario, work.who
    base = sim.baseline(scenario, work.seed)
    runs: list[dict[str, Any]] = []
    booked: list[dict[str, Any]] = []
    kept: dict[str, npt.NDArray[np.bool_]] = {}
    total = float(who.central.sum())
    for setting in work.settings:
        leaving = {"neither": who.ids, "first": (who.second,), "second": (who.first,), "both": ()}
        leaving |= {"first with all": (who.second,), "second with all": (who.first,)}
        stays = [name for name in who.ids if name not in leaving[setting]]
        here = with_money(scenario, {stays[0]: total}) if setting in ALL_THE_MONEY else scenario
        watch = None if work.known is None else Watch(work.known)
        changes = [(1, donor_leaves(name)) for name in leaving[setting]]
        if watch is not None:
            changes += [(quarter, watch) for quarter in range(1, scenario.parameters.horizon + 1)]
        result = sim.simulate(here, seed=work.seed, baseline=base, interventions=changes)
        seen = None if watch is None else np.array(watch.ready)
        row = {"label": work.label, "draw": work.draw, "seed": work.seed, "setting": setting}
        money = yearly_budgets(here)
        for name in who.ids:
            own = money[here.donors.ids.index(name)] if name in stays else 0.0
            row[f"money_{name}"] = float(own) * scenario.parameters.horizon / 4
        runs.append({**row, **measured(result), "accessions": _expected(seen, work)})
        if seen is not None and setting in ("neither", "both"):
            kept[setting] = seen
        if setting == "both":
            booked += [{**row, "donor": name, **booked_to(result, name)} for name in who.ids]
    return Done(runs, booked, kept)


def _expected(seen: npt.NDArray[np.bool_] | None, work: Work) -> float:
    """Return the expected number of accessions by the horizon; NaN where accession is not watched."""
    if seen is None or work.known is None:
        return math.nan
    inside = candidates(work.known, work.scenario.beneficiaries.ids)
    return float(probability(seen, frozen().wait)[-1, inside].sum())


def measured(result: sim.Result) -> dict[str, float]:
    """Return what stands after a run, whoever bought it."""
    model = result.model
    final = bit_counts(model.state.standing.ravel()).reshape(model.state.standing.shape).sum(axis=0)
    at_horizon = model.record.tasks[model.parameters.horizon - 1]
    found = {pillar: float(final[k]) for k, pillar in enumerate(model.inputs.pillars)}
    return {
        **found,
        "tasks": float(final.sum()),
        "tasks_at_horizon": float(at_horizon.sum()),
        "value": 1e4 * result.outcomes["welfare"] / result.outcomes["welfare_no_aid"],
        "ownership": 1e4 * result.outcomes["ownership"],
        "norms": 100 * result.outcomes["norm_shift"],
        "efficiency": result.outcomes["efficiency"],
        "duplication_share": result.outcomes["duplication_share"],
    }


def booked_to(result: sim.Result, donor: str) -> dict[str, float]:
    """Return how a donor works: its own projects in a run; shares are NaN where it has none."""
    model = result.model
    inputs, state = model.inputs, model.state
    d = inputs.donors.ids.index(donor)
    projects = result.projects
    own = (projects["donor"] == donor).to_numpy()
    mine = projects[own]
    count, delivered = float(own.sum()), float(mine["delivered"].sum())
    received = float(state.appropriated[d])
    owner = state.owner[state.owner != DOMESTIC]
    standing = float((state.ledger.whole[owner, DONOR] == d).sum())
    flags = state.ledger.whole[: state.ledger.size, FLAGS]
    paid, price = float(mine["cost_m"].sum()), float(mine["base_cost_m"].sum())
    by_pillar = mine.groupby("pillar")["delivered"].sum()
    return {
        "money_m": received,
        "projects": count,
        "states": float(mine["beneficiary"].nunique()),
        "legal_share": ratio(float(by_pillar.get("legal", 0.0)), delivered),
        "technical_share": ratio(float(by_pillar.get("technical", 0.0)), delivered),
        "alignment": alignment(result, donor),
        "chosen_share": ratio(float((flags[own] & CHOSEN != 0).sum()), count),
        "imposed_share": ratio(float(mine["imposed"].sum()), count),
        "stalled_share": ratio(float((mine["status"] == "stalled").sum()), count),
        "withheld_share": ratio(float((mine["status"] == "withheld").sum()), count),
        "transaction_share": ratio(float(mine["transaction_cost_m"].sum()), received),
        "idle_share": ratio(float(state.cash[d]), received),
        "cost_a_task_m": ratio(paid, delivered),
        "cost_a_sustained_task_m": ratio(paid, standing),
        "sustained_share": ratio(standing, delivered),
        "duplicated_share": ratio(float(mine["duplicated_cost_m"].sum()), price),
        "overlap_share": ratio(float(mine.loc[mine["objective_overlap"], "base_cost_m"].sum()), price),
    }


def alignment(result: sim.Result, donor: str) -> float:
    """Return the cosine of what a donor delivered in a state, by pillar, and the state's own priorities, mean over tasks.

    The measure is that of ``sim.mechanisms.alignment``, over the whole run instead of a year.
    """
    inputs = result.model.inputs
    mine = result.projects[result.projects["donor"] == donor]
    wide = mine.pivot_table(index="beneficiary", columns="pillar", values="delivered", aggfunc="sum", fill_value=0)
    done = wide.reindex(index=list(inputs.beneficiaries.ids), columns=list(inputs.pillars), fill_value=0).to_numpy(
        float
    )
    wanted = result.model.land.priority
    norm = np.sqrt((done**2).sum(axis=1) * (wanted**2).sum(axis=1))
    cosine = np.divide((done * wanted).sum(axis=1), norm, out=np.zeros(len(norm)), where=norm > 0)
    return ratio(float((cosine * done.sum(axis=1)).sum()), float(done.sum()))


# ---------------------------------------------------------------------- all of it
def carry_out_all(works: Sequence[Work], workers: Workers, advance: Any) -> list[Done]:
    """Carry out all work, in its order; the first pieces in this process, so that everything is compiled before others start."""
    return called_in_order(carry_out, [(work,) for work in works], workers, advance, unit="worlds")


def futures(scenario: Scenario, made: Plan, who: Pair, known: Law | None) -> list[Work]:
    """Return one piece of work a draw: uncertainties as planned, and the money of the two over its range (Sobol, scrambled)."""
    count = len(made.draws)
    if not count:
        return []
    cube = qmc.Sobol(2, scramble=True, rng=SEED).random_base2(max(0, math.ceil(math.log2(count))))[:count]
    works = []
    for at, draw in enumerate(made.draws.index):
        changes: dict[str, Value] = made.changes(int(draw))
        money = {
            name: drawn(float(who.low[i]), float(who.high[i]), float(cube[at, i])) for i, name in enumerate(who.ids)
        }
        inside = with_money(scenario.replace(**changes), money)
        works.append(Work(inside, "futures", int(draw), int(draw), pair(inside, who.ids), SETTINGS, known))
    return works


def drawn(low: float, high: float, u: float) -> float:
    """Return a value of a range, on a logarithmic scale where it excludes 0 and spans more than a factor 4."""
    if low > 0 and high > 4 * low:
        return float(np.exp(np.log(low) + u * (np.log(high) - np.log(low))))
    return low + u * (high - low)


def bought(runs: pd.DataFrame, who: Pair) -> pd.DataFrame:
    """Return what each donor buys for EUR 1m, a row a seed or draw, donor, way and measure.

    Parameters
    ----------
    runs : a row a run, of `carry_out`; settings of one label

    Returns
    -------
    pandas.DataFrame
        ``draw``, ``seed``, ``donor``, ``way``, ``measure``, ``bought`` (the difference), ``per_million``.
    """
    measures = [name for name in MEASURES if name in runs]  # a scenario may have other pillars
    wide = runs.set_index(["draw", "seed", "setting"])
    settings = set(runs["setting"])
    against = {
        (who.first, "alone"): ("first", "neither"), (who.second, "alone"): ("second", "neither"),
        (who.first, "added"): ("both", "second"), (who.second, "added"): ("both", "first"),
        (who.first, "all the money"): ("first with all", "neither"), (who.second, "all the money"): ("second with all", "neither"),
    }  # fmt: skip
    parts = []
    for (donor, way), (more, less) in against.items():
        if more not in settings:
            continue
        one, other = wide.xs(more, level="setting"), wide.xs(less, level="setting")
        money = one[f"money_{donor}"].replace(0.0, np.nan).rename("money")
        change = pd.concat([one[measures] - other[measures], money], axis=1).reset_index()
        long = change.melt(id_vars=["draw", "seed", "money"], var_name="measure", value_name="bought")
        long["per_million"] = long["bought"] / long["money"]
        parts.append(long.assign(donor=donor, way=way))
    found: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return found.loc[:, ["draw", "seed", "donor", "way", "measure", "bought", "per_million"]]


def summary(seeds: pd.DataFrame, draws: pd.DataFrame | None) -> pd.DataFrame:
    """Return means, seed noise and range over assumptions of what EUR 1m buys, a row a donor, way and measure.

    Parameters
    ----------
    seeds, draws : of `bought`, at default values and over the futures

    Returns
    -------
    pandas.DataFrame
        ``donor``, ``way``, ``measure``, ``bought``, ``per_million``, ``seed_noise`` (standard deviation), ``standard_error``,
        ``range_low``, ``range_high`` (5% and 95% of the futures).
    """
    keys = ["donor", "way", "measure"]
    grouped = seeds.groupby(keys, sort=False)
    found = grouped[["bought", "per_million"]].mean()
    count = grouped["per_million"].count()
    found["seed_noise"] = grouped["per_million"].std(ddof=1)
    found["standard_error"] = found["seed_noise"] / np.sqrt(count)
    if draws is not None:
        spread = draws.groupby(keys, sort=False)["per_million"]
        found["range_low"], found["range_high"] = spread.quantile(0.05), spread.quantile(0.95)
    else:
        found["range_low"] = found["range_high"] = math.nan
    return found.reset_index()


def least(scenario: Scenario, share: float) -> dict[str, float]:
    """Return the difference for EUR `TEN` m from which on one buys more: ``share`` of one average state, in units of `MEASURES`.

    That is the least difference that matters elsewhere (2 points), on the scale of what so little money can do: work in one state.
    A pillar is ``share`` of its list of tasks, a mean of states ``share`` over their number, accession ``share`` of one.

    Parameters
    ----------
    scenario : its states, pillars and tasks
    share : such as .02
    """
    tasks, mean = share * scenario.parameters.tasks_per_pillar, share / scenario.beneficiaries.count
    everything = tasks * len(scenario.pillars)
    return {
        **dict.fromkeys(scenario.pillars, tasks),
        "tasks": everything,
        "tasks_at_horizon": everything,
        "value": 1e4 * mean,
        "ownership": 1e4 * mean,
        "norms": 100 * mean,
        "accessions": share,
    }


def contest(draws: pd.DataFrame, who: Pair, smallest: Mapping[str, float], way: str = "alone") -> pd.DataFrame:
    """Return in how many futures the first donor buys more for the same money than the second, a row a measure.

    Parameters
    ----------
    draws : of `bought`, over the futures; who : the two donors
    smallest : of `least`, the difference for EUR `TEN` m that counts; below it neither buys more

    Returns
    -------
    pandas.DataFrame
        ``measure``, ``first_more``, ``neither``, ``second_more``, ``futures``, ``least``.
    """
    part = draws[draws["way"] == way]
    wide = part.pivot_table(index=["measure", "draw"], columns="donor", values="per_million")
    difference = TEN * (wide[who.first] - wide[who.second])
    there = set(difference.index.get_level_values("measure"))
    rows = []
    for measure in (name for name in MEASURES if name in there):
        count = ensemble.futures(difference.loc[measure].dropna(), smallest[measure])
        rows.append((measure, count.better, count.same, count.worse, count.count, smallest[measure]))
    return pd.DataFrame(rows, columns=["measure", "first_more", "neither", "second_more", "futures", "least"])
