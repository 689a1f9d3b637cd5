"""The DICOM services over TCP: C-ECHO, C-STORE and C-FIND as SCP, the reports of storage commitment.

Start reading at ``application_entity.py``.
"""
