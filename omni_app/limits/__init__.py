"""How often something may happen. `window` counts in Redis; `customers` and `addresses` name the windows; `rules` holds what a
business sets; `headers` tells it to HTTP callers; `refusals` keeps for the page what was refused.

The windows are not kept for good: a Redis that starts empty starts every window anew.
"""

from omni_app.limits.addresses import take_api_call, take_sign_in, take_sign_up
from omni_app.limits.customers import take_message
from omni_app.limits.headers import rate_limit_headers
from omni_app.limits.rules import LimitRules, load_limit_rules, set_limit_rules
from omni_app.limits.window import Decision, check, take

__all__ = [
    "Decision",
    "LimitRules",
    "check",
    "load_limit_rules",
    "rate_limit_headers",
    "set_limit_rules",
    "take",
    "take_api_call",
    "take_message",
    "take_sign_in",
    "take_sign_up",
]
