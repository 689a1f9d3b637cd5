"""The Structured Report of one film: tree, groups, document."""

from pipeline.results.sr.document import SrClass, make_report

__all__ = ["SrClass", "make_report"]
