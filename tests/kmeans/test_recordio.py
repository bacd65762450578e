"""Record-io protobuf: what is written can be read, and what is broken is refused in a sentence."""

from __future__ import annotations

import struct
import time

import numpy as np
import pytest

from harness import recordio
from harness.recordio import Blob, Record, RecordError

ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_a_matrix_comes_back_in_its_own_type(dtype):
    rows, labels = recordio.decode_matrix(recordio.encode_matrix(ROWS.astype(dtype), np.arange(4, dtype=dtype)))
    assert rows.dtype == dtype
    assert labels.dtype == dtype
    np.testing.assert_array_equal(rows, ROWS)
    np.testing.assert_array_equal(labels, [0, 1, 2, 3])


def test_rows_without_labels_have_none():
    assert recordio.decode_matrix(recordio.encode_matrix(ROWS))[1] is None


def test_frames_are_padded_to_four_bytes():
    assert recordio.join([b"abcde"]) == struct.pack("<II", 0xCED7230A, 5) + b"abcde\0\0\0"


def test_bytes_keep_their_content_type():
    record = Record({"image": Blob((b"\x89PNG",), "image/png")}, {"values": np.array([7], np.int32)})
    back = recordio.decode(recordio.encode([record]))[0]
    assert back.features["image"] == Blob((b"\x89PNG",), "image/png")
    assert back.label["values"].tolist() == [7]


def test_an_answer_has_several_labels():
    record = Record(label={"b": np.array([1.5], np.float32), "a": np.array([2.0], np.float32)})
    back = recordio.decode(recordio.encode([record]))[0]
    assert {name: value.tolist() for name, value in back.label.items()} == {"a": [2.0], "b": [1.5]}


def test_nothing_is_no_records():
    assert recordio.decode(b"") == []
    assert recordio.decode_matrix(b"")[0].shape == (0, 0)


GOOD = recordio.encode_matrix(ROWS)
BROKEN = {
    "cut off": GOOD[:-3],
    "header is cut off": GOOD + b"\x0a\x23",
    "promises": struct.pack("<II", 0xCED7230A, 99) + b"x",
    "begins with 0x44332211": b"\x11\x22\x33\x44" + GOOD[4:],
    "several parts": struct.pack("<II", 0xCED7230A, 1 << 29 | 4) + b"abcd",
    "is not an aialgs.data.Record": recordio.join([b"\xff\xff\xff\xff"]),
    "no numbers under 'values'": recordio.encode([Record({"other": ROWS[0]})]),
    "the first has 3": recordio.encode_matrix(ROWS) + recordio.encode_matrix(ROWS[:, :2]),
    "expected all or none": recordio.encode_matrix(ROWS) + recordio.encode_matrix(ROWS, np.arange(4)),
}


@pytest.mark.parametrize("why", [why for why in BROKEN if why != "cut off"])
def test_broken_bytes_are_refused(why):
    with pytest.raises(RecordError, match=why):
        recordio.decode_matrix(BROKEN[why])


def test_a_last_frame_that_is_cut_off_is_refused():
    with pytest.raises(RecordError, match="promises"):
        recordio.decode(GOOD[:-8])


@pytest.mark.parametrize(
    ("rows", "labels", "why"),
    [
        (ROWS[0], None, "expected a matrix"),
        (ROWS, np.arange(3), "expected 4 labels"),
        (ROWS.astype(np.float16), None, "cannot write float16"),
        (ROWS.astype(str), None, "cannot write <U"),
        (np.array([[1 << 40]]), None, "does not fit into 32 bits"),
    ],
)
def test_what_cannot_be_written_is_refused(rows, labels, why):
    with pytest.raises(RecordError, match=why):
        recordio.encode_matrix(rows, labels)


def test_five_thousand_images_take_less_than_a_second_each_way():
    images = np.random.default_rng(1).random((5000, 784), dtype=np.float32)
    begun = time.process_time()
    written = recordio.encode_matrix(images)
    encoded = time.process_time()
    read, _ = recordio.decode_matrix(written)
    assert encoded - begun < 1
    assert time.process_time() - encoded < 1
    np.testing.assert_array_equal(read, images)
