"""STOW-RS: DICOM files become durable by the same way as those of C-STORE (PS3.18 10.5)."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from node.config.schema import Config
from node.errors import WebRefused
from node.log import EventLog
from node.network.sizes import Budget
from node.web.answers import compressed, to_json
from node.web.dicom_json import Model, as_element
from node.web.inquiry import Inquiry
from node.web.media import DICOM, DICOM_JSON, DICOM_XML, MULTIPART, Offer, parse_media_type
from node.web.multipart import MultipartParser
from node.web.native_xml import to_xml
from node.web.upload import Take, Taken, Upload, UploadRules
from node.web.witness import Witness

ENOUGH_TO_FEED = 1 << 20
"""Bytes that are gathered before a thread works on them."""
_OFFERS = (Offer(DICOM_JSON), Offer(DICOM_XML), Offer("application/json"))
_RESOURCES = range(0xA700, 0xA800)

_log = EventLog("web")


class Store:
    """Answers store requests.

    Parameters
    ----------
    take
        Makes one object durable.
    witness
        Is told what came in.
    image_syntaxes
        Transfer syntaxes in which images are taken.
    """

    def __init__(self, take: Take, witness: Witness, config: Config, image_syntaxes: Sequence[str]) -> None:
        self._take = take
        self._witness = witness
        self._config = config
        self._syntaxes = frozenset(map(str, image_syntaxes))
        self._budget = Budget(config.limits.max_buffered_bytes)

    async def store(self, request: Request, inquiry: Inquiry) -> Response:
        """Take in what the body holds; each object that the answer calls stored is durable.

        Raises
        ------
        WebRefused
            With 400, 406, 413 or 415. Objects that came before a fault in the body may be stored all the
            same; sending them again changes nothing.
        """
        offer = inquiry.choose(*_OFFERS).offer
        parser = _parser(request.headers.get("content-type", ""))
        self._check_length(int(request.headers.get("content-length", "0") or 0))
        caller = inquiry.visitor.as_caller(self._config.node.ae_title)
        rules = UploadRules(
            image_syntaxes=self._syntaxes,
            study=inquiry.keys.get("StudyInstanceUID", ""),
            max_object_bytes=self._config.limits.max_object_bytes,
            folder=self._config.node.data_dir,
            budget=self._budget,
        )
        upload = Upload(rules, parser, self._take, caller)
        try:
            await self._pump(request, upload)
        except ClientDisconnect:
            _log.warning("upload ended before its end", visitor=inquiry.visitor.name, taken=len(upload.taken))
            raise
        finally:
            upload.discard()
            await run_in_threadpool(self._witness.stored, inquiry.visitor, upload.taken)
        _log.info("upload taken in", visitor=inquiry.visitor.name, objects=len(upload.taken))
        return _answer(inquiry, upload.taken, offer.name)

    async def _pump(self, request: Request, upload: Upload) -> None:
        gathered, total = bytearray(), 0
        async for chunk in request.stream():
            gathered += chunk
            total += len(chunk)
            self._check_length(total)
            if len(gathered) >= ENOUGH_TO_FEED:
                await run_in_threadpool(upload.feed, bytes(gathered))
                gathered.clear()
        await run_in_threadpool(upload.feed, bytes(gathered))
        await run_in_threadpool(upload.finish)

    def _check_length(self, total: int) -> None:
        most = self._config.web.max_upload_bytes
        if 0 < most < total:
            raise WebRefused(413, f"A request may hold {most} bytes; send the objects in several.")


def _parser(content_type: str) -> MultipartParser | None:
    """Give what takes the body apart; None for one that is a single object."""
    kind = parse_media_type(content_type)
    if kind is not None and kind.name == DICOM:
        return None
    if kind is None or kind.name != MULTIPART or kind.inner not in ("", DICOM):
        raise WebRefused(415, f'Send {MULTIPART}; type="{DICOM}", or {DICOM}.')
    return MultipartParser(kind.parameters.get("boundary", ""))


def _answer(inquiry: Inquiry, taken: Sequence[Taken], media_type: str) -> Response:
    if not taken:
        raise WebRefused(400, "The body holds no object.")
    model = to_model(inquiry, taken)
    if media_type == DICOM_XML:
        answer = compressed(inquiry, to_xml(model), DICOM_XML)
    else:
        answer = compressed(inquiry, to_json(model), media_type)
    answer.status_code = to_status(taken)
    if answer.status_code == 503:
        answer.headers["Retry-After"] = "30"
    return answer


def to_status(taken: Sequence[Taken]) -> int:
    """Give the status of the whole: 200, 202 for some, 409 for none, 503 where trying later may help."""
    stored = sum(part.is_stored for part in taken)
    if stored:
        return 200 if stored == len(taken) else 202
    return 503 if all(part.status in _RESOURCES for part in taken) else 409


def to_model(inquiry: Inquiry, taken: Sequence[Taken]) -> Model:
    """Make the Store Instances Response (PS3.18 Annex I)."""
    stored = [part for part in taken if part.is_stored]
    failed = [part for part in taken if not part.is_stored and part.sop_instance_uid]
    others = [part for part in taken if not part.is_stored and not part.sop_instance_uid]
    studies = {part.study_instance_uid for part in stored}
    model: Model = {}
    if len(studies) == 1:
        model["00081190"] = as_element("UR", [inquiry.links.study(*studies)])
    for tag, items in (
        ("00081198", [_reference(part) | _reason(part) for part in failed]),
        ("00081199", [_reference(part) | _place(inquiry, part) for part in stored]),
        ("0008119A", [_reason(part) for part in others]),
    ):
        if items:
            model[tag] = as_element("SQ", items)
    return model


def _reference(part: Taken) -> Model:
    return {
        "00081150": as_element("UI", [part.sop_class_uid] if part.sop_class_uid else []),
        "00081155": as_element("UI", [part.sop_instance_uid]),
    }


def _reason(part: Taken) -> Model:
    return {"00081197": as_element("US", [int(part.status)])}


def _place(inquiry: Inquiry, part: Taken) -> Model:
    address = inquiry.links.instance(part.study_instance_uid, part.series_instance_uid, part.sop_instance_uid)
    return {"00081190": as_element("UR", [address])}
