"""Budget: how much may be spent, the prepaid credit, alerts, caps and the plan.

`amounts` reads what people type, `state` and `plan_state` keep the page's data, `page`, `parts` and `plan_parts` draw it.
"""
