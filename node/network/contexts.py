"""Which SOP Classes the node accepts, and in which transfer syntaxes.

Images are accepted in every transfer syntax that this machine proved it can decode; everything else that is
kept for retrieval in the two plain ones. Among those that a peer proposes the first in our order is taken
(PS3.8 9.3.3.3 leaves the choice to the acceptor).
"""

from collections.abc import Iterable, Mapping
from functools import cache

from pydicom import uid
from pydicom.uid import UID
from pynetdicom.presentation import PresentationContext, build_context

from pipeline.film_classes import CAPTURE_CLASSES, RADIOGRAPH_CLASSES

VERIFICATION = UID("1.2.840.10008.1.1")
COMMITMENT = UID("1.2.840.10008.1.20.1")
"""Storage Commitment Push Model."""
PATIENT_ROOT_FIND = UID("1.2.840.10008.5.1.4.1.2.1.1")
STUDY_ROOT_FIND = UID("1.2.840.10008.5.1.4.1.2.2.1")
PATIENT_ROOT_MOVE = UID("1.2.840.10008.5.1.4.1.2.1.2")
STUDY_ROOT_MOVE = UID("1.2.840.10008.5.1.4.1.2.2.2")
PATIENT_ROOT_GET = UID("1.2.840.10008.5.1.4.1.2.1.3")
STUDY_ROOT_GET = UID("1.2.840.10008.5.1.4.1.2.2.3")
FIND_MODELS = (PATIENT_ROOT_FIND, STUDY_ROOT_FIND)
MOVE_MODELS = (PATIENT_ROOT_MOVE, STUDY_ROOT_MOVE)
GET_MODELS = (PATIENT_ROOT_GET, STUDY_ROOT_GET)

PLAIN_SYNTAXES: tuple[UID, ...] = (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian)

SYNTAX_ORDER: tuple[UID, ...] = (
    *PLAIN_SYNTAXES,
    UID("1.2.840.10008.1.2.4.70"),  # JPEG lossless, first-order prediction
    UID("1.2.840.10008.1.2.4.57"),  # JPEG lossless
    UID("1.2.840.10008.1.2.4.80"),  # JPEG-LS lossless
    UID("1.2.840.10008.1.2.4.90"),  # JPEG 2000 lossless
    UID("1.2.840.10008.1.2.5"),  # RLE
    UID("1.2.840.10008.1.2.4.201"),  # HTJ2K lossless
    UID("1.2.840.10008.1.2.4.202"),  # HTJ2K lossless, RPCL
    UID("1.2.840.10008.1.2.1.99"),  # deflated
    UID("1.2.840.10008.1.2.4.91"),  # JPEG 2000
    UID("1.2.840.10008.1.2.4.81"),  # JPEG-LS near-lossless
    UID("1.2.840.10008.1.2.4.51"),  # JPEG extended
    UID("1.2.840.10008.1.2.4.50"),  # JPEG baseline
    UID("1.2.840.10008.1.2.4.203"),  # HTJ2K
)
"""The acceptor's preference: uncompressed first, lossless before lossy."""

OTHER_IMAGE_CLASSES: tuple[UID, ...] = (
    uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    uid.MultiFrameTrueColorSecondaryCaptureImageStorage,
    uid.SegmentationStorage,
    UID("1.2.840.10008.5.1.4.1.1.66.7"),  # Label Map Segmentation
)
"""Image SOP Classes that are kept for retrieval only."""

DOCUMENT_CLASSES: tuple[UID, ...] = (
    uid.BasicTextSRStorage,
    uid.EnhancedSRStorage,
    uid.ComprehensiveSRStorage,
    uid.Comprehensive3DSRStorage,
    uid.ChestCADSRStorage,
    uid.GrayscaleSoftcopyPresentationStateStorage,
    uid.ColorSoftcopyPresentationStateStorage,
    uid.KeyObjectSelectionDocumentStorage,
    uid.EncapsulatedPDFStorage,
)
"""SOP Classes without pixels that are kept for retrieval only."""

IMAGE_CLASSES = RADIOGRAPH_CLASSES + CAPTURE_CLASSES + OTHER_IMAGE_CLASSES
STORAGE_CLASSES = IMAGE_CLASSES + DOCUMENT_CLASSES


@cache
def decodable_syntaxes() -> tuple[UID, ...]:
    """Prove which transfer syntaxes this machine decodes, once, in the order of preference."""
    from pipeline.codecs import prove_codecs

    return in_our_order(syntax for syntax, proof in prove_codecs().items() if proof.ok)


def in_our_order(proven: Iterable[str]) -> tuple[UID, ...]:
    """Sort transfer syntaxes by our preference; those that the order does not name come last.

    The two plain ones are always there: without Implicit VR Little Endian no association is valid
    (PS3.5 10.1).
    """
    known = set(proven) | set(PLAIN_SYNTAXES)
    rest = sorted(known.difference(SYNTAX_ORDER))
    return tuple(syntax for syntax in SYNTAX_ORDER if syntax in known) + tuple(UID(syntax) for syntax in rest)


def supported_contexts(image_syntaxes: Iterable[str]) -> list[PresentationContext]:
    """List what the node accepts as acceptor.

    Parameters
    ----------
    image_syntaxes
        Transfer syntaxes for images, the preferred first.

    Notes
    -----
    Both roles are accepted, where the peer asks for them, of what it may want to receive: objects by C-GET
    (PS3.4 C.4.3.2), and storage commitment, where it is the SCP that sends N-EVENT-REPORT on an association
    of its own (PS3.4 J.3.3).
    """
    images: list[str | UID] = list(image_syntaxes)
    plain: list[str | UID] = list(PLAIN_SYNTAXES)
    both_ways = [build_context(sop_class, images) for sop_class in IMAGE_CLASSES]
    both_ways += [build_context(sop_class, plain) for sop_class in (*DOCUMENT_CLASSES, COMMITMENT)]
    for context in both_ways:
        context.scu_role = context.scp_role = True
    one_way = (VERIFICATION, *FIND_MODELS, *MOVE_MODELS, *GET_MODELS)
    return [*(build_context(sop_class, plain) for sop_class in one_way), *both_ways]


def accepted_table(image_syntaxes: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Name what the node accepts, for documents and ``doctor``: SOP Class to transfer syntaxes."""
    table = {}
    for context in supported_contexts(image_syntaxes):
        syntaxes = context.transfer_syntax or []
        table[UID(str(context.abstract_syntax)).name] = tuple(UID(syntax).name for syntax in syntaxes)
    return table
