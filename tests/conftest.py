"""Shared by all tests: scenarios loaded once, and one set-up of Hypothesis."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "donorlab", deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("donorlab")


def _load(name):
    from donorlab.scenarios import load

    return load(name)


@pytest.fixture(scope="session")
def toy():
    return _load("toy")


@pytest.fixture(scope="session")
def synthetic():
    return _load("synthetic")


@pytest.fixture(scope="session")
def world():
    return _load("world")


@pytest.fixture
def own_mechanisms(monkeypatch):
    """What a test registers is gone after it: the registry belongs to the process, and other tests list it."""
    from donorlab.sim import mechanisms

    copied = {phase: dict(names) for phase, names in mechanisms._REGISTRY.items()}
    monkeypatch.setattr(mechanisms, "_REGISTRY", copied)
