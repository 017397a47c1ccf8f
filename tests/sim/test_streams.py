"""Addressed draws: the generator's published answers, uniformity, independence, and the quantiles built on it."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from donorlab.sim import streams

WORD = 0xFFFFFFFF
FIELDS = ("stream", "replication", "quarter", "actor", "other", "cell", "serial")
ADDRESS = {"stream": streams.PICK, "replication": 3, "quarter": 17, "actor": 123456789, "other": 42, "cell": 321,
           "serial": 5}  # fmt: skip
HIGHEST = {"stream": WORD, "replication": WORD, "quarter": 65535, "actor": WORD, "other": WORD, "cell": 65535,
           "serial": WORD}  # fmt: skip
UNLIKELY = 1e-4  # the addresses are fixed, so a test cannot fail by chance from one run to the next
words = st.integers(0, WORD)


def draw(**changes):
    return streams.uniform(*(ADDRESS | changes).values())


def spread(u, v):
    """Chi-square probability of pairs in an 8 x 8 table, all cells equally likely."""
    table = np.histogram2d(u, v, bins=8, range=[[0, 1], [0, 1]])[0]
    return stats.chisquare(table.ravel()).pvalue


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((WORD,) * 4, (WORD,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_answers_of_its_authors(counter, key, answer):
    assert tuple(int(word) for word in streams.philox(*counter, *key)) == answer


@given(counter=st.tuples(words, words, words, words), key=st.tuples(words, words))
def test_philox_equals_its_definition(counter, key):
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & WORD, (p0 >> 32) ^ c3 ^ k1, p0 & WORD
        k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
    assert tuple(int(word) for word in streams.philox(*counter, *key)) == (c0, c1, c2, c3)


def test_the_address_is_the_counter_and_the_key():
    a = ADDRESS
    counter = (a["quarter"] * 65536 + a["cell"], a["actor"], a["other"], a["serial"], a["stream"], a["replication"])
    w = [int(word) for word in streams.philox(*counter)]
    assert draw() == ((w[0] << 20 | w[1] >> 12) + 0.5) / 2**52
    assert streams.second_uniform(*a.values()) == ((w[2] << 20 | w[3] >> 12) + 0.5) / 2**52
    assert tuple(inspect.signature(streams.uniform.py_func).parameters) == FIELDS


def test_a_draw_is_never_0_and_never_1():
    assert 0 < streams._unit(0, 0) < 1e-15
    assert 1 - 1e-15 < streams._unit(WORD, WORD) < 1


def test_the_highest_address_can_be_drawn():
    u = streams.uniform(*HIGHEST.values())
    assert 0 < u < 1
    assert u != streams.uniform(*(HIGHEST | {"quarter": 65534}).values())


@pytest.mark.parametrize("field", FIELDS)
def test_draws_are_uniform_along_every_field(field):
    limit = HIGHEST[field]
    u = np.array([draw(**{field: i}) for i in range(min(limit + 1, 20_000))])
    assert (u > 0).all()
    assert (u < 1).all()
    assert u.mean() == pytest.approx(1 / 2, abs=4 / np.sqrt(12 * len(u)))
    assert u.var() == pytest.approx(1 / 12, abs=4 / np.sqrt(180 * len(u)))
    assert stats.kstest(u, "uniform").pvalue > UNLIKELY


@pytest.mark.parametrize("field", FIELDS)
def test_neighbouring_addresses_are_independent(field):
    u = np.array([draw(**{field: i}) for i in range(20_001)])
    assert spread(u[:-1], u[1:]) > UNLIKELY
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 4 / np.sqrt(20_000)


def test_the_two_draws_of_an_address_are_independent():
    rows = [tuple((ADDRESS | {"actor": i}).values()) for i in range(20_000)]
    u = np.array([streams.uniform(*row) for row in rows])
    v = np.array([streams.second_uniform(*row) for row in rows])
    assert spread(u, v) > UNLIKELY
    assert stats.kstest(v, "uniform").pvalue > UNLIKELY


@given(
    first=st.tuples(*(st.integers(0, HIGHEST[field]) for field in FIELDS)),
    which=st.integers(0, len(FIELDS) - 1),
    data=st.data(),
)
def test_every_field_of_the_address_matters(first, which, data):
    other = data.draw(st.integers(0, HIGHEST[FIELDS[which]]).filter(lambda value: value != first[which]))
    second = (*first[:which], other, *first[which + 1 :])
    assert streams.uniform(*first) != streams.uniform(*second)
    assert streams.uniform(*first) == streams.uniform(*first)


def test_fields_do_not_stand_in_for_each_other():
    """A number in one field is another address than the same number in the next one."""
    none = dict.fromkeys(FIELDS, 0)
    found = [streams.uniform(*(none | {field: value}).values()) for field in FIELDS for value in (1, 2, 65535)]
    assert len(set(found)) == len(found)


def test_keys_of_names_stay_what_they_were():
    """A change here would change every number that was ever reported."""
    assert (streams.CALENDAR, streams.EFFORT, streams.PICK) == (2509473555, 1769453934, 1232883302)
    assert (streams.actor_key("USA"), streams.actor_key("CENTRAL")) == (1413344721, 3615834739)


def test_streams_have_keys_of_their_own():
    keys = [value for name, value in vars(streams).items() if name.isupper() and not name.endswith("_MAXIMUM")]
    assert len(keys) == 19
    assert len(set(keys)) == len(keys)
    assert all(0 <= key <= WORD for key in keys)
    assert streams.stream_key("USA") != streams.actor_key("USA")


MEANS = (1e-9, 0.01, 0.3, 1.0, 2.5, 7.0, 20.0, 45.0, 64.0, 200.0, 2000.0)


@pytest.mark.parametrize("mean", MEANS)
def test_poisson_quantile_equals_scipy(mean):
    u = np.array([draw(actor=i) for i in range(2000)] + [1e-9, 1 - 1e-9])
    expected = np.minimum(64, stats.poisson.ppf(u, mean))
    np.testing.assert_array_equal([streams.poisson_quantile(x, mean) for x in u], expected)


def test_poisson_quantile_without_a_mean_is_0():
    assert streams.poisson_quantile(0.999999, 0.0) == 0
    assert streams.poisson_quantile(0.999999, -1.0) == 0


@given(u=st.floats(1e-12, 1 - 1e-9), mean=st.floats(0, 100), more=st.floats(1e-6, 50))
@settings(max_examples=500)
def test_poisson_quantile_rises_with_the_mean(u, mean, more):
    assert streams.poisson_quantile(u, mean) <= streams.poisson_quantile(u, mean + more)


@given(u=st.floats(1e-12, 1 - 1e-9), v=st.floats(1e-12, 1 - 1e-9), mean=st.floats(0, 100))
def test_poisson_quantile_rises_with_the_draw(u, v, mean):
    assert streams.poisson_quantile(min(u, v), mean) <= streams.poisson_quantile(max(u, v), mean)


def test_normal_cut_is_a_normal_truncated_at_2():
    u = (np.arange(100_000) + 0.5) / 100_000
    z = streams.normal_cut(u)
    assert (np.abs(z) < 2).all()
    assert (np.diff(z) > 0).all(), "clipping would pile draws up at the ends"
    np.testing.assert_allclose(z, stats.truncnorm(-2, 2).ppf(u), atol=1e-9)
    assert z.var() == pytest.approx(0.7737, abs=1e-3)
    assert streams.normal_cut(0.5) == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(streams.normal_cut(np.array([1e-16, 1 - 1e-16])), [-2, 2], atol=1e-9)
    assert streams.normal_cut(np.full((2, 3), 0.3)).shape == (2, 3)
