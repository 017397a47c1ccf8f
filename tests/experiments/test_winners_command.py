"""``donorlab winners`` as it is called: what it writes, and mistakes in one line."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from experiments.conftest import Shell
from experiments.test_winners import SMALL

IDLE = """\
name: idle
title: Nothing new
description: Donors go on as they are.
architecture: fragmented
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    here = tmp_path_factory.mktemp("winners")
    (here / "idle.yaml").write_text(IDLE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        done = Shell(here)(
            "winners", "proposals=[gfce-clearing-house,idle.yaml]", "scenario=synthetic", *SMALL, "replications=3", "draws=2",
            "out=found", "workers=1",
        )  # fmt: skip
    assert done.exit_code == 0, done.output
    (here / "screen.txt").write_text(done.stdout)
    return here


def test_the_command_writes_tables_figures_and_words(folder: Any) -> None:
    text = (folder / "screen.txt").read_text()
    assert "Who wins and who loses under gfce-clearing-house, against fragmented" in text
    assert "idle changes nothing" in text
    assert "States at both ends under gfce-clearing-house" in text
    assert "both ends under idle" not in text
    assert "Groups of states under idle" not in text
    answer = folder / "found"
    states, donors, groups = (pd.read_csv(answer / f"{name}.csv") for name in ("states", "donors", "groups"))
    assert (
        set(states["proposal"]) == set(donors["proposal"]) == set(groups["proposal"]) == {"gfce-clearing-house", "idle"}
    )
    assert (states.loc[states["proposal"] == "idle", "value_change"] == 0).all()
    raw = pd.read_parquet(answer / "states.parquet")
    assert len(raw) == 3 * 10 * (3 + 2)
    assert {"donors.parquet", "runs.parquet", "chance.csv", "configuration.json"} <= {
        path.name for path in answer.iterdir()
    }
    assert (answer / "figures" / "states_gfce-clearing-house.png").exists()
    manifest = json.loads((answer / "manifest.json").read_text())
    assert manifest["command"] == "winners"
    assert manifest["configuration"]["smallest_difference"] == 0.02
    assert set(manifest["configuration"]["proposals"]) == {"gfce-clearing-house", "idle"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("no-such-proposal",), "no-such-proposal"),
        (("proposals=none",), "proposals: there is nothing to hold against the reference"),
        (("lead-donors", "architectures=[nobody]"), "architectures: there is no architecture 'nobody'"),
        (("lead-donors", "replications=0"), "replications: 0 is out of range"),
        (("lead-donors", "draws=-1"), "draws: -1 is out of range"),
        (("lead-donors", "smallest_difference=2"), "smallest_difference: 2 is out of range"),
        (("lead-donors", "workers=many"), "workers"),
        (("lead-donors", "scenario=nowhere"), "nowhere"),
        (("lead-donors", "replicatoins=3"), "did you mean 'replications'"),
        (("proposals=[lead-donors,lead-donors]",), "given twice"),
    ],
)
def test_mistakes_are_one_line(shell: Shell, words: tuple[str, ...], told: str) -> None:
    assert told in shell.refused("winners", *words)
