from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from pipeline.pixels.lut import Lut, read_lut


def read(descriptor: list[int], table: Any, *, lowest_input: float = 0) -> Lut | None:
    item, header = Dataset(), Dataset()
    item.add_new("LUTDescriptor", "SS" if min(descriptor) < 0 else "US", descriptor)
    item.add_new("LUTData", "OW" if isinstance(table, bytes) else "US", table)
    header.ModalityLUTSequence = [item]
    return read_lut(header, "ModalityLUTSequence", lowest_input=lowest_input)


def test_entries_are_looked_up_and_the_ends_are_held() -> None:
    lut = read([3, 100, 12], [7, 8, 9])

    assert lut is not None
    np.testing.assert_array_equal(lut.look_up(np.array([0.0, 100, 101, 102, 5000])), [7, 7, 8, 9, 9])


def test_words_may_come_as_bytes() -> None:
    lut = read([3, 0, 16], np.array([1, 2, 40000], "<u2").tobytes())

    assert lut is not None
    np.testing.assert_array_equal(lut.entries, [1, 2, 40000])


@pytest.mark.parametrize("table", [bytes([1, 2, 3, 4]), [0x0201, 0x0403]])
def test_eight_bit_entries_may_be_packed_two_in_a_word(table: object) -> None:
    lut = read([4, 0, 8], table)

    assert lut is not None
    np.testing.assert_array_equal(lut.entries, [1, 2, 3, 4])


def test_a_count_of_0_means_65536() -> None:
    lut = read([0, 0, 16], np.arange(65536, dtype="<u2").tobytes())

    assert lut is not None
    assert lut.entries.size == 65536


def test_a_negative_first_input_that_was_written_unsigned_is_put_right() -> None:
    lut = read([2, 65536 - 100, 8], [1, 2], lowest_input=-2048)

    assert lut is not None
    assert lut.first == -100


def test_a_wrong_depth_is_taken_from_the_entries() -> None:
    lut = read([2, 0, 8], [0, 4095])

    assert lut is not None
    assert lut.bits == 12


@pytest.mark.parametrize("descriptor", [[3, 0, 12], [100, 0, 12]])
def test_a_table_that_is_too_short_is_none(descriptor: list[int]) -> None:
    assert read(descriptor, [1]) is None


def test_an_absent_or_empty_sequence_is_none() -> None:
    header = Dataset()
    assert read_lut(header, "VOILUTSequence", lowest_input=0) is None
    header.VOILUTSequence = []
    assert read_lut(header, "VOILUTSequence", lowest_input=0) is None
    header.VOILUTSequence = [Dataset()]
    assert read_lut(header, "VOILUTSequence", lowest_input=0) is None
