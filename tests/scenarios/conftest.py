"""Shared by the tests of scenarios."""

import pytest

from donorlab.scenarios import composition


@pytest.fixture
def fresh_cache():
    composition._composed.cache_clear()
    yield
    composition._composed.cache_clear()
