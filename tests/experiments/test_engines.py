"""Engines: the same answers, tasks taken when there is room, a worker that dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from donorlab.experiments.engines import IN_FLIGHT, Died, Processes, Serial


def double(task: int) -> int:
    return 2 * task


def fails(task: int) -> int:
    raise ZeroDivisionError(task)


def dies_once(task: tuple[int, str]) -> int:
    """End the process of task 3 the first time that it is tried."""
    number, folder = task
    mark = Path(folder) / "tried"
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_all_engines_give_the_same_answers() -> None:
    with Serial() as engine:
        assert list(engine.unordered(double, range(5))) == [(i, 2 * i) for i in range(5)]
    with Processes(2) as processes:
        assert sorted(processes.unordered(double, range(20))) == [(i, 2 * i) for i in range(20)]  # type: ignore[type-var]
        with pytest.raises(ZeroDivisionError):
            list(processes.unordered(fails, [1]))


def test_no_more_tasks_are_taken_than_there_is_room_for() -> None:
    taken = 0

    def tasks() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield number

    with Processes(2) as engine, closing(engine.unordered(double, tasks())) as answers:
        for done in range(20):
            next(answers)
            assert taken <= done + 1 + 2 * IN_FLIGHT
    assert taken < 1000


def test_tasks_of_a_process_that_died_come_back_and_can_be_tried_again(tmp_path: Path) -> None:
    waiting = [(number, str(tmp_path)) for number in range(6)]

    class Tasks:
        def __iter__(self) -> Tasks:
            return self

        def __next__(self) -> tuple[int, str]:
            if not waiting:
                raise StopIteration
            return waiting.pop(0)

    found, deaths = [], 0
    with Processes(1) as engine:
        for task, answer in engine.unordered(dies_once, Tasks()):
            if isinstance(answer, Died):
                deaths += 1
                waiting.append(task)
            else:
                found.append(answer)
    assert deaths >= 1
    assert sorted(found) == list(range(6))
