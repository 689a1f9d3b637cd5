"""The Structured Report of one film: library, groups, document."""

from pipeline.results.sr.document import make_report

__all__ = ["make_report"]
