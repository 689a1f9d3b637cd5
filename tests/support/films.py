"""Invented newborn radiographs as DICOM Data Sets: any header, any bit depth, any encoding.

>>> film = make_film(PatientAge="003D", PatientOrientation=["R", "F"])
>>> jpeg_ls = encode(film, JPEGLSLossless)
>>> part10 = part10_bytes(jpeg_ls)

A header value of None removes the attribute. Nothing here describes a real person.
"""

import copy
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    JPEG2000,
    UID,
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    generate_uid,
)

CR = ComputedRadiographyImageStorage
DX = DigitalXRayImageStorageForPresentation

NATIVE = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian)
ENCODABLE = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    JPEG2000Lossless,
    JPEG2000,
    JPEGBaseline8Bit,
)
"""Transfer syntaxes that `encode` can write; JPEG Baseline only with 8 bits."""

LOSSY = (JPEGLSNearLossless, JPEG2000, JPEGBaseline8Bit)
_OPTIONS: dict[str, dict[str, Any]] = {JPEGLSNearLossless: {"jls_error": 2}, JPEG2000: {"j2k_cr": [10]}}


def draw_chest(rows: int = 512, columns: int = 420, *, seed: int = 0) -> NDArray[np.float64]:
    """Draw a chest-like picture: body on black air, two dark lungs, bright spine and faint ribs.

    Returns
    -------
    ndarray
        (rows, columns) in [0, 1]; 0 is black. The lungs are where `lung_ellipses` says.
    """
    y, x = np.mgrid[0:rows, 0:columns]
    v, u = y / rows, x / columns
    picture = np.where(_ellipse(v, u, (0.5, 0.5), (0.62, 0.44)), 0.62, 0.04)
    picture = np.where(np.abs(u - 0.5) < 0.035, picture + 0.2 * (picture > 0.5), picture)
    ribs = 0.05 * (np.sin(2 * np.pi * (v * 11 + 3 * (u - 0.5) ** 2)) > 0.55)
    picture = np.where(lung_ellipses(rows, columns), 0.28 + ribs, picture)
    noise = np.random.default_rng(seed).normal(0, 0.01, (rows, columns))
    return np.clip(picture + noise, 0, 1)


def lung_ellipses(rows: int = 512, columns: int = 420) -> NDArray[np.bool_]:
    """Return where `draw_chest` puts the lungs, (rows, columns), about a fifth of the picture."""
    y, x = np.mgrid[0:rows, 0:columns]
    v, u = y / rows, x / columns
    left_of_image = _ellipse(v, u, (0.45, 0.34), (0.26, 0.12))
    return np.asarray(left_of_image | _ellipse(v, u, (0.45, 0.66), (0.26, 0.12)))


def _ellipse(
    v: NDArray[Any], u: NDArray[Any], centre: tuple[float, float], radii: tuple[float, float]
) -> NDArray[np.bool_]:
    return np.asarray(((v - centre[0]) / radii[0]) ** 2 + ((u - centre[1]) / radii[1]) ** 2 < 1)


def make_film(
    *,
    rows: int = 512,
    columns: int = 420,
    bits_stored: int = 12,
    signed: bool = False,
    photometric: str = "MONOCHROME2",
    sop_class: str = CR,
    stored_values: NDArray[Any] | None = None,
    seed: int = 0,
    **header: Any,
) -> Dataset:
    """Make a film of a one-day-old in Explicit VR Little Endian, with File Meta.

    Parameters
    ----------
    photometric
        MONOCHROME1 stores the same picture inverted, so that it looks the same.
    signed
        Stores the picture around zero with Pixel Representation 1.
    stored_values
        Integers for Pixel Data instead of the drawn chest; their shape overrides rows and columns.
    header
        Any attribute by keyword, over the defaults; None removes it.
    """
    values = _store(draw_chest(rows, columns, seed=seed), bits_stored, signed, photometric)
    if stored_values is not None:
        values = stored_values
    film = _default_header(sop_class)
    _set_pixels(film, values, bits_stored, signed, photometric)
    film.PresentationLUTShape = "INVERSE" if photometric == "MONOCHROME1" else "IDENTITY"
    if "WindowWidth" in film:
        film.WindowCenter, film.WindowWidth = (0 if signed else 2 ** (bits_stored - 1)), 2**bits_stored
    for keyword, value in header.items():
        if value is None:
            film.pop(keyword, None)
        else:
            setattr(film, keyword, value)
    return _with_file_meta(film, ExplicitVRLittleEndian)


def _store(picture: NDArray[Any], bits_stored: int, signed: bool, photometric: str) -> NDArray[Any]:
    top = 2**bits_stored - 1
    values = np.rint((1 - picture if photometric == "MONOCHROME1" else picture) * top).astype(np.int64)
    return values - 2 ** (bits_stored - 1) if signed else values


def _set_pixels(
    film: Dataset, values: NDArray[Any], bits_stored: int, signed: bool, photometric: str
) -> None:
    allocated = 8 if bits_stored <= 8 else 16
    film.Rows, film.Columns = values.shape
    film.SamplesPerPixel = 1
    film.PhotometricInterpretation = photometric
    film.BitsAllocated, film.BitsStored, film.HighBit = allocated, bits_stored, bits_stored - 1
    film.PixelRepresentation = int(signed)
    stored = (values & (2**bits_stored - 1)).astype("<u1" if allocated == 8 else "<u2").tobytes()
    film.add_new("PixelData", "OB" if allocated == 8 else "OW", stored + b"\0" * (len(stored) % 2))


def _default_header(sop_class: str) -> Dataset:
    film = Dataset()
    film.SpecificCharacterSet = "ISO_IR 100"
    film.SOPClassUID = sop_class
    film.SOPInstanceUID, film.SeriesInstanceUID, film.StudyInstanceUID = (generate_uid() for _ in range(3))
    film.Modality = "CR" if sop_class == CR else "DX"
    film.ImageType = ["ORIGINAL", "PRIMARY"] if sop_class == CR else ["DERIVED", "PRIMARY"]
    if sop_class == DX:
        _add_dx_modules(film)
    film.StudyDate = film.SeriesDate = film.AcquisitionDate = film.ContentDate = "20240302"
    film.StudyTime = film.SeriesTime = film.AcquisitionTime = film.ContentTime = "073000"
    film.StudyID, film.SeriesNumber, film.InstanceNumber = "1", 1, 1
    film.AccessionNumber = "A0001"
    film.ReferringPhysicianName = ""
    film.Manufacturer, film.ManufacturerModelName = "Invented", "Phantom Detector"
    film.PatientName, film.PatientID = "Invented^Newborn", "TEST-0001"
    film.PatientBirthDate, film.PatientSex = "20240301", "F"
    film.PatientAge = "001D"
    film.BodyPartExamined, film.ViewPosition = "CHEST", "AP"
    film.PatientOrientation = ["L", "F"]
    film.ImagerPixelSpacing = [0.1, 0.1]
    film.BurnedInAnnotation = "NO"
    film.RescaleIntercept, film.RescaleSlope, film.RescaleType = 0, 1, "US"
    film.LossyImageCompression = "00"
    return film


def _add_dx_modules(film: Dataset) -> None:
    region = Dataset()
    region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning = "51185008", "SCT", "Chest"
    view = Dataset()
    view.CodeValue, view.CodingSchemeDesignator, view.CodeMeaning = "399348003", "SCT", "antero-posterior"
    view.ViewModifierCodeSequence = []
    film.PresentationIntentType = "FOR PRESENTATION"
    film.AnatomicRegionSequence, film.ViewCodeSequence = [region], [view]
    film.ImageLaterality = "U"
    film.PixelIntensityRelationship, film.PixelIntensityRelationshipSign = "LOG", -1
    film.WindowCenter = film.WindowWidth = 1
    film.DetectorType, film.PositionerType = "DIRECT", ""
    film.AcquisitionContextSequence = []


def _with_file_meta(film: Dataset, transfer_syntax: str) -> Dataset:
    film.file_meta = FileMetaDataset()
    film.file_meta.MediaStorageSOPClassUID = film.get("SOPClassUID", CR)
    film.file_meta.MediaStorageSOPInstanceUID = film.get("SOPInstanceUID", "2.25.1")
    film.file_meta.TransferSyntaxUID = UID(transfer_syntax)
    film.file_meta.ImplementationClassUID = UID("2.25.1")
    return film


def encode(dataset: Dataset, transfer_syntax: str) -> Dataset:
    """Return a copy of a native film in another transfer syntax, SOP Instance UID unchanged.

    Raises
    ------
    ValueError
        If nothing installed here writes that transfer syntax, or if JPEG-LS near-lossless is asked
        for signed pixels (it would wrap around at zero).
    """
    film = copy.deepcopy(dataset)
    syntax = UID(transfer_syntax)
    if syntax in NATIVE:
        film.file_meta.TransferSyntaxUID = syntax
    elif syntax == JPEGLosslessSV1:
        _encapsulate(film, syntax, _jpeg_lossless(film))
    elif syntax == JPEGBaseline8Bit:
        _encapsulate(film, syntax, _jpeg_baseline(film))
    elif syntax in ENCODABLE:
        if syntax == JPEGLSNearLossless and film.PixelRepresentation:
            raise ValueError("JPEG-LS near-lossless would wrap signed pixels around")
        options: dict[str, Any] = _OPTIONS.get(syntax, {})
        film.compress(syntax, generate_instance_uid=False, **options)
    else:
        raise ValueError(f"no encoder for {syntax.name}")
    if syntax in LOSSY:
        film.LossyImageCompression = "01"
        film.LossyImageCompressionRatio = 10
    return film


def _encapsulate(film: Dataset, syntax: UID, frame: bytes) -> None:
    film.file_meta.TransferSyntaxUID = syntax
    film.add_new("PixelData", "OB", encapsulate([frame]))
    film["PixelData"].is_undefined_length = True


def _jpeg_baseline(film: Dataset) -> bytes:
    stream = BytesIO()
    Image.fromarray(film.pixel_array.astype(np.uint8)).save(stream, "JPEG", quality=90)
    return _even(stream.getvalue())


def _jpeg_lossless(film: Dataset) -> bytes:
    import gdcm

    with TemporaryDirectory() as folder:
        native, compressed = str(Path(folder, "native.dcm")), str(Path(folder, "jpeg.dcm"))
        dcmwrite(native, film, enforce_file_format=True)
        reader, writer, change = gdcm.ImageReader(), gdcm.ImageWriter(), gdcm.ImageChangeTransferSyntax()
        reader.SetFileName(native)
        if not reader.Read():
            raise ValueError("GDCM cannot read this film")
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        change.SetInput(reader.GetImage())
        if not change.Change():
            raise ValueError("GDCM cannot encode this film")
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        writer.SetFileName(compressed)
        writer.Write()
        return get_frame(dcmread(compressed).PixelData, 0, number_of_frames=1)


def _even(frame: bytes) -> bytes:
    return frame + b"\0" * (len(frame) % 2)


def part10_bytes(dataset: Dataset) -> bytes:
    """Write a film as the bytes of a Part 10 file."""
    stream = BytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()
