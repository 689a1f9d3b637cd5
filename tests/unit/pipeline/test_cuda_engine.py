"""The CUDA engine shrinks its micro-batch when memory runs out and leaves a lost device for the CPU."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.engines.cuda import CudaEngine
from tests.support.bundles import make_tiny_bundle

torch = pytest.importorskip("torch")
BATCH = np.arange(7 * 16, dtype=np.float32).reshape(7, 1, 4, 4)


class Doubling:
    """A CPU engine that doubles its input and counts the films it saw."""

    device = "cpu"

    def __init__(self) -> None:
        self.films = 0

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.films += len(batch)
        return batch * 2


class Device:
    """A forward function that doubles, has memory for so many films, and may break at a call."""

    def __init__(self, *, room: int = 99, breaks_at: int = 99, error: Exception | None = None) -> None:
        self.room, self.breaks_at = room, breaks_at
        self.error = error or RuntimeError("CUDA error: device-side assert triggered")
        self.sizes: list[int] = []

    def __call__(self, batch: "torch.Tensor") -> "torch.Tensor":
        self.sizes.append(len(batch))
        if len(self.sizes) > self.breaks_at:
            raise self.error
        if len(batch) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return batch * 2


def _engine(device: Device, micro_batch: int = 8) -> tuple[CudaEngine, Doubling]:
    cpu = Doubling()
    return CudaEngine(device, micro_batch=micro_batch, fallback=lambda: cpu), cpu


@pytest.mark.parametrize("micro_batch", [1, 2, 3, 7, 50])
def test_any_micro_batch_gives_the_same_answer_in_the_same_order(micro_batch: int) -> None:
    engine, cpu = _engine(Device(), micro_batch)

    assert np.array_equal(engine.run(BATCH), BATCH * 2)
    assert cpu.films == 0
    assert engine.device == "cuda"


def test_out_of_memory_halves_the_batch_until_it_fits_and_remembers() -> None:
    device = Device(room=2)
    engine, cpu = _engine(device)

    assert np.array_equal(engine.run(BATCH), BATCH * 2)
    assert device.sizes == [7, 3, 1, 1, 1, 1, 1, 1, 1]
    assert engine.micro_batch == 1
    assert cpu.films == 0

    engine.run(BATCH[:2])
    assert device.sizes[-2:] == [1, 1]


@pytest.mark.parametrize(
    "text",
    ["CUDA error: out of memory", "cuDNN error: CUDNN_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_ALLOC_FAILED"],
)
def test_lack_of_memory_in_a_library_is_not_taken_for_a_lost_device(text: str) -> None:
    class Full(Device):
        def __call__(self, batch: "torch.Tensor") -> "torch.Tensor":
            if len(batch) > 3:
                raise RuntimeError(text)
            return super().__call__(batch)

    engine, cpu = _engine(Full())

    assert np.array_equal(engine.run(BATCH), BATCH * 2)
    assert engine.device == "cuda"
    assert engine.micro_batch == 3
    assert cpu.films == 0


def test_a_film_that_does_not_fit_alone_goes_to_the_cpu_and_the_device_stays() -> None:
    device = Device(room=0)
    engine, cpu = _engine(device, micro_batch=2)

    assert np.array_equal(engine.run(BATCH[:3]), BATCH[:3] * 2)
    assert cpu.films == 3
    assert engine.device == "cuda"

    device.room = 5
    engine.run(BATCH[:1])
    assert cpu.films == 3


@pytest.mark.parametrize(
    "make_error",
    [
        lambda: RuntimeError("CUDA error: an illegal memory access was encountered"),
        lambda: RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
        lambda: torch.AcceleratorError("the device has gone", 999),
    ],
)
def test_a_lost_device_is_left_for_the_cpu_without_losing_a_film(
    make_error: Callable[[], Exception], caplog: pytest.LogCaptureFixture
) -> None:
    device = Device(breaks_at=2, error=make_error())
    engine, cpu = _engine(device, micro_batch=2)

    assert np.array_equal(engine.run(BATCH), BATCH * 2)
    assert cpu.films == 3
    assert engine.device == "cpu"
    assert "device is gone" in caplog.text

    calls = len(device.sizes)
    assert np.array_equal(engine.run(BATCH), BATCH * 2)
    assert len(device.sizes) == calls


def test_a_fault_of_the_input_is_the_callers_and_keeps_the_device() -> None:
    wrong = RuntimeError("Given groups=1, weight of size [8, 1, 3, 3], expected input to have 1 channels")
    engine, cpu = _engine(Device(breaks_at=0, error=wrong))

    with pytest.raises(RuntimeError, match="expected input"):
        engine.run(BATCH)
    assert engine.device == "cuda"
    assert cpu.films == 0


def test_no_films_are_no_work() -> None:
    device = Device()
    engine, _ = _engine(device)

    assert len(engine.run(BATCH[:0])) == 0
    assert device.sizes == []


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("cuda") / "tiny")


@pytest.mark.cuda
def test_a_bundle_on_cuda_agrees_with_the_cpu(tiny: Path) -> None:
    from pipeline.bundle import load_bundle, reference_bundle

    for path in (tiny, reference_bundle()):
        on_cuda, on_cpu = load_bundle(path, device="cuda"), load_bundle(path, device="cpu")
        size = on_cpu.manifest.segmenter.preprocessing.size
        batch = np.random.default_rng(0).normal(size=(5, 1, size, size)).astype(np.float32)

        assert on_cuda.segmenter.device == "cuda"
        lungs = np.abs(on_cuda.segmenter.run(batch) - on_cpu.segmenter.run(batch))
        assert lungs.mean() < 0.05
        assert np.abs(on_cuda.classifier.run(batch) - on_cpu.classifier.run(batch)).max() < 0.5


@pytest.mark.cuda
def test_real_lack_of_memory_on_a_device_halves_the_batch(tiny: Path) -> None:
    from pipeline.engines.choice import Placement, make_engine
    from tests.support.bundles import UNET

    engine = make_engine(
        tiny / "segmenter.onnx", tiny / "segmenter.safetensors", UNET, Placement("cuda", micro_batch=512)
    )
    batch = np.zeros((512, 1, 64, 64), np.float32)
    expected = engine.run(batch)
    torch.cuda.empty_cache()
    fraction = 48 * 2**20 / torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(fraction)
    try:
        found = engine.run(batch)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)

    assert isinstance(engine, CudaEngine)
    assert engine.micro_batch < 512
    assert np.abs(found - expected).max() < 0.05
