"""Model bundles: an immutable folder of weights, graphs, operating points and their provenance."""

from pipeline.bundle.loading import Bundle, load_bundle, read_manifest, reference_bundle, verify_bundle
from pipeline.bundle.manifest import Manifest

__all__ = ["Bundle", "Manifest", "load_bundle", "read_manifest", "reference_bundle", "verify_bundle"]
