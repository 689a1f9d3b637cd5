"""Moments as result objects date themselves: in the film's own offset from UTC."""

from datetime import datetime, timedelta, timezone

from pydicom import Dataset


def in_offset(moment: datetime, offset: str) -> datetime:
    """Give a moment in an offset from UTC that is written as DICOM does, ``+0900``."""
    sign = -1 if offset.startswith("-") else 1
    hours, minutes = int(offset[1:3]), int(offset[3:5])
    return moment.astimezone(timezone(sign * timedelta(hours=hours, minutes=minutes)))


def content_moment(document: Dataset, offset: str) -> datetime:
    """Read when the content of one of our own documents was made.

    Parameters
    ----------
    offset
        From UTC, for a document that names none.
    """
    zone = document.get("TimezoneOffsetFromUTC") or offset
    return datetime.strptime(f"{document.ContentDate}{document.ContentTime}{zone}", "%Y%m%d%H%M%S.%f%z")
