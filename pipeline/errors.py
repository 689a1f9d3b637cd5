"""Errors of the pipeline.

PipelineError
    UnsupportedInstance      not a radiograph that the pipeline can judge
    UndecodablePixels        Pixel Data missing, damaged, or without a decoder
    NotTranscodable          no way into a transfer syntax that is accepted
    BundleError              a model bundle that must not be used
    EngineFailure            a network could not be run on this input
"""


class PipelineError(Exception):
    """The pipeline cannot do its work."""


class UnsupportedInstance(PipelineError):
    """The SOP Instance is no single-frame monochrome radiograph."""


class UndecodablePixels(PipelineError):
    """Pixel Data is missing, damaged, or in a Transfer Syntax without a decoder."""


class NotTranscodable(PipelineError):
    """The object cannot be brought into a transfer syntax that the other system takes."""


class BundleError(PipelineError):
    """The model bundle is damaged, incomplete or of another kind; nothing was loaded from it."""


class EngineFailure(PipelineError):
    """The inference engine could not run a network on this input."""
