"""Drift: films of each week against a frozen reference window.

::

    windows.py     films with their features, by the week they were taken in
    reference.py   the frozen window
    statistics.py  is a week unlike the reference? with false alarms under control
    watch.py       raises an event for a week that is
    page.py        the course over weeks as a page
"""
