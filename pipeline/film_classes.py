"""SOP Classes of films."""

from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    SecondaryCaptureImageStorage,
)

RADIOGRAPH_CLASSES: tuple[UID, ...] = (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
)
"""Those that are analysed."""

CAPTURE_CLASSES: tuple[UID, ...] = (SecondaryCaptureImageStorage,)
"""Those that are analysed only when configured."""
