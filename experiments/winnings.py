"""What changes for each state, group of states and donor under a proposal: paired differences to the reference, in tables.

Changes are means over the seeds at default values, with 95% intervals of chance, and counts over the futures; what counts as
gaining and losing is decided in `chances`. A change of a donor's account is set against its mean account under the reference, and
told in money by the rule of ``membership`` (`coalitions.priced`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from donorlab import scenarios as catalogue
from donorlab.experiments import chances, coalitions, proposals, tables
from donorlab.experiments.chances import Chance, Changes
from donorlab.experiments.gains import DEFAULT, FUTURE, Gains, Who, pairs
from donorlab.sim.outcomes.distribution import DARLING, ORPHAN
from donorlab.sim.scenario import BoolArray, FloatArray, Scenario

ORPHANS, DARLINGS, BETWEEN = "orphans", "darlings", "in between"
SUMS: Final = ("welfare", "aid_m", "worth_m", "projects", "funded_tasks", "sustained_tasks", "own_tasks")
"""Of a group these are summed over its states; value and capacity are means."""


def difference(found: Gains, sample: str, who: Who, name: str, first: str, column: str) -> pd.DataFrame:
    """Return paired differences of a column between an architecture and the reference, a row a seed, a column a state or donor."""
    return pairs(found, sample, who, name, column) - pairs(found, sample, who, first, column)


def with_interval(name: str, found: chances.Changes) -> dict[str, FloatArray]:
    """Return columns ``name``, ``name_low`` and ``name_high``."""
    return {name: found.mean, f"{name}_low": found.low, f"{name}_high": found.high}


def _futures(values: npt.ArrayLike, smallest: float) -> dict[str, Any]:
    """Return columns of what differences over the futures (draws, N) say; none without futures."""
    over = np.asarray(values, dtype=np.float64)
    if not len(over):
        return {}
    counts, verdicts = chances.over_futures(over, smallest)
    seen = np.isfinite(over).any(axis=0)
    low, middle, high = np.full((3, over.shape[1]), math.nan)
    if seen.any():
        low[seen], middle[seen], high[seen] = np.nanquantile(over[:, seen], (0.05, 0.5, 0.95), axis=0)
    return {
        **dict(zip(("futures_gain", "futures_same", "futures_lose"), counts, strict=True)),
        "future_change": middle, "future_low": low, "future_high": high, "over_futures": verdicts,
    }  # fmt: skip


# ---------------------------------------------------------------------- states
def states(found: Gains, scenarios: Mapping[str, Scenario], name: str, smallest: float) -> pd.DataFrame:
    """Return a row a state: what changes for it under ``name``, in the order of the scenario.

    Returns
    -------
    pandas.DataFrame
        Who it is; ``aid_need_ratio`` and ``value_before`` under the reference, ``value_no_aid`` without aid; ``value_change`` with
        its interval, ``p``, ``told`` and ``verdict`` (see `chances`); ``capacity_change`` with its interval, and by pillar;
        ``welfare_change`` in all and by pillar; ``SUM_change`` for each of `SUMS`, of ``aid_m`` with its interval; with futures
        ``futures_gain``, ``futures_same``, ``futures_lose``, median and range over assumptions of the change in value,
        ``over_futures``.
    """
    first, scenario = next(iter(scenarios)), scenarios[name]
    them = scenario.beneficiaries

    def change(column: str) -> chances.Changes:
        return chances.changes(difference(found, DEFAULT, "iso3", name, first, column))

    value = change("value")
    before = {
        column: pairs(found, DEFAULT, "iso3", first, column).mean()
        for column in ("value", "value_no_aid", "aid_need_ratio")
    }
    in_groups = catalogue.un_groups()
    plain = {f"{column}_change": change(column).mean for column in SUMS if column not in ("aid_m", "welfare")}
    by_pillar = {
        f"{part}_{pillar}_change": change(f"{part}_{pillar}").mean
        for part in ("capacity", "welfare")
        for pillar in scenario.pillars
    }
    return pd.DataFrame(
        {
            "proposal": name,
            "iso3": list(them.ids),
            "name": list(them.names),
            "region": list(them.regions),
            "income_group": list(them.income_groups),
            "un_groups": [" ".join(key for key, ids in in_groups.items() if one in ids) for one in them.ids],
            "aid_need_ratio": before["aid_need_ratio"].to_numpy(),
            "value_no_aid": before["value_no_aid"].to_numpy(),
            "value_before": before["value"].to_numpy(),
            **with_interval("value_change", value),
            "p": value.p,
            "told": value.told,
            "verdict": value.verdicts(smallest),
            **with_interval("capacity_change", change("capacity")),
            "welfare_change": change("welfare").mean,
            **with_interval("aid_m_change", change("aid_m")),
            **plain,
            **by_pillar,
            **_futures(difference(found, FUTURE, "iso3", name, first, "value"), smallest),
        }
    )


def pillar_columns(table: pd.DataFrame) -> dict[str, str]:
    """Return the column of the change in capacity of each pillar, by pillar, in a table of states or groups."""
    found = (re.fullmatch("capacity_(.+)_change", str(name)) for name in table.columns)
    return {one[1]: one[0] for one in found if one is not None}


# ---------------------------------------------------------------------- groups
def groups(found: Gains, scenarios: Mapping[str, Scenario], name: str, smallest: float) -> pd.DataFrame:
    """Return a row a group of states: all, by region, by income, groups of the United Nations, and by who is served.

    Who is an orphan (under half of its share of aid by need under the reference) is told for each seed from the *other* seeds:
    told from the same, those whom luck left with little would look like winners whatever is proposed. With one seed there are no
    such rows.

    Returns
    -------
    pandas.DataFrame
        ``kind``, ``group``, ``states`` (mean over seeds); ``value_change`` and ``capacity_change`` (mean over its states) with
        intervals, ``capacity_PILLAR_change`` too; ``SUM_change`` for each of `SUMS` (over its states), the first two with them;
        over futures as in `states`, for fixed groups.
    """
    first, scenario = next(iter(scenarios)), scenarios[name]
    columns = ("value", "capacity", *SUMS, *(f"capacity_{pillar}" for pillar in scenario.pillars))
    change = {column: difference(found, DEFAULT, "iso3", name, first, column).to_numpy() for column in columns}
    future = difference(found, FUTURE, "iso3", name, first, "value").to_numpy()
    rows = []
    for kind, group, inside in _masks(found, scenario, first):
        count = inside.sum(axis=1)
        used = count > 0
        row: dict[str, Any] = {"proposal": name, "kind": kind, "group": group, "states": float(count.mean())}
        for column, values in change.items():
            whole = np.where(inside, values, 0.0).sum(axis=1)[used]
            told = chances.changes((whole if column in SUMS else whole / count[used])[:, None])
            several = column in ("value", "welfare", "aid_m") or column.startswith("capacity")
            row |= {
                key: float(one[0])
                for key, one in with_interval(f"{column}_change", told).items()
                if several or not key.endswith(("_low", "_high"))
            }
        if kind != "served" and len(future):
            row |= {key: one[0] for key, one in _futures(future[:, inside[0]].mean(axis=1)[:, None], smallest).items()}
        rows.append(row)
    return pd.DataFrame(rows)


def _masks(found: Gains, scenario: Scenario, first: str) -> Iterable[tuple[str, str, BoolArray]]:
    """Yield kind, name and who belongs to it in each seed, (seeds, states)."""
    them = scenario.beneficiaries
    ratio = pairs(found, DEFAULT, "iso3", first, "aid_need_ratio").to_numpy()
    seeds = len(ratio)

    def fixed(kind: str, group: str, members: Sequence[bool]) -> tuple[str, str, BoolArray]:
        return kind, group, np.tile(np.array(members, dtype=np.bool_), (seeds, 1))

    yield fixed("all", "all states", [True] * them.count)
    for kind, words in (("region", them.regions), ("income", them.income_groups)):
        for group in sorted(set(words)):
            yield fixed(kind, group, [word == group for word in words])
    for group, ids in catalogue.un_groups().items():
        if ids & set(them.ids):
            yield fixed("un", group, [one in ids for one in them.ids])
    if seeds < 2:
        return
    others = (np.nansum(ratio, axis=0) - np.nan_to_num(ratio)) / (seeds - 1)
    served = {ORPHANS: others < ORPHAN, BETWEEN: (others >= ORPHAN) & (others <= DARLING), DARLINGS: others > DARLING}
    for group, inside in served.items():
        if inside.any():
            yield "served", group, inside


# ---------------------------------------------------------------------- donors
def donors(found: Gains, scenarios: Mapping[str, Scenario], name: str, smallest: float) -> pd.DataFrame:
    """Return a row a donor: what changes for it under ``name``; without rows where donors do not act themselves.

    Returns
    -------
    pandas.DataFrame
        Who it is, whether it is a ``member`` under ``name``, ``budget_m`` a year; ``account_change`` (share of its mean account
        under the reference) with its interval, ``p``, ``told``, ``verdict``; ``worth_m`` (EUR m a year, the same in money) with
        its interval; ``influence`` under the reference and its change; EUR m a year: changes of ``overhead``, ``duplicated``,
        ``useful`` and ``idle``; ``useful_share`` of its money and ``duplicated_share`` of its money for tasks, before and
        after; with futures the same columns as states, of ``account_change``.
    """
    first, scenario = next(iter(scenarios)), scenarios[name]
    if not _acting(found, first, name):
        return pd.DataFrame(columns=["proposal", "donor", "member", "verdict", "worth_m"])
    them, years = scenario.donors, scenario.parameters.horizon / 4
    before, after, usual, worth = _priced(found, name, first, DEFAULT)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = chances.changes(np.where(usual > 0, (after - before) / usual, np.nan))
        past, then = (pairs(found, FUTURE, "donor", who, "account").to_numpy() for who in (first, name))
        future = np.where(past > 0, (then - past) / past, np.nan)
    frame = {
        "proposal": name,
        "donor": list(them.ids),
        "name": list(them.names),
        "kind": list(them.kinds),
        "member": proposals.members(scenario),
        "budget_m": pairs(found, DEFAULT, "donor", first, "budget_m").to_numpy()[0],
        **with_interval("account_change", relative),
        "p": relative.p,
        "told": relative.told,
        "verdict": relative.verdicts(smallest),
        **with_interval("worth_m", chances.changes(worth)),
    }
    influence = pairs(found, DEFAULT, "donor", first, "influence").to_numpy().mean(axis=0)
    moved = chances.changes(difference(found, DEFAULT, "donor", name, first, "influence"))
    frame |= {"influence": influence, **with_interval("influence_change", moved)}
    for part in ("overhead", "duplicated", "useful", "idle"):
        moved = chances.changes(difference(found, DEFAULT, "donor", name, first, f"{part}_m") / years)
        frame |= {f"{part}_m_change": moved.mean}
    for who, when in ((first, "before"), (name, "after")):
        frame[f"useful_share_{when}"] = _share(found, who, "useful_m", "appropriated_m")
        frame[f"duplicated_share_{when}"] = _share(found, who, "duplicated_m", "base_cost_m")
    return pd.DataFrame({**frame, **_futures(future, smallest)})


def _priced(found: Gains, name: str, first: str, sample: str) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return accounts before and after, (n, D), what they are set against, and what the change is worth, EUR m a year, (n, D).

    Set against the mean of the reference over the seeds and not seed by seed: a mean of ratios lies above the ratio of means, the
    more so the fewer projects a donor has. A future has one seed: there against the mean of before and after, for the same reason.
    """
    before, after = (pairs(found, sample, "donor", who, "account").to_numpy() for who in (first, name))
    budget = pairs(found, sample, "donor", first, "budget_m").to_numpy()
    usual = before.mean(axis=0, keepdims=True) if sample == DEFAULT else (before + after) / 2
    worth = coalitions.priced(budget, after, usual) - coalitions.priced(budget, before, usual)
    return before, after, usual, worth


def worth(found: Gains, name: str, first: str, sample: str) -> FloatArray:
    """Return what the change is worth to each donor, EUR m a year by seed or draw, (n, D), donors in the scenario's order.

    NaN, one column a donor, where donors do not act themselves under one of the two.
    """
    if not _acting(found, first, name):
        runs = found.runs.loc[found.runs["sample"] == sample, "number"].nunique()
        return np.full((runs, len(found.donor_ids)), math.nan)
    return _priced(found, name, first, sample)[-1]


def worth_together(
    found: Gains, scenarios: Mapping[str, Scenario], name: str, sample: str
) -> tuple[FloatArray, FloatArray]:
    """Return what the change is worth to all members and to all outsiders together, EUR m a year by seed or draw.

    NaN where there are none, or where donors do not act themselves.
    """
    first = next(iter(scenarios))
    return both_sides(worth(found, name, first, sample), proposals.members(scenarios[name]))


def both_sides(values: FloatArray, member: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return sums over members and over outsiders, (n,) each, of what `worth` has; NaN where there are none or nothing is known."""
    inside, outside = (
        np.where(np.isnan(values[:, who]).all(axis=1), math.nan, np.nansum(values[:, who], axis=1))
        for who in (member, ~member)
    )
    return inside, outside


def _acting(found: Gains, *names: str) -> bool:
    """Return whether donors act themselves under all of these."""
    return len(found.donors) > 0 and set(names) <= {str(one) for one in found.donors["architecture"].unique()}


def _share(found: Gains, name: str, part: str, whole: str) -> FloatArray:
    """Return a part of the money by donor, all seeds together; NaN where there is none."""
    above, below = (pairs(found, DEFAULT, "donor", name, column).sum().to_numpy() for column in (part, whole))
    return np.asarray(np.divide(above, below, out=np.full(len(above), math.nan), where=below > 0))


# ---------------------------------------------------------------------- all of it
@dataclass(frozen=True, eq=False)
class Answer:
    """All that is said of one proposal.

    Attributes
    ----------
    name, first : proposal and reference
    states, groups, donors : of the functions of these names
    chance : what chance alone makes of the states' own values
    efficiency, value, worth : (1,) changes: efficiency; own value, mean over states; what all states have, EUR m of tasks at
        base prices
    member_worth, outsider_worth : (1,) what the change is worth to all members and to all outsiders together, EUR m a year
    member_futures, outsider_futures : (draws,) the same in each future
    seeds, draws : numbers of them
    smallest : the least change that matters
    """

    name: str
    first: str
    states: pd.DataFrame
    groups: pd.DataFrame
    donors: pd.DataFrame
    chance: Chance
    efficiency: Changes
    value: Changes
    worth: Changes
    member_worth: Changes
    outsider_worth: Changes
    member_futures: FloatArray
    outsider_futures: FloatArray
    seeds: int
    draws: int
    smallest: float

    @property
    def nothing(self) -> bool:
        """Whether nothing at all changes for any state or donor."""
        moved = [(self.states, "value_change"), (self.states, "aid_m_change"), (self.donors, "worth_m")]
        return not any(table[column].fillna(0.0).any() for table, column in moved)

    def count(self, table: pd.DataFrame, *verdicts: str) -> int:
        """Return how many rows have one of the verdicts."""
        return int(table["verdict"].isin(verdicts).sum())


def answered(found: Gains, loaded: Mapping[str, Scenario], smallest: float) -> list[Answer]:
    """Return what is said of each architecture or proposal but the first, which is the reference.

    Parameters
    ----------
    found : the runs
    loaded : scenarios by name, the reference first
    smallest : the least change that matters
    """
    first, *others = loaded
    runs = found.runs[found.runs["sample"] == DEFAULT]
    efficiency = tables.paired(runs, "efficiency", "number")
    draws = int((found.runs["sample"] == FUTURE).sum()) // len(loaded)
    answers = []
    for name in others:
        value = difference(found, DEFAULT, "iso3", name, first, "value")
        worth = difference(found, DEFAULT, "iso3", name, first, "worth_m").sum(axis=1)
        members, outsiders = worth_together(found, loaded, name, DEFAULT)
        futures = worth_together(found, loaded, name, FUTURE) if draws else (np.zeros(0), np.zeros(0))
        answers.append(
            Answer(
                name=name,
                first=first,
                states=states(found, loaded, name, smallest),
                groups=groups(found, loaded, name, smallest),
                donors=donors(found, loaded, name, smallest),
                chance=chances.chance(value, smallest),
                efficiency=chances.changes((efficiency[name] - efficiency[first]).to_numpy()[:, None]),
                value=chances.changes(value.mean(axis=1).to_numpy()[:, None]),
                worth=chances.changes(worth.to_numpy()[:, None]),
                member_worth=chances.changes(members[:, None]),
                outsider_worth=chances.changes(outsiders[:, None]),
                member_futures=futures[0],
                outsider_futures=futures[1],
                seeds=len(efficiency),
                draws=draws,
                smallest=smallest,
            )
        )
    return answers
