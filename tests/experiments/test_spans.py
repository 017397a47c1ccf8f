"""Sets of run numbers as ranges, held against Python's own sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from donorlab.experiments.sweeps import spans

SPANS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 8)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=12
)


def plain(some: object) -> set[int]:
    return {number for first, end in some for number in range(first, end)}  # type: ignore[attr-defined]


@given(SPANS, SPANS)
def test_spans_are_sets(one: list[spans.Span], other: list[spans.Span]) -> None:
    assert plain(spans.merged(one)) == plain(one)
    assert spans.count(spans.merged(one)) == len(plain(one))
    assert plain(spans.without(one, other)) == plain(one) - plain(other)
    assert spans.overlap(one, other) is bool(plain(one) & plain(other))
    assert list(spans.numbers(spans.merged(one))) == sorted(plain(one))
    assert spans.of_numbers(plain(one)) == spans.merged(one)


@given(SPANS)
def test_a_growing_set_stays_merged(some: list[spans.Span]) -> None:
    growing = spans.Growing()
    held: set[int] = set()
    for span in some:
        overlaps = bool(held & set(range(*span)))
        assert growing.overlaps(span) is overlaps
        if not overlaps and span[0] < span[1]:
            growing.add(span)
            held |= set(range(*span))
    assert tuple(growing) == spans.of_numbers(held)
    assert growing.total == len(held)


@given(SPANS, st.integers(1, 9))
def test_a_queue_hands_each_number_out_once(some: list[spans.Span], most: int) -> None:
    queue = spans.Queue(some)
    taken: list[int] = []
    while found := queue.take(most):
        assert spans.count(found) <= most
        taken += spans.numbers(found)
        assert queue.left == len(plain(some)) - len(taken)
    assert taken == sorted(plain(some))
