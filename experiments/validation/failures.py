"""Row P8: what predicts that a project fails, traits of the state or levers of the donor (Dollar and Svensson 2000)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from donorlab import scenarios
from donorlab.experiments.literature.rules import finding, information, seeds_of, told, under
from donorlab.experiments.validation.frame import Finding, Line, Requirement, interval
from donorlab.sim import CoordinationModel
from donorlab.sim.mechanisms.absorption import chance_of_failure
from donorlab.sim.outcomes.tables import payments
from donorlab.sim.scenario import FloatArray, Scenario
from donorlab.sim.state import COMPLETED, CONDITIONAL, FAILED, JOINED, STALLED, TASKS
from donorlab.sim.value import bit_counts

JUDGED: Final = "fragmented"
WITH_LEVERS: Final = "umbrella_conditional"  # where conditions, joining and lags differ between projects
FOLDS: Final = 5
PENALTY: Final = 1.0
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sample:
    """Projects of one run that started and have ended, N rows.

    Attributes
    ----------
    failed : (N,); state : (N,) row of the beneficiary
    traits : (N, 9) of the state (fewer where there are fewer income groups); levers : (N, 8) of the donor; see `sample`
    chance : (N,) probability of failing that the model drew with
    """

    failed: BoolArray
    state: npt.NDArray[np.int64]
    traits: FloatArray
    levers: FloatArray
    chance: FloatArray


def sample(scenario: Scenario, seed: int) -> Sample:
    """Run a scenario and return its projects that started and were completed, failed or stalled.

    Traits of the state: rank of government; ownership at the beginning of the quarter of contract; logs of administration, of
    users and of the cost of a reform; share of tasks that stood at the start; three indicators of the income group.
    Levers of the donor: log of the project's cost; number of tasks; how many of them are reforms; mandate for the pillar, over
    the donor's mean; the price factor of mismatch; whether there are conditions; whether it joined another's project; quarters
    from contract to start (eight columns).
    """
    model = CoordinationModel(scenario, rng=seed)
    owned = []
    while model.quarter < model.parameters.quarters:
        owned.append(model.state.ownership.copy())
        model.step()
    ownership, paid, land, giving = np.array(owned), payments(model), model.land, model.giving
    p = model.parameters
    ended = np.flatnonzero((paid.start > 0) & np.isin(paid.status, (COMPLETED, FAILED, STALLED)))
    j, d, k = paid.beneficiary[ended], paid.donor[ended], paid.pillar[ended]
    states = scenario.beneficiaries
    groups = np.array(states.income_groups)
    of_state = np.column_stack(
        [
            land.government_rank,
            np.log(land.administration),
            np.log(states.users_m),
            np.log(land.reform_cost),
            land.initial_count.mean(axis=1) / p.tasks_per_pillar,
            *(groups == group for group in sorted(set(groups))[1:]),
        ]
    )
    words = model.state.ledger.words[ended, TASKS]
    levers = np.column_stack(
        [
            np.log(paid.cost[ended]),
            paid.tasks[ended],
            bit_counts(words & land.reform_words[k]),
            giving.mandate[d, k],
            giving.price_factor[d, k],
            paid.flags[ended] & CONDITIONAL != 0,
            paid.flags[ended] & JOINED != 0,
            paid.start[ended] - paid.quarter[ended],
        ]
    )
    chances = [
        chance_of_failure(p.failure, land.government_rank[state], ownership[start - 1, state])
        for state, start in zip(j, paid.start[ended], strict=True)
    ]
    return Sample(
        failed=paid.status[ended] == FAILED,
        state=j,
        traits=np.column_stack([ownership[paid.quarter[ended] - 1, j], of_state[j]]).astype(float),
        levers=levers.astype(float),
        chance=np.array(chances),
    )


def logistic(x: FloatArray, y: BoolArray) -> FloatArray:
    """Return the coefficients (1 + columns,) of a logistic regression, the constant first, by Newton's method.

    All but the constant are drawn to 0 by ``PENALTY / 2`` times their squares, as libraries do by default.
    """
    design = np.column_stack([np.ones(len(x)), x])
    penalty = np.diag([0.0, *[PENALTY] * x.shape[1]])
    beta = np.zeros(design.shape[1])
    for _ in range(100):
        chance = 1.0 / (1.0 + np.exp(-design @ beta))
        slope = design.T @ (y - chance) - penalty @ beta
        curve = (design * (chance * (1.0 - chance))[:, None]).T @ design + penalty
        step = np.linalg.solve(curve, slope)
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return beta


def out_of_sample(x: FloatArray, y: BoolArray, fold: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Return (chance of y, share of y where it was fitted) of each row, (N,) each: every fold predicted from the others.

    Columns are taken over their standard deviation where the fit is made, and left out where they are constant there.
    """
    chance, base = np.zeros(len(y)), np.zeros(len(y))
    for one in np.unique(fold):
        here = fold == one
        mean, spread = x[~here].mean(axis=0), x[~here].std(axis=0)
        kept = spread > 1e-12
        scaled = (x[:, kept] - mean[kept]) / spread[kept]
        beta = logistic(scaled[~here], y[~here])
        chance[here] = 1.0 / (1.0 + np.exp(-(beta[0] + scaled[here] @ beta[1:])))
        base[here] = y[~here].mean()
    return chance, base


def balanced_accuracy(predicted: BoolArray, y: BoolArray) -> float:
    """Return the mean of the shares of failures and of other projects that are predicted right."""
    return float((predicted[y].mean() + (~predicted[~y]).mean()) / 2)


def predictability(one: Sample) -> dict[str, float]:
    """Return what a run says: see `p8` for the names."""
    y, fold = one.failed, one.state % FOLDS
    chance, base = out_of_sample(one.traits, y, fold)
    both, _ = out_of_sample(np.column_stack([one.traits, one.levers]), y, fold)
    alone, _ = out_of_sample(one.levers, y, fold)
    share = float(y.mean())
    return {
        "failure": share,
        "balanced": balanced_accuracy(chance >= base, y),
        "above": float(((chance >= 0.5) == y).mean()) - max(share, 1.0 - share),
        "gain": balanced_accuracy(both >= base, y) - balanced_accuracy(chance >= base, y),
        "levers alone": balanced_accuracy(alone >= base, y),
        "known": balanced_accuracy(one.chance >= share, y),
        "known above": float(((one.chance >= 0.5) == y).mean()) - max(share, 1.0 - share),
    }


def p8(need: Requirement, quick: bool, scenario: Scenario | None = None) -> Finding:
    """Check that domestic traits predict failure and donors' levers do not.

    How the row is read: `world` with its defaults (ownership moves) and ``failure`` at the row's mean. The sample of a run are
    its projects that started and ended (`sample`); *failed* is the status `failed`, so that a project that stalls because its
    reforms are not wanted has not failed. States are dealt into five folds by their place in the alphabet; each fold is
    predicted by a logistic regression fitted on the other four, so that nothing is known of a state's own projects.
    *Balanced accuracy*: the mean of the shares of failures and of other projects that are predicted right, failure being predicted
    where its chance is at least the share of failures in the fit. *Above the majority class*: the share predicted right where
    failure is predicted at a chance of .5 or more, less the share of the more frequent outcome. *Levers add*: balanced
    accuracy with the levers among the predictors, less that without. Failure and the two accuracies are judged under `fragmented`,
    by their means over the seeds; what levers add is judged under `fragmented`, where no project has conditions, joins or waits,
    and under `umbrella_conditional`, where some do: the upper end of the 95% interval over the seeds must be below the limit.
    Told beside it: how well who knew the probability that the model draws with would predict, which nothing can exceed by much.

    Two of the demands are built in. ``failure`` is set to the row's own mean, and the chance of a project is that times a factor
    that is 1 in the mean state, so that the share can hardly leave the range. No lever enters the chance of failing
    (`chance_of_failure`: rank of government and ownership), so that levers can add only what they tell of the state. What can
    fail is how well traits predict.
    """
    seeds = seeds_of(need, quick)
    world = (scenario or scenarios.load("world")).replace(failure=float(need.numbers["mean"]))
    found = {name: _all(world.replace(architecture=name), seeds) for name in (JUDGED, WITH_LEVERS)}
    judged = {name: interval(values) for name, values in found[JUDGED].items()}
    low, high = (float(value) for value in need.numbers["failure"])
    accuracy, above, levers = (float(need.numbers[name]) for name in ("accuracy", "above", "levers"))
    share, balanced, over = (judged[name] for name in ("failure", "balanced", "above"))
    lines = (
        Line(
            "projects that failed",
            f"mean from {low:g} to {high:g}; built in: failure is set to {need.numbers['mean']:g}",
            told(share),
            bool(low <= share[0] <= high),
        ),
        Line(
            "balanced accuracy of traits", f"mean at least {accuracy:g}", told(balanced), bool(balanced[0] >= accuracy)
        ),
        Line(
            "predicted right above the majority class", f"mean at least {above:g}", told(over), bool(over[0] >= above)
        ),
        *(_built_in(under(f"levers add, {name}", interval(values["gain"]), levers)) for name, values in found.items()),
        information("balanced accuracy of levers alone", told(judged["levers alone"])),
        information("balanced accuracy where the probability is known", told(judged["known"])),
        information("above the majority class where the probability is known", told(judged["known above"])),
    )
    gain = max((interval(values["gain"]) for values in found.values()), key=lambda one: one[2])
    return finding(
        lines,
        balanced,
        unit="balanced accuracy of domestic traits, out of sample",
        sentence=f"{share[0]:.0%} of projects fail; domestic traits predict which with a balanced accuracy of {balanced[0]:.2f}, "
        f"{over[0]:+.1%} above the majority class; levers add {gain[0]:+.3f} at most (who knew the probability: "
        f"{judged['known'][0]:.2f}, {judged['known above'][0]:+.1%}); the share and that levers add nothing are built in",
        seeds=seeds,
    )


def _built_in(line: Line) -> Line:
    """Return the line on levers with the reason why it can hardly fail."""
    return dataclasses.replace(line, expected=f"{line.expected}; built in: no lever enters the chance of failing")


def _all(scenario: Scenario, seeds: Sequence[int]) -> dict[str, list[float]]:
    """Return what each run says, name to values by seed."""
    runs = [predictability(sample(scenario, seed)) for seed in seeds]
    return {name: [run[name] for run in runs] for name in runs[0]}
