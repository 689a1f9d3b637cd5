"""Retrieve Capabilities (PS3.18 8.9, Annex H): what the service offers, as WADL or JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from xml.etree.ElementTree import Element, SubElement, tostring

from starlette.responses import Response

from node.web.answers import compressed
from node.web.inquiry import Inquiry
from node.web.media import DICOM, DICOM_JSON, DICOM_XML, MULTIPART, Offer
from node.web.resources import STORES, TRANSACTIONS, Transaction

WADL = "application/vnd.sun.wadl+xml"
JSON = "application/json"
_NAMESPACE = "http://wadl.dev.java.net/2009/02"


def answer_capabilities(inquiry: Inquiry, offered: Sequence[str]) -> Response:
    """Describe the service.

    Parameters
    ----------
    offered
        ``read``, ``store`` or both.
    """
    offer = inquiry.choose(Offer(WADL), Offer(JSON), Offer("application/xml")).offer
    transactions = TRANSACTIONS if "read" in offered else ()
    stores = STORES if "store" in offered else ()
    if offer.name == JSON:
        return compressed(inquiry, _as_json(inquiry.links.base, transactions, stores), JSON)
    return compressed(inquiry, _as_wadl(inquiry.links.base, transactions, stores), offer.name)


def _as_json(base: str, transactions: Sequence[Transaction], stores: Sequence[str]) -> bytes:
    listed = [asdict(entry) | {"method": "GET", "path": _template(entry.path)} for entry in transactions]
    listed += [
        {"path": path, "title": "Store Instances", "method": "POST", "media_types": [DICOM_JSON, DICOM_XML]}
        for path in stores
    ]
    return json.dumps({"base": base, "transactions": listed}).encode()


def _as_wadl(base: str, transactions: Sequence[Transaction], stores: Sequence[str]) -> bytes:
    root = Element("application", {"xmlns": _NAMESPACE})
    resources = SubElement(root, "resources", {"base": f"{base}/"})
    places: dict[str, Element] = {}
    for path in (*(entry.path for entry in transactions), *stores):
        if path not in places:
            places[path] = SubElement(resources, "resource", {"path": _template(path).lstrip("/")})
    for entry in transactions:
        _add_read(places[entry.path], entry)
    for path in stores:
        _add_store(places[path])
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _add_read(place: Element, entry: Transaction) -> None:
    method = SubElement(place, "method", {"name": "GET", "id": entry.title.replace(" ", "").replace("'", "")})
    request = SubElement(method, "request")
    SubElement(request, "param", {"name": "Accept", "style": "header"})
    for name in entry.query:
        SubElement(request, "param", {"name": name, "style": "query"})
    response = SubElement(method, "response", {"status": "200"})
    for media_type in entry.media_types:
        SubElement(response, "representation", {"mediaType": media_type})


def _add_store(place: Element) -> None:
    method = SubElement(place, "method", {"name": "POST", "id": "StoreInstances"})
    request = SubElement(method, "request")
    SubElement(request, "representation", {"mediaType": f'{MULTIPART}; type="{DICOM}"'})
    response = SubElement(method, "response", {"status": "200 202 409"})
    for media_type in (DICOM_JSON, DICOM_XML):
        SubElement(response, "representation", {"mediaType": media_type})


def _template(path: str) -> str:
    """Write a path as RFC 6570 does."""
    return path.replace(":path}", "}")
