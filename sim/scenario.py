"""All that one run needs: frozen, validated dataclasses. No files are read here.

Defaults and ranges of parameters stand in one place only, ``scenarios/data/ranges.yaml``; this module
holds name, unit, meaning and hard limits.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from donorlab.sim.streams import REPLICATION_MAXIMUM, actor_key

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

TASKS_MAXIMUM: Final = 64  # one bit each of one machine word
MOTIVES: Final = ("need", "security", "political", "visibility")


class ScenarioError(ValueError):
    """An input that cannot be simulated; the message is one line: what, where, what would be right."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the closest known name, or an empty string."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean '{close[0]}'?)" if close else ""


def parameter(
    unit: str,
    meaning: str,
    low: float = -math.inf,
    high: float = math.inf,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a parameter: unit, meaning, and hard limits outside which it makes no sense."""
    return field(metadata={"unit": unit, "meaning": meaning, "low": low, "high": high, "choices": choices})


def option(
    default: float | str,
    unit: str,
    meaning: str,
    source: str,
    low: float = -math.inf,
    high: float = math.inf,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare an option of a third party's architecture or mechanism, in a frozen dataclass of its own.

    ``source`` says where the default comes from and names a range, or says ``assumption``.
    """
    rules = {"unit": unit, "meaning": meaning, "source": source, "low": low, "high": high, "choices": choices}
    return field(default=default, metadata=rules)


def options_of(kind: type | None, options: Mapping[str, Any], prefix: str) -> Any:
    """Return an instance of an options dataclass, filled from the keys of ``options`` that begin with ``prefix``.

    Raises
    ------
    ScenarioError
        If a key is unknown or a value impossible; None is returned where there is no such dataclass and no key.
    """
    given = {key.removeprefix(prefix): value for key, value in options.items() if key.startswith(prefix)}
    known = {item.name: item for item in dataclasses.fields(kind)} if kind is not None else {}
    for name in given:
        if name not in known:
            hint = f"; there are {', '.join(known)}" if known else "; it has no options"
            raise ScenarioError(f"unknown option '{prefix}{name}'{suggest(name, known)}{hint}")
    checked = {}
    for name, value in given.items():
        declared = known[name].type
        word = declared if isinstance(declared, str) else getattr(declared, "__name__", "float")
        checked[name] = _checked(f"{prefix}{name}", value, word, known[name].metadata)
    return kind(**checked) if kind is not None else None


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Scalars of the model. Symbols and equations: ``ODD.md``."""

    money: float = parameter("EUR m a year", "all donors' budgets together", 0)
    rival_share: float = parameter("share", "share of money held by donors that set no conditions (rivals)", 0, 1)
    motive_need: float = parameter("share", "weight of need; motives are divided by their sum", 0)
    motive_security: float = parameter("share", "weight of safe havens", 0)
    motive_political: float = parameter("share", "weight of political affinity", 0)
    motive_visibility: float = parameter("share", "weight of being visible in a state", 0)
    motive_spread: float = parameter("-", "donors' motives differ by exp(spread * z)", 0, 5)
    user_weight_exponent: float = parameter("-", "a state's weight is users to this power", 0, 2)
    state_weighting: str = parameter("-", "how states are weighed", choices=("users", "poorest"))
    value_concavity: float = parameter("-", "exponent of the value of capacity, f(c) = 1 - (1 - c)^exponent", 1, 10)
    tasks_per_pillar: int = parameter("tasks", "length of the task list of one pillar", 1, TASKS_MAXIMUM)
    headroom: float = parameter("share", "share of the list that a full GCI score stands for", 0, 1)
    initial_noise: float = parameter("-", "departure of the first tasks from the order of difficulty", 0, 10)
    task_cost: float = parameter("EUR m", "cost of a task at median users", 1e-6)
    task_cost_users_exponent: float = parameter("-", "task cost grows as users to this power", 0, 2)
    project_tasks_minimum: int = parameter("tasks", "smallest project", 1, TASKS_MAXIMUM)
    project_tasks_maximum: int = parameter("tasks", "largest project", 1, TASKS_MAXIMUM)
    fixed_cost: float = parameter("EUR m", "cost of contracting a project", 0)
    relation_cost: float = parameter("EUR m", "cost of a project where the donor has nothing running", 0)
    mismatch: float = parameter("share", "extra cost of a task wholly outside the mandate", 0)
    observation_probability: float = parameter("probability", "another actor sees a project", 0, 1)
    ignorance: str = parameter("-", "what may go unseen: a project, or a task of it", choices=("project", "task"))
    planning_slots: int = parameter("a quarter", "planning slots; 0 (`serial`) gives each donor its own", 0, 4096)
    administration_intercept: float = parameter("tasks a quarter", "capacity of the weakest state at median users", 0)
    administration_slope: float = parameter("tasks a quarter", "added at the highest rank of government", 0)
    administration_users_exponent: float = parameter("-", "capacity grows as users to this power", 0, 2)
    administration_factor: float = parameter("-", "multiplies administrative capacity", 0)
    oversight_per_project: float = parameter("tasks a quarter", "capacity that one project takes", 0)
    oversight_economies: float = parameter("-", "oversight = per project * tasks^(1 - economies)", 0, 1)
    presence_oversight: float = parameter("tasks a quarter", "capacity that the presence of a donor takes", 0)
    room_floor: float = parameter("tasks a quarter", "least room for project work", 1e-9)
    pace: float = parameter("tasks a quarter", "full speed of one project", 1e-9)
    impatience: float = parameter("1 / quarter", "discount of value by the wait in the queue", 0)
    queue_limit: float = parameter("quarters", "a state with a longer queue takes no new project", 0)
    failure: float = parameter("probability", "mean probability that a project fails half way", 0, 1)
    narrative_coherence: float = parameter("share", "how far donors share one set of motives and mandates", 0, 1)
    narrative_target: str = parameter("-", "what they share: the mean donor or need alone", choices=("mean", "need"))
    ownership_intercept: float = parameter("share", "ownership at the lowest rank of government", 0, 1)
    ownership_slope: float = parameter("share", "added at the highest rank", -1, 1)
    ownership_noise: float = parameter("share", "standard deviation of ownership between states", 0, 1)
    lapse: float = parameter("1 / quarter", "hazard that an unowned delivered task lapses", 0)
    own_effort: float = parameter("-", "own tasks a quarter per task-quarter of free capacity and ownership", 0)
    crowding_out: float = parameter("share", "own effort lost where donors work on all open tasks", 0, 1)
    reform_cost: float = parameter("EUR m a project", "political cost of a reform", 0)
    reform_cost_spread: float = parameter("-", "states differ by exp(spread * z)", 0, 5)
    reform_benefit: float = parameter("EUR m a project", "own benefit of a reform at full ownership", 0)
    reform_patience: int = parameter("quarters", "a project left with reforms that nobody wants ends after", 0, 4000)
    register: str = parameter("-", "what members report", choices=("none", "projects", "plans"))
    reporting_rate: float = parameter("probability", "a member reports a project", 0, 1)
    register_lag: int = parameter("quarters", "from a project's start to its entry in a register of projects", 0, 400)
    division: str = parameter("-", "lead donors by", choices=("none", "cell", "beneficiary"))
    discipline: float = parameter("share", "value that a member takes off outside its lead", 0, 1)
    joint_programming: str = parameter("-", "members may join each other's projects", choices=("off", "on"))
    joiner_fixed_share: float = parameter("share", "of the fixed cost that a joiner pays", 0, 1)
    pooled_fund: str = parameter("-", "members pay into a common fund", choices=("off", "on"))
    pool_share: float = parameter("share", "of members' budgets that goes to the fund", 0, 1)
    calendar: str = parameter("-", "donors plan in their own slots or one after the other", choices=("own", "serial"))
    credit: str = parameter("-", "who is credited in place of visibility", choices=("none", "marginal", "equal"))
    overhead: float = parameter("share", "of members' budgets that the secretariat costs", 0, 1)
    negotiation_cost: float = parameter("EUR m a pair and year", "cost of agreeing, a pair of members", 0)
    decision_lag: int = parameter("quarters", "members' projects start later by", 0, 400)
    budget_elasticity: float = parameter("-", "response of a member's budget to what it can account for", 0, 10)
    conditional_donors: str = parameter("-", "who sets conditions", choices=("declared", "all"))
    credibility: float = parameter("probability", "aid is withheld where a condition is refused", 0, 1)
    monitoring_cost: float = parameter("EUR m a project", "cost of watching a condition", 0)
    shun_quarters: int = parameter("quarters", "a donor stays away after it withheld", 0, 4000)
    linked_conditions: str = parameter("-", "the stake is all conditional aid in the state", choices=("off", "on"))
    pledge_strength: float = parameter("share", "value that a donor takes off outside its pledge", 0, 1)
    pledge_focus: float = parameter("share", "of states that a donor pledges to concentrate on", 0, 1)
    horizon: int = parameter("quarters", "quarters with income", 1, 4000)
    wind_down: int = parameter("quarters", "quarters after it without income", 0, 4000)

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            value = _checked(item.name, getattr(self, item.name), str(item.type), item.metadata)
            object.__setattr__(self, item.name, value)
        if self.project_tasks_minimum > self.project_tasks_maximum:
            raise ScenarioError(
                f"project_tasks_minimum: {self.project_tasks_minimum} is larger than "
                f"project_tasks_maximum, {self.project_tasks_maximum}"
            )
        if self.horizon + self.wind_down >= 65536:
            raise ScenarioError("horizon: horizon and wind_down together must be below 65536 quarters")
        if self.motive_need + self.motive_security + self.motive_political + self.motive_visibility <= 0:
            raise ScenarioError("motive_need: at least one of the four motives must be above 0")

    @property
    def quarters(self) -> int:
        """Number of quarters of a run, wind-down included."""
        return self.horizon + self.wind_down


def _checked(name: str, value: object, kind: str, rules: Mapping[str, Any]) -> object:
    choices = rules["choices"]
    if choices:
        if value not in choices:
            raise ScenarioError(f"{name}: '{value}' is not one of {', '.join(choices)}{suggest(str(value), choices)}")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ScenarioError(f"{name}: '{value}' is not a number; {_limits(rules)}")
    number = float(value)
    if not math.isfinite(number):
        raise ScenarioError(f"{name}: {number} is not a finite number; {_limits(rules)}")
    if kind == "int" and number != int(number):
        raise ScenarioError(f"{name}: {number:g} is not a whole number; {_limits(rules)}")
    if not rules["low"] <= number <= rules["high"]:
        raise ScenarioError(f"{name}: {number:g} is out of range; {_limits(rules)}")
    return int(number) if kind == "int" else number


def _limits(rules: Mapping[str, Any]) -> str:
    low, high = rules["low"], rules["high"]
    if math.isinf(high):
        return f"it must be at least {low:g} ({rules['unit']})"
    return f"it must lie between {low:g} and {high:g} ({rules['unit']})"


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

    def __post_init__(self) -> None:
        n = len(self.ids)
        if n == 0:
            raise ScenarioError("beneficiaries: there must be at least one")
        _identified(self.ids, "beneficiaries")
        for name in ("names", "regions", "subregions", "income_groups"):
            if len(getattr(self, name)) != n:
                raise ScenarioError(f"beneficiaries: {name} has {len(getattr(self, name))} entries for {n} ids")
        pillars = np.shape(self.initial_score)[-1] if np.ndim(self.initial_score) == 2 else 0
        for name in ("users_m", "users_relative", "government_rank", "norm_position"):
            object.__setattr__(self, name, self._column(name, (n,)))
        object.__setattr__(self, "initial_score", self._column("initial_score", (n, pillars)))
        for name, low, high in (
            ("users_m", 0.0, math.inf),
            ("users_relative", 0.0, math.inf),
            ("government_rank", 0.0, 1.0),
            ("initial_score", 0.0, 1.0),
        ):
            values = getattr(self, name)
            bad = np.argwhere((values < low) | (values > high))
            if len(bad):
                where = self.ids[int(bad[0][0])]
                raise ScenarioError(f"beneficiary {where}: {name} must lie between {low:g} and {high:g}")
        for name in ("users_m", "users_relative"):
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
        if self.parameters.state_weighting == "poorest":
            unknown = sorted(set(states.income_groups) - set(self.income_group_weights))
            if unknown:
                raise ScenarioError(f"income_group_weights: no weight for income group '{unknown[0]}'")

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
