"""The result as a picture that every viewer shows (Secondary Capture, PS3.3 A.8.1)."""

from pydicom import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from pipeline.results.elements import put, put_verbatim
from pipeline.results.finish import finish
from pipeline.results.picture import draw_capture
from pipeline.results.plain import add_body_part, source_reference, start
from pipeline.results.provenance import ObjectKind, Provenance
from pipeline.values import Analysis

_HISTORY = ("LossyImageCompressionRatio", "LossyImageCompressionMethod")


def make_capture(analysis: Analysis, longest_side: int, provenance: Provenance) -> Dataset:
    """Make the Secondary Capture of one film, whatever the outcome; without pixels to show it has text only.

    Parameters
    ----------
    longest_side
        Most rows and columns; it goes into the UIDs, because another size is another instance.

    Notes
    -----
    Text and outlines are burned in. The patient is not named in them, but the film's own pixels may do so.
    No spacing is given: nothing should be measured on a scaled picture.
    """
    kind = ObjectKind(f"sc/{longest_side}", 9004, "AI overlay (RESEARCH)")
    made = start(SecondaryCaptureImageStorage, "OT", kind, analysis, provenance)
    add_body_part(made, analysis, provenance)
    made.ConversionType = "WSD"
    made.ImageType = ["DERIVED", "SECONDARY"]
    is_upright = analysis.radiograph is not None and analysis.radiograph.orientation.known
    put(made, "PatientOrientation", "L\\F" if is_upright else "")
    made.BurnedInAnnotation, made.RecognizableVisualFeatures = "YES", "NO"
    put(made, "DerivationDescription", "AI lung outline and result burned into the film (RESEARCH)")
    made.SourceImageSequence = [source_reference(provenance)]
    _add_lossy_history(made, analysis, provenance)
    _add_pixels(made, analysis, longest_side)
    return finish(made, provenance)


def _add_lossy_history(made: Dataset, analysis: Analysis, provenance: Provenance) -> None:
    """Lossy once is lossy for ever (PS3.3 C.7.6.1.1.5), stated or only known by the transfer syntax."""
    header = provenance.source.header
    parameters = analysis.radiograph.parameters if analysis.radiograph else ()
    was_lossy = any(parameter.startswith("lossy") for parameter in parameters)
    if was_lossy or header.get("LossyImageCompression") == "01":
        made.LossyImageCompression = "01"
        for keyword in _HISTORY:
            if keyword in header:
                put_verbatim(made, keyword, header[keyword].value)


def _add_pixels(made: Dataset, analysis: Analysis, longest_side: int) -> None:
    pixels = draw_capture(analysis, longest_side)
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PlanarConfiguration = 3, "RGB", 0
    made.Rows, made.Columns = pixels.shape[:2]
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    raw = pixels.tobytes()
    made.add_new("PixelData", "OB", raw + b"\0" * (len(raw) % 2))
