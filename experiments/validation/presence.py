"""Row C4: does the model know who works where in 2019 and 2020, better than persistence and than a gravity regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from donorlab import scenarios
from donorlab.experiments.literature.rules import Interval, above_zero, holds, information, told
from donorlab.experiments.validation.failures import logistic
from donorlab.experiments.validation.frame import Finding, Line, Requirement
from donorlab.experiments.words import span
from donorlab.scenarios.technical_cooperation import AMOUNT, KNOWN_YEARS
from donorlab.scenarios.world import DATA
from donorlab.sim import CoordinationModel
from donorlab.sim.outcomes.tables import payments
from donorlab.sim.scenario import FloatArray, Scenario
from donorlab.sim.users import QUARTERS_A_YEAR

BEGIN: Final = 2018
"""The run begins on 1 January of this year."""
SCORED_YEARS: Final = (2019, 2020)
SEEDS: Final = 100
SEEDS_QUICK: Final = 20
"""Runs that make one forecast (assumption: shares of runs to a hundredth)."""
RESAMPLES: Final = 2000
RESAMPLES_QUICK: Final = 200
RICHER: Final = 4
"""How many times the money a run for information has (assumption)."""
_AT_ONCE: Final = 100  # resamples: 14 MB a table
GLOBAL: Final = "global"  # of donors.csv: works everywhere
BoolArray = npt.NDArray[np.bool_]


# ---------------------------------------------------------------------- what was seen
def observed(scenario: Scenario, years: tuple[int, ...]) -> FloatArray:
    """Return technical cooperation by year, donor and state, (Y, D, J), million constant 2022 US$; 0: nothing was reported."""
    table = scenarios.dyads()
    table = table[table["year"].isin(years)]
    donor = pd.Index(scenario.donors.ids).get_indexer(pd.Index(table["donor"]))
    state = pd.Index(scenario.beneficiaries.ids).get_indexer(pd.Index(table["recipient"]))
    kept = (donor >= 0) & (state >= 0)
    found = np.zeros((len(years), scenario.donors.count, scenario.beneficiaries.count))
    year = pd.Index(years).get_indexer(pd.Index(table["year"]))
    found[year[kept], donor[kept], state[kept]] = table[AMOUNT].to_numpy(dtype=float)[kept]
    return found


# ---------------------------------------------------------------------- three forecasts, (D, J) or (Y, D, J): higher, rather there
def persistence(before: FloatArray) -> FloatArray:
    """Return years of presence in ``before`` (Y, D, J), equal numbers of years ordered by the amount in them, shape (D, J)."""
    amount = before.sum(axis=0)
    return np.asarray((before > 0).sum(axis=0) + amount / (1.0 + amount.max()))


def gravity(scenario: Scenario, before: FloatArray) -> FloatArray:
    """Return log odds of presence by a gravity regression fitted on ``before`` (Y, D, J), shape (D, J).

    Presence in a year as a logistic function of masses and distances: an effect of each donor (its mass), logs of population
    and of internet users, rank of government, mean score, World Bank income group and M49 region of the state, distance of
    votes ``|x_i - x_j|``, and whether the state lies in a region or subregion that ``regional_focus`` of the donor names.
    Columns over their standard deviation, slightly drawn to 0 (`failures.logistic`). Source: gravity equation, Tinbergen 1962;
    for aid, Alesina and Dollar 2000, who fit amounts.
    """
    donors, states = scenario.donors, scenario.beneficiaries
    online = 1.0 if states.internet_share is None else states.internet_share
    table = pd.read_csv(DATA / "donors.csv", keep_default_na=False).set_index("id")["regional_focus"]
    focus = [set(table[name].split(";")) for name in donors.ids]
    near = [
        [GLOBAL not in named and bool(named & {region, subregion}) for named in focus]
        for region, subregion in zip(states.regions, states.subregions, strict=True)
    ]
    of_state = np.column_stack(
        [
            np.log(states.users_m / online),
            np.log(states.users_m),
            states.government_rank,
            states.initial_score.mean(axis=1),
            *(
                np.array(words) == one
                for words in (states.income_groups, states.regions)
                for one in sorted(set(words))[1:]
            ),
        ]
    ).astype(float)
    d, j = (grid.ravel() for grid in np.indices((donors.count, states.count)))
    columns = np.column_stack(
        [
            np.eye(donors.count)[d][:, 1:],
            of_state[j],
            np.abs(donors.norm_position[d] - states.norm_position[j]),
            np.array(near, dtype=float).T.ravel(),
        ]
    )
    spread = columns.std(axis=0)
    columns = ((columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0))[:, spread > 0]
    years = len(before)
    beta = logistic(np.tile(columns, (years, 1)), (before > 0).ravel())
    return np.asarray((beta[0] + columns @ beta[1:]).reshape(donors.count, states.count))


def present(scenario: Scenario, seed: int) -> BoolArray:
    """Return where a donor has a project in a year, contracted and not ended before it, (Y, D, J) over `SCORED_YEARS`."""
    model = CoordinationModel(scenario, rng=seed)
    while model.quarter < model.parameters.quarters:
        model.step()
    paid = payments(model)
    found = np.zeros((len(SCORED_YEARS), scenario.donors.count, scenario.beneficiaries.count), dtype=bool)
    for place, year in enumerate(SCORED_YEARS):
        first = (year - BEGIN) * QUARTERS_A_YEAR + 1
        last = first + QUARTERS_A_YEAR - 1
        there = (paid.quarter <= last) & ((paid.end == 0) | (paid.end >= first))
        found[place, paid.donor[there], paid.beneficiary[there]] = True
    return found


def forecast(scenario: Scenario, seeds: tuple[int, ...]) -> FloatArray:
    """Return the share of runs in which a donor is in a state, (Y, D, J) over `SCORED_YEARS`."""
    return np.asarray(np.mean([present(scenario, seed) for seed in seeds], axis=0))


# ---------------------------------------------------------------------- how well one orders
@dataclass(frozen=True, eq=False)
class Comparisons:
    """All comparisons of two states of one donor and year, of which it was in the first and not in the second.

    Attributes
    ----------
    right : (D, J, J) in how many years the forecast puts the first state higher; a tie counts half
    all : (D, J, J) in how many years there is such a comparison
    """

    right: FloatArray
    all: FloatArray

    def concordance(self, donors: FloatArray | None = None, states: FloatArray | None = None) -> float:
        """Return the share that is right, 0 to 1 (1/2: chance), with weights of ``donors`` (D,) and ``states`` (J,)."""
        d, j = self.right.shape[:2]
        donors = np.ones(d) if donors is None else donors
        states = np.ones(j) if states is None else states
        return float(self.concordances(donors[None], states[None])[0])

    def concordances(self, donors: FloatArray, states: FloatArray) -> FloatArray:
        """Return `concordance` for each row of weights: ``donors`` (N, D), ``states`` (N, J), result (N,)."""
        d, j = self.right.shape[:2]
        right, every = (
            np.einsum("njk,nj,nk->n", (donors @ table.reshape(d, -1)).reshape(-1, j, j), states, states, optimize=True)
            for table in (self.right, self.all)
        )
        return np.asarray(np.divide(right, every, out=np.full(len(every), np.nan), where=every > 0))

    def by_donor(self) -> FloatArray:
        """Return the share of each donor, (D,), NaN where it was in all states or in none."""
        right, every = self.right.sum(axis=(1, 2)), self.all.sum(axis=(1, 2))
        return np.asarray(np.divide(right, every, out=np.full(len(every), np.nan), where=every > 0))


def comparisons(predicted: FloatArray, there: BoolArray, alike: FloatArray | None = None) -> Comparisons:
    """Compare a forecast (D, J) or (Y, D, J) with who was there (Y, D, J).

    With ``alike`` (D, J) only states that are equal in it are compared. Source: area under the receiver operating
    characteristic as a share of comparisons, Hanley and McNeil 1982, within donors.
    """
    predicted = np.broadcast_to(predicted, there.shape)
    right, every = (np.zeros((*there.shape[1:], there.shape[2])) for _ in range(2))
    for score, seen in zip(predicted, there, strict=True):
        asked = (seen[:, :, None] & ~seen[:, None, :]).astype(float)
        if alike is not None:
            asked *= alike[:, :, None] == alike[:, None, :]
        above = (score[:, :, None] > score[:, None, :]) + 0.5 * (score[:, :, None] == score[:, None, :])
        right += asked * above
        every += asked
    return Comparisons(right, every)


def skill(model: float, reference: float) -> float:
    """Return ``(model - reference) / (1 - reference)``: 0 as good as the reference, 1 perfect. Source: Murphy 1988."""
    return (model - reference) / (1.0 - reference) if reference < 1 else float("nan")


def resampled(tables: dict[str, Comparisons], number: int) -> dict[str, FloatArray]:
    """Return the concordance of each table in ``number`` draws of donors and of states with replacement, (number,) each.

    Donors and states are drawn independently, the same ones for all tables: two pairs that share a donor or a state are not
    independent. Source: pigeonhole bootstrap, Owen 2007.
    """
    rng = np.random.default_rng([number, *b"who works where"])
    d, j = next(iter(tables.values())).right.shape[:2]
    chosen = [(rng.integers(d, size=d), rng.integers(j, size=j)) for _ in range(number)]
    donors = np.array([np.bincount(row, minlength=d) for row, _ in chosen], dtype=float)
    states = np.array([np.bincount(row, minlength=j) for _, row in chosen], dtype=float)
    pieces = [slice(first, first + _AT_ONCE) for first in range(0, number, _AT_ONCE)]
    return {
        name: np.concatenate([table.concordances(donors[piece], states[piece]) for piece in pieces])
        for name, table in tables.items()
    }


def percentiles(value: float, draws: FloatArray) -> Interval:
    """Return the value with the 2.5th and 97.5th percentile of its resamples."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return value, float(low), float(high)


# ---------------------------------------------------------------------- the row
def c4(need: Requirement, quick: bool, scenario: Scenario | None = None) -> Finding:
    """Check that the model orders states, for each donor, better than persistence and better than gravity.

    How the row is read. *Scenario*: `technical-cooperation` with its defaults under `fragmented`: 28 donors, 133 states, all
    that it takes from the dyads (money, affinity, donors) is of 2015-2017; it runs from 2018 on. Scores, users, government and
    votes are of later years, for the model and the regression alike; neither reads a dyad after 2017 (the one number
    `own_effort` was fitted on states that got little in 2018-2020; it does not know who gave). *Forecast of the model*:
    the share of ``SEEDS`` runs in which the donor has a project in the state in the year. *Persistence*: years of
    presence 2015-2017, equal numbers ordered by the amount given in these years. *Gravity*: `gravity`, fitted on 2015-2017.
    *Seen*: some technical cooperation of the donor in the state in 2019, in 2020. *Score*: concordance, the share of all
    comparisons of two states of one donor and year, of which it was in one and not in the other, that are ordered right; a
    tie is half right, so that a donor too small to afford one project is at chance. It asks for ranks within donors and
    nothing else: neither how many states nor how much money. *Skill over* a reference is the stricter of two readings: not
    that the model adds something to it, but that it orders better by itself, ``(model - reference) / (1 - reference)``. The
    row passes if both 95% intervals, from resampling donors and states together, lie above 0. What the row asks for gives
    no numbers of runs or resamples; those here were fixed before the first run.

    Told beside it, nothing demanded: the concordances; the milder reading (the model among states with equal years of
    presence, where persistence by years says nothing: above a half, it adds something); presence in 2018, which nobody here
    may know; means over donors; the model without political motive, with ``RICHER`` times the money, over donors that ever
    contract, and by halves of the runs. Added after the first run, to say why it falls as it does: how many relations a year
    there are, how many comparisons the model leaves tied, and whether larger states (users) have more donors.
    """
    seeds = tuple(range(1, (SEEDS_QUICK if quick else SEEDS) + 1))
    number = RESAMPLES_QUICK if quick else RESAMPLES
    world = scenario or scenarios.load("technical-cooperation")
    there, before = observed(world, SCORED_YEARS) > 0, observed(world, KNOWN_YEARS)
    years = (before > 0).sum(axis=0).astype(float)
    runs = np.array([present(world, seed) for seed in seeds])
    model = runs.mean(axis=0)
    tables = {
        "model": comparisons(model, there),
        "persistence": comparisons(persistence(before), there),
        "gravity": comparisons(gravity(world, before), there),
        "equal years": comparisons(model, there, alike=years),
    }
    value = {name: table.concordance() for name, table in tables.items()}
    draws = resampled(tables, number)
    over = {
        name: percentiles(
            skill(value["model"], value[name]), (draws["model"] - draws[name]) / np.maximum(1 - draws[name], 1e-12)
        )
        for name in ("persistence", "gravity")
    }
    judged = [above_zero(f"skill over {name}", values) for name, values in over.items()]
    contract = runs.any(axis=(0, 1, 3))
    poor = [name for name, any_project in zip(world.donors.ids, contract, strict=True) if not any_project]
    halves = [comparisons(runs[part::2].mean(axis=0), there).concordance() for part in (0, 1)]
    lines = (
        *judged,
        *(
            information(f"concordance of {name}", told(percentiles(value[name], draws[name])))
            for name in ("model", "persistence", "gravity")
        ),
        information(
            "the model among states with equal years of presence",
            told(percentiles(value["equal years"], draws["equal years"])),
        ),
        *(
            information(f"concordance of {name}", f"{comparisons(table, there).concordance():.3f}")
            for name, table in (
                ("years of presence alone", years),
                ("amounts of 2015-2017 alone", before.sum(axis=0)),
                ("presence in 2018 alone", (observed(world, (BEGIN,))[0] > 0).astype(float)),
                ("the model without political motive", forecast(world.replace(motive_political=0), seeds)),
                (
                    f"the model with {RICHER} times the money",
                    forecast(world.replace(money=RICHER * world.parameters.money), seeds),
                ),
            )
        ),
        information(
            "mean over donors: model, persistence, gravity",
            ", ".join(f"{np.nanmean(tables[name].by_donor()):.3f}" for name in ("model", "persistence", "gravity")),
        ),
        information(
            "over donors that ever contract: model, persistence, gravity",
            ", ".join(
                f"{tables[name].concordance(contract.astype(float)):.3f}"
                for name in ("model", "persistence", "gravity")
            ),
        ),
        information("donors that never contract", ", ".join(poor) or "none"),
        information("the model by odd and even seeds", " and ".join(f"{half:.3f}" for half in halves)),
        *_why(world, model, there),
    )
    return Finding(
        passed=holds(lines),
        found=over["persistence"][0],
        unit="skill over persistence",
        sentence=f"the model orders {value['model']:.0%} of comparisons right, persistence {value['persistence']:.0%}, gravity "
        f"{value['gravity']:.0%}: skill {over['persistence'][0]:.2f} and {over['gravity'][0]:.2f}",
        basis=f"{span(seeds)}, {number} resamples of donors and states",
        low=over["persistence"][1],
        high=over["persistence"][2],
        lines=lines,
    )


def _why(scenario: Scenario, model: FloatArray, there: BoolArray) -> tuple[Line, ...]:
    """Return what the forecast (Y, D, J) looks like beside what was seen: nothing of it is judged."""
    many = (model[:, :, :, None] == model[:, :, None, :]) & there[:, :, :, None] & ~there[:, :, None, :]
    ties = float(many.sum()) / float(comparisons(model, there).all.sum())
    pairs = [(float(table.sum()) / len(table), table.mean(axis=0).sum(axis=0)) for table in (model, there)]
    ranks = stats.rankdata(scenario.beneficiaries.users_m)
    users = [
        float(np.corrcoef(stats.rankdata(donors), ranks)[0, 1]) if np.ptp(donors) > 0 else float("nan")
        for _, donors in pairs
    ]
    return (
        information("relations a year: model, seen", ", ".join(f"{number:.0f}" for number, _ in pairs)),
        information("comparisons that the model leaves tied", f"{ties:.0%}"),
        information(
            "rank correlation of donors and users of a state: model, seen", ", ".join(f"{r:.2f}" for r in users)
        ),
    )
