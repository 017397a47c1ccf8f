"""What the tests of scenarios share: refusals in one line, and scenarios compared in every part."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from donorlab.sim.scenario import Scenario, ScenarioError


def refused(call, *arguments) -> str:
    """Return the message of the ScenarioError that the call raises; it must be one line."""
    with pytest.raises(ScenarioError) as caught:
        call(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    assert message.isprintable()
    assert len(message) < 500
    return message


def arrays(scenario: Scenario) -> dict[str, np.ndarray]:
    found = {"mix": scenario.instrument_mix, "weights": scenario.pillar_weights}
    for part in (scenario.beneficiaries, scenario.donors):
        for item in dataclasses.fields(part):
            found[f"{type(part).__name__}.{item.name}"] = np.asarray(getattr(part, item.name))
    return found


def same(one: Scenario, other: Scenario) -> bool:
    left, right = arrays(one), arrays(other)
    plain = ("name", "title", "pillars", "instruments", "parameters", "mechanisms", "architecture")
    equal = (np.array_equal(left[key], right[key], equal_nan=left[key].dtype.kind == "f") for key in left)
    return all(equal) and all(getattr(one, name) == getattr(other, name) for name in plain)
