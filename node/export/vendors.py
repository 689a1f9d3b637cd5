"""Vendors of radiographic equipment by the name that an export gives them."""

import re

from node.export.sitekey import SiteKey

VENDORS = (
    "Agfa", "Canon", "Carestream", "DRGEM", "DRTECH", "Fujifilm", "GE", "Hologic", "iRay", "JPI", "Kodak",
    "Konica Minolta", "Listem", "Mindray", "neolung", "Philips", "Rayence", "Samsung", "Shimadzu", "Siemens",
    "Swissray", "Toshiba", "United Imaging", "Varex", "Varian", "Vieworks",
)  # fmt: skip
_FURTHER_NAMES = {"fuji": "Fujifilm", "konica": "Konica Minolta", "general electric": "GE"}
_BY_NAME = {**{name.lower(): name for name in VENDORS}, **_FURTHER_NAMES}
_NAMED = re.compile(rf"\b({'|'.join(sorted(_BY_NAME, key=len, reverse=True))})\b", re.IGNORECASE | re.ASCII)


def vendor_of(manufacturer: str, key: SiteKey) -> str:
    """Name a known vendor; any other is replaced, for the text may say who owns the device."""
    found = _NAMED.search(manufacturer)
    return _BY_NAME[found[1].lower()] if found else key.name("maker", manufacturer)
