"""The audit trail: `record` writes a line in the transaction of the change itself, so neither exists without the other."""

from omni_app.audit.recording import record

__all__ = ["record"]
