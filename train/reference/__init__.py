"""The bundle that ships: ``plan.py`` decides everything, ``stages.py`` trains, ``figures.py`` measures."""

from train.reference.plan import ReferencePlan
from train.reference.stages import make_reference

__all__ = ["ReferencePlan", "make_reference"]
