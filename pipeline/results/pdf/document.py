"""The page in a DICOM object (Encapsulated PDF, PS3.3 A.45.1, C.24.2)."""

from pydicom import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from pipeline.results.elements import put
from pipeline.results.finish import finish
from pipeline.results.pdf.page import draw_page
from pipeline.results.plain import reference, start
from pipeline.results.provenance import ObjectKind, Provenance
from pipeline.values import Analysis

DOCUMENT = ObjectKind("pdf", 9007, "AI RDS summary (RESEARCH)")


def make_document(analysis: Analysis, provenance: Provenance) -> Dataset:
    """Make the summary of one film, whatever the outcome: a PDF of one A4 page.

    Notes
    -----
    The page names the patient, therefore Burned In Annotation is YES.
    """
    made = start(EncapsulatedPDFStorage, "DOC", DOCUMENT, analysis, provenance)
    made.ConversionType = "WSD"
    made.BurnedInAnnotation, made.RecognizableVisualFeatures = "YES", "NO"
    made.AcquisitionDateTime = None
    made.SourceInstanceSequence = [reference(provenance)]
    put(made, "DocumentTitle", "AI summary: respiratory distress syndrome of the newborn (RESEARCH)")
    made.ConceptNameCodeSequence = [_title()]
    made.VerificationFlag = "UNVERIFIED"
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    page = draw_page(analysis, provenance)
    made.EncapsulatedDocumentLength = len(page)
    made.add_new("EncapsulatedDocument", "OB", page + b"\0" * (len(page) % 2))
    return finish(made, provenance)


def _title() -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = "18748-4", "LN"
    item.CodeMeaning = "Diagnostic imaging study"
    return item
