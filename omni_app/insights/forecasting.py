"""What a month will have cost at its end, from the days before: level, trend and the pattern of the week, with an interval.

The level and trend are a straight line through the days, each divided by what its weekday usually takes; newer days weigh more
(half as much every two weeks). The trend is believed less the fewer days there are, and never carries the level below nothing
or beyond twice itself. The interval is meant to hold four months in five: the scatter of single days and the uncertainty of the
level together, wider the fewer days are known (Student's t).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

HISTORY_DAYS = 56
FEWEST_DAYS = 3
"""Below so many complete days nothing is forecast."""
STEADY_DAYS = 14
"""Below so many the forecast is called rough: two weeks show each weekday twice."""

_HALF_LIFE = 14.0
_WEEKDAY_TRUST = 2.0
_TREND_TRUST = 28.0

# Two-sided 80 % quantiles of Student's t by degrees of freedom; 1.2816 for many.
_T80 = (3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One day to come (or the rest of today), nano-dollars."""

    day: date
    likely_nusd: int
    low_nusd: int
    high_nusd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The cost of the whole month at its end; four months in five end between `low_nusd` and `high_nusd`.

    `known_days`: complete days it rests on. With fewer than three there is no forecast (`is_known` false): all three amounts are
    what is spent already. `spent_nusd` is this month's so far; `days` are today's rest and each day to come.
    """

    low_nusd: int
    likely_nusd: int
    high_nusd: int
    spent_nusd: int = 0
    known_days: int = 0
    days: tuple[Expected, ...] = ()

    @property
    def is_known(self) -> bool:
        return self.known_days >= FEWEST_DAYS

    @property
    def is_rough(self) -> bool:
        """Whether it rests on less than two weeks."""
        return self.known_days < STEADY_DAYS

    def reaches_on(self, amount_nusd: int) -> date | None:
        """The day on which the month will likely have cost `amount_nusd`; None when it is spent already or will not be."""
        total = self.spent_nusd
        if total >= amount_nusd:
            return None
        for entry in self.days:
            total += entry.likely_nusd
            if total >= amount_nusd:
                return entry.day
        return None


def _t80(freedom: float) -> float:
    place = int(freedom)
    return 1.2816 + 1.3 / max(freedom, 1.0) if place > len(_T80) else _T80[max(place, 1) - 1]


def _weekday_shares(values: Mapping[date, int]) -> list[float]:
    """What each weekday takes of a usual day, drawn toward 1 where it was seen seldom."""
    mean = sum(values.values()) / len(values)
    if mean == 0 or len(values) < 7:
        return [1.0] * 7
    shares = []
    for weekday in range(7):
        seen = [value / mean for day, value in values.items() if day.weekday() == weekday]
        shares.append((sum(seen) + _WEEKDAY_TRUST) / (len(seen) + _WEEKDAY_TRUST))
    # Together they must be a usual week again.
    whole = sum(shares) / 7
    return [share / whole for share in shares]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    level: float
    slope: float
    scatter: float
    freedom: float
    weight: float
    middle: float
    lean: float

    def doubt(self, ahead: float) -> float:
        """How unsure the line is `ahead` days from today, as a variance in units of `scatter` squared."""
        return 1 / self.weight + (self.lean * (ahead - self.middle) ** 2 if self.lean else 0.0)


def _line(values: list[tuple[int, float]]) -> _Line:
    """A weighted straight line through (days ago as a negative number, nano-dollars)."""
    weights = [0.5 ** (-age / _HALF_LIFE) for age, _ in values]
    total = sum(weights)
    mean_x = sum(w * x for w, (x, _) in zip(weights, values, strict=True)) / total
    mean_y = sum(w * y for w, (_, y) in zip(weights, values, strict=True)) / total
    spread = sum(w * (x - mean_x) ** 2 for w, (x, _) in zip(weights, values, strict=True))
    slope = 0.0
    if spread > 0:
        slope = sum(w * (x - mean_x) * (y - mean_y) for w, (x, y) in zip(weights, values, strict=True)) / spread
    trust = len(values) / (len(values) + _TREND_TRUST)
    slope *= trust
    level = mean_y - slope * mean_x
    # Level, slope and the pattern of the week were fitted to the same days: about four figures.
    rest = sum(w * (y - level - slope * x) ** 2 for w, (x, y) in zip(weights, values, strict=True)) / total
    effective = total**2 / sum(w * w for w in weights)
    freedom = max(1.0, effective - 2)
    return _Line(
        level=level,
        slope=slope,
        scatter=math.sqrt(rest * effective / max(1.0, effective - 4)),
        freedom=freedom,
        weight=effective,
        middle=mean_x,
        lean=trust**2 * total / (spread * effective) if spread else 0.0,
    )


def forecast(costs: Mapping[date, int], *, begun: date, today: date, month_end: date, share_of_today: float = 0.0) -> Forecast:
    """The month that ends before `month_end`, from `costs` {day: nano-dollars}; `begun` is the first day anything was booked,
    `share_of_today` how much of today is over (0 to 1)."""
    month = (month_end - timedelta(days=1)).replace(day=1)
    spent = sum(value for day, value in costs.items() if month <= day <= today)
    # The first day of a business is a part of one, so it is not taken for a day like others.
    complete = {day: value for day, value in costs.items() if begun < day < today and (today - day).days <= HISTORY_DAYS}
    if len(complete) < FEWEST_DAYS:
        return Forecast(low_nusd=spent, likely_nusd=spent, high_nusd=spent, spent_nusd=spent, known_days=len(complete))
    shares = _weekday_shares(complete)
    line = _line([((day - today).days, value / shares[day.weekday()]) for day, value in sorted(complete.items())])
    quantile = _t80(line.freedom)
    floor, ceiling = 0.0, max(2 * line.level, 0.0)
    days: list[Expected] = []
    weights: list[float] = []
    for ahead in range((month_end - today).days):
        day = today + timedelta(days=ahead)
        part = shares[day.weekday()] * (1.0 - share_of_today if ahead == 0 else 1.0)
        likely = min(max(line.level + line.slope * ahead, floor), ceiling) * part
        wide = quantile * line.scatter * part
        days.append(
            Expected(day=day, likely_nusd=round(likely), low_nusd=max(0, round(likely - wide)), high_nusd=round(likely + wide))
        )
        weights.append(part)
    rest = sum(entry.likely_nusd for entry in days)
    wide = quantile * line.scatter * math.sqrt(sum(w * w for w in weights) + sum(weights) ** 2 * line.doubt(len(weights) / 2))
    return Forecast(
        low_nusd=max(spent, round(spent + rest - wide)),
        likely_nusd=spent + rest,
        high_nusd=round(spent + rest + wide),
        spent_nusd=spent,
        known_days=len(complete),
        days=tuple(days),
    )
