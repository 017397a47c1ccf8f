"""The model as users of the EMA workbench and of SALib know models.

>>> from donorlab.experiments.adapters import ema_model
>>> model = ema_model("toy", architectures=["fragmented", "umbrella"])

and then ``perform_experiments(model, scenarios=100, policies=[...])``, in sequence or with a ``MultiprocessingEvaluator``; or

>>> from donorlab.experiments.adapters import salib_evaluate, salib_problem
>>> problem = salib_problem("toy", ["overhead", "decision_lag"])

``X = SALib.sample.sobol.sample(problem, 64)``, ``Y = salib_evaluate(problem, X, "toy", "umbrella")`` and then
``SALib.analyze.sobol.analyze(problem, Y)``. A run has the seed that it is given, by default 1, so that two architectures meet the
same luck; with ``seed=None`` of `ema_model` the seed is one more uncertainty.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from donorlab import scenarios as catalogue
from donorlab import sim
from donorlab.experiments import ensemble
from donorlab.experiments.arguments import Arguments, InputError, did_you_mean
from donorlab.experiments.levers import WHOLE
from donorlab.experiments.studies.factors import NOISE, SEEDS
from donorlab.experiments.sweeps import asked, columns
from donorlab.sim.outcomes.catalogue import CATALOGUE

if TYPE_CHECKING:
    from donorlab.scenarios import ParameterRow
    from donorlab.sim import Scenario

POLICY: Final = "architecture"  # the lever that chooses it
SEED: Final = "seed"


@dataclass(frozen=True)
class OneRun:
    """One run as a function of named values; it can be sent to other processes.

    Attributes
    ----------
    scenario, settings : name or path, and ``key=value`` words
    outcomes : names of those that are returned
    architecture, seed : where a call names none
    """

    scenario: str
    settings: tuple[str, ...]
    outcomes: tuple[str, ...]
    architecture: str
    seed: int = 1

    def __call__(self, **values: Any) -> dict[str, float]:
        """Run once.

        Parameters
        ----------
        **values : parameters; ``architecture`` and ``seed`` in place of the own ones. Whole parameters are rounded

        Returns
        -------
        dict
            Outcomes by name
        """
        architecture = str(values.pop(POLICY, self.architecture))
        seed = int(values.pop(SEED, self.seed))
        loaded = _loaded(self.scenario, self.settings, architecture)
        changed = {name: round(value) if name in WHOLE else float(value) for name, value in values.items()}
        if {"project_tasks_maximum", "project_tasks_minimum"} & changed.keys():
            low, high = (
                changed.get(f"project_tasks_{end}", getattr(loaded.parameters, f"project_tasks_{end}"))
                for end in ("minimum", "maximum")
            )
            changed["project_tasks_maximum"] = max(low, high)  # as in the ensemble
        result = sim.simulate(loaded.replace(**changed), seed=seed)
        return {name: float(result.outcomes[name]) for name in self.outcomes}


@lru_cache(maxsize=64)
def _loaded(scenario: str, settings: tuple[str, ...], architecture: str) -> Scenario:
    return catalogue.load(scenario, [*settings, f"architecture={architecture}"])


def _checked(scenario: str, settings: Sequence[str], architectures: Sequence[str], outcomes: Sequence[str]) -> None:
    for name in outcomes:
        if name not in CATALOGUE:
            raise InputError(f"outcomes: there is none called '{name}'{did_you_mean(name, CATALOGUE)}")
    if not architectures:
        raise InputError("architectures: name one or more, such as fragmented")
    for name in architectures:
        if name not in catalogue.architectures():
            hint = did_you_mean(name, catalogue.architectures())
            raise InputError(f"architectures: there is no architecture '{name}'{hint}")
        _loaded(scenario, tuple(settings), name)


def _rows(
    scenario: str, settings: Sequence[str], architectures: Sequence[str], names: Sequence[str] | None
) -> tuple[ParameterRow, ...]:
    """Return the parameters that are varied: those named, or all uncertainties that can do something and that nobody set."""
    known = {row.name: row for row in columns.rows().values() if row.range and not row.choices}
    given = Arguments({"scenario": scenario}, tuple(settings))
    if names is None:
        loaded = {name: _loaded(scenario, tuple(settings), name) for name in architectures}
        first = next(iter(loaded.values()))
        able = ensemble.plan(first, 1, given.given).varied
        names = asked.that_can_act(given, loaded, [row.name for row in able])
    for name in names:
        if name not in known:
            raise InputError(f"'{name}' is no parameter with a range of numbers{did_you_mean(name, known)}")
        if name in given.given:
            raise InputError(f"{name}: is varied and set to one value; leave one of the two out")
    return tuple(known[name] for name in names)


# ---------------------------------------------------------------------- EMA workbench
def ema_model(
    scenario: str = "world",
    architectures: Sequence[str] = ("fragmented", "umbrella"),
    outcomes: Sequence[str] = ("efficiency",),
    settings: Sequence[str] = (),
    uncertainties: Sequence[str] | None = None,
    levers: Sequence[str] = (),
    seed: int | None = 1,
) -> Any:
    """Return the model as one of the EMA workbench.

    Parameters
    ----------
    scenario : its name, or the path of a file
    architectures : the categories of the lever `POLICY`; with one there is no such lever
    outcomes : names, each a ``ScalarOutcome``
    settings : ``key=value`` words, as on the command line
    uncertainties : parameters that are varied; None for all that can do something here and that ``settings`` leave open
    levers : parameters that are levers besides the architecture, for example ``overhead``
    seed : of every run; None makes it an uncertainty (a whole number up to a million)

    Returns
    -------
    ema_workbench.Model
        Real parameters are drawn evenly over their range in ``ranges.yaml``, those on a logarithmic scale by
        ``scipy.stats.loguniform``, so that all of the workbench's samplers follow it; the values that they hand on, and that
        stand in its tables, are the parameter's own.

    Raises
    ------
    InputError, ScenarioError
        One line.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import ema_workbench as ema
    except ImportError:
        raise InputError("ema_model: needs the EMA workbench; install donorlab[analysis]") from None
    _checked(scenario, settings, architectures, outcomes)
    run = OneRun(str(scenario), tuple(settings), tuple(outcomes), architectures[0], 1 if seed is None else seed)
    model = ema.Model("donorlab", function=run)
    drawn = [_parameter(ema, row) for row in _rows(scenario, settings, architectures, uncertainties)]
    model.uncertainties = [*drawn, *([ema.IntegerParameter(SEED, 1, SEEDS)] if seed is None else [])]
    chosen = [ema.CategoricalParameter(POLICY, list(architectures))] if len(architectures) > 1 else []
    if levers or chosen:
        model.levers = [*chosen, *(_parameter(ema, row) for row in _rows(scenario, settings, architectures, levers))]
    model.outcomes = [ema.ScalarOutcome(name) for name in outcomes]
    return model


def _parameter(ema: Any, row: ParameterRow) -> Any:
    from scipy import stats

    assert row.range is not None
    low, high = row.range[0], row.range[-1]
    if row.name in WHOLE:
        return ema.IntegerParameter(row.name, int(low), int(high))
    if row.distribution == "log_uniform":
        return ema.RealParameter.from_dist(row.name, stats.loguniform(float(low), float(high)))
    return ema.RealParameter(row.name, float(low), float(high))


def ema_policies(architectures: Sequence[str]) -> list[Any]:
    """Return one policy of the EMA workbench for each architecture, for ``perform_experiments(model, 100, policies)``.

    Where the model has further levers, give a policy their values too:
    ``ema_workbench.Sample("name", architecture="umbrella", overhead=0.1)``.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ema_workbench as ema
    policy = ema.Policy if hasattr(ema, "Policy") else ema.Sample
    return [policy(name, **{POLICY: name}) for name in architectures]


# ---------------------------------------------------------------------- SALib
def salib_problem(
    scenario: str = "world",
    names: Sequence[str] | None = None,
    architectures: Sequence[str] = ("fragmented", "umbrella"),
    settings: Sequence[str] = (),
    noise: bool = False,
) -> dict[str, Any]:
    """Return a problem as SALib has it.

    Parameters
    ----------
    scenario, settings : as of `ema_model`
    names : parameters; None for all uncertainties that can do something under one of ``architectures``
    architectures : for which the parameters must matter
    noise : whether the seed is the last factor, called `factors.NOISE`

    Returns
    -------
    dict
        ``num_vars``, ``names``, ``bounds``. Parameters on a logarithmic scale have the bounds of their *decimal
        logarithm*, as SALib knows no such scale for all its samplers; `salib_evaluate` turns them back. They are listed under
        ``logarithmic``. Bounds of the noise are 0 and 1.
    """
    _checked(scenario, settings, architectures, ())
    rows = _rows(scenario, settings, architectures, names)
    bounds = []
    for row in rows:
        assert row.range is not None
        low, high = float(row.range[0]), float(row.range[-1])
        if row.name in WHOLE:
            low, high = low - 0.5, high + 0.5  # rounded, so that all whole numbers have the same room
        logarithmic = row.distribution == "log_uniform" and row.name not in WHOLE
        bounds.append([float(np.log10(low)), float(np.log10(high))] if logarithmic else [low, high])
    found = [row.name for row in rows] + ([NOISE] if noise else [])
    return {
        "num_vars": len(found),
        "names": found,
        "bounds": bounds + ([[0.0, 1.0]] if noise else []),
        "logarithmic": [row.name for row in rows if row.distribution == "log_uniform" and row.name not in WHOLE],
    }


def salib_evaluate(
    problem: dict[str, Any],
    X: np.ndarray,
    scenario: str = "world",
    architecture: str = "umbrella",
    outcome: str = "efficiency",
    against: str | None = None,
    settings: Sequence[str] = (),
    seed: int = 1,
) -> np.ndarray:
    """Return an outcome at each row of SALib's samples.

    Parameters
    ----------
    problem : of `salib_problem`
    X : samples, a row a run, a column a factor of ``problem``
    scenario, settings : as of `salib_problem`
    architecture, outcome : what is run and returned
    against : another architecture; then the outcome is the difference to it, at the same values and seed
    seed : of every run, unless the noise is a factor

    Returns
    -------
    array of float, one a row

    Raises
    ------
    InputError
        If ``X`` has another number of columns than the problem factors, or a name is unknown.
    """
    X = np.asarray(X, dtype=np.float64)
    names = list(problem["names"])
    if X.ndim != 2 or X.shape[1] != len(names):
        raise InputError(
            f"X has shape {X.shape}; it needs a column for each of the {len(names)} factors of the problem"
        )
    both = [architecture] if against is None else [architecture, against]
    _checked(scenario, settings, both, [outcome])
    run = OneRun(str(scenario), tuple(settings), (outcome,), architecture, seed)
    logarithmic = set(problem.get("logarithmic", ()))
    limits = columns.rows()
    found = np.empty(len(X))
    for i, row in enumerate(X):
        values: dict[str, Any] = {}
        for name, value in zip(names, row, strict=True):
            if name == NOISE:
                values[SEED] = min(int(value * SEEDS), SEEDS - 1) + 1
                continue
            span = limits[name].range
            assert span is not None
            real = 10.0**value if name in logarithmic else float(value)
            real = float(np.floor(real + 0.5)) if name in WHOLE else real
            values[name] = float(
                np.clip(real, float(span[0]), float(span[-1]))
            )  # rounding may leave the range by a hair
        answers = [run(**values, architecture=one)[outcome] for one in both]
        found[i] = answers[0] - (answers[1] if against is not None else 0.0)
    return found
