"""Which way a film goes: the routes of the configuration, held against a film; the first match wins.

``conditions.py`` holds one condition, ``router.py`` decides, ``values.py`` is what a decision says.
"""
