# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fisher's exact test against published values, exact fractions, and its own promise."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils.exact_test import p_value


def exactly(bad_new, all_new, bad_old, all_old):
    """The same from the definition, in whole numbers of any size."""
    bad, total = bad_new + bad_old, all_new + all_old
    ways = sum(
        math.comb(bad, count) * math.comb(total - bad, all_new - count)
        for count in range(bad_new, min(all_new, bad) + 1)
        if all_new - count >= 0
    )
    return float(Fraction(ways, math.comb(total, all_new)))


@pytest.mark.parametrize(
    ("counts", "published"),
    [
        ((3, 4, 1, 4), 17 / 70),  # Fisher's lady tasting tea: The Design of Experiments, chapter 2
        ((10, 13, 2, 17), 0.0004652),  # Fisher's twins, as R's fisher.test(alternative = "less") prints them
    ],
)
def test_published_values(counts, published):
    assert p_value(*counts) == pytest.approx(published, rel=1e-4)


def test_exact_fractions():
    chosen = random.Random(4711)
    for most in [60] * 300 + [5000] * 20:
        all_new, all_old = chosen.randint(0, most), chosen.randint(0, most)
        bad_new, bad_old = chosen.randint(0, all_new), chosen.randint(0, all_old)
        counts = bad_new, all_new, bad_old, all_old
        assert p_value(*counts) == pytest.approx(exactly(*counts), rel=1e-9, abs=1e-12), counts


@pytest.mark.parametrize(
    ("counts", "p"),
    [
        ((0, 0, 0, 0), 1.0),
        ((0, 500, 0, 0), 1.0),
        ((500, 500, 0, 0), 1.0),
        ((0, 10**6, 10**5, 10**6), 1.0),  # each of its terms is too small for a computer
        ((10**5, 10**6, 0, 10**6), 0.0),
    ],
)
def test_the_ends(counts, p):
    assert p_value(*counts) == pytest.approx(p, abs=1e-12)


@pytest.mark.parametrize("counts", [(2, 1, 0, 1), (-1, 1, 0, 1), (0, 1, 2, 1)])
def test_what_is_no_count_is_refused(counts):
    with pytest.raises(ValueError, match="more bad requests"):
        p_value(*counts)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.2])
@pytest.mark.parametrize("limit", [0.05, 0.001])
def test_equal_releases_differ_by_chance_no_more_often_than_the_limit_says(share, limit):
    """Exact: the sum over all results of two equal releases, and not a sample of them."""
    all_new, all_old, enough = 40, 120, 60

    def chances(count):
        return [math.comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(count + 1)]

    of_new, of_old = chances(all_new), chances(all_old)[: enough + 1]
    wrong = sum(
        of_new[bad_new] * of_old[bad_old]
        for bad_new in range(all_new + 1)
        for bad_old in range(len(of_old))
        if p_value(bad_new, all_new, bad_old, all_old) < limit
    )
    assert wrong < limit
