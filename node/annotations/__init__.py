"""What people say of films: corrections that come back by DICOM, and tables of labels.

::

    receiving.py  annotations in SEG and SR that are stored here
    labels.py     a CSV of labels
    words.py      an annotation in words
"""
