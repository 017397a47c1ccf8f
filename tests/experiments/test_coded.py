"""Values as text and bytes: back to the last bit, no code inside, and no two values with one fingerprint."""

from __future__ import annotations

import dataclasses
import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorlab.experiments import coalitions, free_members, gains, runner
from donorlab.experiments.coded import Fingerprints, decoded, encoded
from donorlab.experiments.runner import Job
from donorlab.experiments.validation.checks import answer
from donorlab.sim.scenario import Scenario


def alike(one: Any, other: Any) -> None:
    """Compare types and bits."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            alike(one[key], other[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for mine, theirs in zip(one, other, strict=True):
            alike(mine, theirs)
    elif isinstance(one, float):
        assert struct.pack("d", one) == struct.pack("d", other) or (math.isnan(one) and math.isnan(other))
    elif isinstance(one, np.generic):
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()  # NaN is not equal to itself, its bits are
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert one.tobytes() == other.tobytes()
    elif isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_column_type=True)
    elif isinstance(one, pa.Table):
        assert one.schema.equals(other.schema, check_metadata=True)
        assert one.to_pydict() == other.to_pydict() or one.equals(other)
    elif dataclasses.is_dataclass(one):
        for item in dataclasses.fields(one):
            alike(getattr(one, item.name), getattr(other, item.name))
    else:
        assert one == other


def there_and_back(value: Any) -> None:
    text, contents = encoded(value)
    alike(value, decoded(text, contents))


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.floats(width=32).map(np.float32),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.just("~"), inner)
        | st.dictionaries(st.integers() | st.tuples(st.text(), st.integers()), inner)
    ),
    max_leaves=12,
)


@given(plain)
def test_all_kinds_of_values_come_back(value: Any) -> None:
    there_and_back(value)


def test_numbers_at_the_edge_and_arrays_come_back() -> None:
    there_and_back([0.1 + 0.2, -0.0, math.inf, -math.inf, math.nan, 5e-324, np.float64(1 / 3), np.int64(-7), np.True_])
    there_and_back({"a": np.arange(6.0).reshape(2, 3)[:, ::2], "b": np.zeros((0, 4), bool), "c": np.array(3, np.int32)})


def test_answers_of_the_commands_come_back(toy: Scenario) -> None:
    both = {name: toy.replace(architecture=name) for name in ("fragmented", "umbrella")}
    there_and_back(runner.run_job(both, Job("x", 3, tuple(both), {"failure": 0.3}, waterfall=True, tables=True)))
    there_and_back(gains.measured(both, 1, {}, "x"))
    there_and_back(coalitions.accounts(both["umbrella"], both["umbrella"].donors.ids[:2], 1))
    there_and_back(free_members.history(both["umbrella"], 0.5, 1))
    there_and_back(answer("T5/core", True))


def test_what_is_read_back_holds_no_code() -> None:
    text, contents = encoded(Job("x", 1, ("central",)))
    for name in ("subprocess:Popen", "pathlib:Path", "donorlab.experiments.runner:run_job", "donorlab.sim:simulate"):
        forged = json.dumps(json.loads(text) | {"class": name})
        with pytest.raises(ValueError, match=r"no class of this project|no dataclass"):
            decoded(forged, contents)
    with pytest.raises(TypeError, match="Path cannot be kept"):
        encoded([Path("x")])


def test_no_two_values_have_the_same_fingerprint(toy: Scenario) -> None:
    marks = Fingerprints(Scenario)
    job = Job("", 1, ("central",), {"failure": 0.1})
    values: list[Any] = [
        1, 1.0, True, "1", "1;", ["1"], 0.0, -0.0, None, "None", math.nan, [], [[]], {}, {"a": 1}, {"a": [1]}, [["a", 1]],
        ["ab", "c"], ["a", "bc"], np.zeros(2), np.zeros((2, 1)), np.zeros(2, np.int64), np.float64(1.0),
        job, dataclasses.replace(job, seed=2), dataclasses.replace(job, tables=True),
        dataclasses.replace(job, changes={"failure": np.nextafter(0.1, 1)}),
        toy, toy.replace(failure=float(np.nextafter(toy.parameters.failure, 1))), toy.replace(architecture="central"),
    ]  # fmt: skip
    found = [marks.of(value) for value in values]
    assert len(set(found)) == len(found)
    assert [Fingerprints(Scenario).of(value) for value in values] == found
    assert marks.of("a", "b") != marks.of("ab")
    with pytest.raises(TypeError, match="has no fingerprint"):
        marks.of(object())
