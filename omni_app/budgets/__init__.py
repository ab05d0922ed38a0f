"""What things cost and how much may be spent; all amounts are integer nano-dollars.

    prices       what a unit costs a business now           listed       the list prices, and seeding them
    price_list   its price list: read, set, end a price     ledger       the line that each use leaves
    budget       the month: limit, spent, held, left        credit       prepaid credit: pay in, correct
    rules        what the owner set: alerts and caps        caps         what one customer or campaign may cost
    reserving    hold the worst case before a call          settling     book the real cost after it
    reaping      book what died in between                  paying       the three as one call
    alerts       tell once that it runs out

A call is held, made, booked: `pay` does all three. Money changes in `set_limit`, `top_up`, `reserving`, `settling` and `reaping`
only.
"""

from omni_app.budgets.alerts import AlertView, list_alerts
from omni_app.budgets.budget import BudgetView, load_budget, set_limit
from omni_app.budgets.credit import CreditMovementView, list_movements, top_up
from omni_app.budgets.holds import BudgetSpent, Reservation, Worst
from omni_app.budgets.ledger import LEDGER_COLUMNS, LedgerLine, ledger_values
from omni_app.budgets.listed import seed_prices
from omni_app.budgets.paying import Paid, held, pay
from omni_app.budgets.prices import UnknownPrice, find_price, load_prices
from omni_app.budgets.reaping import settle_abandoned
from omni_app.budgets.reserving import reserve, reserve_in
from omni_app.budgets.rules import BudgetRules, load_rules, set_rules
from omni_app.budgets.settling import release, release_in, settle, settle_in

__all__ = [
    "LEDGER_COLUMNS",
    "AlertView",
    "BudgetRules",
    "BudgetSpent",
    "BudgetView",
    "CreditMovementView",
    "LedgerLine",
    "Paid",
    "Reservation",
    "UnknownPrice",
    "Worst",
    "find_price",
    "held",
    "ledger_values",
    "list_alerts",
    "list_movements",
    "load_budget",
    "load_prices",
    "load_rules",
    "pay",
    "release",
    "release_in",
    "reserve",
    "reserve_in",
    "seed_prices",
    "set_limit",
    "set_rules",
    "settle",
    "settle_abandoned",
    "settle_in",
    "top_up",
]
