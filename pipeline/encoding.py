"""Encode a Data Set anew in another little endian encoding without touching a single value.

In little endian a value has the same bytes whether its VR is written or not, so only the frame around the
values changes: nothing is decoded, rounded, stripped or taken for another character set on the way.
"""

import warnings
import zlib
from collections.abc import Sequence

from pydicom import Dataset
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element, write_file_meta_info
from pydicom.hooks import raw_element_vr
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian
from pydicom.valuerep import AMBIGUOUS_VR, EXPLICIT_VR_LENGTH_32, STANDARD_VR

from pipeline.attributes import integer

_PREAMBLE = 128
_SHORT_LENGTH = 0xFFFF
_UNDEFINED_LENGTH = 0xFFFFFFFF
_ITEM = b"\xfe\xff\x00\xe0"


def encode_part10(dataset: Dataset, transfer_syntax_uid: str) -> bytes:
    """Write a Data Set as a Part 10 file in an uncompressed little endian transfer syntax.

    Parameters
    ----------
    dataset
        As pydicom read it, with File Meta and native Pixel Data. Its File Meta is changed.
    transfer_syntax_uid
        Explicit, Implicit or Deflated Explicit VR Little Endian.

    Raises
    ------
    ValueError
        If something in the Data Set is no element.

    Notes
    -----
    Every sequence gets a defined length; retired Group Lengths are left out (PS3.5 7.2).
    """
    dataset.file_meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    stream = DicomBytesIO()
    stream.write((getattr(dataset, "preamble", None) or b"").ljust(_PREAMBLE, b"\0") + b"DICM")
    write_file_meta_info(stream, dataset.file_meta, enforce_standard=False)
    encoded = _encode(dataset, (), is_implicit=transfer_syntax_uid == ImplicitVRLittleEndian)
    if transfer_syntax_uid == DeflatedExplicitVRLittleEndian:
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        encoded = deflater.compress(encoded) + deflater.flush()
        encoded += b"\0" * (len(encoded) % 2)
    stream.write(encoded)
    return bytes(stream.getvalue())


def _encode(dataset: Dataset, ancestors: Sequence[Dataset], *, is_implicit: bool) -> bytes:
    stream = DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = is_implicit, True
    for tag in sorted(dataset.keys()):
        if tag.element:
            element = _framed(dataset, tag, (dataset, *ancestors), is_implicit=is_implicit)
            write_data_element(stream, element)
    return bytes(stream.getvalue())


def _framed(
    dataset: Dataset, tag: BaseTag, lineage: Sequence[Dataset], *, is_implicit: bool
) -> DataElement | RawDataElement:
    """Give an element with its VR; its value stays as it was read."""
    element = dataset.get_item(tag)
    vr = _vr(dataset, element, lineage)
    if vr == "SQ":
        value = b"".join(_item(item, lineage, is_implicit=is_implicit) for item in dataset[tag].value)
    elif isinstance(element, RawDataElement):
        value = element.value or b""
        if element.length not in (len(value), _UNDEFINED_LENGTH):
            raise ValueError(f"the element {tag} is cut off")
    else:
        return element
    if len(value) > _SHORT_LENGTH and vr not in EXPLICIT_VR_LENGTH_32:
        vr = "UN"  # PS3.5 6.2.2, note 2
    return RawDataElement(Tag(tag), vr, len(value), value, 0, is_implicit, True)


def _item(item: Dataset, lineage: Sequence[Dataset], *, is_implicit: bool) -> bytes:
    encoded = _encode(item, lineage, is_implicit=is_implicit)
    return _ITEM + len(encoded).to_bytes(4, "little") + encoded


def _vr(dataset: Dataset, element: DataElement | RawDataElement, lineage: Sequence[Dataset]) -> str:
    """Give the VR that was read, or the dictionary's for an element read without one (PS3.5 Annex A.1)."""
    found = {"VR": element.VR}
    if isinstance(element, RawDataElement) and element.VR is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown element becomes UN, as it must
            raw_element_vr(element, found, ds=dataset)
    vr = str(found["VR"])
    if vr not in STANDARD_VR | AMBIGUOUS_VR:
        # Whatever was read here, it is no element.
        raise ValueError(f"the element {element.tag} has no VR")
    if vr in STANDARD_VR:
        return vr
    if "OW" in vr:
        return "OW"
    representations = (integer(level, "PixelRepresentation") for level in lineage)
    return "SS" if next((each for each in representations if each is not None), 0) else "US"
