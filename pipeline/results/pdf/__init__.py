"""The encapsulated PDF of one film: its object, its page, and letters of every script."""

from pipeline.results.pdf.document import make_document

__all__ = ["make_document"]
