"""Who gains and who loses, in words: numbers in, a sentence or nothing out.

A state or donor *gains over the futures* where the futures in which it does so by the least change that matters clearly outnumber
those in which it loses as much, and the reverse (`chances.over_futures`); else it is open.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from scipy import stats

from donorlab.experiments.pages import amounts
from donorlab.experiments.pages.chart import listed, signed
from donorlab.experiments.words import DEFAULT_VALUES, counted

FEW: Final = 0.1
"""Share of all up to which losers are few."""
LITTLE: Final = 0.05
"""Share of own value up to which what those that lose typically lose, where they lose, is little."""
LUCKY: Final = 0.95
"""Of the cases in which a fair coin calls no more than so many."""
NAMED: Final = 6  # groups in a sentence


@dataclass(frozen=True)
class Verdicts:
    """How many gain and lose, over the futures or else beyond chance at default values.

    Attributes
    ----------
    gain, open, lose : numbers of them
    luck : how many of gain and lose together a fair coin would make
    futures : number of futures; 0 where only default values are known
    most_gain, most_lose : how many gain, lose by as much as matters in more than half of the futures
    """

    gain: int
    open: int
    lose: int
    luck: float
    futures: int
    most_gain: int = 0
    most_lose: int = 0

    @property
    def count(self) -> int:
        """All of them."""
        return self.gain + self.open + self.lose

    @property
    def lucky(self) -> int:
        """Up to how many each way a fair coin makes in 95 of 100 cases (Poisson: many who are asked, each rarely called)."""
        return int(stats.poisson.ppf(LUCKY, self.luck / 2)) if self.luck > 0 else 0

    @property
    def gain_told(self) -> bool:
        """Whether more gain than a fair coin makes."""
        return self.gain > self.lucky

    @property
    def lose_told(self) -> bool:
        """Whether more lose than a fair coin makes."""
        return self.lose > self.lucky

    @property
    def told(self) -> bool:
        """Whether more gain, or more lose, than a fair coin makes."""
        return self.gain_told or self.lose_told


# ---------------------------------------------------------------------- states
def states_title(name: str, found: Verdicts, typical: float) -> str:
    """Return the heading of the section of states.

    Parameters
    ----------
    name : of the best candidate, in words
    found : of its states
    typical : what those that lose typically lose where they lose, as a share of own value; NaN where that is not known
    """
    where = "" if found.futures else f"{DEFAULT_VALUES.capitalize()}: "
    mostly_open = found.futures > 0 and 2 * found.open > found.count
    rest = f"; for {found.open} of {found.count} it is open" if mostly_open else ""
    if not found.told:
        text = f"which states would gain or lose under {name} is open"
    elif not found.lose_told:
        more = f", and {found.gain} of {found.count} {_mostly(found, found.gain, 'gain')}"
        text = f"no state is told to lose under {name}{rest or more}"
    elif not found.gain_told:
        lose = f"{found.lose} of {counted(found.count, 'state')} {_mostly(found, found.lose, 'lose')} under {name}"
        text = f"{lose}{rest or ', and none is told to gain'}"
    elif found.lose <= FEW * found.count and found.lose < found.gain and not rest:
        text = f"few states lose under {name}{', and by little' if typical <= LITTLE else ''}"
    elif found.lose == found.gain:
        text = f"as many states lose under {name} as gain{rest}"
    else:
        text = f"more states {'gain than lose' if found.gain > found.lose else 'lose than gain'} under {name}{rest}"
    return where + (text if where else text[0].upper() + text[1:])


def _mostly(found: Verdicts, count: int, verb: str) -> str:
    """Return that some gain or lose: over the futures more often than the reverse."""
    if not found.futures:
        return _does(count, verb)
    return f"more often {_does(count, verb)} than {_does(count, 'lose' if verb == 'gain' else 'gain')}"


def states_count(name: str, found: Verdicts, points: str) -> str:
    """Return for how many states the futures tell that they gain or lose, and what luck would tell.

    Parameters
    ----------
    name : of the candidate, in words
    found : of its states
    points : the least change that matters, in words
    """
    total = counted(found.count, "state")
    if not found.futures:
        return (
            f"{DEFAULT_VALUES.capitalize()} {found.gain} of {total} {_does(found.gain, 'gain')} {points} or more beyond chance "
            f"under {name}, and {found.lose} {_does(found.lose, 'lose')} as much."
        )
    text = (
        f"Under {name} {found.most_gain} of {total} {_does(found.most_gain, 'gain')} {points} or more of own value in more than "
        f"half of the {counted(found.futures, 'future')}, and {found.most_lose} {_does(found.most_lose, 'lose')} as much. "
        f"{found.gain} more often {_does(found.gain, 'gain')} that much than {_does(found.gain, 'lose')} it{_though(found)}, "
        f"and {found.lose} {_does(found.lose, 'lose')} it more often; for {found.open} it is open."
    )
    return f"{text} {_luck(found)}"


def _though(found: Verdicts) -> str:
    """Return that those that more often gain than lose do neither in most futures, as far as that is so."""
    rarely = found.gain - found.most_gain
    if 2 * rarely <= found.gain:
        return ""
    who = "it does" if found.gain == 1 else "they do" if rarely == found.gain else "most of them do"
    return f", though {who} not gain it in most futures"


def _luck(found: Verdicts) -> str:
    """Return what a fair coin would call, and what follows of who gains and who loses."""
    most = f"up to {found.lucky}" if found.lucky else "none"
    text = f"A fair coin would call {_about(found.luck / 2)} each way ({most} in 95 of 100 cases)"
    if found.gain + found.lose == 0:
        return f"{text}."
    if not found.told:
        return f"{text}, so that these may all be luck."
    if found.lose and not found.lose_told:
        return f"{text}, so that {_those(found.lose, 'lose')} may be luck."
    if found.gain and not found.gain_told:
        return f"{text}, so that {_those(found.gain, 'gain')} may be luck."
    return f"{text}."


def _those(count: int, verb: str) -> str:
    return f"the one that {verb}s" if count == 1 else f"all {count} that {verb}"


def _about(luck: float) -> str:
    return "fewer than one" if luck < 0.95 else f"about {luck:.0f}"


def _does(count: int, verb: str) -> str:
    return f"{verb}s" if count == 1 else verb


def losers(count: int, middle: float, most: float, typical: float = math.nan) -> str | None:
    """Return how much the states lose that lose over the futures; nothing where none does.

    Parameters
    ----------
    count : of them
    middle, most : loss of the middle one and of the one that loses most, in its middle future, as shares of own value
    typical : middle loss over the futures in which they lose; NaN where that is not known
    """
    if count == 0 or math.isnan(most):
        return None
    where = (
        ""
        if math.isnan(typical)
        else f" Where {'it loses' if count == 1 else 'they lose'}, that is {100 * typical:.0f} points"
    )
    tail = f"{where} in the middle of such futures." if where else ""
    if count == 1:
        return f"The one that more often loses has {100 * most:.1f} points less in its middle future.{tail}"
    return (
        f"In its middle future the middle one of those that more often lose has {100 * middle:.1f} points less, the one that "
        f"loses most {100 * most:.1f}.{tail}"
    )


def mean_state(name: str, change: Sequence[float], gain: int, lose: int, futures: int, points: str) -> str | None:
    """Return what changes for the mean state over the futures; nothing without futures.

    Parameters
    ----------
    name : of the candidate, in words
    change : 5%, middle and 95% of the futures, as shares of own value
    gain, lose : futures in which it gains and loses by as much as matters
    futures : number of them
    points : the least change that matters, in words
    """
    if not futures:
        return None
    low, middle, high = (signed(100 * one) for one in change)
    return (
        f"The mean state's own value changes by {middle} points in the middle future ({low} to {high} in nine of ten futures); "
        f"it gains {points} or more in {gain} of {futures} futures and loses as much in {lose}."
    )


def groups(
    name: str, gain: Sequence[str], lose: Sequence[str], open_: Sequence[str], still: int = 0, points: str = ""
) -> str | None:
    """Return which groups of states gain, lose, or neither; nothing without groups.

    Parameters
    ----------
    name : of the candidate, in words
    gain, lose, open_ : groups by what the futures tell of them
    still : how many of all change by less than matters in more than half of the futures
    points : the least change that matters, in words
    """
    total = len(gain) + len(lose) + len(open_)
    if total == 0:
        return None
    which = f"{'the one group' if total == 1 else f'all {total} groups' if still == total else f'{still} of {total} groups'}"
    about = ""
    if still:
        verb = "stays" if still == 1 else "stay"
        about = f"Under {name} {which} by region and income {verb} about the same in most futures (less than {points} either way)."
    if not gain and not lose:
        none = f"For none of {counted(total, 'group')} by region and income the futures tell that it gains or loses under {name}."
        return f"{about} {none}".strip()
    parts = [
        f"{word} {_some(who)}"
        for word, who in (("more often gain than lose:", gain), ("more often lose:", lose), ("open:", open_))
        if who
    ]
    if about:
        return f"{about} In the other futures these {'; '.join(parts)}."
    return f"Groups by region and income which under {name} {'; '.join(parts)}."


def _some(names: Sequence[str]) -> str:
    return listed(names) if len(names) <= NAMED else f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"


def at_default(counts: tuple[int, int, int, int], luck: float, points: str) -> str:
    """Return what default values tell of states, with what chance alone would.

    Parameters
    ----------
    counts : states that gain, may gain, may lose, lose: beyond chance, or in the mean only
    luck : states that chance alone would call; NaN where it is not known
    points : the least change that matters, in words
    """
    gains, may_gain, may_lose, loses = counts
    if sum(counts) == 0:
        return f"{DEFAULT_VALUES.capitalize()} no state gains or loses {points} in the mean of the runs."
    text = f"{DEFAULT_VALUES.capitalize()} {counted(gains, 'state')} {_does(gains, 'gain')} {points} or more beyond chance "
    text += f"and {loses} {_does(loses, 'lose')} as much"
    if may_gain + may_lose:
        text += f"; {may_gain} more may gain and {may_lose} may lose, not told from chance"
    return f"{text}." if math.isnan(luck) else f"{text}. Chance alone would call {_about(luck)}."


# ---------------------------------------------------------------------- donors
@dataclass(frozen=True)
class Side:
    """What a candidate is worth to all members, or to all outsiders, together.

    Attributes
    ----------
    count : donors
    low, middle, high : EUR m a year: 5%, middle and 95% of the futures, or mean and interval of chance at default values
    more, less : futures in which it is worth more, less than nothing
    verdict : ``gains``, ``loses`` or ``open``
    """

    count: int
    low: float
    middle: float
    high: float
    more: int
    less: int
    verdict: str


def donors_title(name: str, members: Side | None, outsiders: Side | None) -> str:
    """Return the heading of the section of donors.

    Parameters
    ----------
    name : of the best candidate, in words
    members, outsiders : None where there are none
    """
    if members is None or outsiders is None:
        side, who = (members, "donors") if members is not None else (outsiders, "donors outside")
        if side is None:
            return f"What donors would get out of {name} is not known"
        if side.verdict == "open":
            return f"Whether {who} together gain or lose under {name} is open"
        return f"{who.capitalize()} together {side.verdict[:-1]} under {name}"
    together = {
        ("gains", "gains"): f"Members gain under {name}, and those outside ride free",
        ("gains", "loses"): f"Members gain under {name}, and those outside lose",
        ("gains", "open"): f"Members gain under {name}; whether those outside do is open",
        ("loses", "gains"): f"Members lose under {name}, and those outside ride free",
        ("loses", "loses"): f"Members and those outside lose under {name}",
        ("loses", "open"): f"Members lose under {name}; whether those outside do is open",
        ("open", "gains"): f"Those outside {name} ride free; whether members gain is open",
        ("open", "loses"): f"Those outside lose under {name}; whether members gain is open",
        ("open", "open"): f"Whether members or outsiders gain under {name} is open",
    }
    return together[members.verdict, outsiders.verdict]


def side(who: str, name: str, found: Side, futures: int) -> str:
    """Return what a candidate is worth to all on one side together.

    Parameters
    ----------
    who : ``member`` or ``outsider``
    name : of the candidate, in words
    found : of that side
    futures : number of them; 0 where only default values are known
    """
    together = f"{counted(found.count, who)}{' together' if found.count > 1 else ''}"
    if not futures:
        worth = amounts.euros_within(found.low, found.middle, found.high, "a year", "by chance, 95%")
        return f"{DEFAULT_VALUES.capitalize()} {name} is worth {worth} to {together}."
    worth = amounts.euros_within(
        found.low, found.middle, found.high, "a year in the middle future", "in nine of ten futures"
    )
    told = {"gains": "", "loses": "", "open": ": whether they gain is open"}[found.verdict]
    free = ", and they pay nothing for it" if who == "outsider" and found.verdict == "gains" else ""
    return f"To {together} {name} is worth {worth}, more than nothing in {found.more} of {futures} futures{told}{free}."


def across(sides: Mapping[str, tuple[Side | None, Side | None]]) -> str | None:
    """Return under how many proposals those outside gain and members lose; nothing for fewer than two proposals.

    Parameters
    ----------
    sides : members and outsiders by proposal, in words
    """
    known = {
        name: (one.verdict, two.verdict) for name, (one, two) in sides.items() if one is not None and two is not None
    }
    if len(known) < 2:
        return None
    free = [name for name, (_, outside) in known.items() if outside == "gains"]
    paid = [name for name, (inside, _) in known.items() if inside == "loses"]
    both = [name for name in free if name in paid]
    if not free:
        return f"Under none of {len(known)} proposals those outside clearly gain together; under {len(paid)} members clearly lose."
    text = f"Under {len(free)} of {len(known)} proposals ({listed(free)}) those outside gain together and pay nothing: a free ride."
    if not paid:
        return f"{text} Under none of the {len(known)} members clearly lose together."
    if len(both) == len(free):
        return f"{text} Under {'each of these' if len(both) > 1 else 'it'} members lose together."
    return f"{text} Under {len(paid)} members clearly lose together ({listed(paid)})."


def donors_count(who: str, found: Verdicts) -> str | None:
    """Return how many donors of one side gain and lose over the futures; nothing where there are none.

    Parameters
    ----------
    who : ``member`` or ``outsider``
    found : of that side
    """
    if found.count == 0:
        return None
    where = "Over the futures" if found.futures else DEFAULT_VALUES.capitalize()
    text = (
        f"{where} {found.gain} of {counted(found.count, who)} {_mostly(found, found.gain, 'gain')}, {found.lose} "
        f"{_mostly(found, found.lose, 'lose')}, and for {found.open} it is open."
    )
    return text if found.told or not found.futures else f"{text} {_luck(found)}"


def overhead(million: float) -> str | None:
    """Return what members pay for it; nothing where they pay nothing.

    Parameters
    ----------
    million : EUR m a year, more than under the reference, in the mean of the runs
    """
    if not million > 0.0005:
        return None
    paid = amounts.euros(million, "a year")
    return f"{DEFAULT_VALUES.capitalize()} members pay {paid} for it in overhead and negotiation; what it is worth is after that."
