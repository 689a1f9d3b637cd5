"""C-STORE as SCU: one association, one answer for each object (PS3.4 Annex B)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread
from pynetdicom import _config
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from node.config.destinations import DestinationConfig
from node.errors import AssociationRefused
from node.network.outgoing import UNCOMPRESSED, OutgoingObject, in_encoding, make_contexts
from node.network.requestor import open_association
from node.network.wording import not_accepted, store_status
from pipeline.errors import NotTranscodable, PipelineError

# pynetdicom's only way to send a file as it lies on the disk, without decoding and encoding it again.
_config.STORE_SEND_CHUNKED_DATASET = True

VERIFICATION = "1.2.840.10008.1.1"


class Verdict(Enum):
    """What became of one object at the destination."""

    DELIVERED = "delivered"
    LATER = "later"
    """A passing failure: the same object may be accepted another time."""
    REFUSED = "refused"
    """The destination will never take this object."""
    UNSENT = "unsent"
    """The association ended before this object's turn."""


@dataclass(frozen=True, slots=True)
class MoveOriginator:
    """The C-MOVE request that a C-STORE is a sub-operation of (PS3.7 9.1.1.1)."""

    ae_title: str
    message_id: int


@dataclass(frozen=True, slots=True)
class SendResult:
    """The destination's answer for one object.

    Attributes
    ----------
    status
        DIMSE status of the C-STORE response; None when there was none.
    detail
        The reason in words unless delivered; no patient data.
    comment
        Error Comment (0000,0902) of the response: the peer's own words, which may name a patient, so that
        they are for the eyes of who sent and never for a log.
    """

    sop_instance_uid: str
    verdict: Verdict
    status: int | None = None
    detail: str = ""
    comment: str = ""


def judge_status(status: int) -> Verdict:
    """Tell what a C-STORE status means for the object (PS3.4 B.2.3, PS3.7 Annex C).

    A warning is a success with a remark; a duplicate is at the destination already. A status that no part
    of the standard gives to C-STORE is taken for a passing failure, which ends with the attempts.
    """
    if status in {0x0000, 0x0001, 0x0107, 0x0111, 0x0116} or 0xB000 <= status <= 0xBFFF:
        return Verdict.DELIVERED
    if status in {0x0117, 0x0118, 0x0122, 0x0124, 0x0211, 0x0212}:
        return Verdict.REFUSED
    if 0xA800 <= status <= 0xAFFF or 0xC000 <= status <= 0xCFFF:
        return Verdict.REFUSED
    return Verdict.LATER


class StoreAssociation:
    """An open association on which objects are stored one after the other."""

    def __init__(self, association: Association) -> None:
        self._association = association
        self._message_id = 0
        self._broken = False

    @property
    def is_open(self) -> bool:
        """Whether more can be sent."""
        # pynetdicom's own flag falls a moment after an abort, so a missing answer counts too.
        return bool(self._association.is_established) and not self._broken

    def accepts(self, sop_class_uid: str) -> bool:
        """Whether the destination accepted a presentation context of this SOP Class."""
        return any(
            context.abstract_syntax == sop_class_uid for context in self._association.accepted_contexts
        )

    def store(self, item: OutgoingObject, originator: MoveOriginator | None = None) -> SendResult:
        """Send one object and wait for the answer.

        It goes as it lies on the disk where the peer accepted its transfer syntax, else uncompressed.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        syntaxes = self._transfer_syntaxes(item)
        if not syntaxes:
            return SendResult(item.sop_instance_uid, Verdict.REFUSED, None, self._why_not(item))
        if not self.is_open:
            return SendResult(item.sop_instance_uid, Verdict.UNSENT, None, "the association has ended")
        try:
            answer = self._send(_content(item, syntaxes), originator)
        except NotTranscodable:
            return SendResult(item.sop_instance_uid, Verdict.REFUSED, None, self._why_not(item))
        except PipelineError as error:
            detail = f"damaged, cannot be encoded for this peer ({error})"
            return SendResult(item.sop_instance_uid, Verdict.REFUSED, None, detail)
        except RuntimeError:  # the peer ended the association between two objects
            return SendResult(item.sop_instance_uid, Verdict.UNSENT, None, "the association has ended")
        self._broken = "Status" not in answer
        return _result(item, answer)

    def _send(self, content: Path | Dataset, originator: MoveOriginator | None) -> Dataset:
        self._message_id = self._message_id % 0xFFFF + 1
        answer: Dataset = self._association.send_c_store(
            content,
            msg_id=self._message_id,
            priority=0,
            originator_aet=originator.ae_title if originator else None,
            originator_id=originator.message_id if originator else None,
        )
        return answer

    def _transfer_syntaxes(self, item: OutgoingObject) -> list[str]:
        """List what the peer takes objects of this SOP Class in, from us as SCU."""
        return [
            str(context.transfer_syntax[0])
            for context in self._association.accepted_contexts
            if context.abstract_syntax == item.sop_class_uid and context.as_scu
        ]

    def _why_not(self, item: OutgoingObject) -> str:
        rejected = self._association.rejected_contexts
        return not_accepted(item.sop_class_uid, item.transfer_syntax_uid, rejected)


def _content(item: OutgoingObject, syntaxes: Sequence[str]) -> Path | Dataset:
    """Give an object in one of the transfer syntaxes, as pynetdicom takes it."""
    if item.transfer_syntax_uid in syntaxes:
        return item.path
    # Imported where it is needed: most objects go as they are, and the codecs take their time.
    from pipeline.codecs.transcode import transcode

    return dcmread(BytesIO(transcode(item.path.read_bytes(), syntaxes)))


def _result(item: OutgoingObject, answer: Dataset) -> SendResult:
    if "Status" not in answer:
        return SendResult(item.sop_instance_uid, Verdict.LATER, None, "no answer: time-out or abort")
    status = int(answer.Status)
    verdict = judge_status(status)
    detail = "" if verdict is Verdict.DELIVERED else store_status(status)
    return SendResult(item.sop_instance_uid, verdict, status, detail, str(answer.get("ErrorComment", "")))


class Sender:
    """Sends objects to one destination.

    Parameters
    ----------
    calling_ae_title
        The node's AE title, used where the destination's configuration names none.
    """

    def __init__(self, destination: DestinationConfig, calling_ae_title: str) -> None:
        self._destination = destination
        self._calling_ae_title = calling_ae_title

    @contextmanager
    def associate(self, contexts: Sequence[PresentationContext]) -> Iterator[StoreAssociation]:
        """Open an association for storing.

        Raises
        ------
        AssociationRefused
            If the destination cannot be reached or rejects the association.
        """
        proposed = in_encoding(contexts, self._destination.transfer_syntax)
        with open_association(self._destination, self._calling_ae_title, proposed) as association:
            yield StoreAssociation(association)

    def send(self, objects: Sequence[OutgoingObject]) -> list[SendResult]:
        """Send objects over one association, in their order.

        Returns
        -------
        list of SendResult
            One for each object; those after a broken association are UNSENT.

        Raises
        ------
        AssociationRefused
            If the destination cannot be reached or rejects the association; nothing was sent.
        """
        with self.associate(make_contexts(objects)) as association:
            return [association.store(item) for item in objects]

    def echo(self) -> None:
        """Probe the destination with C-ECHO.

        A destination that takes the association but offers no Verification is alive too.

        Raises
        ------
        AssociationRefused
            If the destination cannot be reached, rejects the association, or does not answer C-ECHO.
        """
        with open_association(
            self._destination, self._calling_ae_title, [build_context(VERIFICATION, list(UNCOMPRESSED))]
        ) as association:
            if association.is_established and "Status" not in association.send_c_echo():
                raise AssociationRefused(f"{self._destination.name}: no answer to C-ECHO")
