"""Cost money: integers of nano-dollars (1 $ = 1,000,000,000), never floats."""

from decimal import Decimal

NUSD = 1_000_000_000


def dollars(nusd: int) -> Decimal:
    """For showing only."""
    return Decimal(nusd) / NUSD


def to_nusd(amount: Decimal | str) -> int:
    """Exact nano-dollars of an amount in dollars. Raise ValueError when it has more than nine decimals or is not a number."""
    try:
        value = Decimal(amount) * NUSD
    except ArithmeticError as error:
        raise ValueError("not an amount of money") from error
    if not value.is_finite() or value != value.to_integral_value():
        raise ValueError("not an amount of money")
    return int(value)


def show(nusd: int, decimals: int = 2) -> str:
    """`$1,234.50`; figures are rounded half even."""
    return f"${dollars(nusd):,.{decimals}f}"
