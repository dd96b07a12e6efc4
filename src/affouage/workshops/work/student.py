"""Quantiles of Student's t distribution, from the regularised incomplete beta function. Pure.

Formulas 26.5.8 (continued fraction), 26.5.2 and 26.7.1 of Abramowitz and Stegun, "Handbook of Mathematical Functions"
(1964); the fraction is worked out by the modified Lentz method (Thompson and Barnett, 1986).
"""

from __future__ import annotations

import math

_TINY = 1e-300
_CLOSE = 1e-15
_TERMS_MOST = 2_000


def quantile(probability: float, freedom: float) -> float:
    """The t that a variable of ``freedom`` degrees of freedom (> 0, not always whole) stays below with this
    probability, from 0.5 to below 1. Raises ``ValueError`` out of these bounds."""
    if not 0.5 <= probability < 1 or not 0 < freedom < math.inf:
        raise ValueError("a probability from 0.5 to 1, and some freedom")
    low, high = 0.0, 1.0
    while below(high, freedom) < probability and high < 1e300:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if below(middle, freedom) < probability else (low, middle)
    return high


def below(t: float, freedom: float) -> float:
    """Probability of a value under ``t`` >= 0."""
    square = t * t
    if math.isinf(square):
        return 1.0
    return 1 - incomplete_beta(freedom / 2, 0.5, freedom / (freedom + square)) / 2


def incomplete_beta(a: float, b: float, x: float) -> float:
    """I_x(a, b), regularised: from 0 at x = 0 to 1 at x = 1."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side
        return 1 - incomplete_beta(b, a, 1 - x)
    log_front = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(log_front) / a * _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    value, above, under = 1.0, 1.0, _away(1 - (a + b) * x / (a + 1))
    under = 1 / under
    value = under
    for m in range(1, _TERMS_MOST):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for term in (even, odd):
            under = 1 / _away(1 + term * under)
            above = _away(1 + term / above)
            change = above * under
            value *= change
        if abs(change - 1) < _CLOSE:
            break
    return value


def _away(value: float) -> float:
    """Not 0, by which something is going to be divided."""
    return value if abs(value) > _TINY else _TINY
