"""Right, wrong, refused: how a rule that answers or refuses is judged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LIMITS = (0.02, 0.05, 0.10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """For each question asked: how sure the rule was, and whether its best answer was the right one.

    A question without a right answer can only be answered wrong or refused.
    """

    confidence: NDArray[np.float64]
    is_right: NDArray[np.bool_]
    has_answer: NDArray[np.bool_]

    def shares_at(self, threshold: float) -> tuple[float, float, float]:
        """Shares of all questions answered right, answered wrong, refused, when answering at `threshold` or above."""
        answered = self.confidence >= threshold
        right = float((answered & self.is_right).mean())
        return right, float(answered.mean()) - right, float((~answered).mean())

    def refused_without_answer(self, threshold: float) -> float | None:
        """Share of the questions without a right answer that are refused; None when there are none."""
        none = ~self.has_answer
        return float((self.confidence[none] < threshold).mean()) if none.any() else None

    def right_within(self, limit: float) -> float:
        """The largest share of right answers any threshold reaches while at most `limit` of all questions are answered wrong."""
        order = np.argsort(-self.confidence, kind="stable")
        sure, right = self.confidence[order], self.is_right[order]
        # A threshold cannot part equal confidences, so only the last of each run is a possible cut.
        possible = np.append(sure[1:] != sure[:-1], True) & (np.cumsum(~right) / len(right) <= limit)
        return float(np.cumsum(right)[possible].max(initial=0) / len(right))
