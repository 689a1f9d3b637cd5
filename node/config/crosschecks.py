"""What can only be seen of the configuration as a whole: names that lead nowhere, keys that need another."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

from node.config.destinations import DestinationConfig
from node.config.marks import KeyPath
from node.config.routes import RouteConfig, WhenConfig

if TYPE_CHECKING:
    from node.config.schema import Config

Problem = tuple[KeyPath, str]
Network = IPv4Network | IPv6Network


def cross_check(config: "Config") -> Iterator[Problem]:
    """Yield the problems, each with the key that has to be changed."""
    yield from _web_without_certificates(config)
    yield from _titles_of_two_systems(config.destinations)
    known = [destination.name for destination in config.destinations]
    for number, route in enumerate(config.routes):
        place: KeyPath = ("routes", number)
        yield from _unknown_destinations(route, place, known)
        yield from _never_matches(config.routes[:number], route, place)


def _web_without_certificates(config: "Config") -> Iterator[Problem]:
    web, tls = config.web, config.tls
    if web.tls and not tls.listens:
        yield ("web", "tls"), "true needs tls.certificate and tls.key"
    if web.authentication == "certificate" and not (
        web.tls and tls.connects and tls.require_peer_certificate
    ):
        yield (
            ("web", "authentication"),
            "certificate needs web.tls: true, tls.authorities and tls.require_peer_certificate: true",
        )


def _titles_of_two_systems(destinations: Sequence[DestinationConfig]) -> Iterator[Problem]:
    """C-MOVE and commitment reports find a destination by its AE title alone (PS3.4 C.4.2.1.3)."""
    first: dict[str, DestinationConfig] = {}
    for number, one in enumerate(destinations):
        other = first.setdefault(one.ae_title, one)
        if (one.host, one.port) != (other.host, other.port):
            yield (
                ("destinations", number, "ae_title"),
                (
                    f'"{one.ae_title}" is that of "{other.name}" too, at another host or port; give each '
                    "system an AE title of its own, for C-MOVE and commitment reports name nothing else"
                ),
            )


def _unknown_destinations(route: RouteConfig, place: KeyPath, known: list[str]) -> Iterator[Problem]:
    for number, name in enumerate(route.destinations or ()):
        if name not in known:
            names = ", ".join(known) or "none is configured"
            path = (*place, "destinations", number)
            yield path, f'there is no destination "{name}"; the names under destinations: {names}'


def _never_matches(earlier: tuple[RouteConfig, ...], route: RouteConfig, place: KeyPath) -> Iterator[Problem]:
    if any(other.name == route.name for other in earlier):
        yield (*place, "name"), f'the name "{route.name}" is used more than once'
    covering = next((other for other in earlier if covers(other.when, route.when)), None)
    if covering is not None:
        yield (
            place,
            (
                f'the route "{route.name}" can never match, because "{covering.name}" before it takes the '
                "same films; put it first, or take it out"
            ),
        )


def covers(earlier: WhenConfig, later: WhenConfig) -> bool:
    """Tell whether every film that meets ``later`` surely meets ``earlier`` too."""
    titles = all(
        _covers_titles(getattr(earlier, key), getattr(later, key))
        for key in ("calling_ae_title", "called_ae_title")
    )
    networks = not earlier.addresses or (
        bool(later.addresses)
        and all(any(_is_inside(one, other) for other in earlier.addresses) for one in later.addresses)
    )
    answers = all(
        not wanted or (getattr(later.gate, rule) and set(getattr(later.gate, rule)) <= set(wanted))
        for rule, wanted in earlier.gate
    )
    return titles and networks and answers and set(earlier.tags) <= set(later.tags)


def _covers_titles(earlier: tuple[str, ...], later: tuple[str, ...]) -> bool:
    return not earlier or (
        bool(later) and all(any(_covers_title(one, other) for one in earlier) for other in later)
    )


def _covers_title(earlier: str, later: str) -> bool:
    """Compare two patterns; one that is not plainly wider counts as not covering."""
    if earlier in ("*", later):
        return True
    return earlier.endswith("*") and not set("*?") & set(earlier[:-1]) and later.startswith(earlier[:-1])


def _is_inside(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)
