"""Single conditions of a route: who sends the film, what one attribute holds, what the gate says.

A condition says what the configuration asks and whether it is met; the film's own values stay out of it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address

from pydicom import Dataset

from node.config.routes import GateAnswers, TagCondition, WhenConfig
from node.config.tags import TagPath, is_within, parse_tag, value_representation
from node.routing.values import ConditionVerdict, Sender
from node.text import declared_charsets, read_text
from pipeline.attributes import items, texts

_ONE_VALUE = frozenset({"LT", "ST", "UT", "UR"})
"""Value Representations in which a backslash is an ordinary character (PS3.5 6.2)."""
_BINARY = frozenset({"US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT"})
_MAPPED = "::ffff:"


def judge_sender(when: WhenConfig, sender: Sender) -> Iterator[ConditionVerdict]:
    """Hold the AE titles and addresses of a route against a sender; case counts in AE titles."""
    for name, patterns, title in (
        ("calling AE title", when.calling_ae_title, sender.calling_ae_title),
        ("called AE title", when.called_ae_title, sender.called_ae_title),
    ):
        if patterns:
            is_met = any(_pattern(pattern).fullmatch(title.strip()) for pattern in patterns)
            yield ConditionVerdict(f"{name} is {_either(patterns)}", is_met, title or "not known")
    if when.addresses:
        is_met = _is_in(sender.address, when)
        networks = _either([str(network) for network in when.addresses])
        yield ConditionVerdict(f"address is in {networks}", is_met, sender.address or "not known")


def judge_tags(when: WhenConfig, header: Dataset) -> Iterator[ConditionVerdict]:
    """Hold the conditions on attributes against a header."""
    for wanted in when.tags:
        values = values_at(header, parse_tag(wanted.tag))
        is_met = _is_met(wanted, values)
        seen = "as asked" if is_met else "another value" if values else "absent"
        yield ConditionVerdict(_in_words(wanted), is_met, seen)


def judge_gate(answers: GateAnswers, verdicts: Mapping[str, str]) -> Iterator[ConditionVerdict]:
    """Hold the wanted answers of the gate against its verdicts on the header.

    Parameters
    ----------
    verdicts
        ``yes``, ``no`` or ``unknown`` by the rule's name with underscores, and ``eligible``.
    """
    for rule, wanted in answers:
        if wanted:
            seen = verdicts.get(rule, "unknown")
            yield ConditionVerdict(f"gate says of {rule}: {_either(wanted)}", seen in wanted, seen)


def values_at(dataset: Dataset, path: TagPath) -> list[str]:
    """Give all values of an attribute, of every item on the way; none where it is absent or empty."""
    if len(path) > 1:
        return [value for item in items(dataset, path[0]) for value in values_at(item, path[1:])]
    (tag,) = path
    vr = value_representation(tag)
    if vr == "SQ":
        return [""] * sum(1 for _ in items(dataset, tag))
    if vr in _BINARY:
        return list(texts(dataset, tag))
    text = read_text(dataset, tag, declared_charsets(dataset)) or ""
    parts = [text] if vr in _ONE_VALUE else text.split("\\")
    return [part.strip(" \0") for part in parts if part.strip(" \0")]


def _is_met(wanted: TagCondition, values: Sequence[str]) -> bool:
    if wanted.present is not None and wanted.present != bool(values):
        return False
    tag = parse_tag(wanted.tag)[-1]
    has_bounds = wanted.at_least is not None or wanted.at_most is not None
    if has_bounds and not any(is_within(tag, value, wanted.at_least, wanted.at_most) for value in values):
        return False
    patterns = [_pattern(pattern.casefold()) for pattern in wanted.values]
    return not patterns or any(
        pattern.fullmatch(value.casefold()) for pattern in patterns for value in values
    )


def _in_words(wanted: TagCondition) -> str:
    asked = {True: ["is present"], False: ["is absent"], None: []}[wanted.present]
    asked += [f"is {_either(wanted.values)}"] if wanted.values else []
    asked += [f"is at least {wanted.at_least}"] if wanted.at_least is not None else []
    asked += [f"is at most {wanted.at_most}"] if wanted.at_most is not None else []
    return f"{wanted.tag} {' and '.join(asked)}"


def _either(entries: Sequence[str]) -> str:
    return " or ".join(entries)


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    """Compile ``*`` and ``?``; every other character stands for itself."""
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(character, re.escape(character)) for character in text), re.DOTALL)


def _is_in(address: str, when: WhenConfig) -> bool:
    try:
        caller = ip_address(address.removeprefix(_MAPPED).partition("%")[0])
    except ValueError:
        return False
    return any(caller in network for network in when.addresses)
