# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fisher's exact test, one-sided: are more of these requests bad than of those?

Of ``n`` requests to the new release ``b`` were bad, and of ``m`` to the old one ``c``. Suppose that both are
equally good, so that each request would have been bad or not whichever release it met. Then all ways to
choose the n requests of the new release among the N = n + m are equally likely. There are C(N, n) of them. In
C(K, k) * C(N - K, n - k) of them, k of the K = b + c bad requests are among the n:

    P(k) = C(K, k) * C(N - K, n - k) / C(N, n)

This is the hypergeometric distribution. The share of bad requests itself is not in it, so nothing has to be
assumed about that, nor that there are many requests: the test is exact. Its p-value is the chance that b or
more are among the n:

    p = P(b) + P(b + 1) + ... + P(min(n, K))

With p < a as the limit, a release that is as good as the old one is called worse in less than a of all cases.
Each term gives the next one:

    P(k + 1) / P(k) = (K - k) * (n - k) / ((k + 1) * (N - K - n + k + 1))
"""

from __future__ import annotations

import math


def p_value(bad_new: int, all_new: int, bad_old: int, all_old: int) -> float:
    """The chance of so many bad requests of the new release, or more, if it is as good as the old one."""
    if not (0 <= bad_new <= all_new and 0 <= bad_old <= all_old):
        raise ValueError("more bad requests than requests")
    bad, total = bad_new + bad_old, all_new + all_old
    if bad_new * total >= bad * all_new:
        return min(_sum_from(bad_new, all_new, bad, total), 1.0)
    # It has fewer than its share, and P(b) may be too small for a computer. The chance of less than b is that
    # of more than c among the m, and adds up to 1 with the one that is asked for.
    return max(1.0 - _sum_from(bad_old + 1, all_old, bad, total), 0.0)


def _sum_from(least: int, some: int, bad: int, total: int) -> float:
    """P(least) + P(least + 1) + ...: the chance of that many bad ones, or more, among some of all."""
    most = min(some, bad)
    if least > most:
        return 0.0
    chosen = _log_choose(bad, least) + _log_choose(total - bad, some - least)
    term, found = math.exp(chosen - _log_choose(total, some)), 0.0
    for count in range(least, most + 1):
        found += term
        term *= (bad - count) * (some - count) / ((count + 1) * (total - bad - some + count + 1))
    return found


def _log_choose(many: int, few: int) -> float:
    """The logarithm of C(many, few): the number itself may have thousands of digits."""
    return math.lgamma(many + 1) - math.lgamma(few + 1) - math.lgamma(many - few + 1)
