"""Which films may be judged: newborn, frontal, chest, an ordinary image, plausible lungs.

``header.py`` lists the rules in their order of priority; ``image.py`` judges what the segmenter found.
"""

from pipeline.gate.header import judge_header
from pipeline.gate.image import judge_image
from pipeline.gate.settings import GateSettings

__all__ = ["GateSettings", "judge_header", "judge_image"]
