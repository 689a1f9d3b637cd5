"""Safetensors files, looked at without trusting them and without torch."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import BundleError

_PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"(lp", b"}q")
_TYPES: dict[str, np.dtype[np.floating]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4")}


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where one tensor lies in its file.

    Attributes
    ----------
    dtype
        ``F16`` or ``F32``.
    offset, length
        Bytes from the start of the file, and how many.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    length: int


def read_tensor_table(path: Path) -> tuple[StoredTensor, ...]:
    """List the tensors of a safetensors file by name.

    Raises
    ------
    BundleError
        If the file is a pickle, or no safetensors file, or its table does not fit its size.
    """
    with path.open("rb") as file:
        start = file.read(8)
        if start.startswith(_PICKLE_STARTS):
            raise BundleError(f"{path.name} is a pickle, not a safetensors file; pickles are never loaded")
        header_length = int.from_bytes(start, "little")
        if len(start) < 8 or header_length > path.stat().st_size - 8:
            raise BundleError(f"{path.name} is not a safetensors file; export the bundle again")
        header = file.read(header_length)
    return _parse_table(path, header, 8 + header_length)


def _parse_table(path: Path, header: bytes, data_start: int) -> tuple[StoredTensor, ...]:
    try:
        table = json.loads(header)
        table.pop("__metadata__", None)
        tensors = [_parse_tensor(name, entry, data_start) for name, entry in sorted(table.items())]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"{path.name} has a damaged table of tensors: {error}") from error
    if max((tensor.offset + tensor.length for tensor in tensors), default=0) != path.stat().st_size:
        raise BundleError(f"{path.name} is longer or shorter than its table of tensors says")
    return tuple(tensors)


def _parse_tensor(name: str, entry: dict[str, list[int] | str], data_start: int) -> StoredTensor:
    dtype, shape = str(entry["dtype"]), tuple(int(size) for size in entry["shape"])
    begin, end = (int(offset) for offset in entry["data_offsets"])
    length = int(np.prod(shape, dtype=np.int64)) * _TYPES[dtype].itemsize
    if begin < 0 or end - begin != length:
        raise ValueError(f"{name} does not fill its place")
    return StoredTensor(name, dtype, shape, data_start + begin, length)


def signature_of(tensors: tuple[StoredTensor, ...]) -> str:
    """Digest of every tensor's name, type and shape: what the architecture demands of the file."""
    lines = [f"{tensor.name} {tensor.dtype} {list(tensor.shape)}" for tensor in tensors]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def require_finite(path: Path, tensors: tuple[StoredTensor, ...]) -> None:
    """Raise `BundleError` naming the first tensor that holds NaN or infinity."""
    content = np.memmap(path, np.uint8, "r")
    for tensor in tensors:
        values = content[tensor.offset : tensor.offset + tensor.length].view(_TYPES[tensor.dtype])
        if not np.isfinite(values).all():
            raise BundleError(f"{path.name}: {tensor.name} holds NaN or infinity; the training diverged")
