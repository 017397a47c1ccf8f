"""Compiled code is kept between runs, and an edit of a helper in another file never leaves the old physics in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from donorlab.sim import compiled

SOURCES = Path(compiled.__file__).parent
CALL = """
import numpy as np
from donorlab.sim.outcomes.tables import _same_instrument as caller
word = np.array([7], dtype=np.uint64)
found = caller(word, word, np.zeros(1, dtype=np.int64), word.reshape(1, 1))
print(found[0], sum(caller.stats.cache_hits.values()))
"""
HELPER = "return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))"
FOLDER = 'return root / "compiled" / key'


@pytest.fixture
def package(tmp_path):
    """A copy of the package whose own imports are left out, so that only what is asked for is loaded."""
    root = tmp_path / "copy"
    shutil.copytree(SOURCES, root / "donorlab" / "sim", ignore=shutil.ignore_patterns("__pycache__", "*.md"))
    (root / "donorlab" / "__init__.py").touch()
    (root / "donorlab" / "sim" / "__init__.py").write_text("")
    return root


def ask(package, script):
    """Return what a new process prints that sees the copy."""
    environment = os.environ | {
        "PYTHONPATH": str(package), "DONORLAB_CACHE_DIR": str(package / "cache"), "TMPDIR": str(package)
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=package, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(package):
    """Return what a compiled function gives in a new process, and whether it came out of the cache."""
    result, hits = ask(package, CALL).split()
    return int(result), int(hits) > 0


def edit(file, before, after):
    text = file.read_text()
    assert text.count(before) == 1, f"'{before}' is not what {file.name} holds any more"
    file.write_text(text.replace(before, after))


def edit_helper(package):
    edit(package / "donorlab/sim/value.py", HELPER, HELPER + " + 1")


def folders(package):
    return sorted(folder.name for folder in (package / "cache" / "compiled").iterdir())


def test_an_edit_of_a_helper_is_compiled_anew(package):
    assert run(package) == (3, False)
    first = folders(package)
    assert len(first) == 1
    assert run(package) == (3, True), "what did not change is not compiled again"
    edit_helper(package)
    assert run(package) == (4, False)
    assert len(folders(package)) == 2
    assert set(first) < set(folders(package))


def test_with_one_folder_for_all_sources_the_old_physics_would_stay(package):
    """Shows that the trap is there, and that the test above would notice."""
    edit(package / "donorlab/sim/compiled.py", FOLDER, 'return root / "compiled" / "one"')
    assert run(package) == (3, False)
    edit_helper(package)
    assert run(package) == (3, True)


def test_the_hash_covers_every_source_file(package):
    """Through the sources of this process: a change anywhere, a new file and a new name each count."""
    sim = package / "donorlab" / "sim"
    script = "from donorlab.sim.compiled import source_hash; print(source_hash())"

    def digest():
        return ask(package, script)

    seen = [digest()]
    (sim / "outcomes" / "bound.py").write_bytes((sim / "outcomes" / "bound.py").read_bytes() + b"\n# a word\n")
    seen.append(digest())
    (sim / "mechanisms" / "new.py").write_text("x = 1\n")
    seen.append(digest())
    (sim / "mechanisms" / "new.py").rename(sim / "mechanisms" / "newer.py")
    seen.append(digest())
    assert len(set(seen)) == len(seen)


def test_sources_of_plug_ins_count(tmp_path):
    plugin = tmp_path / "plugin.py"
    plugin.write_text("x = 1\n")
    before = compiled.source_hash((plugin,))
    plugin.write_text("x = 2\n")
    assert len({compiled.source_hash(), before, compiled.source_hash((plugin,))}) == 3


def test_without_a_place_to_write_it_compiles_all_the_same(package):
    """A folder that cannot be made (here: a file stands in its place) is no reason to fail."""
    (package / "cache").write_text("in the way")
    assert run(package) == (3, False)
