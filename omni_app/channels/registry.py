"""Which adapters there are: one for each folder under `adapters/`."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import lru_cache

from omni_app.channels import adapters
from omni_app.channels.contract import Adapter, Hook
from omni_app.infra.errors import NotFound


@lru_cache
def all_adapters() -> Mapping[str, Adapter]:
    """kind -> adapter, by kind. Raises ValueError when a folder's name is not its adapter's kind, or a webhook path is taken."""
    found: dict[str, Adapter] = {}
    paths: set[str] = set()
    for module in sorted(pkgutil.iter_modules(adapters.__path__), key=lambda one: one.name):
        adapter: Adapter = importlib.import_module(f"{adapters.__name__}.{module.name}").ADAPTER
        if adapter.kind != module.name:
            raise ValueError(f"the adapter in {module.name} calls itself {adapter.kind}")
        for hook in adapter.webhooks:
            for path in (hook.path, *hook.aliases):
                if path in paths:
                    raise ValueError(f"two adapters want /webhooks/{path}")
                paths.add(path)
        found[adapter.kind] = adapter
    return found


def load_adapter(kind: str) -> Adapter:
    """The adapter of a kind. Raises `NotFound`."""
    adapter = all_adapters().get(kind)
    if adapter is None:
        raise NotFound("kind of channel")
    return adapter


def all_hooks() -> list[tuple[Adapter, Hook]]:
    """Every webhook with its adapter, in the order of the adapters."""
    return [(adapter, hook) for adapter in all_adapters().values() for hook in adapter.webhooks]
