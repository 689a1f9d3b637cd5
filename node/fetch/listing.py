"""What a campaign wants of a study: the instances of the series that fit, and those not held yet."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from node.fetch.criteria import Criteria
from node.network.contexts import STORAGE_CLASSES
from node.network.find_scu import Questions, make_identifier
from storage.campaign_studies import known_uids
from storage.ledger import Ledger

_TAKEN = frozenset(map(str, STORAGE_CLASSES))


@dataclass(frozen=True, slots=True)
class RemoteInstance:
    """One instance at the PACS.

    Attributes
    ----------
    sop_class_uid
        Empty where the PACS does not say.
    """

    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str


@dataclass(frozen=True, slots=True)
class StudyListing:
    """What a campaign wants of one study.

    Attributes
    ----------
    wanted
        Instances at the PACS that fit.
    missing
        Those of them that the node does not hold, by Series Instance UID.
    """

    study_instance_uid: str
    wanted: tuple[RemoteInstance, ...]
    missing: Mapping[str, Sequence[RemoteInstance]]

    @property
    def missing_uids(self) -> list[str]:
        """The SOP Instance UIDs that are missing."""
        return [each.sop_instance_uid for series in self.missing.values() for each in series]

    @property
    def held(self) -> int:
        """Count what is here already."""
        return len(self.wanted) - len(self.missing_uids)


def list_study(
    questions: Questions, criteria: Criteria, study_instance_uid: str, ledger: Ledger
) -> StudyListing:
    """Ask what a study has, and compare it with the ledger.

    Raises
    ------
    QueryFailed
        If the PACS does not answer as it should.
    StorageError
        If the ledger does not.
    """
    wanted = tuple(_find_instances(questions, criteria, study_instance_uid))
    with ledger.read() as connection:
        known = known_uids(connection, [each.sop_instance_uid for each in wanted])
    missing: defaultdict[str, list[RemoteInstance]] = defaultdict(list)
    for each in wanted:
        if each.sop_instance_uid not in known:
            missing[each.series_instance_uid].append(each)
    return StudyListing(study_instance_uid, wanted, missing)


def _find_instances(
    questions: Questions, criteria: Criteria, study_instance_uid: str
) -> Sequence[RemoteInstance]:
    asked = {"SeriesInstanceUID": "", "Modality": "", "BodyPartExamined": ""}
    of_study = {"StudyInstanceUID": study_instance_uid}
    series = list(questions.find(make_identifier("SERIES", asked | criteria.series_keys | of_study)))
    found: dict[str, RemoteInstance] = {}
    for each in series:
        if not each.get("SeriesInstanceUID") or not criteria.takes_series(each):
            continue
        uid = str(each.SeriesInstanceUID)
        asked = {"SOPInstanceUID": "", "SOPClassUID": ""} | criteria.image_keys
        for image in questions.find(make_identifier("IMAGE", asked | of_study | {"SeriesInstanceUID": uid})):
            sop_class = str(image.get("SOPClassUID") or "")
            if image.get("SOPInstanceUID") and (not sop_class or sop_class in _TAKEN):
                found[str(image.SOPInstanceUID)] = RemoteInstance(uid, str(image.SOPInstanceUID), sop_class)
    return tuple(found.values())
