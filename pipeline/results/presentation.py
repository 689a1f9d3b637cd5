"""Lung outlines and the answer in words, drawn over the film by any viewer (GSPS, PS3.3 A.33.1)."""

from collections.abc import Sequence

import numpy as np
from highdicom.color import CIELabColor
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage

from pipeline.results.colours import YELLOW, Rgb, lung_colour
from pipeline.results.contours import contours
from pipeline.results.elements import put, put_verbatim
from pipeline.results.equipment import MODEL_NAME
from pipeline.results.finish import finish
from pipeline.results.grey_levels import add_grey_levels
from pipeline.results.plain import add_body_part, reference, start
from pipeline.results.provenance import ObjectKind, Provenance
from pipeline.results.segments import LungSegment
from pipeline.results.wording import caption
from pipeline.values import Analysis, Radiograph

PRESENTATION = ObjectKind("pr", 9003, "AI lung outline (RESEARCH)")

_TEXT_LAYER = "AI_TEXT"
_TEXT_BOX = ([0.01, 0.86], [0.7, 0.99])
"""Corners of the text in parts of the displayed area, columns before rows: at the bottom on the left."""
_MOST_OUTLINES = 50
"""Of one lung; a mask that is in more pieces than this is noise."""


def make_presentation(
    analysis: Analysis, segments: Sequence[LungSegment], radiograph: Radiograph, provenance: Provenance
) -> Dataset:
    """Make the presentation state of one film that was judged.

    Parameters
    ----------
    segments
        As `lung_segments` gives them, at least one.

    Notes
    -----
    It shows the film as a viewer shows it without any state: its own window, its own polarity, as it lies. A
    presentation state overrides all of these (PS3.4 N.2), so that they have to be said again.
    """
    made = start(GrayscaleSoftcopyPresentationStateStorage, "PR", PRESENTATION, analysis, provenance)
    add_body_part(made, analysis, provenance)
    put(made, "ContentLabel", "AI_LUNGS")
    put(made, "ContentDescription", "AI lung outline and result (RESEARCH)")
    put_verbatim(made, "ContentCreatorName", f"{MODEL_NAME}^")
    made.ReferencedSeriesSequence = [_referenced_series(provenance)]
    made.GraphicAnnotationSequence = [
        *(_outline(segment, provenance) for segment in segments),
        _text(caption(analysis), provenance),
    ]
    made.GraphicLayerSequence = [
        *(_layer(_name(segment), segment.label, lung_colour(segment)) for segment in segments),
        _layer(_TEXT_LAYER, "Result in words", YELLOW),
    ]
    for order, layer in enumerate(made.GraphicLayerSequence, start=1):
        layer.GraphicLayerOrder = order
    made.DisplayedAreaSelectionSequence = [_displayed_area(radiograph, provenance)]
    add_grey_levels(made, radiograph)
    return finish(made, provenance, content="PresentationCreation")


def _referenced_series(provenance: Provenance) -> Dataset:
    series = Dataset()
    put_verbatim(series, "SeriesInstanceUID", provenance.source.header.SeriesInstanceUID)
    series.ReferencedImageSequence = [reference(provenance)]
    return series


def _name(segment: LungSegment) -> str:
    return f"AI_{segment.label.upper().replace(' ', '_')}"


def _outline(segment: LungSegment, provenance: Provenance) -> Dataset:
    annotation = Dataset()
    annotation.ReferencedImageSequence = [reference(provenance)]
    annotation.GraphicLayer = _name(segment)
    annotation.GraphicObjectSequence = [
        _polyline(points, segment, provenance) for points in contours(segment.pixels)[:_MOST_OUTLINES]
    ]
    return annotation


def _polyline(points: NDArray[np.float64], segment: LungSegment, provenance: Provenance) -> Dataset:
    drawn = Dataset()
    drawn.GraphicAnnotationUnits, drawn.GraphicType, drawn.GraphicFilled = "PIXEL", "POLYLINE", "N"
    drawn.GraphicDimensions, drawn.NumberOfGraphicPoints = 2, len(points)
    drawn.GraphicData = points.ravel().tolist()
    drawn.TrackingID = segment.label
    drawn.TrackingUID = provenance.uid(segment.tracking_kind)
    return drawn


def _text(text: str, provenance: Provenance) -> Dataset:
    annotation, box = Dataset(), Dataset()
    annotation.ReferencedImageSequence = [reference(provenance)]
    annotation.GraphicLayer = _TEXT_LAYER
    box.BoundingBoxAnnotationUnits = "DISPLAY"
    box.BoundingBoxTopLeftHandCorner, box.BoundingBoxBottomRightHandCorner = _TEXT_BOX
    box.BoundingBoxTextHorizontalJustification = "LEFT"
    box.UnformattedTextValue = text.replace("\n", "\r\n")
    annotation.TextObjectSequence = [box]
    return annotation


def _layer(name: str, description: str, colour: Rgb) -> Dataset:
    layer = Dataset()
    layer.GraphicLayer, layer.GraphicLayerDescription = name, f"{description} (AI, RESEARCH)"
    layer.GraphicLayerRecommendedDisplayGrayscaleValue = 0xFFFF
    layer.GraphicLayerRecommendedDisplayCIELabValue = list(CIELabColor.from_rgb(*colour).value)
    return layer


def _displayed_area(radiograph: Radiograph, provenance: Provenance) -> Dataset:
    """Show the whole film; its pixels keep their shape, and no spacing invites to measure."""
    area, (rows, columns) = Dataset(), radiograph.shape
    area.ReferencedImageSequence = [reference(provenance)]
    area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner = [1, 1], [columns, rows]
    area.PresentationSizeMode = "SCALE TO FIT"
    area.PresentationPixelAspectRatio = _ratio(radiograph.pixel_aspect)
    return area


def _ratio(aspect: float) -> list[int]:
    """Write a height over a width as two whole numbers (PS3.3 C.10.4)."""
    return [1, 1] if abs(aspect - 1) < 1e-4 else [round(aspect * 10000), 10000]
