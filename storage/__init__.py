"""What must survive a crash: the ledger (index, queue, deliveries) and the durable object files.

Knows no DICOM library and nobody else of ours. Start reading at ``ledger.py``.
"""
