"""Puts the statement together."""

import re
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from node.conformance import (
    configuration,
    content,
    keys,
    network,
    objects,
    security,
    services,
    statuses,
    web,
)
from pipeline.codes import OWN_SCHEME, OWN_SCHEME_UID

_TEMPLATE = Path(__file__).with_name("statement.md")
_PLACE = re.compile(r"^\{(\w+)\}$", re.MULTILINE)
_WORD = re.compile(r"\{\{(\w+)\}\}")
_HEADING = re.compile(r"^(##+) (.+)$", re.MULTILINE)
_CONTENTS = "contents"
_NOT_IN_A_LINK = re.compile(r"[^\w\- ]")

TABLES: Mapping[str, Callable[[], str]] = {
    "overview": services.overview,
    "transfer_syntaxes": network.transfer_syntaxes,
    "association_parameters": network.association_parameters,
    "proposed_contexts": network.proposed_contexts,
    "accepted_contexts": network.accepted_contexts,
    "rejections": network.rejections,
    "extended_negotiation": network.extended_negotiation,
    "store_statuses": statuses.store,
    "find_statuses": statuses.find,
    "retrieve_statuses": statuses.retrieve,
    "event_statuses": statuses.event,
    "action_statuses": statuses.action,
    "failure_reasons": statuses.failure_reasons,
    "statuses_received": statuses.received,
    "query_keys": keys.query_keys,
    "sequence_keys": keys.sequence_keys,
    "matching": keys.matching,
    "character_sets": keys.character_sets,
    "web_overview": web.overview,
    "web_transactions": web.transactions,
    "tls": security.tls,
    "audit": security.audit,
    "deidentification": security.deidentification,
    "deidentified_attributes": security.attributes,
    "ports": configuration.ports,
    "configuration": configuration.keys,
    "created_objects": objects.created,
    "created_attributes": objects.attributes,
    "content_judged": content.judged,
    "content_not_judged": content.not_judged,
    "content_summary": content.summary,
    "codes": content.codes_used,
}
"""What stands in the places of the template, by name."""


WORDS: Mapping[str, Callable[[], str]] = {
    "version": lambda: version("neolung"),
    "classes": services.analysed,
    "scheme": lambda: OWN_SCHEME,
    "scheme_uid": lambda: OWN_SCHEME_UID,
}
"""What stands in the places within lines."""


def make_statement() -> str:
    """Write the whole statement in Markdown.

    Raises
    ------
    KeyError
        If the text asks for a table that there is not.
    """
    text = _WORD.sub(lambda place: WORDS[place[1]](), _TEMPLATE.read_text(encoding="utf-8"))
    listed = _contents(text)
    return _PLACE.sub(lambda place: listed if place[1] == _CONTENTS else TABLES[place[1]](), text)


def _contents(text: str) -> str:
    """List the headings of the first two levels, each with a link."""
    headings = [(len(marks) - 2, title) for marks, title in _HEADING.findall(text)]
    return "\n".join(_entry(depth, title) for depth, title in headings if depth < 2)


def _entry(depth: int, title: str) -> str:
    return f"{'  ' * depth}- [{title}](#{_anchor(title)})"


def _anchor(title: str) -> str:
    return _NOT_IN_A_LINK.sub("", title.lower()).replace(" ", "-")
