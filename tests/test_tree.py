"""What no file of the project may hold."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MERGE = re.compile(rb"^(<{7}|>{7}|\|{7})( |$)", re.MULTILINE)


def tracked():
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=60)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a checkout")
    return [ROOT / name for name in done.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_file_holds_the_marks_of_a_merge():
    assert not [str(path) for path in tracked() if MERGE.search(path.read_bytes())]


def test_the_marks_would_be_noticed():
    assert MERGE.search(b"a\n" + b"<" * 7 + b" HEAD\nb\n")
