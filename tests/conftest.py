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
