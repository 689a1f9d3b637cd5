"""DICOMweb (PS3.18): search, retrieve and store over HTTP; start reading at ``resources.py``.

Stands beside ``node.network`` on the same ledger, object store and intake; it knows nothing of associations.
"""
