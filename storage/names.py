"""Person names made comparable: the key under which a name is stored and searched.

PS3.4 C.2.2.2.1 leaves the matching of PN to the implementation. Here each component group
(alphabetic, ideographic, phonetic; PS3.5 6.2.1) is compared on its own, without regard to case, width,
accents of the alphabetic scripts, repeated blanks, and trailing ``^`` and ``=``.
"""

import unicodedata

GROUPS = ("alphabetic", "ideographic", "phonetic")
"""The component groups of a person name, in the order of PS3.5 6.2.1."""

_FIRST_ACCENT, _LAST_ACCENT = "\u0300", "\u036f"


def fold(text: str) -> str:
    """Drop what does not tell names apart: case, width, compatibility forms and accents.

    Only the general combining marks (U+0300 to U+036F) count as accents: the voicing marks of kana and the
    vowel signs of other scripts tell names apart and stay.
    """
    opened = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(character for character in opened if not _FIRST_ACCENT <= character <= _LAST_ACCENT)
    return unicodedata.normalize("NFKC", bare)


def name_keys(name: str) -> tuple[str, str, str]:
    """Give the comparable form of each component group; an absent group is an empty string."""
    groups = [_group_key(group) for group in name.split("=")[: len(GROUPS)]]
    groups += [""] * (len(GROUPS) - len(groups))
    return groups[0], groups[1], groups[2]


def _group_key(group: str) -> str:
    components = (" ".join(fold(component).split()) for component in group.split("^"))
    return "^".join(components).rstrip("^")
