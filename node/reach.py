"""Whether somebody listens at an address, asked without any DICOM."""

import socket

_CONNECT_S = 0.3


def listens(host: str, port: int) -> bool:
    """Tell whether a TCP port takes connections; port 0 is none."""
    if port == 0:
        return False
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_S):
            return True
    except OSError:
        return False
