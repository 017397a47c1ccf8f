"""Other people's tools drive the model: the same numbers to the last bit."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from donorlab import scenarios, sim
from donorlab.experiments import adapters
from donorlab.experiments.arguments import InputError
from donorlab.experiments.studies.factors import NOISE

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    ema = pytest.importorskip("ema_workbench")

NAMES = ["overhead", "decision_lag", "task_cost"]


def by_hand(architecture: str, seed: int = 1, **values: float) -> dict[str, float]:
    return sim.simulate(scenarios.load("toy", [f"architecture={architecture}"]).replace(**values), seed=seed).outcomes


@pytest.mark.parametrize("workers", [0, 2])
def test_the_workbench_runs_the_model_to_the_last_bit(workers: int) -> None:
    """In sequence and in processes: a row of its table is a run, with these values, this architecture and seed 1."""
    model = adapters.ema_model("toy", outcomes=["efficiency", "welfare"], uncertainties=NAMES[1:])
    policies = adapters.ema_policies(["fragmented", "umbrella"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluator = ema.MultiprocessingEvaluator(model, n_processes=2) if workers else ema.SequentialEvaluator(model)
        with evaluator as running:
            table, found = running.perform_experiments(3, policies)
    assert len(table) == 6
    for i, row in enumerate(table.to_dict("records")):
        values = {"decision_lag": int(row["decision_lag"]), "task_cost": float(row["task_cost"])}
        want = by_hand(str(row["architecture"]), **values)
        assert found["efficiency"][i] == want["efficiency"]
        assert found["welfare"][i] == want["welfare"]


def test_the_workbench_draws_over_the_declared_ranges() -> None:
    """Half of a parameter on a logarithmic scale lies below the geometric middle of its range; levers are levers."""
    model = adapters.ema_model(
        "toy", uncertainties=["task_cost", "task_cost_users_exponent"], levers=["overhead"], seed=None
    )
    row = next(one for one in scenarios.parameter_table() if one.name == "task_cost")
    assert row.range is not None
    middle = math.sqrt(float(row.range[0]) * float(row.range[1]))
    drawn = {one.name: one for one in model.uncertainties}
    assert drawn["task_cost"].dist.ppf(0.5) == pytest.approx(middle)
    assert (drawn["task_cost"].lower_bound, drawn["task_cost"].upper_bound) == pytest.approx(tuple(row.range))
    assert isinstance(drawn["seed"], ema.IntegerParameter)
    assert [one.name for one in model.levers] == ["architecture", "overhead"]


def test_all_uncertainties_are_drawn_unless_they_are_named() -> None:
    from donorlab.experiments import ensemble

    names = {one.name for one in adapters.ema_model("toy", settings=["money=5"]).uncertainties}
    assert "failure" in names
    assert "money" not in names
    assert names < {row.name for row in ensemble.drawable()}


def test_salib_runs_the_model_to_the_last_bit() -> None:
    problem = adapters.salib_problem("toy", NAMES, noise=True)
    assert problem["names"] == [*NAMES, NOISE]
    assert problem["logarithmic"] == ["task_cost"]
    low, high = problem["bounds"][2]
    middle = (low + high) / 2
    x = np.array([[0.1, 2.3, middle, 0.0], [0.2, 7.6, low, 0.999999999]])
    found = adapters.salib_evaluate(problem, x, "toy", against="fragmented")
    for i, (lag, seed) in enumerate([(2, 1), (8, 1_000_000)]):
        values = {"overhead": float(x[i, 0]), "decision_lag": lag, "task_cost": float(10.0 ** x[i, 2])}
        row = next(one for one in scenarios.parameter_table() if one.name == "task_cost")
        assert row.range is not None
        values["task_cost"] = max(values["task_cost"], float(row.range[0]))
        want = [by_hand(one, seed, **values)["efficiency"] for one in ("umbrella", "fragmented")]
        assert found[i] == want[0] - want[1]


def test_salib_itself_accepts_the_problem() -> None:
    sample = pytest.importorskip("SALib.sample.latin")
    problem = adapters.salib_problem("toy", NAMES)
    x = sample.sample(problem, 4, seed=1)
    assert np.isfinite(adapters.salib_evaluate(problem, x, "toy")).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: adapters.ema_model("toy", outcomes=["eficiency"]), "did you mean 'efficiency'"),
        (lambda: adapters.ema_model("toy", architectures=["umbrela"]), "did you mean 'umbrella'"),
        (lambda: adapters.ema_model("toy", uncertainties=["register"]), "no parameter with a range of numbers"),
        (lambda: adapters.salib_problem("toy", ["overhead"], settings=["overhead=0.1"]), "set to one value"),
        (lambda: adapters.salib_evaluate(adapters.salib_problem("toy", ["overhead"]), np.zeros((2, 3)), "toy"), "needs a column"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_one_line(call: object, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        call()  # type: ignore[operator]
    assert "\n" not in str(caught.value)
