"""What each role may do. A role is a word in the database; what it means stands here and nowhere else."""

from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Permission

_VIEWER = frozenset({Permission.VIEW})
_AGENT = _VIEWER | {Permission.REPLY}
_ADMIN = _AGENT | {Permission.TEACH, Permission.CONFIGURE, Permission.ADMINISTER}

ROLES: dict[str, frozenset[Permission]] = {
    "owner": frozenset(Permission),
    "admin": _ADMIN,
    "agent": _AGENT,
    "viewer": _VIEWER,
}


def permissions_of(role: str) -> frozenset[Permission]:
    """The permissions of `role`; a word that is no role permits nothing."""
    return ROLES.get(role, frozenset())


def check_role(role: str) -> str:
    """`role` itself. Raise `Invalid(field="role")` when there is no such role."""
    if role not in ROLES:
        raise Invalid(f"Choose one of {', '.join(ROLES)}.", field="role")
    return role
