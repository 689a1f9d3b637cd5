"""A film and its outline as de-identified objects."""

from dataclasses import dataclass, field

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from node.export.borders import Borders
from node.export.cleaner import Cleaner, Disguise, Tally
from node.export.identifiers import Identifiers
from node.export.marks import SIMULATED, mark
from node.export.outlines import check_fits
from node.export.treatments import age_string
from pipeline.attributes import integer, raw_bytes, text
from pipeline.codecs import decode_frame
from pipeline.codecs.table import CODEC_BY_TRANSFER_SYNTAX
from pipeline.errors import UndecodablePixels, UnsupportedInstance
from pipeline.gate.age import age_in_days
from pipeline.gate.settings import GateSettings
from pipeline.pixels.description import MONOCHROME, PixelLimits, StoredValues, describe_pixels
from pipeline.radiograph import header_of
from pipeline.results.equipment import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_SAYS_SIMULATED = ("ImageComments", "DeidentificationMethod", "PatientComments")


@dataclass(frozen=True, slots=True)
class Rules:
    """How every film of an export is treated.

    Attributes
    ----------
    gate
        Says what birth dates mean none, and which sizes are read.
    """

    gate: GateSettings
    borders: Borders = field(default_factory=Borders)

    @property
    def limits(self) -> PixelLimits:
        """Sizes of grids that are decoded."""
        return PixelLimits(self.gate.min_side_pixels, self.gate.max_side_pixels)


def cleaner_for(film: Dataset, disguise: Disguise, rules: Rules, tally: Tally) -> Cleaner:
    """Make the cleaner of a film and of what was drawn on it."""
    age = age_string(age_in_days(film, rules.gate), text(film, "PatientAge"))
    own = Identifiers()
    own.add_dataset(header_of(film))
    return Cleaner(disguise, age, tally, own.names)


def is_simulated(film: Dataset) -> bool:
    """Whether a film says of itself that it shows nobody."""
    return any(text(film, keyword).startswith(SIMULATED) for keyword in _SAYS_SIMULATED)


def shows_text(film: Dataset) -> bool:
    """Whether a film says that text is burned in."""
    return text(film, "BurnedInAnnotation").upper() == "YES"


def clean_film(film: Dataset, cleaner: Cleaner, disguise: Disguise, rules: Rules) -> Dataset:
    """Make the film that may leave the house: native pixels without anything beside them.

    Raises
    ------
    UnsupportedInstance, UndecodablePixels
        As `pipeline.radiograph.read_radiograph`.

    Notes
    -----
    Decoding leaves behind what codestreams carry beside pixels (comments, application markers), what lies
    behind the last pixel, and the bits above Bits Stored.
    """
    header = header_of(film)
    description = describe_pixels(header, rules.limits)
    stored = decode_frame(film, description)
    if rules.borders:
        inverse = description.photometric_interpretation == MONOCHROME[0]
        stored = rules.borders.blacken(stored, inverse=inverse)
    cleaned = cleaner.clean(header)
    cleaned.PatientName = cleaned.PatientID = disguise.patient_id
    if cleaner.age:
        cleaned.PatientAge = cleaner.age
    _set_pixels(cleaned, stored, description.bits_allocated)
    codec = CODEC_BY_TRANSFER_SYNTAX.get(text(film.file_meta, "TransferSyntaxUID"))
    if codec is not None and codec.lossy:
        cleaned.LossyImageCompression = "01"
    if rules.borders:
        cleaned.BurnedInAnnotation = "NO"
    if is_simulated(film):
        cleaned.ImageComments = SIMULATED
    mark(cleaned, pixels_cleaned=bool(rules.borders))
    return _with_file_meta(cleaned)


def clean_outline(segmentation: Dataset, film: Dataset, cleaner: Cleaner, disguise: Disguise) -> Dataset:
    """Make the Segmentation that may leave the house.

    Raises
    ------
    UnsupportedInstance
        If it is not of this film, not on its grid, or compressed.
    UndecodablePixels
        If its pixels are cut off.
    """
    check_fits(segmentation, film)
    cleaned = cleaner.clean(header_of(segmentation))
    cleaned.PatientName = cleaned.PatientID = disguise.patient_id
    cleaned.add_new("PixelData", "OB", _samples(segmentation))
    mark(cleaned)
    return _with_file_meta(cleaned)


def _samples(segmentation: Dataset) -> bytes:
    """Give the native samples without what may lie behind them."""
    transfer_syntax = UID(text(segmentation.file_meta, "TransferSyntaxUID"))
    pixel_data = raw_bytes(segmentation, "PixelData")
    if pixel_data is None or transfer_syntax.is_compressed:
        raise UnsupportedInstance("The Segmentation's pixels are compressed or missing.")
    sizes = [integer(segmentation, keyword) or 0 for keyword in ("Rows", "Columns", "BitsAllocated")]
    frames = integer(segmentation, "NumberOfFrames") or 1
    used = -(-sizes[0] * sizes[1] * sizes[2] * frames // 8)
    if len(pixel_data) < used:
        raise UndecodablePixels("The Segmentation's pixels are cut off.")
    return pixel_data[:used] + b"\0" * (used % 2)


def _set_pixels(cleaned: Dataset, stored: StoredValues, bits_allocated: int) -> None:
    kind = "i" if stored.dtype.kind == "i" else "u"
    samples = stored.astype(f"<{kind}{bits_allocated // 8}").tobytes()
    cleaned.Rows, cleaned.Columns = stored.shape
    cleaned.BitsAllocated, cleaned.HighBit = bits_allocated, cleaned.BitsStored - 1
    vr = "OB" if bits_allocated == 8 else "OW"
    cleaned.add_new("PixelData", vr, samples + b"\0" * (len(samples) % 2))


def _with_file_meta(cleaned: Dataset) -> Dataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = cleaned.SOPClassUID
    meta.MediaStorageSOPInstanceUID = cleaned.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    cleaned.file_meta = meta
    return cleaned
