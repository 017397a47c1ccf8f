"""Work handed out and back in order: who is blamed for a worker's death, and who is only tried again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorlab.experiments.arguments import RunError
from donorlab.experiments.engines import IN_FLIGHT, Died, Serial
from donorlab.experiments.handing import TRIES, in_turn


class Pool:
    """A made-up pool: takes tasks as real ones do; a poisoned piece ends all that is in flight with it.

    Parameters
    ----------
    workers : how many
    poison : how often each of these pieces ends its worker
    pick : says which of the tasks in flight is done next
    """

    def __init__(self, workers: int, poison: dict[int, int], pick: Callable[[int], int] = lambda count: 0) -> None:
        self.workers = workers
        self.poison = dict(poison)
        self.tried: list[int] = []
        self.pick = pick

    def unordered(self, function: Callable[[Any], Any], tasks: Iterable[Any]) -> Generator[tuple[Any, Any]]:
        waiting, flying = iter(tasks), []
        while True:
            flying += itertools.islice(waiting, IN_FLIGHT * self.workers - len(flying))
            if not flying:
                return
            task = flying.pop(self.pick(len(flying)))
            bad = [piece for _, piece in task if self.poison.get(piece, 0) > 0]
            self.tried += bad
            if not bad:
                yield task, function(task)
                continue
            self.poison[bad[0]] -= 1
            for one in [task, *flying]:
                yield one, Died("x")
            flying.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


def double(piece: int) -> int:
    return 2 * piece


def tasks(count: int, size: int) -> list[list[int]]:
    return [list(range(first, min(count, first + size))) for first in range(0, count, size)]


@given(
    st.integers(0, 30),
    st.integers(1, 5),
    st.integers(1, 4),
    st.dictionaries(st.integers(0, 29), st.integers(1, TRIES - 1), max_size=3),
    st.randoms(use_true_random=False),
)
def test_answers_come_in_order_whoever_dies(
    count: int, size: int, workers: int, poison: dict[int, int], chance: Any
) -> None:
    seen: dict[int, int] = {}
    with Pool(workers, poison, lambda flying: chance.randrange(flying)) as pool:
        found = list(in_turn(pool, double, tasks(count, size), seen.__setitem__, str))
    assert found == [2 * piece for piece in range(count)]
    assert seen == dict(enumerate(found))


def test_only_the_piece_that_was_alone_is_blamed() -> None:
    pool = Pool(2, {7: 99})
    with pytest.raises(RunError, match=rf"^piece 7: {TRIES} workers in a row ended unexpectedly with it; workers=1"):
        list(in_turn(pool, double, tasks(20, 3), lambda *_: None, lambda piece: f"piece {piece}"))
    assert pool.tried == [7] * (1 + TRIES)  # once with others, then by itself


def test_an_answer_is_kept_before_its_turn() -> None:
    seen: list[int] = []
    answers = in_turn(
        Pool(2, {}, lambda count: count - 1), double, tasks(4, 1), lambda place, _: seen.append(place), str
    )
    assert next(answers) == 0
    assert seen == [3, 2, 1, 0]


def test_what_a_piece_raises_is_raised() -> None:
    with Serial() as engine, pytest.raises(ZeroDivisionError):
        list(in_turn(engine, lambda piece: 1 // piece, [[1, 0]], lambda *_: None, str))
