"""A Data Set without anything that tells whose it is: what the profile does not name is not there."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.sr.coding import Code
from pydicom.tag import BaseTag

from node.export import treatments
from node.export.profile import Rule, Treatment, find_code, profile
from node.export.sitekey import SiteKey
from node.export.vendors import vendor_of
from pipeline.attributes import UNREADABLE, items

Tally = Counter[tuple[str, str]]
"""How often what was done to which attribute: (keyword, ``removed``), (keyword, ``changed``)."""

_PIXEL_DATA = 0x7FE00010


@dataclass(frozen=True, slots=True)
class Disguise:
    """What stands in for one patient in everything that is exported of it.

    Attributes
    ----------
    patient_id
        In place of name and ID.
    shift
        Added to every date.
    """

    key: SiteKey = field(repr=False)
    patient_id: str
    shift: timedelta

    @classmethod
    def of(cls, key: SiteKey, patient_key: str) -> "Disguise":
        """Make the disguise of a patient, by what the ledger tells patients apart with."""
        return cls(key, key.patient_id(patient_key), key.shift(patient_key))


class Cleaner:
    """Treats the Data Sets of one film, its segmentations too, by the profile.

    Parameters
    ----------
    age
        Of the patient on the day of the film, as AS.
    tally
        Counts what is removed and changed.
    names
        Whether a value is by itself an identifier of the film.
    """

    def __init__(
        self, disguise: Disguise, age: str, tally: Tally, names: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._disguise = disguise
        self._names = names
        self.age = age
        self._tally = tally
        self._makers: dict[Treatment, Callable[[Dataset, DataElement, Rule], object]] = {
            Treatment.NUMBER: self._number,
            Treatment.IMAGE: self._image,
            Treatment.ORDINAL: self._ordinal,
            Treatment.BYTES: lambda _item, element, _rule: element.value,
            Treatment.TERMS: lambda _item, element, rule: treatments.keep_terms(_strings(element), rule),
            Treatment.STANDARD: lambda _item, element, _rule: treatments.keep_standard(_strings(element)),
            Treatment.CODE: self._code,
            Treatment.ITEMS: self._items,
            Treatment.UID: self._uid,
            Treatment.PATIENT: lambda _item, _element, _rule: disguise.patient_id,
            Treatment.MAKER: self._maker,
            Treatment.MODEL: self._model,
            Treatment.LABEL: lambda item, _element, _rule: treatments.segment_label(item),
            Treatment.DATE: self._date,
            Treatment.TIME: lambda _item, element, _rule: treatments.keep_hour(_strings(element)[0]),
            Treatment.AGE: lambda _item, _element, _rule: age,
            Treatment.CONSTANT: lambda _item, _element, rule: rule.otherwise,
            Treatment.EMPTY: lambda _item, _element, _rule: None,
        }

    def clean(self, dataset: Dataset) -> Dataset:
        """Make the Data Set that may leave the house, without Pixel Data.

        Parameters
        ----------
        dataset
            As it was read; nothing that a sender may have written raises. Left unchanged.
        """
        cleaned = Dataset()
        for tag in sorted(dataset.keys()):
            rule = profile().get(tag)
            if tag == _PIXEL_DATA:
                continue
            if rule is None:
                self._tally[_name(tag), "removed"] += 1
            else:
                cleaned.add(self._treat(dataset, tag, rule))
        return cleaned

    def _treat(self, item: Dataset, tag: BaseTag, rule: Rule) -> DataElement:
        element = _read(item, tag)
        try:
            value = self._makers[rule.treatment](item, element, rule)
            made = DataElement(tag, element.VR if " or " in dictionary_VR(tag) else dictionary_VR(tag), value)
        except UNREADABLE:
            made = _nothing(tag)
        if rule.treatment is not Treatment.ITEMS and not _alike(made, element):
            self._tally[_name(tag), "changed"] += 1
        return made

    def _number(self, item: Dataset, element: DataElement, rule: Rule) -> object:
        is_text = dictionary_VR(element.tag) in ("DS", "IS")
        if is_text and any(map(self._names, _strings(element))):
            return []
        return self._image(item, element, rule)

    def _ordinal(self, _item: Dataset, element: DataElement, _rule: Rule) -> str:
        number = _strings(element)[0]
        return self._disguise.key.ordinal(element.keyword, number) if number else ""

    def _image(self, _item: Dataset, element: DataElement, _rule: Rule) -> object:
        parts = element.value if element.VM > 1 else [element.value]
        return [] if element.is_empty else treatments.keep_numbers(parts, dictionary_VR(element.tag))

    def _items(self, item: Dataset, element: DataElement, _rule: Rule) -> list[Dataset]:
        return [self.clean(inner) for inner in items(item, element.keyword)]

    def _code(self, item: Dataset, element: DataElement, rule: Rule) -> list[Dataset]:
        return list(self._coded(item, element.keyword, rule.otherwise))

    def _coded(self, item: Dataset, keyword: str, otherwise: str) -> Iterator[Dataset]:
        for inner in items(item, keyword):
            code = treatments.keep_code(inner) or _fallback(otherwise)
            if code is not None:
                coded = self._modifiers(inner)
                coded.CodeValue, coded.CodingSchemeDesignator = code.value, code.scheme_designator
                coded.CodeMeaning = code.meaning
                yield coded

    def _modifiers(self, item: Dataset) -> Dataset:
        """Keep what refines a code; everything else of its item is written anew."""
        kept = Dataset()
        for tag in sorted(item.keys()):
            rule = profile().get(tag)
            if rule is not None and rule.treatment is Treatment.CODE:
                kept.add(self._treat(item, tag, rule))
        return kept

    def _uid(self, _item: Dataset, element: DataElement, _rule: Rule) -> list[str]:
        return [self._disguise.key.uid(uid) for uid in _strings(element) if uid]

    def _date(self, _item: Dataset, element: DataElement, _rule: Rule) -> str:
        return treatments.shift_date(_strings(element)[0], self._disguise.shift)

    def _maker(self, _item: Dataset, element: DataElement, _rule: Rule) -> str:
        name = _strings(element)[0]
        return vendor_of(name, self._disguise.key) if name else ""

    def _model(self, _item: Dataset, element: DataElement, _rule: Rule) -> str:
        name = _strings(element)[0]
        return self._disguise.key.name("model", name) if name else ""


def _read(item: Dataset, tag: BaseTag) -> DataElement:
    """Give an element; an empty one where its value breaks its VR."""
    try:
        return item[tag]
    except UNREADABLE:
        return _nothing(tag)


def _nothing(tag: BaseTag) -> DataElement:
    vr = dictionary_VR(tag).split(" or ")[0]
    return DataElement(tag, vr, [] if vr == "SQ" else None)


def _alike(made: DataElement, element: DataElement) -> bool:
    return (made.is_empty and element.is_empty) or made.value == element.value


def _strings(element: DataElement) -> list[str]:
    return treatments.strings(element.value)


def _fallback(value: str) -> Code | None:
    return next((code for scheme in ("SCT", "DCM") if (code := find_code(value, scheme))), None)


def _name(tag: BaseTag) -> str:
    if tag.is_private:
        return "(private)"
    return keyword_for_tag(tag) or ("(retired)" if dictionary_has_tag(tag) else "(unknown)")
