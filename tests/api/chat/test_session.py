"""Widgets come back as the same visitor with the same token."""

from datetime import timedelta
from uuid import UUID

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from omni_app.api.chat.session import SESSION, keep_session, read_session
from omni_app.infra import crypto
from omni_app.infra.ids import new_id


def session_signed(ago: timedelta, business_id: UUID, visitor_id: str) -> str:
    """A token as it was made some time ago."""

    class Then(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - int(ago.total_seconds())

    serializer = URLSafeTimedSerializer(crypto._derived("token"), salt=SESSION, signer=Then)
    token: str = serializer.dumps({"business": str(business_id), "visitor": visitor_id})
    return token


@pytest.mark.parametrize(("days", "is_kept"), [(0.1, True), (29, True), (31, False)])
def test_a_token_is_kept_for_a_month_and_then_renewed(days: float, is_kept: bool) -> None:
    business_id = new_id()
    token = session_signed(timedelta(days=days), business_id, "visitor-1")
    given = keep_session(business_id, "visitor-1", token)
    assert (given == token) is is_kept
    assert read_session(business_id, given) == "visitor-1"


@pytest.mark.parametrize("token", [None, "", "forged", 5, {"a": 1}])
def test_who_has_none_gets_one(token: object) -> None:
    business_id = new_id()
    assert read_session(business_id, keep_session(business_id, "visitor-1", token)) == "visitor-1"


def test_another_visitors_or_another_business_s_token_is_not_kept() -> None:
    mine, theirs = new_id(), new_id()
    for token in (session_signed(timedelta(), mine, "visitor-2"), session_signed(timedelta(), theirs, "visitor-1")):
        assert read_session(mine, keep_session(mine, "visitor-1", token)) == "visitor-1"
