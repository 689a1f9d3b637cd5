"""The babies of the story: films of one hospital, and what its readers say of them (SYNTHETIC)."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from scipy.ndimage import gaussian_filter

from tests.support.readers import written_report
from train.phantom import Phantom, PhantomSettings, dataset_of, make_phantom
from train.phantom.truth import segmentation_of

FIRST_SEED = 700_000
NEW_YEAR = date(2025, 1, 1)
_DAYS = 365


@dataclass(frozen=True, slots=True)
class Processing:
    """How a hospital's detector and its software make a picture.

    Attributes
    ----------
    mottle
        Deviation of the noise that too little dose leaves, where the film is whitest; the range of grey is 1.
    levelled
        How much of the large differences in grey is taken away.
    edges
        By how much the small ones are amplified.
    gamma
        Of the grey scale, at last.
    """

    vendor: str
    mottle: float
    levelled: float
    edges: float
    gamma: float = 1.0


OURS = Processing("Hausmarke", mottle=0.010, levelled=0.4, edges=1.8)
"""Little dose, and edges that are driven up: unlike what the shipped models have seen."""
UPDATED = Processing("Hausmarke 2", mottle=0.010, levelled=0.0, edges=3.0, gamma=1.5)
"""After the vendor's update in autumn."""


@dataclass(frozen=True, slots=True, eq=False)
class Baby:
    """One baby with one film."""

    number: int
    film: Dataset
    phantom: Phantom

    @property
    def uid(self) -> str:
        """SOP Instance UID of the film."""
        return str(self.film.SOPInstanceUID)

    @property
    def has_rds(self) -> bool:
        """The truth, which nobody tells the node but readers."""
        return self.phantom.baby.disease.is_rds

    @property
    def is_outlined(self) -> bool:
        """Whether a reader draws the lungs of this one."""
        return self.number % 7 != 6

    def lungs(self) -> Dataset:
        """Give the lungs as a reader drew them."""
        segmentation = segmentation_of(self.phantom, self.film)
        segmentation.ContentCreatorName = "Leserin^Erika"
        return segmentation

    def reading(self) -> Dataset:
        """Give the report of a reader."""
        return written_report(self.film, is_present=self.has_rds, grade=self.phantom.baby.disease.grade)


def make_baby(number: int, of: int, processing: Processing, long_side: int) -> Baby:
    """Make the ``number``-th of all babies of the year; the same one each time."""
    phantom = make_phantom(FIRST_SEED + number, PhantomSettings(long_side=long_side, sideways=0.05))
    film = dataset_of(phantom)
    day = f"{NEW_YEAR + timedelta(days=_DAYS * number // of):%Y%m%d}"
    for kind in ("Study", "Series", "Acquisition", "Content"):
        setattr(film, f"{kind}Date", day)
    film.Manufacturer = processing.vendor
    _process(film, processing, np.random.default_rng(FIRST_SEED + number))
    return Baby(number, film, phantom)


def _process(film: Dataset, processing: Processing, rng: np.random.Generator) -> None:
    """Give the film the look of a detector, in place."""
    most = (1 << film.BitsStored) - 1
    values = film.pixel_array.astype(np.float64) / most
    is_inverted = film.PhotometricInterpretation == "MONOCHROME1"
    shown = _look(1 - values if is_inverted else values, processing, rng)
    stored = (1 - shown if is_inverted else shown) * most
    film.PixelData = np.rint(stored).astype(film.pixel_array.dtype).tobytes()
    for keyword in ("VOILUTSequence", "WindowCenter", "WindowWidth", "VOILUTFunction", "PixelPaddingValue"):
        if keyword in film:
            del film[keyword]


def _look(grey: NDArray[np.float64], processing: Processing, rng: np.random.Generator) -> NDArray[np.float64]:
    grain = gaussian_filter(rng.standard_normal(grey.shape), 1.0)
    noisy = grey + processing.mottle * np.sqrt(np.clip(grey, 0.05, 1)) * grain / grain.std()
    large = gaussian_filter(np.clip(noisy, 0, 1), max(grey.shape) / 100)
    levelled = large - processing.levelled * (large - large.mean())
    shown: NDArray[np.float64] = np.clip(levelled + processing.edges * (noisy - large), 0, 1)
    return shown**processing.gamma
