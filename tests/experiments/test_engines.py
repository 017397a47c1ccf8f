"""Engines: the same answers, tasks taken when there is room, a worker that dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

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


class Answered:
    """A task of Dask that is done already."""

    def __init__(self, key: Any, task: int, killed: Exception) -> None:
        self.key, self.task, self.killed = key, task, killed
        self.status = "finished"

    def add_done_callback(self, call: Any) -> None:
        self.status = "finished"
        call(self)

    def exception(self) -> Exception | None:
        return self.killed if self.status == "error" else None


class Losing:
    """A client of Dask whose worker dies with the answers to tasks 3 and 5 before they are fetched; 5 is soon there again."""

    def __init__(self, killed: Exception) -> None:
        self.killed, self.lost = killed, {3: "error", 5: "pending"}

    def submit(self, _: Any, task: int, key: Any, pure: bool) -> Answered:
        return Answered(key, task, self.killed)

    def gather(self, wanted: Any) -> Any:
        if isinstance(wanted, list):
            if any(one.task in self.lost for one in wanted):
                raise self.killed
            return [2 * one.task for one in wanted]
        if wanted.task in self.lost:
            wanted.status = self.lost.pop(wanted.task)
            raise self.killed
        return 2 * wanted.task

    def nthreads(self) -> dict[str, int]:
        return {"there": 1}

    def cancel(self, _: Any) -> None:
        return


def test_an_answer_that_is_lost_with_its_worker_before_it_is_fetched_takes_no_other_with_it() -> None:
    distributed = pytest.importorskip("distributed")
    from donorlab.experiments.engine_dask import Dask

    engine = Dask(workers=3, client=Losing(distributed.KilledWorker("3", None, 0)))  # 9 at a time
    found = dict(engine.unordered(double, range(9)))
    assert isinstance(found.pop(3), Died)
    assert found == {i: 2 * i for i in range(9) if i != 3}
