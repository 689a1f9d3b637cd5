"""Associations that the node itself opens: tuned sockets, bounded waits, and an end in every case."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from node.config.destinations import DestinationConfig
from node.errors import AssociationRefused, TlsUnusable
from node.network.connection import Connection, Opener, make_opener
from node.network.sockets import Handler, socket_handlers
from pipeline.results.equipment import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME


class _Requestor(AE):
    """An Application Entity that opens its connections itself, and closes them in every case."""

    def __init__(self, ae_title: str, opener: Opener) -> None:
        super().__init__(ae_title)
        self.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        self.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        self._opener = opener
        self._connections: list[Connection] = []

    def _create_socket(self, association: Any, address: Any, _tls: Any) -> Connection:
        connection = Connection(association, address, self._opener)
        self._connections.append(connection)
        return connection

    @property
    def failure(self) -> str:
        """Why no connection came about, in words; empty when one did."""
        return next((connection.failure for connection in self._connections if connection.failure), "")

    def close(self) -> None:
        for connection in self._connections:
            connection.discard()


@contextmanager
def open_association(
    destination: DestinationConfig,
    calling_ae_title: str,
    contexts: Sequence[PresentationContext],
    handlers: Sequence[Handler] = (),
    negotiation: Sequence[Any] = (),
) -> Iterator[Association]:
    """Open an association; it is released at the end, or aborted when the block raises.

    Parameters
    ----------
    calling_ae_title
        Used where the destination's own configuration names none.
    contexts
        At most 128. A peer that accepts none of them still gives an association, which is then closed
        already and has no accepted contexts.
    negotiation
        Items of extended negotiation, as roles for C-GET.

    Raises
    ------
    AssociationRefused
        If the peer cannot be reached, does not answer in time, or rejects the association.
    """
    try:
        opener = make_opener(destination)
    except TlsUnusable as error:
        raise AssociationRefused(f"{_where(destination)}: {error}") from error
    entity = _Requestor(destination.calling_ae_title or calling_ae_title, opener)
    entity.connection_timeout = destination.connect_timeout_s
    entity.acse_timeout = destination.acse_timeout_s
    entity.dimse_timeout = destination.dimse_timeout_s
    entity.network_timeout = destination.network_timeout_s
    try:
        association = _associate(entity, destination, contexts, handlers, negotiation)
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
    entity: _Requestor,
    destination: DestinationConfig,
    contexts: Sequence[PresentationContext],
    handlers: Sequence[Handler],
    negotiation: Sequence[Any],
) -> Association:
    try:
        association = entity.associate(
            destination.host,
            destination.port,
            contexts=list(contexts),
            ae_title=destination.ae_title,
            max_pdu=destination.max_pdu_bytes,
            ext_neg=list(negotiation),
            evt_handlers=[*socket_handlers(), *handlers],
        )
    except OSError as error:
        raise AssociationRefused(f"{_where(destination)}: {error.strerror or error}") from error
    if not association.is_established and not association.rejected_contexts:
        raise AssociationRefused(f"{_where(destination)}: {entity.failure or _why(association)}")
    return association


def _where(destination: DestinationConfig) -> str:
    return f"{destination.name} ({destination.ae_title} at {destination.host}:{destination.port})"


def _why(association: Association) -> str:
    answer = association.acceptor.primitive
    if association.is_rejected and answer is not None:
        return f"association rejected: {answer.reason_str.lower()}"
    if answer is None:
        return "no connection, or no answer to the association request"
    return "association aborted"
