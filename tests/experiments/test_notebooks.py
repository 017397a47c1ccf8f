"""Every notebook runs from its first cell to its last, as a reader's would; its own assertions are cells of it.

``python tests/experiments/test_notebooks.py --write`` runs them and stores what they print beside the cells.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "experiments" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
CELL_SECONDS = 600


def executed(path: Path, folder: str) -> Any:
    """Return a notebook after its cells ran in ``folder``."""
    nbformat, client = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(path, 4)
    metadata = {"metadata": {"path": folder}}
    client.NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", resources=metadata).execute()
    return notebook


@pytest.mark.notebooks
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    notebook = executed(path, str(tmp_path))
    assert any("assert" in cell.source for cell in notebook.cells), "the last cell checks what was found"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_says_nothing_of_the_machine_it_ran_on(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(?:tmp|home|root|Users)/\w", text)
    assert len(text) < 600_000


def test_the_four_notebooks_are_there() -> None:
    names = {path.stem for path in NOTEBOOKS}
    assert {"first_comparison", "own_proposal", "sweep_and_analysis", "add_architecture"} <= names


def write() -> None:
    """Run all notebooks and store their outputs."""
    import nbformat

    for path in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as folder:
            notebook = executed(path, folder)
            text = nbformat.writes(notebook).replace(f"{folder}/", "").replace(folder, ".")
        kept = nbformat.reads(text, 4)
        for cell in kept.cells:
            cell.get("metadata", {}).pop("execution", None)  # when it ran
            if "outputs" in cell:
                cell["outputs"] = [one for one in cell["outputs"] if one.get("name") != "stderr"]  # progress
            for output in cell.get("outputs", []):
                if "text" in output:
                    output["text"] = re.sub(r"\x1b\[[0-9;]*m", "", output["text"])
        nbformat.write(kept, path)
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__" and "--write" in sys.argv:
    write()
