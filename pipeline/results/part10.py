"""Data Sets as the bytes of a Part 10 file."""

from io import BytesIO

from pydicom import Dataset, dcmwrite


def to_part10(dataset: Dataset) -> bytes:
    """Encode a result object with preamble and File Meta Information (PS3.10 7.1).

    The same Data Set always gives the same bytes.
    """
    stream = BytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()
