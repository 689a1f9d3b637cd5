"""Who is at the keyboard, for the lines of the history."""

import os
import pwd


def operator_name() -> str:
    """Name the person at the keyboard as the operating system knows them, ``sudo`` or not."""
    name = _user_name(os.getuid())
    behind = os.environ.get("SUDO_USER")
    return f"{name} for {behind}" if behind and behind != name else name


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # containers run under numbers that no file names
        return f"user {number}"
