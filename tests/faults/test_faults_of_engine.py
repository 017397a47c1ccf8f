"""Each fault of the engine is caught by what the table says, and only because of the fault."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from faults.test_faults import OF_ENGINE


@pytest.fixture(scope="module")
def without_compilation():
    """What each check says of each fault of the engine, found in a process of its own without compilation."""
    tests = Path(__file__).parents[1]
    path = os.pathsep.join([str(tests), str(tests / "sim"), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-m", "faults.of_engine"], env=environment, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("fault", OF_ENGINE, ids=lambda fault: fault.name)
def test_a_fault_of_the_engine_is_caught(fault, without_compilation):
    found = without_compilation[fault.name]
    for name in fault.caught_by:
        assert not found["healthy"].get(name), f"{name} fails without the fault"
        assert found["broken"][name], f"{name} does not notice"
