"""Property tests have no deadline for one example: decoders load late, and machines are shared."""

from hypothesis import settings

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
