"""Sets of run numbers as ranges, so that a hundred million runs need no more room than their gaps."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator

Span = tuple[int, int]
"""Run numbers from the first to before the second."""


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return sorted spans that neither touch nor overlap, with the same numbers in them."""
    found: list[Span] = []
    for first, end in sorted(span for span in spans if span[0] < span[1]):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((first, end))
    return tuple(found)


def of_numbers(numbers: Iterable[int]) -> tuple[Span, ...]:
    """Return the spans of some numbers."""
    return merged((number, number + 1) for number in numbers)


def count(spans: Iterable[Span]) -> int:
    """Return how many numbers there are in spans that do not overlap."""
    return sum(end - first for first, end in spans)


def numbers(spans: Iterable[Span]) -> Iterator[int]:
    """Return the numbers, in the order of the spans."""
    for first, end in spans:
        yield from range(first, end)


def without(spans: Iterable[Span], taken: Iterable[Span]) -> tuple[Span, ...]:
    """Return the numbers of ``spans`` that are not in ``taken``."""
    found: list[Span] = []
    away = merged(taken)
    for first, end in merged(spans):
        place = max(0, bisect.bisect(away, (first, first)) - 1)
        for low, high in away[place:]:
            if low >= end:
                break
            if high <= first:
                continue
            if low > first:
                found.append((first, low))
            first = max(first, high)
        if first < end:
            found.append((first, end))
    return tuple(found)


def overlap(spans: Iterable[Span], others: Iterable[Span]) -> bool:
    """Return whether some number is in both."""
    spans = merged(spans)
    return count(without(spans, others)) < count(spans)


class Growing:
    """A set of numbers to which spans are added one by one, kept merged.

    Attributes
    ----------
    total : how many numbers there are
    """

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._ends: list[int] = []
        self.total = 0

    def __iter__(self) -> Iterator[Span]:
        return iter(list(zip(self._firsts, self._ends, strict=True)))

    def overlaps(self, span: Span) -> bool:
        """Return whether one of the numbers is there already."""
        if span[0] >= span[1]:
            return False
        place = bisect.bisect_left(self._ends, span[0] + 1)
        return place < len(self._firsts) and self._firsts[place] < span[1]

    def add(self, span: Span) -> None:
        """Add numbers of which none is there yet."""
        first, end = span
        place = bisect.bisect_left(self._firsts, first)
        joins_left = place > 0 and self._ends[place - 1] == first
        joins_right = place < len(self._firsts) and self._firsts[place] == end
        if joins_left and joins_right:
            self._ends[place - 1] = self._ends.pop(place)
            del self._firsts[place]
        elif joins_left:
            self._ends[place - 1] = end
        elif joins_right:
            self._firsts[place] = first
        else:
            self._firsts.insert(place, first)
            self._ends.insert(place, end)
        self.total += end - first


class Queue:
    """Numbers that are waiting, taken from the front."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._spans = list(merged(spans))[::-1]
        self.left = count(self._spans)

    def take(self, most: int) -> tuple[Span, ...]:
        """Return the next numbers, at most so many; nothing if none are left."""
        found: list[Span] = []
        while most > 0 and self._spans:
            first, end = self._spans.pop()
            cut = min(end, first + most)
            if cut < end:
                self._spans.append((cut, end))
            found.append((first, cut))
            most -= cut - first
            self.left -= cut - first
        return tuple(found)
