"""Record-io protobuf, the binary format of SageMaker's built-in algorithms.

A file is a sequence of frames, ``<u32 magic><u32 length><payload><zero padding to four bytes>``, little endian
("MXNet RecordIO"); each payload is one ``aialgs.data.Record`` (AWS: "Common Data Formats for Training"). What
this module writes is byte for byte what the SageMaker Python SDK writes. The schema is built at run time in a
descriptor pool of its own: importing the SDK for it would cost seconds, and both may live in one process.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

CONTENT_TYPE = "application/x-recordio-protobuf"
VALUES = "values"
"""The name under which features and labels of training data are kept."""

_MAGIC = 0xCED7230A
_HEAD = struct.Struct("<II")
_LENGTH_BITS = 29
"""The three bits above hold MXNet's continuation flag, which these algorithms never write."""


class RecordError(ValueError):
    """Says why bytes are not record-io protobuf, or why values cannot be written as such."""


@dataclass(frozen=True)
class Blob:
    """What a ``Bytes`` value holds: raw values, such as encoded images, and their content type."""

    values: tuple[bytes, ...]
    content_type: str = ""


Value = NDArray[Any] | Blob
"""A vector of float32, float64 or int32, or raw bytes."""


@dataclass(frozen=True)
class Record:
    """One observation: its features and its labels, by name."""

    features: Mapping[str, Value] = field(default_factory=dict)
    label: Mapping[str, Value] = field(default_factory=dict)


def split(data: bytes) -> Iterator[bytes]:
    """Yield the payload of each frame. Raises :class:`RecordError` where the framing is broken."""
    offset = 0
    while offset < len(data):
        if len(data) - offset < _HEAD.size:
            raise RecordError(f"frame at byte {offset}: its header is cut off")
        magic, length = _HEAD.unpack_from(data, offset)
        if magic != _MAGIC:
            raise RecordError(f"frame at byte {offset}: begins with 0x{magic:08X}, not with 0x{_MAGIC:08X}")
        if length >> _LENGTH_BITS:
            raise RecordError(f"frame at byte {offset}: a record in several parts is not supported")
        begin = offset + _HEAD.size
        if begin + length > len(data):
            raise RecordError(f"frame at byte {offset}: promises {length} bytes, {len(data) - begin} are left")
        yield data[begin : begin + length]
        offset = begin + length + -length % 4


def join(payloads: Iterable[bytes]) -> bytes:
    """Frame each payload and return them all as one file."""
    return b"".join(_HEAD.pack(_MAGIC, len(load)) + load + bytes(-len(load) % 4) for load in payloads)


def encode(records: Iterable[Record]) -> bytes:
    """Write records. Raises :class:`RecordError` for a value that is no vector of a supported type."""
    return join(_message(record).SerializeToString(deterministic=True) for record in records)


def decode(data: bytes) -> list[Record]:
    """Read records; sparse tensors come out dense. Raises :class:`RecordError`."""
    return [_record(payload, number) for number, payload in enumerate(split(data))]


def encode_matrix(rows: NDArray[Any], labels: NDArray[Any] | None = None) -> bytes:
    """Write one record per row of a matrix, with its label where there are labels.

    Gives the bytes of the SDK's ``write_numpy_to_dense_tensor``: integers are written as int32, floats in
    their own width. Raises :class:`RecordError` for other shapes and types.
    """
    if rows.ndim != 2:
        raise RecordError(f"expected a matrix, got {rows.ndim} dimension(s)")
    if labels is None:
        return encode(Record({VALUES: row}) for row in rows)
    if labels.shape != (len(rows),):
        raise RecordError(f"expected {len(rows)} labels, got an array of shape {labels.shape}")
    return encode(Record({VALUES: row}, {VALUES: labels[number : number + 1]}) for number, row in enumerate(rows))


def decode_matrix(data: bytes) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Read training data: one row per record, and the labels, or ``None`` where no record has one.

    Raises :class:`RecordError` where a record lacks its ``values`` or is not as wide as the first.
    """
    records = decode(data)
    rows = [_vector(record.features, number) for number, record in enumerate(records)]
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise RecordError(f"record {number}: has {len(row)} values, the first has {len(rows[0])}")
    labelled = [record for record in records if VALUES in record.label]
    if labelled and len(labelled) != len(records):
        raise RecordError(f"{len(labelled)} of {len(records)} records have a label; expected all or none")
    labels = [_vector(record.label, number)[0] for number, record in enumerate(labelled)]
    matrix = np.stack(rows) if rows else np.empty((0, 0), np.float32)
    return matrix, np.array(labels) if labels else None


def _vector(values: Mapping[str, Value], number: int) -> NDArray[Any]:
    found = values.get(VALUES)
    if not isinstance(found, np.ndarray) or not found.size:
        raise RecordError(f"record {number}: has no numbers under {VALUES!r}")
    return found


def _message(record: Record) -> Any:
    message = _Record()
    for entries, values in ((message.features, record.features), (message.label, record.label)):
        for name, value in values.items():
            _fill(entries[name], value)
    return message


def _fill(entry: Any, value: Value) -> None:
    if isinstance(value, Blob):
        entry.bytes.value.extend(value.values)
        if value.content_type:
            entry.bytes.content_type = value.content_type
        return
    vector = np.asarray(value)
    if vector.ndim != 1:
        raise RecordError(f"expected a vector, got {vector.ndim} dimension(s)")
    try:
        # A list of Python numbers is copied five times as fast as an array.
        getattr(entry, _tensor_name(vector.dtype)).values.extend(vector.tolist())
    except ValueError as error:
        raise RecordError(f"an integer does not fit into 32 bits: {error}") from None


def _tensor_name(dtype: np.dtype[Any]) -> str:
    if dtype.kind in "iu":
        return "int32_tensor"
    try:
        return {"f4": "float32_tensor", "f8": "float64_tensor"}[dtype.str[1:]]
    except KeyError:
        raise RecordError(f"cannot write {dtype}; expected float32, float64 or an integer type") from None


def _record(payload: bytes, number: int) -> Record:
    message = _Record()
    try:
        message.ParseFromString(payload)
    except DecodeError:
        raise RecordError(f"record {number}: is not an aialgs.data.Record") from None
    return Record(
        {name: _value(entry, number) for name, entry in message.features.items()},
        {name: _value(entry, number) for name, entry in message.label.items()},
    )


_TYPES = {"float32_tensor": np.float32, "float64_tensor": np.float64, "int32_tensor": np.int32}


def _value(entry: Any, number: int) -> Value:
    kind = entry.WhichOneof("value")
    if kind is None:
        raise RecordError(f"record {number}: has a value of no known type")
    if kind == "bytes":
        return Blob(tuple(entry.bytes.value), entry.bytes.content_type)
    tensor = getattr(entry, kind)
    values = np.array(tensor.values, dtype=_TYPES[kind])
    return _dense(values, tensor, number) if tensor.keys else values


def _dense(values: NDArray[Any], tensor: Any, number: int) -> NDArray[Any]:
    if len(tensor.shape) != 1 or len(tensor.keys) != len(values):
        raise RecordError(f"record {number}: a sparse tensor needs one dimension and as many keys as values")
    dense: NDArray[Any] = np.zeros(tensor.shape[0], values.dtype)
    try:
        dense[list(tensor.keys)] = values
    except IndexError:
        raise RecordError(f"record {number}: a key lies beyond the {tensor.shape[0]} features") from None
    return dense


def _build_schema() -> Any:
    """Describe ``aialgs.data.Record``, field by field as in AWS's record.proto, and return its class."""
    kinds = descriptor_pb2.FieldDescriptorProto
    schema = descriptor_pb2.FileDescriptorProto(name="record.proto", package="aialgs.data", syntax="proto2")

    def add(message: Any, name: str, number: int, kind: Any, *, of: str | None = None, repeated: bool = False) -> Any:
        label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
        return message.field.add(name=name, number=number, type=kind, label=label, type_name=of)

    scalars = {"Float32Tensor": kinds.TYPE_FLOAT, "Float64Tensor": kinds.TYPE_DOUBLE, "Int32Tensor": kinds.TYPE_INT32}
    for name, scalar in scalars.items():
        tensor = schema.message_type.add(name=name)
        numbers = (("values", 1, scalar), ("keys", 2, kinds.TYPE_UINT64), ("shape", 3, kinds.TYPE_UINT64))
        for each, number, kind in numbers:
            add(tensor, each, number, kind, repeated=True).options.packed = True
    blob = schema.message_type.add(name="Bytes")
    add(blob, "value", 1, kinds.TYPE_BYTES, repeated=True)
    add(blob, "content_type", 2, kinds.TYPE_STRING)

    value = schema.message_type.add(name="Value")
    value.oneof_decl.add(name="value")
    members = (("float32_tensor", 2, "Float32Tensor"), ("float64_tensor", 3, "Float64Tensor"),
               ("int32_tensor", 7, "Int32Tensor"), ("bytes", 9, "Bytes"))  # fmt: skip
    for name, number, message in members:
        add(value, name, number, kinds.TYPE_MESSAGE, of=f".aialgs.data.{message}").oneof_index = 0

    record = schema.message_type.add(name="Record")
    for name, number, entry_name in (("features", 1, "FeaturesEntry"), ("label", 2, "LabelEntry")):
        add(record, name, number, kinds.TYPE_MESSAGE, of=f".aialgs.data.Record.{entry_name}", repeated=True)
        entry = record.nested_type.add(name=entry_name)
        entry.options.map_entry = True
        add(entry, "key", 1, kinds.TYPE_STRING)
        add(entry, "value", 2, kinds.TYPE_MESSAGE, of=".aialgs.data.Value")
    for name, number in (("uid", 3), ("metadata", 4), ("configuration", 5)):
        add(record, name, number, kinds.TYPE_STRING)

    pool = descriptor_pool.DescriptorPool()
    pool.Add(schema)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("aialgs.data.Record"))


_Record = _build_schema()
