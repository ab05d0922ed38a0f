"""How sure a proposed answer is: one small logistic regression for all businesses.

The coefficients come from `python -m bench.calibrate`, which taught many simulated small businesses, asked them held-out and
out-of-scope questions, and fitted this rule to what was right. A business's own few hundred phrasings are too few to fit it:
such a rule grows over-confident (see `docs/decisions/local-brain.md`).
"""

import math

import numpy as np
from numpy.typing import NDArray

FEATURES = ("log_odds", "score_margin", "nearest", "nearest_margin", "mean_of_three", "log_phrasings", "tightness")
COEFFICIENTS = np.array([0.0602, 0.8443, 1.6779, 2.3573, 3.5424, -1.0593, -7.0106], np.float32)
INTERCEPT = 3.3476

# Beyond these a feature says nothing new, and one odd message cannot run away with the result.
_MOST_LOG_ODDS = 14.0
_MOST_MARGIN = 8.0
_MOST_PHRASINGS = 200


def features(
    *,
    likelihood: float,
    score_margin: float,
    nearest: float,
    nearest_margin: float,
    mean_of_three: float,
    phrasings: int,
    tightness: float,
) -> tuple[float, ...]:
    """One row in the order of `FEATURES`.

    `likelihood`: the classifier's probability. Margins: against the best other answer, in scores (log-odds) and in cosines.
    `mean_of_three`: mean cosine of the three nearest phrasings of this answer. `tightness`: length of their mean vector.
    """
    odds = math.log(max(likelihood, 1e-9)) - math.log(max(1 - likelihood, 1e-9))
    return (
        max(-_MOST_LOG_ODDS, min(odds, _MOST_LOG_ODDS)),
        max(-_MOST_MARGIN, min(score_margin, _MOST_MARGIN)),
        nearest,
        nearest_margin,
        mean_of_three,
        math.log(min(phrasings, _MOST_PHRASINGS)),
        tightness,
    )


def confidence(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The probability that each proposed answer is right, float32 [rows]."""
    odds = rows @ COEFFICIENTS + np.float32(INTERCEPT)
    result: NDArray[np.float32] = 1 / (1 + np.exp(-odds))
    return result
