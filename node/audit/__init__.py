"""The audit trail: DICOM audit messages (PS3.15 A.5), kept in files and forwarded to an audit repository.

Patients are named in it on purpose: it is the record of who saw what of whom. It is for its owner alone, and
nothing of it goes into the ordinary log.
"""
