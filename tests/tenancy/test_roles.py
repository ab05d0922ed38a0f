from itertools import pairwise

import pytest

from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Permission
from omni_app.tenancy.roles import ROLES, check_role, permissions_of


def test_each_role_can_do_what_the_one_below_can() -> None:
    ladder = [permissions_of(role) for role in ("viewer", "agent", "admin", "owner")]
    assert all(lower < upper for lower, upper in pairwise(ladder))


def test_only_owners_own_and_only_from_admin_on_things_are_set_up() -> None:
    assert [role for role in ROLES if Permission.OWN in permissions_of(role)] == ["owner"]
    for permission in (Permission.TEACH, Permission.CONFIGURE, Permission.ADMINISTER):
        assert [role for role in ROLES if permission in permissions_of(role)] == ["owner", "admin"]


def test_an_unknown_role_can_do_nothing() -> None:
    assert permissions_of("root") == frozenset()
    with pytest.raises(Invalid):
        check_role("root")
