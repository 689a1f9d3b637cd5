"""What the stored values of a radiograph mean: geometry, grey scale, spacing, orientation, hidden regions.

Pure functions of headers and arrays. Knows no codec and no file.
"""
