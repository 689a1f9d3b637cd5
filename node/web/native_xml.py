"""The Native DICOM Model in XML (PS3.19 A.1), made from the DICOM JSON Model so that both say the same."""

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element as Node
from xml.etree.ElementTree import SubElement, tostring

from pydicom.datadict import keyword_for_tag

from node.web.dicom_json import GROUPS, Element, Model

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""


def to_xml(model: Model) -> bytes:
    """Write one model as an XML document in UTF-8."""
    root = Node("NativeDicomModel", {"xmlns": NAMESPACE, "xml:space": "preserve"})
    _add_attributes(root, model)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _add_attributes(parent: Node, model: Model) -> None:
    for tag, element in model.items():
        names = {"tag": tag, "vr": element["vr"]}
        creator = _private_creator(tag, model)
        keyword = keyword_for_tag(int(tag, 16))
        if creator:
            names["privateCreator"] = creator
        elif keyword:
            names["keyword"] = keyword
        _add_value(SubElement(parent, "DicomAttribute", names), element)


def _private_creator(tag: str, model: Mapping[str, Element]) -> str:
    group, block = int(tag[:4], 16), tag[4:6]
    if group % 2 == 0 or block == "00":
        return ""
    values = model.get(f"{tag[:4]}00{block}", {}).get("Value", [""])
    return _legal(values[0] or "")


def _add_value(attribute: Node, element: Element) -> None:
    if "BulkDataURI" in element:
        SubElement(attribute, "BulkData", {"uri": element["BulkDataURI"]})
    elif "InlineBinary" in element:
        SubElement(attribute, "InlineBinary").text = element["InlineBinary"]
    for number, value in enumerate(element.get("Value", ()), start=1):
        place = {"number": str(number)}
        if element["vr"] == "SQ":
            _add_attributes(SubElement(attribute, "Item", place), value)
        elif element["vr"] == "PN":
            _add_name(SubElement(attribute, "PersonName", place), value or {})
        else:
            SubElement(attribute, "Value", place).text = "" if value is None else _legal(str(value))


def _add_name(parent: Node, name: Mapping[str, str]) -> None:
    for group in GROUPS:
        if group not in name:
            continue
        place = SubElement(parent, group)
        for component, text in zip(_COMPONENTS, name[group].split("^"), strict=False):
            if text:
                SubElement(place, component).text = _legal(text)


def _legal(text: str) -> str:
    return _ILLEGAL.sub("", text)
