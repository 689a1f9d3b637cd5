"""Applies the access list, the users and the limits to each association request."""

from typing import Any

from pynetdicom.pdu_primitives import UserIdentityNegotiation

from node.audit.auditor import Auditor
from node.log import EventLog
from node.network.access import LIMIT_REACHED, USER_UNKNOWN, AccessList, Caller, Rejection, caller_of
from node.users import Users

_log = EventLog("access")


class Gatekeeper:
    """Rejects a request or lets the negotiation go on (handler of EVT_REQUESTED).

    Parameters
    ----------
    users
        None where nobody is known by name: what peers say of their users is then not looked at.
    """

    def __init__(
        self, access: AccessList, max_associations: int, users: Users | None, auditor: Auditor
    ) -> None:
        self._access = access
        self._max_associations = max_associations
        self._users = users
        self._auditor = auditor

    def __call__(self, event: Any) -> None:
        """Judge one request."""
        association = event.assoc
        caller = caller_of(association)
        rejection = (
            self._access.judge(caller)
            or self._judge_user(association, caller)
            or self._count(association, caller)
        )
        if rejection is not None:
            self._reject(association, caller, rejection)

    def _reject(self, association: Any, caller: Caller, rejection: Rejection) -> None:
        _log.warning(
            "association rejected",
            reason=rejection.text,
            calling_ae_title=caller.calling_ae_title,
            called_ae_title=caller.called_ae_title,
            address=caller.address,
        )
        self._auditor.peer_refused(caller.as_peer, f"association rejected: {rejection.text}")
        association.acse.send_reject(rejection.result, rejection.source, rejection.reason)
        association.kill()

    def _judge_user(self, association: Any, caller: Caller) -> Rejection | None:
        """Check a user name and passcode wherever one is given (PS3.7 D.3.3.7.1: types 1 and 2)."""
        identity = association.requestor.user_identity
        if self._users is None or identity is None or identity.user_identity_type not in (1, 2):
            return None
        passcode = identity.secondary_field if identity.user_identity_type == 2 else None
        is_known = self._users.knows(identity.primary_field, passcode)
        failure = "" if is_known else "wrong user name or passcode"
        self._auditor.user_authenticated(caller.as_peer, failure=failure)
        if not is_known:
            return USER_UNKNOWN
        if identity.positive_response_requested:
            answer = UserIdentityNegotiation()
            answer.server_response = b""
            association.acceptor.add_negotiation_item(answer)
        return None

    def _count(self, association: Any, caller: Caller) -> Rejection | None:
        """Reject when as many others are established as may be; half-open connections do not count."""
        others = [
            other
            for other in association.ae.active_associations
            if other is not association and other.is_acceptor and other.is_established
        ]
        if len(others) >= self._max_associations:
            return LIMIT_REACHED
        limits = {peer.name: peer.max_associations for peer in self._access.peers(caller)}
        callers = [caller_of(other) for other in others] if any(limits.values()) else []
        return LIMIT_REACHED if any(self._is_full(name, limits[name], callers) for name in limits) else None

    def _is_full(self, name: str, limit: int, callers: list[Caller]) -> bool:
        if limit == 0:
            return False
        return sum(any(peer.name == name for peer in self._access.peers(c)) for c in callers) >= limit
