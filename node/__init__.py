"""The node: DICOM services, worker, delivery, command line and configuration.

Start reading at ``composition/``, the one place where the parts meet.
"""
