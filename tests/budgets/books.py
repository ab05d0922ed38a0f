"""Budgets, credit and caps as a few lines of Python: what the rows must say after any history."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

CREDIT = "credit"


@dataclass
class Purse:
    """One limit. Amounts are ticks."""

    limit: int
    spent: int = 0
    reserved: int = 0
    excess: int = 0

    def has_room(self, amount: int) -> bool:
        return self.spent + self.reserved + amount <= self.limit

    def settle(self, held: int, cost: int) -> None:
        self.reserved -= held
        self.spent += cost
        self.excess += min(max(cost - held, 0), max(self.spent + self.reserved - self.limit - self.excess, 0))

    def set_limit(self, limit: int) -> None:
        self.limit = limit
        self.excess = max(self.excess, self.spent + self.reserved - limit)


@dataclass
class Held:
    """One reservation: which purse pays, which caps hold it too."""

    amount: int
    purse: str
    caps: tuple[tuple[str, str, str], ...]
    customer: str | None
    campaign: str | None
    is_open: bool = True


@dataclass
class Books:
    """`months` by name, caps by (month, kind, subject). `cap_of` {kind: ticks or None}. `cost` by (kind, subject)."""

    last_limit: int
    no_cap: int
    months: dict[str, Purse] = field(default_factory=dict)
    credit: Purse | None = None
    caps: dict[tuple[str, str, str], Purse] = field(default_factory=dict)
    cap_of: dict[str, int | None] = field(default_factory=lambda: {"customer": None, "campaign": None})
    cost: dict[tuple[str, str], int] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)

    def copy(self) -> "Books":
        return deepcopy(self)

    def month(self, name: str) -> Purse:
        if name not in self.months:
            # The limit of the latest month holds for one that is opened; names sort like months.
            limit = self.months[max(self.months)].limit if self.months else self.last_limit
            self.months[name] = Purse(limit)
        return self.months[name]

    def reserve(self, amount: int, month: str, customer: str | None, campaign: str | None, *, is_now: bool) -> str | None:
        """None when it is granted, else what refused; a refusal opens no row."""
        known_months, known_caps = set(self.months), set(self.caps)
        refused = self._reserve(amount, month, customer, campaign, is_now=is_now)
        if refused is not None:
            self.months = {name: purse for name, purse in self.months.items() if name in known_months}
            self.caps = {key: purse for key, purse in self.caps.items() if key in known_caps}
        return refused

    def _reserve(self, amount: int, month: str, customer: str | None, campaign: str | None, *, is_now: bool) -> str | None:
        paying = self.month(month)
        keys: tuple[tuple[str, str, str], ...] = ()
        if any(cap is not None for cap in self.cap_of.values()):
            subjects = (("campaign", campaign), ("customer", customer))
            keys = tuple((month, kind, subject) for kind, subject in subjects if subject is not None)
        for key in keys:
            cap = self.cap_of[key[1]]
            limit = self.no_cap if cap is None else cap
            if key not in self.caps:
                self.caps[key] = Purse(limit, spent=self.cost.get(key[1:], 0) if is_now else 0)
                self.caps[key].set_limit(limit)
        for key in keys:
            cap = self.cap_of[key[1]]
            row = self.caps[key]
            if cap is not None and row.spent + row.reserved + amount > cap:
                return key[1]
        name = month if paying.has_room(amount) else CREDIT if self.credit and self.credit.has_room(amount) else None
        if name is None:
            return CREDIT if self.credit else "month"
        for purse in (self.purse(name), *(self.caps[key] for key in keys)):
            purse.reserved += amount
        for key in keys:
            cap = self.cap_of[key[1]]
            self.caps[key].limit = self.no_cap if cap is None else cap
        self.held.append(Held(amount, name, keys, customer, campaign))
        return None

    def purse(self, name: str) -> Purse:
        if name == CREDIT:
            assert self.credit is not None
            return self.credit
        return self.months[name]

    def settle(self, place: int, cost: int) -> None:
        one = self.held[place]
        if not one.is_open:
            return
        one.is_open = False
        for purse in (self.purse(one.purse), *(self.caps[key] for key in one.caps)):
            purse.settle(one.amount, cost)
        for key in (("customer", one.customer), ("campaign", one.campaign)):
            if key[1] is not None:
                self.cost[key[0], key[1]] = self.cost.get((key[0], key[1]), 0) + cost

    def release(self, place: int) -> None:
        one = self.held[place]
        if one.is_open:
            one.is_open = False
            for purse in (self.purse(one.purse), *(self.caps[key] for key in one.caps)):
                purse.reserved -= one.amount

    def set_limit(self, month: str, limit: int) -> None:
        self.month(month).set_limit(limit)

    def top_up(self, amount: int) -> bool:
        """Whether it may be booked."""
        credit = self.credit or Purse(0)
        if amount == 0 or (amount < 0 and credit.limit + amount < credit.spent + credit.reserved):
            return False
        credit.limit += amount
        self.credit = credit
        return True

    def set_caps(self, now: str, customer: int | None, campaign: int | None) -> None:
        new: dict[str, int | None] = {"customer": customer, "campaign": campaign}
        if new == self.cap_of:
            return
        was_off = all(cap is None for cap in self.cap_of.values())
        self.cap_of = new
        for (month, kind, subject), row in self.caps.items():
            if was_off:
                row.spent = self.cost.get((kind, subject), 0) if month == now else 0
            cap = new[kind]
            row.set_limit(self.no_cap if cap is None else cap)

    def rows(self) -> dict[Any, tuple[int, int, int, int]]:
        """(limit, spent, reserved, excess) of every purse that is open."""
        purses: dict[Any, Purse] = {**self.months, **self.caps}
        if self.credit is not None:
            purses[CREDIT] = self.credit
        return {name: (p.limit, p.spent, p.reserved, p.excess) for name, p in purses.items()}
