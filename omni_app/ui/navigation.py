"""What stands in the sidebar: each page registers its own entry, so an entry never leads to a page that does not exist."""

from dataclasses import dataclass

from omni_app.infra.scope import Permission

GROUPS = ("", "Work", "Teach", "Reach", "Understand", "Set up")
"""Groups by job, in the order of the sidebar; the first has no heading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NavEntry:
    """One line of the sidebar.

    `order` sorts inside the group; `key` is the letter after `g`; `tab` is the place in the tab bar of small screens (1–4), 0 for
    "More"; `permission` hides the entry from roles that cannot use the page.
    """

    group: str
    label: str
    icon: str
    order: int = 50
    key: str = ""
    tab: int = 0
    permission: Permission = Permission.VIEW
    counts_waiting: bool = False
    """Shows how many conversations wait for a person."""


_entries: dict[str, NavEntry] = {}


def register_entry(route: str, entry: NavEntry) -> None:
    """Add a page to the sidebar. Raise ValueError when its group, route or letter is wrong or taken."""
    if entry.group not in GROUPS:
        raise ValueError(f"{route}: there is no group {entry.group!r}")
    if route in _entries or (entry.key and any(other.key == entry.key for other in _entries.values())):
        raise ValueError(f"{route}: this route or letter is taken")
    _entries[route] = entry


def grouped_entries() -> list[tuple[str, list[tuple[str, NavEntry]]]]:
    """(group, [(route, entry)…]) in the order of the sidebar; groups without pages are left out."""
    result = []
    for group in GROUPS:
        members = [(route, entry) for route, entry in _entries.items() if entry.group == group]
        if members:
            result.append((group, sorted(members, key=lambda pair: (pair[1].order, pair[1].label))))
    return result


def tab_entries() -> list[tuple[str, NavEntry]]:
    """The entries of the tab bar on small screens, in order."""
    return sorted(((route, entry) for route, entry in _entries.items() if entry.tab), key=lambda pair: pair[1].tab)


def shortcut_entries() -> list[tuple[str, NavEntry]]:
    return [(route, entry) for _, entries in grouped_entries() for route, entry in entries if entry.key]


_page_keys: list[tuple[str, list[tuple[tuple[str, ...], str]]]] = []


def register_keys(page: str, keys: list[tuple[tuple[str, ...], str]]) -> None:
    """Name a page's own shortcuts for the help dialog: (keys, what they do). The page's script gives them their effect."""
    _page_keys.append((page, keys))


def page_shortcuts() -> list[tuple[str, list[tuple[tuple[str, ...], str]]]]:
    """(page, [(keys, what)…]) as registered."""
    return list(_page_keys)
