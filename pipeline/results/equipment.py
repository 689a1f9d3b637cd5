"""How this software names itself in what it writes and in associations."""

IMPLEMENTATION_CLASS_UID = "2.25.226570385401890397174838612991965760580"
IMPLEMENTATION_VERSION_NAME = "NEOLUNG_1"
MANUFACTURER = "neolung project"
MODEL_NAME = "neolung"
