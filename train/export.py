"""Write a bundle: float16 safetensors, ONNX graphs that read them, and a manifest that binds all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.bundle.loading import sample_outputs, self_test_input
from pipeline.bundle.manifest import MANIFEST_NAME, BundleFile, Manifest, device_uid, sha256_of
from pipeline.bundle.tensors import StoredTensor, read_tensor_table, signature_of

if TYPE_CHECKING:
    import onnx
    import torch
    from torch import nn

GRAPH_LIMIT = 200_000
"""Bytes; a larger graph still holds weights."""


@dataclass(frozen=True, slots=True)
class ExportedNetwork:
    """The files of one network, and what the manifest says of them (`pipeline.bundle.manifest.Network`)."""

    weights: Path
    graph: Path
    tensors_sha256: str
    device_uid: str
    self_test: tuple[float, ...]

    def write(self, path: Path) -> None:
        """Keep what was exported beside the files, for `read`."""
        path.write_text(json.dumps(self.describe()) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> ExportedNetwork:
        """Read what `write` wrote; the files lie in the same folder."""
        fields = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            weights=path.parent / fields["weights"],
            graph=path.parent / fields["graph"],
            tensors_sha256=fields["tensors_sha256"],
            device_uid=fields["device_uid"],
            self_test=tuple(fields["self_test"]),
        )

    def describe(self) -> dict[str, object]:
        """Fields of the manifest's network part."""
        return {
            "weights": self.weights.name,
            "graph": self.graph.name,
            "tensors_sha256": self.tensors_sha256,
            "device_uid": self.device_uid,
            "self_test": self.self_test,
        }


def export_network(network: nn.Module, size: int, out: Path, name: str) -> ExportedNetwork:
    """Write ``<name>.safetensors`` and ``<name>.onnx``.

    Parameters
    ----------
    network
        Its floating tensors are rounded to float16 in place, so that it gives what the files give.
    size
        Side of the square input, pixels.
    """
    import torch

    network.eval()
    weights, graph = out / f"{name}.safetensors", out / f"{name}.onnx"
    round_to_half(network)
    _write_weights(network, weights)
    tensors = read_tensor_table(weights)
    _write_graph(network, size, tensors, weights.name, graph)
    with torch.no_grad():
        logits = network(torch.from_numpy(self_test_input(size))).numpy()
    digest = sha256_of(weights.read_bytes())
    return ExportedNetwork(weights, graph, signature_of(tensors), device_uid(digest), sample_outputs(logits))


def write_manifest(out: Path, fields: Mapping[str, Any]) -> Manifest:
    """Name every file of the folder in the manifest and write it."""
    files = [
        BundleFile(name=file.name, sha256=sha256_of(file.read_bytes()), size_bytes=file.stat().st_size)
        for file in sorted(out.iterdir())
        if file.name != MANIFEST_NAME
    ]
    manifest = Manifest.model_validate({**fields, "files": files})
    (out / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return manifest


def start_folder(out: Path) -> None:
    """Make an empty folder for a bundle; an older one there is replaced."""
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)


def round_to_half(network: nn.Module) -> None:
    """Round floating tensors in place to what the files hold, float16."""
    import torch

    with torch.no_grad():
        for tensor in network.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().float())


def _stored_tensors(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in network.state_dict().items() if tensor.is_floating_point()}


def _write_weights(network: nn.Module, path: Path) -> None:
    from safetensors.numpy import save_file

    arrays = {name: tensor.half().contiguous().numpy() for name, tensor in _stored_tensors(network).items()}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)
    path.chmod(0o644)


def _write_graph(
    network: nn.Module, size: int, tensors: tuple[StoredTensor, ...], location: str, path: Path
) -> None:
    import torch

    program = torch.onnx.export(
        network,
        (torch.zeros(2, 1, size, size),),
        dynamo=True,
        optimize=False,
        verbose=False,
        dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
        input_names=["images"],
        output_names=["logits"],
    )
    if program is None:
        raise RuntimeError("torch gave no ONNX program")
    model = program.model_proto
    _point_at_weights(model, {tensor.name: tensor for tensor in tensors}, location)
    _strip(model)
    content = model.SerializeToString(deterministic=True)
    if len(content) > GRAPH_LIMIT:
        raise ValueError(f"the graph has {len(content)} bytes, so it still holds weights")
    path.write_bytes(content)


def _point_at_weights(model: onnx.ModelProto, tensors: Mapping[str, StoredTensor], location: str) -> None:
    """Replace float32 initializers by casts of float16 ones that lie in the safetensors file."""
    import onnx

    kept, casts = [], []
    for initializer in model.graph.initializer:
        tensor = tensors.get(initializer.name)
        if tensor is None:
            kept.append(initializer)
            continue
        half = f"{tensor.name}.float16"
        kept.append(_external(half, tensor, location))
        casts.append(onnx.helper.make_node("Cast", [half], [tensor.name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)


def _external(name: str, tensor: StoredTensor, location: str) -> onnx.TensorProto:
    import onnx

    proto = onnx.TensorProto(name=name, data_type=onnx.TensorProto.FLOAT16, dims=tensor.shape)
    proto.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (
        ("location", location),
        ("offset", str(tensor.offset)),
        ("length", str(tensor.length)),
    ):
        proto.external_data.add(key=key, value=value)
    return proto


def _strip(model: onnx.ModelProto) -> None:
    """Drop what only debugging needs: it is larger than the graph and names paths of this machine."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    del graph.value_info[:]
