"""Tables that grow part by part: nothing lost, nothing reordered, small on the way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from donorlab.experiments import parts
from donorlab.experiments.comparison import study
from donorlab.experiments.parts import PartsFile, packed
from donorlab.sim.scenario import Scenario


def frame(rows: int, first: int = 0) -> pd.DataFrame:
    donors = np.array([f"D{i % 7}" for i in range(rows)], dtype=object)
    return pd.DataFrame({"donor": donors, "cost_m": np.arange(first, first + rows) / 8, "late": True})


def test_parts_read_back_as_one_table_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_ROWS", 25)
    file = PartsFile(tmp_path / "projects.parquet")
    sizes = [10, 0, 10, 10, 3]
    names = ["fragmented", "central", "central", "fragmented", "central"]
    for i, (rows, name) in enumerate(zip(sizes, names, strict=True)):
        file.add(packed(frame(rows, 100 * i), name, i))
    file.close()
    found = pd.read_parquet(tmp_path / "projects.parquet")
    assert list(found.columns) == ["architecture", "seed", "donor", "cost_m", "late"]
    expected = pd.concat(
        [frame(n, 100 * i).assign(architecture=names[i], seed=i) for i, n in enumerate(sizes)], ignore_index=True
    )
    for name in expected:
        assert found[name].tolist() == expected[name].tolist(), name
    assert pq.ParquetFile(tmp_path / "projects.parquet").num_row_groups == 2


def test_a_run_without_a_row_may_come_first(tmp_path: Path) -> None:
    file = PartsFile(tmp_path / "projects.parquet")
    file.add(packed(pd.DataFrame({"donor": np.array([], dtype=object), "cost_m": np.zeros(0)}), "central", 1))
    file.add(packed(pd.DataFrame({"donor": ["D1"], "cost_m": [0.5]}), "central", 2))
    file.close()
    assert pd.read_parquet(tmp_path / "projects.parquet")["donor"].tolist() == ["D1"]


def test_a_named_index_becomes_a_column_and_words_travel_by_number() -> None:
    many = pd.DataFrame({"word": ["a rather long word"] * 1000}, index=pd.Index(["X"] * 1000, name="iso3"))
    table = packed(many, "fragmented", 3)
    assert table.column_names == ["architecture", "seed", "iso3", "word"]
    assert table.select(["architecture", "iso3", "word"]).nbytes < 3 * 4 * 1000 + 200


def test_the_order_of_parts_does_not_depend_on_the_workers(toy: Scenario) -> None:
    scenarios = {name: toy.replace(architecture=name) for name in ("fragmented", "umbrella")}

    def parts_with(workers: int) -> list[tuple[str, Any]]:
        seen: list[tuple[str, Any]] = []
        found = study(scenarios, (1, 2, 3, 4, 5), workers=workers, sink=lambda name, part: seen.append((name, part)))
        assert len(found.comparison.beneficiaries) == 10 * toy.beneficiaries.count
        return seen

    one, two = parts_with(1), parts_with(2)
    assert [name for name, _ in one] == list(parts.TABLES) * 10
    for (name, mine), (other, theirs) in zip(one, two, strict=True):
        assert name == other
        assert mine.equals(theirs)


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of file size")
def test_a_disk_that_fills_up_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    """A limit of file size stands in for a full disk; it strikes while parts are written."""
    code = (
        "import resource, signal, sys\n"
        "from donorlab.experiments import parts\n"
        "from donorlab.experiments.command import program\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))\n"
        "parts._ROWS = 10\n"
        "program.main(['compare', 'toy', 'replications=3', 'draws=0', 'break_even=false', 'values=false', "
        "'workers=1', 'out=answer'])\n"
    )
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "nothing was kept" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
