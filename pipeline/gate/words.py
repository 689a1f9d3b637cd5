r"""Where a word begins and ends in the descriptions that people and consoles write.

A plain ``\b`` finds no word in ``CHEST_LAT`` and none in ``흉부Lat``: to it, underscores, digits and Hangul
are letters like any other.
"""

START = "(?<![a-z])"
END = "(?![a-z])"
"""Edges of a word of Latin letters, in a pattern that ignores case."""
