"""What every engine can do."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """A network that is ready to run."""

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``, whichever answers now."""
        ...

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn inputs (N, 1, S, S) into logits: (N, 1, S, S) of a segmenter, (N, 1) of a classifier."""
        ...
