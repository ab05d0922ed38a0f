"""How often something may happen. `window` counts exactly in Redis; `customers` and `addresses` name the windows.

Nothing here is kept for good: a Redis that starts empty starts every window anew.
"""

from omni_app.limits.addresses import take_api_call, take_sign_in, take_sign_up
from omni_app.limits.customers import take_message
from omni_app.limits.window import Decision, check, take

__all__ = ["Decision", "check", "take", "take_api_call", "take_message", "take_sign_in", "take_sign_up"]
