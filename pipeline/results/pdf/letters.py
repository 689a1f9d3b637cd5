"""Letters of every script on a page, without any font file.

Latin text is set in Helvetica, which every reader has. Korean, Japanese and Chinese, and the Greek and
Cyrillic letters of their standards, are set in the fonts that PDF names for them (Adobe's character
collections); the reader brings the glyphs. What none of them has is written in its nearest Latin letters.
"""

import unicodedata
from collections.abc import Iterator
from itertools import groupby
from xml.sax.saxutils import escape

from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont

_LATIN = "cp1252"
_FONTS = {
    "cp949": "HYGothic-Medium",
    "shift_jis": "HeiseiKakuGo-W5",
    "gb2312": "STSong-Light",
    "big5": "MSung-Light",
}
"""By the character set that each font covers, in the order in which they are tried."""


def register_fonts() -> None:
    """Make the fonts known to reportlab; once more does no harm."""
    for font in _FONTS.values():
        registerFont(UnicodeCIDFont(font))


def markup(text: str) -> str:
    """Write text as a paragraph's XML, each part in a font that has its letters."""
    return "".join(_set_in_font(part) for part in _parts(text))


def _parts(text: str) -> Iterator[str]:
    for _, letters in groupby(text, key=lambda letter: _has(_LATIN, letter)):
        yield "".join(letters)


def _set_in_font(part: str) -> str:
    if _has(_LATIN, part):
        return escape(part)
    for charset, font in _FONTS.items():
        if _has(charset, part):
            return f'<font name="{font}">{escape(part)}</font>'
    plain = unicodedata.normalize("NFKD", part).encode("ascii", "ignore").decode()
    return escape(plain or "?")


def _has(charset: str, text: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def readable_name(name: str) -> str:
    """Write a Person Name for people (PS3.5 6.2.1): alphabetic, then ideographic and phonetic.

    >>> readable_name("Hong^Gildong=洪^吉洞=홍^길동")
    'Hong, Gildong  洪吉洞  홍길동'
    """
    groups = (_readable_group(group) for group in name.split("="))
    return "  ".join(group for group in groups if group)


def _readable_group(group: str) -> str:
    parts = [part.strip() for part in group.split("^")]
    if not _has(_LATIN, group):
        return "".join(parts)
    family, given = parts[0], " ".join(part for part in parts[1:] if part)
    return ", ".join(part for part in (family, given) if part)
