"""The DICOM Conformance Statement (PS3.2 Annex N): prose in ``statement.md``, its tables from the code.

>>> text = make_statement()
"""

from node.conformance.document import make_statement

__all__ = ["make_statement"]
