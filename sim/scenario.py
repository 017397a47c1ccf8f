"""All that one run needs: frozen, validated dataclasses. No files are read here.

The scalars stand in ``parameters``; both are imported from here.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from donorlab.sim.parameters import TASKS_MAXIMUM, Parameters, ScenarioError, option, options_of, suggest
from donorlab.sim.streams import REPLICATION_MAXIMUM, actor_key

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MOTIVES: Final = ("need", "security", "political", "visibility")
GROWTH_LOWEST, GROWTH_HIGHEST, RATE_HIGHEST = -0.5, 1.0, 10.0
"""Beyond these a yearly growth of population, or a rate of internet use, is a slip of the pen."""

__all__ = [
    "MOTIVES",
    "TASKS_MAXIMUM",
    "Beneficiaries",
    "BoolArray",
    "Donors",
    "FloatArray",
    "IntArray",
    "Mechanisms",
    "Parameters",
    "ReadOnlyArrays",
    "Scenario",
    "ScenarioError",
    "checked_seed",
    "option",
    "options_of",
    "suggest",
]


def _frozen(array: npt.ArrayLike, dtype: Any, shape: tuple[int, ...], where: str) -> npt.NDArray[Any]:
    result = np.array(array, dtype=dtype)
    if result.shape != shape:
        raise ScenarioError(f"{where}: shape {result.shape} where {shape} is needed")
    if result.dtype == np.float64 and not np.isfinite(result).all():
        raise ScenarioError(f"{where}: holds a value that is missing or not finite")
    result.setflags(write=False)
    return result


def _identified(ids: tuple[str, ...], what: str) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise ScenarioError(f"{what}: the id '{name}' occurs twice; ids must be unique")
        seen.add(name)
    if list(ids) != sorted(ids):
        raise ScenarioError(f"{what}: ids must be sorted")


class ReadOnlyArrays:
    """Keeps arrays read-only in copies: numpy forgets the flag, and compiled code would be made anew for such arrays."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        for value in state.values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
        self.__dict__.update(state)


@dataclass(frozen=True, kw_only=True, eq=False)
class Beneficiaries(ReadOnlyArrays):
    """The states that receive: J rows sorted by id.

    Attributes
    ----------
    ids, names, regions, subregions, income_groups : tuple of str, length J
    users_m : (J,) internet users, million
    users_relative : (J,) users over the median of the reference set of states, so that a subset of
        states does not change a state
    government_rank : (J,) rank of government effectiveness in the reference set, 0 (lowest) to 1
    norm_position : (J,) position on cyber norms (UN General Assembly ideal point)
    initial_score : (J, K) share of the full score of ITU's Global Cybersecurity Index, 0 to 1
    population_growth : (J,) yearly growth of population, above -1; None: 0
    internet_share : (J,) share of the population that uses the internet, above 0 to 1; None: 1
    internet_share_rate : (J,) yearly rate of the logistic path of that share, 0 or more; None: 0
        With all three None the number of users never moves.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    regions: tuple[str, ...]
    subregions: tuple[str, ...]
    income_groups: tuple[str, ...]
    users_m: FloatArray
    users_relative: FloatArray
    government_rank: FloatArray
    norm_position: FloatArray
    initial_score: FloatArray
    population_growth: FloatArray | None = None
    internet_share: FloatArray | None = None
    internet_share_rate: FloatArray | None = None

    def __post_init__(self) -> None:
        n = len(self.ids)
        if n == 0:
            raise ScenarioError("beneficiaries: there must be at least one")
        _identified(self.ids, "beneficiaries")
        for name in ("names", "regions", "subregions", "income_groups"):
            if len(getattr(self, name)) != n:
                raise ScenarioError(f"beneficiaries: {name} has {len(getattr(self, name))} entries for {n} ids")
        pillars = np.shape(self.initial_score)[-1] if np.ndim(self.initial_score) == 2 else 0
        for name, still in (("population_growth", 0.0), ("internet_share", 1.0), ("internet_share_rate", 0.0)):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.full(n, still))
        for name in (
            "users_m", "users_relative", "government_rank", "norm_position", "population_growth", "internet_share",
            "internet_share_rate",
        ):  # fmt: skip
            object.__setattr__(self, name, self._column(name, (n,)))
        object.__setattr__(self, "initial_score", self._column("initial_score", (n, pillars)))
        for name, low, high in (
            ("users_m", 0.0, math.inf),
            ("users_relative", 0.0, math.inf),
            ("government_rank", 0.0, 1.0),
            ("initial_score", 0.0, 1.0),
            ("population_growth", GROWTH_LOWEST, GROWTH_HIGHEST),
            ("internet_share", 0.0, 1.0),
            ("internet_share_rate", 0.0, RATE_HIGHEST),
        ):
            values = getattr(self, name)
            bad = np.argwhere((values < low) | (values > high))
            if len(bad):
                where = self.ids[int(bad[0][0])]
                raise ScenarioError(f"beneficiary {where}: {name} must lie between {low:g} and {high:g}")
        for name in ("users_m", "users_relative", "internet_share"):
            zero = np.flatnonzero(getattr(self, name) <= 0)
            if len(zero):
                raise ScenarioError(f"beneficiary {self.ids[int(zero[0])]}: {name} must be above 0")

    def _column(self, name: str, shape: tuple[int, ...]) -> FloatArray:
        values = np.array(getattr(self, name), dtype=np.float64)
        if values.shape == shape and not np.isfinite(values).all():
            row = self.ids[int(np.argwhere(~np.isfinite(values))[0][0])]
            raise ScenarioError(f"beneficiary {row}: {name} has no data; give a value or leave the state out")
        return _frozen(values, np.float64, shape, f"beneficiaries, {name}")

    @property
    def count(self) -> int:
        """Number of beneficiaries, J."""
        return len(self.ids)

    def take(self, ids: Iterable[str]) -> Beneficiaries:
        """Return the subset with these ids, still sorted."""
        wanted = set(ids)
        rows = [i for i, name in enumerate(self.ids) if name in wanted]
        missing = sorted(wanted - set(self.ids))
        if missing:
            raise ScenarioError(f"beneficiaries: unknown id '{missing[0]}'{suggest(missing[0], self.ids)}")
        values: dict[str, Any] = {}
        for item in dataclasses.fields(self):
            column = getattr(self, item.name)
            values[item.name] = tuple(column[i] for i in rows) if isinstance(column, tuple) else column[rows]
        return Beneficiaries(**values)


@dataclass(frozen=True, kw_only=True, eq=False)
class Donors(ReadOnlyArrays):
    """The actors that give: D rows sorted by id.

    Attributes
    ----------
    ids, names, kinds : tuple of str, length D
    budget_low, budget_central, budget_high : (D,) EUR m a year; ``Parameters.money`` interpolates
    mandate : (D, K) weights over pillars, rows sum to 1
    skill : (D, M) weights over instruments, rows sum to 1
    affinity : (D, J) political affinity, 0 to 1; 0 for a donor that is itself the beneficiary
    norm_position : (D,) position on cyber norms
    rival : (D,) whether it gives without conditions outside any coordination
    conditional : (D,) whether it declares conditions
    motives : (D, 4) motives given for this very donor, or rows of NaN where ``Parameters`` decides; None for all
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    budget_low: FloatArray
    budget_central: FloatArray
    budget_high: FloatArray
    mandate: FloatArray
    skill: FloatArray
    affinity: FloatArray
    norm_position: FloatArray
    rival: BoolArray
    conditional: BoolArray
    motives: FloatArray | None = None

    def __post_init__(self) -> None:
        n = len(self.ids)
        if n == 0:
            raise ScenarioError("donors: there must be at least one")
        _identified(self.ids, "donors")
        for name in ("names", "kinds"):
            if len(getattr(self, name)) != n:
                raise ScenarioError(f"donors: {name} has {len(getattr(self, name))} entries for {n} ids")
        for name in ("budget_low", "budget_central", "budget_high"):
            values = np.array(getattr(self, name), dtype=np.float64)
            bad = np.flatnonzero(~np.isfinite(values) | (values < 0))
            if len(bad) and values.shape == (n,):
                raise ScenarioError(
                    f"donor {self.ids[int(bad[0])]}: {name} is {values[int(bad[0])]:g}; a budget is a number of "
                    "EUR m a year, 0 or more"
                )
            object.__setattr__(self, name, _frozen(values, np.float64, (n,), f"donors, {name}"))
        for name in ("mandate", "skill"):
            shape = (n, np.shape(getattr(self, name))[-1] if np.ndim(getattr(self, name)) == 2 else 0)
            values = _frozen(getattr(self, name), np.float64, shape, f"donors, {name}")
            off = np.flatnonzero((np.abs(values.sum(axis=1) - 1) > 1e-6) | (values < 0).any(axis=1))
            if len(off):
                raise ScenarioError(f"donor {self.ids[int(off[0])]}: {name} must be shares that sum to 1")
            object.__setattr__(self, name, values)
        shape = (n, np.shape(self.affinity)[-1] if np.ndim(self.affinity) == 2 else 0)
        affinity = _frozen(self.affinity, np.float64, shape, "donors, affinity")
        if (affinity < 0).any():
            raise ScenarioError("donors: affinity must be 0 or more")
        object.__setattr__(self, "affinity", affinity)
        object.__setattr__(self, "norm_position", _frozen(self.norm_position, np.float64, (n,), "norm_position"))
        object.__setattr__(self, "rival", _frozen(self.rival, np.bool_, (n,), "donors, rival"))
        object.__setattr__(self, "conditional", _frozen(self.conditional, np.bool_, (n,), "donors, conditional"))
        motives = np.full((n, len(MOTIVES)), np.nan) if self.motives is None else np.array(self.motives, dtype=float)
        if motives.shape != (n, len(MOTIVES)):
            raise ScenarioError(f"donors, motives: shape {motives.shape} where {(n, len(MOTIVES))} is needed")
        motives.setflags(write=False)
        object.__setattr__(self, "motives", motives)

    @property
    def count(self) -> int:
        """Number of donors, D."""
        return len(self.ids)


@dataclass(frozen=True, kw_only=True)
class Mechanisms:
    """Names of the mechanism that fills each phase (registry: ``donorlab.sim.mechanisms``)."""

    planning: str = "best_cell"
    contract: str = "ex_ante"
    absorption: str = "equal_shares"
    effort: str = "poisson"
    lapse: str = "exponential"
    ownership: str = "alignment"
    norms: str = "deliveries"
    users: str = "growth"
    turnover: str = "replacement"
    exposure: str = "havens"
    peers: str = "neighbours"


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenario(ReadOnlyArrays):
    """Everything that one run needs, except its seed.

    Attributes
    ----------
    pillars, instruments : names, lengths K and M
    pillar_weights : (K,) value judgement; used with mean 1
    instrument_mix : (K, M) share of each instrument in a pillar's task list, rows sum to 1
    income_group_weights : weights of `state_weighting = poorest`
    architecture : name in the registry ``donorlab.sim.architectures``
    options : options of third parties' architectures and mechanisms: ``architecture.NAME.OPTION`` or
        ``mechanism.PHASE.OPTION`` to value
    members : ids of the donors that an umbrella coordinates; None: all but rivals
    reporters : ids of the members whose projects can enter its register; None: all members
    """

    name: str
    title: str
    description: str
    pillars: tuple[str, ...]
    instruments: tuple[str, ...]
    pillar_weights: FloatArray
    instrument_mix: FloatArray
    income_group_weights: Mapping[str, float]
    beneficiaries: Beneficiaries
    donors: Donors
    parameters: Parameters
    mechanisms: Mechanisms = field(default_factory=Mechanisms)
    architecture: str = "fragmented"
    options: Mapping[str, Any] = field(default_factory=dict)
    members: tuple[str, ...] | None = None
    reporters: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        k, m = len(self.pillars), len(self.instruments)
        if k == 0 or m == 0:
            raise ScenarioError(f"scenario {self.name}: needs at least one pillar and one instrument")
        if k * TASKS_MAXIMUM > 65536:
            raise ScenarioError(f"scenario {self.name}: {k} pillars; at most {65536 // TASKS_MAXIMUM} can be addressed")
        weights = _frozen(self.pillar_weights, np.float64, (k,), "pillar_weights")
        if (weights < 0).any() or weights.sum() <= 0:
            raise ScenarioError("pillar_weights: must be 0 or more, and not all 0")
        object.__setattr__(self, "pillar_weights", weights)
        mix = _frozen(self.instrument_mix, np.float64, (k, m), "instrument_mix")
        if (np.abs(mix.sum(axis=1) - 1) > 1e-6).any() or (mix < 0).any():
            raise ScenarioError("instrument_mix: each pillar's shares must sum to 1")
        object.__setattr__(self, "instrument_mix", mix)
        states, donors = self.beneficiaries, self.donors
        for what, found, needed in (
            ("beneficiaries, initial_score", states.initial_score.shape, (states.count, k)),
            ("donors, mandate", donors.mandate.shape, (donors.count, k)),
            ("donors, skill", donors.skill.shape, (donors.count, m)),
            ("donors, affinity", donors.affinity.shape, (donors.count, states.count)),
        ):
            if found != needed:
                raise ScenarioError(f"{what}: shape {found} where {needed} is needed")
        keys: dict[int, str] = {}
        for name in {*states.ids, *donors.ids}:
            other = keys.setdefault(actor_key(name), name)
            if other != name:
                raise ScenarioError(f"ids '{name}' and '{other}' share a random address; rename one of them")
        object.__setattr__(self, "income_group_weights", dict(self.income_group_weights))
        object.__setattr__(self, "options", dict(self.options))
        for what, chosen, known in (
            ("members", self.members, donors.ids),
            (
                "reporters",
                self.reporters,
                tuple(name for name, able in zip(donors.ids, self.able, strict=True) if able),
            ),
        ):
            if chosen is None:
                continue
            object.__setattr__(self, what, tuple(sorted(set(chosen))))
            for name in chosen:
                if name not in known:
                    group = "member" if what == "reporters" and name in donors.ids else "donor"
                    raise ScenarioError(f"{what}: '{name}' is no {group} of this scenario{suggest(name, known)}")
        if self.parameters.state_weighting == "poorest":
            unknown = sorted(set(states.income_groups) - set(self.income_group_weights))
            if unknown:
                raise ScenarioError(f"income_group_weights: no weight for income group '{unknown[0]}'")

    @property
    def able(self) -> BoolArray:
        """(D,) which donors an umbrella coordinates, once there is one."""
        if self.members is None:
            return np.asarray(~self.donors.rival, dtype=np.bool_)
        return np.isin(self.donors.ids, self.members)

    def replace(self, **changes: Any) -> Scenario:
        """Return a copy with parameters, or fields of the scenario itself, changed.

        Raises
        ------
        ScenarioError
            If a name is unknown or a value impossible.
        """
        own = {item.name for item in dataclasses.fields(self)}
        numbers = {item.name for item in dataclasses.fields(Parameters)}
        for name in changes:
            if name not in own | numbers:
                raise ScenarioError(f"unknown parameter '{name}'{suggest(name, own | numbers)}")
        fields = {name: value for name, value in changes.items() if name in own}
        parameters = {name: value for name, value in changes.items() if name in numbers}
        if parameters:
            fields["parameters"] = dataclasses.replace(fields.get("parameters", self.parameters), **parameters)
        return dataclasses.replace(self, **fields)


def checked_seed(seed: int) -> int:
    """Return the seed (replication number) if it can be addressed, else raise ScenarioError."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise ScenarioError(f"seed: '{seed}' is not a whole number")
    if not 0 <= seed <= REPLICATION_MAXIMUM:
        raise ScenarioError(f"seed: {seed} is out of range; it must lie between 0 and {REPLICATION_MAXIMUM}")
    return int(seed)
