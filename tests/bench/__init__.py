"""Measured speed on this machine: ``make bench``. Nothing here is a test; ratios are taken in one run."""
