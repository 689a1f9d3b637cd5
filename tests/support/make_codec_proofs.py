"""Write ``pipeline/codecs/proofs``: the same known picture, encoded by other programs where there are any.

    python -m tests.support.make_codec_proofs

needs DCMTK's dcmcrle, dcmcjpeg and dcmcjpls, and OpenJPH's ojph_compress (Debian: openjph-tools).
"""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from pydicom import Dataset, dcmwrite
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
)

from pipeline.codecs.proving import known_pixels
from tests.support.films import encode, make_film

PROOFS = Path(__file__).parents[2] / "pipeline" / "codecs" / "proofs"
DCMTK = {
    "rle": ["dcmcrle"],
    "jpeg_lossless_sv1": ["dcmcjpeg", "+e1"],
    "jpeg_lossless": ["dcmcjpeg", "+el", "+sv", "6"],
    "jpeg_extended": ["dcmcjpeg", "+ee", "+q", "97"],
    "jpeg_ls_lossless": ["dcmcjpls", "+el"],
    "jpeg_ls_near_lossless": ["dcmcjpls", "+en", "+md", "2"],
}


def bare_film(bits_stored: int = 12) -> Dataset:
    """Return the known picture with nothing in its header but what the pixels need."""
    film = make_film(stored_values=known_pixels(bits_stored), bits_stored=bits_stored)
    bare = Dataset()
    for keyword in (
        "SOPClassUID",
        "Modality",
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "Rows",
        "Columns",
    ):
        bare[keyword] = film[keyword]
    for keyword in ("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData"):
        bare[keyword] = film[keyword]
    bare.SOPInstanceUID = bare.StudyInstanceUID = bare.SeriesInstanceUID = "2.25.1"
    bare.file_meta = film.file_meta
    bare.file_meta.MediaStorageSOPInstanceUID = "2.25.1"
    return bare


def write(film: Dataset, name: str) -> Path:
    """Write a proof."""
    path = PROOFS / f"{name}.dcm"
    dcmwrite(path, film, enforce_file_format=True)
    return path


def write_native() -> None:
    """Write the uncompressed ones, and those that DCMTK compresses."""
    film = bare_film()
    explicit = write(film, "explicit")
    for name, command in DCMTK.items():
        subprocess.run([*command, str(explicit), str(PROOFS / f"{name}.dcm")], check=True)
    with TemporaryDirectory() as folder:
        eight_bits = Path(folder, "eight_bits.dcm")
        dcmwrite(eight_bits, bare_film(8), enforce_file_format=True)
        baseline = str(PROOFS / "jpeg_baseline.dcm")
        subprocess.run(["dcmcjpeg", "+eb", "+q", "97", str(eight_bits), baseline], check=True)
    film.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    write(film, "implicit")
    film.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    write(film, "deflated")


def write_compressed(name: str, transfer_syntax: UID, frame: bytes) -> None:
    """Write a frame that a library compressed."""
    film = bare_film()
    film.file_meta.TransferSyntaxUID = transfer_syntax
    film.add_new("PixelData", "OB", encapsulate([frame + b"\0" * (len(frame) % 2)]))
    film["PixelData"].is_undefined_length = True
    write(film, name)


def write_jpeg_2000() -> None:
    """Write JPEG 2000 and High-Throughput JPEG 2000."""
    write(encode(bare_film(), JPEG2000Lossless), "jpeg_2000_lossless")
    lossy = bare_film()
    lossy.compress(JPEG2000, generate_instance_uid=False, j2k_cr=[4])
    write(lossy, "jpeg_2000")
    reversible = ["-reversible", "true"]
    write_compressed("htj2k_lossless", HTJ2KLossless, openjph(*reversible, "-prog_order", "LRCP"))
    write_compressed("htj2k_lossless_rpcl", HTJ2KLosslessRPCL, openjph(*reversible, "-prog_order", "RPCL"))
    write_compressed("htj2k", HTJ2K, openjph("-qstep", "0.002"))


def openjph(*options: str) -> bytes:
    """Return the known picture as a High-Throughput codestream."""
    pixels = known_pixels()
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "picture.pgm"), Path(folder, "picture.j2c")
        header = f"P5\n{pixels.shape[1]} {pixels.shape[0]}\n4095\n".encode()
        source.write_bytes(header + pixels.astype(">u2").tobytes())
        subprocess.run(["ojph_compress", "-i", str(source), "-o", str(target), *options], check=True)
        return target.read_bytes()


if __name__ == "__main__":
    PROOFS.mkdir(exist_ok=True)
    write_native()
    write_jpeg_2000()
