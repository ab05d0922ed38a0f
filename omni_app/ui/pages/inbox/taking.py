"""What the channel of a conversation takes, said before something is sent that it would refuse."""

from omni_app.channels.contract import Capabilities, MediaKind
from omni_app.channels.registry import all_adapters
from omni_app.ui.components import channel_name
from omni_app.ui.pages.inbox.file_shapes import size_words

_NAMES: dict[MediaKind, str] = {"image": "pictures", "audio": "sound", "video": "films", "document": "documents"}


def capabilities_of(kind: str) -> Capabilities | None:
    """What the adapter of this kind can do; None for the widget, the API and a kind there is no more."""
    adapter = all_adapters().get(kind)
    return None if adapter is None else adapter.capabilities


def refusal_of(kind: str, channel: str, name: str, media_type: str, size: int) -> str:
    """Why a file cannot go out by an account of this kind, in a sentence; "" when it can."""
    able = capabilities_of(kind)
    if able is None:
        return ""
    what, title = _kind_of(media_type), channel_name(channel)
    most = able.media.get(what)
    if most is None:
        taken = [_NAMES[kind] for kind in _NAMES if kind in able.media]
        return f"{title} takes no {_NAMES[what]}." + (f" It takes {' and '.join(taken)}." if taken else "")
    if able.media_types and media_type not in able.media_types:
        return f"{title} does not take {name}: this kind of file is not sent there."
    if size > most:
        return f"{title} takes {_NAMES[what]} up to {size_words(most)}. {name} has {size_words(size)}."
    return ""


def _kind_of(media_type: str) -> MediaKind:
    family = media_type.partition("/")[0]
    return family if family in ("image", "audio", "video") else "document"  # type: ignore[return-value]
