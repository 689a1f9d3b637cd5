"""C-FIND over real associations: levels, kinds of matching, character sets, limits, and what is refused."""

from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import evt
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from node.network.contexts import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from node.network.query import QueryService
from tests.support.films import CR, make_film
from tests.support.network import find_contexts, listening_node, make_identifier, query, query_bytes, store

KOREAN = "Hong^Gildong=洪^吉洞=홍^길동"


def request_item(procedure, step):
    dataset = Dataset()
    dataset.RequestedProcedureID, dataset.ScheduledProcedureStepID = procedure, step
    return dataset


FILMS = {
    "kim": {
        "PatientID": "P1",
        "PatientName": "Kim^Minji",
        "StudyInstanceUID": "1.2.1",
        "SeriesInstanceUID": "1.2.1.1",
        "SOPInstanceUID": "1.2.1.1.1",
        "StudyDate": "20260101",
        "StudyTime": "101530",
        "AccessionNumber": "A-1",
        "SeriesNumber": "1",
        "InstanceNumber": "1",
        "RequestAttributesSequence": [request_item("R-7", "S-7"), request_item("R-8", "S-8")],
    },
    "kim again": {
        "PatientID": "P1",
        "PatientName": "Kim^Minji",
        "StudyInstanceUID": "1.2.1",
        "SeriesInstanceUID": "1.2.1.2",
        "SOPInstanceUID": "1.2.1.2.1",
        "StudyDate": "20260101",
        "StudyTime": "101530",
        "SeriesNumber": "2",
        "InstanceNumber": "1",
    },
    "hong": {
        "SpecificCharacterSet": ["", "ISO 2022 IR 149"],
        "PatientID": "P2",
        "PatientName": KOREAN,
        "StudyInstanceUID": "1.2.2",
        "SeriesInstanceUID": "1.2.2.1",
        "SOPInstanceUID": "1.2.2.1.1",
        "StudyDate": "20260215",
        "StudyTime": "235959.5",
        "StudyDescription": "흉부 촬영",
    },
    "mueller": {
        "SpecificCharacterSet": "ISO_IR 100",
        "PatientID": "P3",
        "PatientName": "Müller^Änne",
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": "1.2.3.1",
        "SOPInstanceUID": "1.2.3.1.1",
        "StudyDate": "20260301",
        "StudyTime": "07",
    },
}


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Give one node with the four films for all tests."""
    with listening_node(tmp_path_factory.mktemp("query")) as running:
        with running.associate([CR]) as association:
            for header in FILMS.values():
                assert store(association, make_film(rows=64, columns=48, **header)).Status == 0x0000
        yield running


def studies(node, **keys):
    """Give the last part of the Study Instance UIDs found by a Study Root query at the study level."""
    with node.associate(find_contexts()) as association:
        *matches, (status, _) = query(association, "STUDY", **{"StudyInstanceUID": "", **keys})
    assert status == 0x0000
    assert all(pending in (0xFF00, 0xFF01) for pending, _ in matches)
    return sorted(answer.StudyInstanceUID[-1] for _, answer in matches)


def first(node, level="STUDY", model=STUDY_ROOT_FIND, **keys):
    """Give status and Identifier of the first response."""
    with node.associate(find_contexts(model)) as association:
        return query(association, level, model, **keys)[0]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({}, ["1", "2", "3"]),
        ({"StudyInstanceUID": "*"}, ["1", "2", "3"]),
        ({"PatientID": "P1"}, ["1"]),
        ({"PatientID": "p1"}, []),
        ({"PatientID": "P?"}, ["1", "2", "3"]),
        ({"PatientID": "P"}, []),
        ({"PatientID": "*1"}, ["1"]),
        ({"PatientName": "KIM^minji"}, ["1"]),
        ({"PatientName": "kim*"}, ["1"]),
        ({"PatientName": "muller^a*"}, ["3"]),
        ({"PatientName": "K_m*"}, []),
        ({"PatientName": "%"}, []),
        ({"StudyInstanceUID": ["1.2.1", "1.2.3", "9.9"]}, ["1", "3"]),
        ({"StudyInstanceUID": "1.2.2"}, ["2"]),
        ({"StudyDate": "20260215"}, ["2"]),
        ({"StudyDate": "20260101-20260215"}, ["1", "2"]),
        ({"StudyDate": "-20260101"}, ["1"]),
        ({"StudyDate": "20260215-"}, ["2", "3"]),
        ({"StudyDate": "2026.02.15"}, ["2"]),
        ({"StudyDate": "20260101-20260301", "StudyTime": "1000-1100"}, ["1"]),
        ({"StudyTime": "1015"}, ["1"]),
        ({"StudyTime": "07"}, ["3"]),
        ({"StudyTime": "-0700"}, ["3"]),
        ({"StudyTime": "235959-"}, ["2"]),
        ({"StudyTime": "10:15:30"}, ["1"]),
        ({"AccessionNumber": "A-1"}, ["1"]),
        ({"AccessionNumber": "A-?"}, ["1"]),
        ({"ModalitiesInStudy": "CR"}, ["1", "2", "3"]),
        ({"ModalitiesInStudy": "SEG"}, []),
        ({"PatientID": "P1", "StudyDate": "20260301"}, []),
    ],
)
def test_studies_are_matched(node, keys, found):
    assert studies(node, **keys) == found


def test_patients_are_counted(node):
    status, answer = first(
        node,
        "PATIENT",
        PATIENT_ROOT_FIND,
        PatientID="P1",
        PatientName="",
        NumberOfPatientRelatedStudies="",
        NumberOfPatientRelatedInstances="",
    )
    assert status == 0xFF00
    assert answer.PatientName == "Kim^Minji"
    assert (answer.NumberOfPatientRelatedStudies, answer.NumberOfPatientRelatedInstances) == (1, 2)


def test_series_and_images_are_found_below_their_study(node):
    above = {"StudyInstanceUID": "1.2.1"}
    below = {**above, "SeriesInstanceUID": "1.2.1.1"}
    with node.associate(find_contexts()) as association:
        series = query(association, "SERIES", **above, SeriesInstanceUID="", SeriesNumber="2")
        images = query(association, "IMAGE", **below, SOPInstanceUID="", Rows=None)
    assert [answer.SeriesInstanceUID for _, answer in series[:-1]] == ["1.2.1.2"]
    ((_, image),) = images[:-1]
    assert (image.SOPInstanceUID, image.Rows) == ("1.2.1.1.1", 64)


def test_patient_root_goes_down_to_the_image(node):
    keys = {"PatientID": "P1", "StudyInstanceUID": "1.2.1", "SeriesInstanceUID": "1.2.1.1"}
    status, answer = first(node, "IMAGE", PATIENT_ROOT_FIND, **keys, SOPInstanceUID="", SOPClassUID="")
    assert status == 0xFF00
    assert answer.SOPClassUID == CR


def test_every_response_names_its_level(node):
    _, answer = first(node, StudyInstanceUID="1.2.1")
    assert answer.QueryRetrieveLevel == "STUDY"
    assert "SpecificCharacterSet" not in answer


def test_every_response_says_where_to_retrieve_from(node):
    _, answer = first(node, StudyInstanceUID="1.2.1")
    assert answer.RetrieveAETitle == "NEOLUNG"
    assert "InstanceAvailability" not in answer

    status, answer = first(node, StudyInstanceUID="1.2.1", RetrieveAETitle="", InstanceAvailability="")
    assert status == 0xFF00
    assert answer.RetrieveAETitle == "NEOLUNG"
    assert answer.InstanceAvailability == "ONLINE"


def test_a_key_that_is_not_supported_comes_back_empty_with_a_warning(node):
    status, answer = first(
        node, StudyInstanceUID="1.2.1", OtherPatientIDs="x", AdmittingDiagnosesDescription=""
    )
    assert status == 0xFF01
    assert answer["OtherPatientIDs"].is_empty
    assert answer["AdmittingDiagnosesDescription"].is_empty


def test_a_sequence_that_is_not_supported_comes_back_empty_with_a_warning(node):
    status, answer = first(
        node, StudyInstanceUID="1.2.1", ReferencedStudySequence=[item(ReferencedSOPInstanceUID="1.2")]
    )
    assert status == 0xFF01
    assert len(answer.ReferencedStudySequence) == 0


def item(**attributes):
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


SERIES_OF_KIM = {"StudyInstanceUID": "1.2.1", "SeriesInstanceUID": ""}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([], ["1.2.1.1", "1.2.1.2"]),
        ([item()], ["1.2.1.1", "1.2.1.2"]),
        ([item(ScheduledProcedureStepID="")], ["1.2.1.1", "1.2.1.2"]),
        ([item(ScheduledProcedureStepID="S-7")], ["1.2.1.1"]),
        ([item(ScheduledProcedureStepID="S-*", RequestedProcedureID="R-7")], ["1.2.1.1"]),
        ([item(ScheduledProcedureStepID="S-7", RequestedProcedureID="R-8")], []),
    ],
)
def test_a_sequence_is_matched_by_its_item(node, wanted, found):
    with node.associate(find_contexts()) as association:
        answers = query(association, "SERIES", **SERIES_OF_KIM, RequestAttributesSequence=wanted)
    assert sorted(answer.SeriesInstanceUID for _, answer in answers[:-1]) == found


def test_an_item_comes_back_with_the_attributes_that_were_asked_for(node):
    keys = {"StudyInstanceUID": "1.2.1", "SeriesInstanceUID": "1.2.1.1"}
    wanted = [item(ScheduledProcedureStepID="", RequestedProcedureDescription="")]
    _, some = first(node, "SERIES", **keys, RequestAttributesSequence=wanted)
    status, every = first(node, "SERIES", **keys, RequestAttributesSequence=[])
    answer, _ = some.RequestAttributesSequence
    assert [element.keyword for element in answer] == [
        "RequestedProcedureDescription",
        "ScheduledProcedureStepID",
    ]
    assert answer.ScheduledProcedureStepID == "S-7"
    assert status == 0xFF00
    assert every.RequestAttributesSequence[0].RequestedProcedureID == "R-7"


def test_an_attribute_of_an_item_that_is_not_supported_is_a_warning(node):
    wanted = [item(ScheduledProcedureStepID="S-7", ScheduledPerformingPhysicianName="x")]
    status, answer = first(node, "SERIES", **SERIES_OF_KIM, RequestAttributesSequence=wanted)
    assert status == 0xFF01
    assert answer.RequestAttributesSequence[0]["ScheduledPerformingPhysicianName"].is_empty


def test_two_items_are_refused(node):
    identifier = make_identifier("SERIES", **SERIES_OF_KIM, RequestAttributesSequence=[item(), item()])
    with node.associate(find_contexts()) as association:
        ((status, _),) = association.send_c_find(identifier, STUDY_ROOT_FIND)
    assert status.Status == 0xA900
    assert status.ErrorComment == "RequestAttributesSequence must be a sequence of one item"


def test_images_name_their_transfer_syntax(node):
    keys = {"StudyInstanceUID": "1.2.1", "SeriesInstanceUID": "1.2.1.1", "SOPInstanceUID": ""}
    for wanted in ("", ExplicitVRLittleEndian, [ExplicitVRLittleEndian, "1.2.3"]):
        status, answer = first(node, "IMAGE", **keys, AvailableTransferSyntaxUID=wanted)
        assert (status, answer.AvailableTransferSyntaxUID) == (0xFF00, ExplicitVRLittleEndian)
    status, _ = first(node, "IMAGE", **keys, AvailableTransferSyntaxUID="1.2.3")
    assert status == 0x0000


# Extended negotiation


@contextmanager
def extended(node, information, model=STUDY_ROOT_FIND):
    """Open an association that asks for options of C-FIND; give it and what the node answered."""
    negotiation = SOPClassExtendedNegotiation()
    negotiation.sop_class_uid = model
    negotiation.service_class_application_information = information
    with node.associate(find_contexts(model), ext_neg=[negotiation]) as association:
        yield association, association.acceptor.sop_class_extended.get(model)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (b"\1", b"\1"),
        (b"\0", b"\0"),
        (b"\1\1\1", b"\1\0\1"),
        (b"\1\1\1\1\1", b"\1\0\1\0\0"),
        (b"\1\1\1\1\1\1\1", b"\1\0\1\0\0"),
        (b"\2\0\0", b"\0\0\0"),
    ],
)
def test_of_what_is_asked_for_exactly_what_is_supported_is_granted(node, asked, answered):
    with extended(node, asked) as (_, granted):
        assert granted == answered


def test_options_of_one_model_are_not_those_of_the_other(node):
    contexts = [*find_contexts(STUDY_ROOT_FIND), *find_contexts(PATIENT_ROOT_FIND)]
    negotiation = SOPClassExtendedNegotiation()
    negotiation.sop_class_uid = PATIENT_ROOT_FIND
    negotiation.service_class_application_information = b"\1"
    with node.associate(contexts, ext_neg=[negotiation]) as association:
        assert query(association, "IMAGE", PATIENT_ROOT_FIND, SOPInstanceUID="")[-1][0] == 0x0000
        assert query(association, "IMAGE", STUDY_ROOT_FIND, SOPInstanceUID="")[-1][0] == 0xA900


@pytest.mark.parametrize(
    ("level", "keys", "found"),
    [
        ("IMAGE", {"SOPInstanceUID": ""}, ["1.2.1.1.1", "1.2.1.2.1", "1.2.2.1.1", "1.2.3.1.1"]),
        ("IMAGE", {"SOPInstanceUID": "", "PatientName": "kim*"}, ["1.2.1.1.1", "1.2.1.2.1"]),
        ("SERIES", {"SeriesInstanceUID": "", "StudyDate": "20260215-"}, ["1.2.2.1", "1.2.3.1"]),
        ("SERIES", {"SeriesInstanceUID": "", "StudyInstanceUID": ["1.2.2", "1.2.3"]}, ["1.2.2.1", "1.2.3.1"]),
        ("STUDY", {"StudyInstanceUID": "", "SeriesNumber": "2"}, ["1.2.1"]),
        ("STUDY", {"StudyInstanceUID": "", "SOPInstanceUID": "1.2.2.1.1", "Modality": "CR"}, ["1.2.2"]),
        ("STUDY", {"StudyInstanceUID": "", "Modality": "SEG"}, []),
    ],
)
def test_a_relational_query_takes_keys_of_any_level(node, level, keys, found):
    uid = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}[level]
    with extended(node, b"\1") as (association, _):
        *answers, (status, _) = query(association, level, **keys)
    assert status == 0x0000
    assert sorted(answer[uid].value for _, answer in answers) == found


def test_only_an_association_that_asked_for_it_may_ask_relationally(node):
    for information in (b"\0", b"\0\0\1"):
        with extended(node, information) as (association, _):
            assert query(association, "IMAGE", SOPInstanceUID="") == [(0xA900, None)]
    status, answer = first(node, StudyInstanceUID="", Modality="SEG")
    assert status == 0xFF01
    assert answer["Modality"].is_empty


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("gildong hong", ["2"]),
        ("홍길", []),
        ("길동", ["2"]),
        ("洪", ["2"]),
        ("min kim", ["1"]),
        ("Anne^Mull", ["3"]),
        ("nji", []),
        ("*nji", ["1"]),
        ("^", ["1", "2", "3"]),
    ],
)
def test_fuzzy_names_match_word_by_word_where_agreed_on(node, name, found):
    keys = {"StudyInstanceUID": "", "SpecificCharacterSet": "ISO_IR 192", "PatientName": name}
    with extended(node, b"\0\0\1") as (association, _):
        answers = query(association, "STUDY", **keys)
    assert sorted(answer.StudyInstanceUID[-1] for _, answer in answers[:-1]) == found


def test_a_supported_key_without_a_value_comes_back_empty_without_a_warning(node):
    status, answer = first(node, StudyInstanceUID="1.2.2", AccessionNumber="", StudyDescription="")
    assert status == 0xFF00
    assert "AccessionNumber" in answer


def test_nothing_found_is_success_alone(node):
    with node.associate(find_contexts()) as association:
        assert query(association, "STUDY", StudyInstanceUID="9.9.9") == [(0x0000, None)]


# Character sets


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        (["", "ISO 2022 IR 149"], KOREAN),
        ("ISO 2022 IR 149", "홍^길동"),
        ("ISO_IR 192", "*길동"),
        ("ISO_IR 192", "hong*=*"),
        ("GB18030", "*洪*"),
        (None, "Hong^Gildong"),
    ],
)
def test_a_korean_name_is_found_in_any_character_set(node, charset, name):
    keys = {"SpecificCharacterSet": charset} if charset else {}
    assert studies(node, **keys, PatientName=name) == ["2"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_a_korean_name_is_found_even_without_a_declared_character_set(node, encoding):
    identifier = make_identifier("STUDY", StudyInstanceUID="")
    identifier.add_new(0x00100010, "PN", "홍^길*".encode(encoding))
    with node.associate(find_contexts()) as association:
        answers = list(association.send_c_find(identifier, STUDY_ROOT_FIND))
    assert [answer.StudyInstanceUID for _, answer in answers[:-1]] == ["1.2.2"]


@pytest.mark.parametrize(
    ("requested", "given"),
    [
        (["", "ISO 2022 IR 149"], ["", "ISO 2022 IR 149"]),
        ("ISO_IR 192", "ISO_IR 192"),
        ("ISO_IR 100", "ISO_IR 192"),
        (None, "ISO_IR 192"),
    ],
)
def test_the_answer_uses_the_character_set_of_the_request_where_it_can(node, requested, given):
    keys = {"SpecificCharacterSet": requested} if requested else {}
    _, answer = first(node, **keys, StudyInstanceUID="1.2.2", PatientName="", StudyDescription="")
    assert answer.SpecificCharacterSet == given
    answer.decode()
    assert str(answer.PatientName) == KOREAN
    assert answer.StudyDescription == "흉부 촬영"


def test_latin_letters_come_back_in_the_requested_latin_set(node):
    _, answer = first(node, SpecificCharacterSet="ISO_IR 100", StudyInstanceUID="1.2.3", PatientName="")
    assert answer.SpecificCharacterSet == "ISO_IR 100"
    assert str(answer.PatientName) == "Müller^Änne"


# Refusals


@pytest.mark.parametrize(
    ("level", "model", "keys", "comment"),
    [
        ("SERIES", STUDY_ROOT_FIND, {"SeriesInstanceUID": ""}, "StudyInstanceUID must be a single value"),
        (
            "SERIES",
            STUDY_ROOT_FIND,
            {"StudyInstanceUID": ["1.2", "1.3"]},
            "StudyInstanceUID must be a single value",
        ),
        ("IMAGE", STUDY_ROOT_FIND, {"StudyInstanceUID": "1.2.1"}, "SeriesInstanceUID must be a single value"),
        (
            "STUDY",
            PATIENT_ROOT_FIND,
            {"StudyInstanceUID": ""},
            "PatientID must be a single value at STUDY",
        ),
        ("STUDY", PATIENT_ROOT_FIND, {"PatientID": "P*"}, "PatientID must be a single value at STUDY"),
        ("PATIENT", STUDY_ROOT_FIND, {"PatientID": "P1"}, "Query/Retrieve Level must be one of STUDY"),
        ("WARD", STUDY_ROOT_FIND, {}, "Query/Retrieve Level must be one of STUDY"),
        ("", STUDY_ROOT_FIND, {"PatientID": "P1"}, "Query/Retrieve Level is missing"),
        ("STUDY", STUDY_ROOT_FIND, {"StudyInstanceUID": "1.2.*"}, "StudyInstanceUID takes no wildcards"),
        ("STUDY", STUDY_ROOT_FIND, {"StudyDate": "2026*"}, "StudyDate is no date YYYYMMDD"),
        ("STUDY", STUDY_ROOT_FIND, {"StudyDate": "20260101-x"}, "StudyDate is no date YYYYMMDD"),
        ("STUDY", STUDY_ROOT_FIND, {"StudyDate": "-"}, "StudyDate has a range without ends"),
        ("STUDY", STUDY_ROOT_FIND, {"StudyTime": "2500"}, "StudyTime is no time HHMMSS"),
        ("STUDY", STUDY_ROOT_FIND, {"PatientName": "*" + "x*" * 200}, "PatientName has too long a pattern"),
    ],
)
def test_an_identifier_that_does_not_fit_is_a900_with_the_reason(node, level, model, keys, comment):
    identifier = make_identifier(level)
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    with node.associate(find_contexts(model)) as association:
        ((status, answer),) = association.send_c_find(identifier, model)
        assert association.is_established
    assert answer is None
    assert status.Status == 0xA900
    assert status.ErrorComment.startswith(comment)


def test_the_limit_of_responses_is_told(tmp_path):
    with listening_node(tmp_path, limits={"query_limit": 2}) as limited:
        with limited.associate([CR]) as association:
            for number in range(3):
                store(association, make_film(rows=64, columns=48, seed=number))
        with limited.associate(find_contexts()) as association:
            answers = query(association, "STUDY", StudyInstanceUID="")
            assert [status for status, _ in answers] == [0xFF00, 0xFF00, 0xA700]
            assert association.is_established


def test_exactly_the_limit_is_a_complete_answer(tmp_path):
    with listening_node(tmp_path, limits={"query_limit": 2}) as limited:
        with limited.associate([CR]) as association:
            for number in range(2):
                store(association, make_film(rows=64, columns=48, seed=number))
        with limited.associate(find_contexts()) as association:
            answers = query(association, "STUDY", StudyInstanceUID="")
    assert [status for status, _ in answers] == [0xFF00, 0xFF00, 0x0000]


def test_a_cancelled_query_ends_with_fe00(tmp_path):
    """The first response makes the peer cancel; the node answers slowly enough to notice."""
    with listening_node(tmp_path) as slow:
        with slow.associate([CR]) as association:
            film = make_film(rows=64, columns=48)
            for number in range(40):
                film.StudyInstanceUID = f"1.3.{number}"
                film.SeriesInstanceUID = f"1.3.{number}.1"
                film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = f"1.3.{number}.1.1"
                store(association, film)
        wait_for_cancel(slow)
        with slow.associate(find_contexts()) as association:
            statuses = []
            identifier = make_identifier("STUDY", StudyInstanceUID="")
            for status, _ in association.send_c_find(identifier, STUDY_ROOT_FIND, msg_id=5):
                if not statuses:
                    association.send_c_cancel(5, query_model=STUDY_ROOT_FIND)
                statuses.append(status.Status)
            assert association.is_established
    assert statuses[-1] == 0xFE00
    assert len(statuses) < 40


def wait_for_cancel(node):
    """Let the node pause before its second response until the C-CANCEL has arrived."""
    service = node.entity._services.find

    def answer(event):
        for number, response in enumerate(service(event)):
            while number == 1 and not event.assoc.dimse.cancel_req:
                if response[0].Status == 0xFE00:
                    break
                event.assoc._dul_ready.wait(0.01)
            yield response

    node.entity._servers[0].bind(evt.EVT_C_FIND, answer)


def test_an_unforeseen_error_is_c000_and_the_association_goes_on(tmp_path):
    with listening_node(tmp_path) as broken:
        service = QueryService(None, broken.entity._access, broken.config)
        broken.entity._servers[0].bind(evt.EVT_C_FIND, service)
        with broken.associate(find_contexts()) as association:
            assert query(association, "STUDY", PatientName="Secret^Name") == [(0xC000, None)]
            assert association.is_established
        assert "AttributeError" in broken.log.getvalue()
        assert "Secret" not in broken.log.getvalue()


def test_the_log_names_no_patient(node):
    studies(node, PatientName="Kim*")
    assert "query answered" in node.log.getvalue()
    assert "kim" not in node.log.getvalue().lower()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(min_size=1, max_size=300))
def test_no_bytes_as_identifier_end_the_association(node, raw):
    with node.associate(find_contexts()) as association:
        assert association.accepted_contexts[0].transfer_syntax[0] == ExplicitVRLittleEndian
        assert query_bytes(association, raw).Status in (0xA900, 0xC000)
        assert association.is_established
