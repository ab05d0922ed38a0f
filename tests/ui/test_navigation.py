import pytest

from omni_app.omni_app import app  # registers every page
from omni_app.ui.navigation import GROUPS, NavEntry, grouped_entries, register_entry, shortcut_entries, tab_entries


def test_every_entry_leads_to_a_page() -> None:
    routes = {route.removesuffix("/") or "index" for _, entries in grouped_entries() for route, _ in entries}
    assert {route.strip("/") for route in routes} <= set(app._unevaluated_pages)


def test_order_of_the_sidebar() -> None:
    groups = [group for group, _ in grouped_entries()]
    assert groups == [group for group in GROUPS if group in groups]
    assert grouped_entries()[0][1][0][0] == "/"
    assert next(entry.label for _, entry in tab_entries()) == "Overview"
    assert ("/", "o") in [(route, entry.key) for route, entry in shortcut_entries()]


@pytest.mark.parametrize(
    ("route", "entry"),
    [
        ("/new", NavEntry(group="Nowhere", label="New", icon="x")),
        ("/", NavEntry(group="Work", label="Twice", icon="x")),
        ("/new", NavEntry(group="Work", label="Letter", icon="x", key="o")),
    ],
)
def test_wrong_entries_are_refused(route: str, entry: NavEntry) -> None:
    with pytest.raises(ValueError, match=route):
        register_entry(route, entry)
