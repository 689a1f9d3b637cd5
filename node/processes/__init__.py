"""Life and death of the node's processes: signals, locks, the supervisor. Knows nothing of DICOM."""
