"""What things cost and how much may be spent; all amounts are integer nano-dollars.

`prices` knows the price of a unit, `budget` the month of a business and its limit, `reserving` takes every paid call from its
worst case to its real cost, `ledger` shapes the line that each use leaves. Only `set_limit`, `reserving` and `seed_prices`
change rows.
"""

from omni_app.budgets.budget import BudgetView, load_budget, set_limit
from omni_app.budgets.ledger import LEDGER_COLUMNS, LedgerLine, ledger_values
from omni_app.budgets.prices import UnknownPrice, find_price, load_prices, seed_prices
from omni_app.budgets.reserving import (
    BudgetSpent,
    Reservation,
    Worst,
    release,
    reserve,
    settle,
    settle_abandoned,
    settle_in,
)

__all__ = [
    "LEDGER_COLUMNS",
    "BudgetSpent",
    "BudgetView",
    "LedgerLine",
    "Reservation",
    "UnknownPrice",
    "Worst",
    "find_price",
    "ledger_values",
    "load_budget",
    "load_prices",
    "release",
    "reserve",
    "seed_prices",
    "set_limit",
    "settle",
    "settle_abandoned",
    "settle_in",
]
