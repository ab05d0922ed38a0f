"""Costs: what was spent, on what, and where the month will end.

`state` reads the month, `ledger` lists every line, `showing` puts figures into words and bars, `page` and `parts` draw it.
"""
