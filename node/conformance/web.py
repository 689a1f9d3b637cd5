"""DICOMweb: what the origin server offers."""

from node.conformance.markdown import code, table
from node.web.inquiry import ROOT
from node.web.media import DICOM, DICOM_JSON, DICOM_XML, MULTIPART
from node.web.resources import STORES, TRANSACTIONS


def overview() -> str:
    """Name the transactions of the Studies Service."""
    names = [entry.title for entry in TRANSACTIONS] + ["Store Instances", "Retrieve Capabilities"]
    return table(("transaction", "origin server", "user agent"), ((name, "yes", "no") for name in names))


def transactions() -> str:
    """List every resource with its methods and media types."""
    rows = [
        (
            entry.title,
            code(f"GET {ROOT}{_template(entry.path)}"),
            ", ".join(map(code, entry.media_types)),
            ", ".join(map(code, entry.query)),
        )
        for entry in TRANSACTIONS
    ]
    answers = f"{code(DICOM_JSON)}, {code(DICOM_XML)}"
    takes = f"takes {code(f'{MULTIPART}; type={DICOM}')} or {code(DICOM)}; answers {answers}"
    rows += [("Store Instances", code(f"POST {ROOT}{_template(path)}"), takes, "") for path in STORES]
    rows.append(("Retrieve Capabilities", code(f"OPTIONS {ROOT}/..."), "WADL, JSON", ""))
    return table(("transaction", "resource", "media types", "query, beside `accept`"), rows)


def _template(path: str) -> str:
    return path.replace(":path}", "}")
