"""Radiograph in, result objects out: decode, gate, segment, classify, SEG and Structured Report.

Knows no network, no database, no queue. Start reading at ``cascade.py``; the values that travel between the
stages are in ``values.py``.
"""

PIPELINE_VERSION = "0.1.0"
"""Part of every result's UID: raise it when the same film and models would give other results."""
