"""The index holds every instance once, and loses none."""

import threading

import pytest

from storage.errors import NotInLedger
from storage.instances import (
    Added,
    add_instance,
    find_instance,
    get_instance,
    get_instances,
    patient_key,
    results_of,
)
from storage.ledger import Ledger
from storage.values import ReceivedInstance, Role
from tests.support.ledgers import SEG, add, file_of, received


def enter(ledger: Ledger, instance: ReceivedInstance) -> Added:
    with ledger.begin() as connection:
        return add_instance(connection, instance, file_of(instance), Role.SOURCE)


def test_a_new_instance_is_found_as_it_was_entered(ledger: Ledger) -> None:
    instance = received()
    added = enter(ledger, instance)

    assert (added.is_new, added.is_conflict) == (True, False)
    stored = added.instance
    assert stored.role is Role.SOURCE
    assert stored.file == file_of(instance)
    assert stored.received_at == instance.received_at
    assert (stored.study_instance_uid, stored.series_instance_uid) == ("1.2.3.1", "1.2.3.1.1")
    with ledger.read() as connection:
        assert find_instance(connection, stored.sop_instance_uid) == stored
        assert get_instance(connection, stored.instance_id) == stored


def test_the_same_bytes_again_add_nothing(ledger: Ledger) -> None:
    first = enter(ledger, received())
    again = enter(ledger, received())

    assert again == Added(first.instance, is_new=False, is_conflict=False)


def test_other_bytes_under_a_known_uid_are_kept_and_flagged(ledger: Ledger) -> None:
    first = enter(ledger, received())
    other = received(SeriesDescription="other")
    second = enter(ledger, other)
    again = enter(ledger, other)

    assert (second.is_new, second.is_conflict, second.instance.variant) == (True, True, 1)
    assert again == Added(second.instance, is_new=False, is_conflict=True)
    with ledger.read() as connection:
        uid = first.instance.sop_instance_uid
        assert find_instance(connection, uid) == first.instance
        assert find_instance(connection, uid, variant=1) == second.instance
        assert find_instance(connection, uid, variant=2) is None


def test_a_series_uid_used_in_two_studies_loses_no_instance(ledger: Ledger) -> None:
    with ledger.begin() as connection:
        one = add(connection, 1, SeriesInstanceUID="1.9")
        two = add(connection, 2, SeriesInstanceUID="1.9")

    assert one.series_instance_uid == two.series_instance_uid
    assert one.study_instance_uid != two.study_instance_uid


def test_results_are_found_by_their_radiograph(ledger: Ledger) -> None:
    with ledger.begin() as connection:
        source = add(connection)
        results = [
            add(
                connection,
                role=Role.SEGMENTATION,
                source_instance_id=source.instance_id,
                SOPInstanceUID=f"1.2.3.9.{number}",
                SOPClassUID=SEG,
            )
            for number in (2, 1)
        ]
        assert results_of(connection, source.instance_id) == results
        assert results_of(connection, results[0].instance_id) == []


def test_instances_come_in_the_order_asked_for(ledger: Ledger) -> None:
    with ledger.begin() as connection:
        ids = [add(connection, number).instance_id for number in (1, 2, 3)]
        wanted = [ids[2], ids[0], ids[2]]

        assert [each.instance_id for each in get_instances(connection, wanted)] == wanted


def test_what_is_not_there_is_said_so(ledger: Ledger) -> None:
    with ledger.read() as connection:
        assert find_instance(connection, "1.2") is None
        with pytest.raises(NotInLedger, match="7"):
            get_instance(connection, 7)
        with pytest.raises(NotInLedger, match="7"):
            get_instances(connection, [7])


@pytest.mark.parametrize(
    "keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"]
)
@pytest.mark.parametrize("value", [None, "", " \0"])
def test_an_instance_without_its_uids_is_refused(ledger: Ledger, keyword: str, value: str | None) -> None:
    with pytest.raises(ValueError, match=keyword):
        enter(ledger, received(**{keyword: value}))


def test_odd_values_do_not_keep_an_instance_out(ledger: Ledger) -> None:
    odd = received(
        PatientName="A\0B\ud800" + "한" * 5000,
        PatientID="\0",
        AccessionNumber="x" * 70000,
        IssuerOfPatientID="ﷺ" * 300,
        Rows=2**70,
        InstanceNumber="not a number",
        ReferringPhysicianName="ﷺ" * 300,
    )

    assert enter(ledger, odd).is_new


def test_newborns_without_patient_id_are_not_one_patient() -> None:
    uid = {"StudyInstanceUID": "1.2"}
    assert patient_key({**uid, "PatientName": "Baby^A"}) != patient_key({**uid, "PatientName": "Baby^B"})
    assert patient_key({**uid, "PatientName": "BABY^A "}) == patient_key({**uid, "PatientName": "Baby^A"})
    assert patient_key(uid) != patient_key({"StudyInstanceUID": "1.3"})
    assert patient_key({**uid, "PatientID": "1"}) != patient_key({**uid, "PatientName": "1"})
    assert patient_key({**uid, "PatientID": "1", "PatientName": "A"}) == patient_key(
        {**uid, "PatientID": "1"}
    )
    assert patient_key({**uid, "PatientID": "1"}) != patient_key(
        {**uid, "PatientID": "1", "IssuerOfPatientID": "X"}
    )


def test_instances_of_one_study_that_arrive_at_once_share_it(ledger: Ledger) -> None:
    added: list[Added] = []

    def receive(number: int) -> None:
        same_study = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.1"}
        # Half of them are the same instance.
        instance = received(SOPInstanceUID=f"1.2.1.{number // 2}", **same_study)
        added.append(enter(ledger, instance))

    threads = [threading.Thread(target=receive, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(each.is_new for each in added) == 6
    assert {each.instance.variant for each in added} == {0}
