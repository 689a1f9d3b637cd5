"""Associations that the node itself opens: tuned sockets, bounded waits, and an end in every case."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from node.config.destinations import DestinationConfig
from node.errors import AssociationRefused
from node.network.sockets import Handler, socket_handlers


class _Requestor(AE):
    """An Application Entity that closes its sockets itself; pynetdicom leaves failed ones open."""

    def __init__(self, ae_title: str) -> None:
        super().__init__(ae_title)
        self._sockets: list[socket.socket | None] = []

    def _create_socket(self, *arguments: Any) -> Any:
        wrapper = super()._create_socket(*arguments)
        self._sockets.append(wrapper.socket)
        return wrapper

    def close(self) -> None:
        for connection in self._sockets:
            if connection is not None:
                connection.close()


@contextmanager
def open_association(
    destination: DestinationConfig,
    calling_ae_title: str,
    contexts: Sequence[PresentationContext],
    handlers: Sequence[Handler] = (),
) -> Iterator[Association]:
    """Open an association; it is released at the end, or aborted when the block raises.

    Parameters
    ----------
    calling_ae_title
        Used where the destination's own configuration names none.
    contexts
        At most 128. A peer that accepts none of them still gives an association, which is then closed
        already and has no accepted contexts.

    Raises
    ------
    AssociationRefused
        If the peer cannot be reached, does not answer in time, or rejects the association.
    """
    entity = _Requestor(destination.calling_ae_title or calling_ae_title)
    entity.connection_timeout = destination.connect_timeout_s
    entity.acse_timeout = destination.acse_timeout_s
    entity.dimse_timeout = destination.dimse_timeout_s
    entity.network_timeout = destination.network_timeout_s
    try:
        association = _associate(entity, destination, contexts, handlers)
        try:
            yield association
        except BaseException:
            association.abort()
            raise
        else:
            association.release()
    finally:
        entity.close()


def _associate(
    entity: AE,
    destination: DestinationConfig,
    contexts: Sequence[PresentationContext],
    handlers: Sequence[Handler],
) -> Association:
    where = f"{destination.name} ({destination.ae_title} at {destination.host}:{destination.port})"
    try:
        association = entity.associate(
            destination.host,
            destination.port,
            contexts=list(contexts),
            ae_title=destination.ae_title,
            max_pdu=destination.max_pdu_bytes,
            evt_handlers=[*socket_handlers(), *handlers],
        )
    except OSError as error:
        raise AssociationRefused(f"{where}: {error.strerror or error}") from error
    if not association.is_established and not association.rejected_contexts:
        raise AssociationRefused(f"{where}: {_why(association)}")
    return association


def _why(association: Association) -> str:
    answer = association.acceptor.primitive
    if association.is_rejected and answer is not None:
        return f"association rejected: {answer.reason_str.lower()}"
    if answer is None:
        return "no connection, or no answer to the association request"
    return "association aborted"
