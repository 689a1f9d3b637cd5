"""Engines run a network on one kind of device; all answer to `Engine`."""

from pipeline.engines.choice import Placement, cuda_is_present, make_engine
from pipeline.engines.protocol import Engine

__all__ = ["Engine", "Placement", "cuda_is_present", "make_engine"]
