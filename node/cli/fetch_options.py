"""What the options of ``neolung fetch`` may be, and what they mean."""

import re
from datetime import date, datetime
from typing import Annotated

import typer

_DURATION = re.compile(r"([1-9][0-9]{0,4})([dwmy])", re.IGNORECASE)
_UNITS = {"d": 1.0, "w": 7.0, "m": 30.44, "y": 365.25}
_OPTIONS = {
    "StudyDate": "--from-date and --to-date",
    "StudyTime": "--from-date and --to-date",
    "Modality": "--modality",
    "ModalitiesInStudy": "--modality",
    "BodyPartExamined": "--body-part",
}
"""Keys that have an option of their own."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def read_day(text: str) -> date:
    """Read a day in ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it as 2026-01-31") from None


def read_days(text: str) -> int:
    """Read a time in days, weeks, months or years, as a number of days."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is no time; write it as 28d, 4w, 6m or 1y")
    return round(int(match[1]) * _UNITS[match[2].lower()])


def read_name(text: str) -> str:
    """Refuse what is no name of a campaign."""
    if not _NAME.fullmatch(text):
        raise typer.BadParameter("a name is 1 to 64 letters, digits, dots, hyphens or underscores")
    return text


def today() -> date:
    """Give the day at this place, by which PACS date their studies."""
    return datetime.now().astimezone().date()


def read_keys(keys: list[str]) -> dict[str, str]:
    """Read KEY=VALUE arguments; the keys must be DICOM keywords."""
    from node.cli.transfer import parse_key
    from node.errors import IdentifierNotMade
    from node.fetch.criteria import is_keyword
    from node.network.find_scu import make_identifier

    found = dict(parse_key(key) for key in keys)
    for keyword in found:
        if keyword in _OPTIONS:
            raise typer.BadParameter(f"for {keyword} there is {_OPTIONS[keyword]}")
        if not is_keyword(keyword):
            raise typer.BadParameter(
                f"{keyword!r} is no DICOM keyword to search by; write it as in StudyDescription"
            )
    try:
        make_identifier("STUDY", found)
    except IdentifierNotMade as error:
        raise typer.BadParameter(str(error)) from error
    return found


CampaignName = Annotated[
    str,
    typer.Argument(metavar="NAME", parser=read_name, help="Name of the campaign.", show_default=False),
]
