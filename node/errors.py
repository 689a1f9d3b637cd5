"""What can go wrong in the node.

::

    NodeError
    ├── ConfigError            the configuration cannot be used; names file, line, key and what is allowed
    ├── TlsUnusable            certificate, key or authorities cannot be used; names the file and what to do
    ├── UsersUnusable          the file of users cannot be read or written, or a name is none
    ├── AuditFailed            the audit trail cannot be written, read or forwarded at the moment
    ├── ListenFailed           the node's own port cannot be opened
    ├── UnreadableDataSet      bytes that came over the network are no Data Set
    ├── IdentifierRefused      a C-FIND Identifier that cannot be answered, with the status that says so
    ├── RequestRefused         a C-MOVE, C-GET or N-ACTION that cannot be served, with the status for it
    ├── WebRefused             an HTTP request that cannot be answered, with the status that says so
    ├── TokenRefused           a bearer token cannot be made, read or removed
    ├── StoreRefused           a C-STORE request that cannot be accepted, with the status that says so
    ├── AssociationRefused     a peer cannot be reached or does not open the association; later may be better
    ├── UnknownDestination     no destination of that name is configured
    ├── NothingToSend          the profile of a destination lets no result be sent there
    ├── IdentifierNotMade      a query has a key that there is not, or a value that its key cannot hold
    ├── QueryFailed            a query could not be asked, or the peer ended it with a failure
    │   └── QueryCutShort      the peer has more matches than it gives at once
    ├── FetchFailed            a peer did not give what was asked for; later may be better
    │   └── FetchRefused       it never will as the two systems are configured
    ├── CampaignStopped        a campaign ended before its end; it can be resumed
    ├── NoSuchFilm             a file named on the command line does not exist or is no DICOM file
    ├── ExportRefused          an export cannot begin: folder, key or wish cannot be used
    ├── ExportFailed           an export did not come to its end, or its check found an identifier
    ├── ModelRefused           a model bundle cannot be found, added, promoted or rolled back
    ├── NoReference            drift cannot be looked for: no reference window is frozen
    ├── LabelsUnusable         a table of labels cannot be taken in; names line and column
    ├── NoLedger               there is no ledger to look into: the node has not run yet
    ├── DemoFailed             the demonstration did not come to its end
    ├── AlreadyRunning         another process of the same role works on this data folder
    └── StartRefused           something essential is missing, so the process does not start
"""


class NodeError(Exception):
    """The base of every error that ``node`` raises on purpose."""


class ConfigError(NodeError):
    """The configuration cannot be used.

    Attributes
    ----------
    problems
        One line for each problem: where it stands, the key, what was given and what is allowed.
    """

    def __init__(self, source: str, problems: tuple[str, ...]) -> None:
        self.source = source
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{source}: {count}\n" + "\n".join(f"  {problem}" for problem in problems))


class TlsUnusable(NodeError):
    """Certificate, key, authorities or revocation lists cannot be used."""


class UsersUnusable(NodeError):
    """The file of users cannot be read or written, or a name cannot be one or is not there."""


class AuditFailed(NodeError):
    """The audit trail cannot be written, read or forwarded at the moment."""


class ListenFailed(NodeError):
    """The node's own port cannot be opened."""


class UnreadableDataSet(NodeError):
    """Bytes that came over the network are no Data Set in the transfer syntax agreed on."""


class StoreRefused(NodeError):
    """A C-STORE request that cannot be accepted; the text becomes the Error Comment of the response.

    Attributes
    ----------
    status
        A ``node.network.status.StoreStatus``.
    """

    def __init__(self, status: int, comment: str) -> None:
        self.status = status
        super().__init__(comment)


class IdentifierRefused(NodeError):
    """A C-FIND Identifier that cannot be answered; the text becomes the Error Comment of the response.

    Attributes
    ----------
    status
        A ``node.network.status.FindStatus``.
    """

    def __init__(self, status: int, comment: str) -> None:
        self.status = status
        super().__init__(comment)


class RequestRefused(NodeError):
    """A C-MOVE, C-GET or N-ACTION request that cannot be served; the text becomes the Error Comment.

    Attributes
    ----------
    status
        Status of the response.
    """

    def __init__(self, status: int, comment: str) -> None:
        self.status = status
        super().__init__(comment)


class WebRefused(NodeError):
    """An HTTP request that cannot be answered; the text becomes the body of the response.

    Attributes
    ----------
    status
        HTTP status code, 400 or above.
    headers
        Further header fields of the response.
    """

    def __init__(self, status: int, text: str, **headers: str) -> None:
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        super().__init__(text)


class TokenRefused(NodeError):
    """A bearer token cannot be made, read or removed."""


class AssociationRefused(NodeError):
    """A peer cannot be reached, or does not open the association; later may be better."""


class ModelRefused(NodeError):
    """A model bundle cannot be found, added, promoted or rolled back."""


class NoReference(NodeError):
    """Drift cannot be looked for: no reference window is frozen, or there are too few films for one."""


class LabelsUnusable(NodeError):
    """A table of labels cannot be taken in."""


class UnknownDestination(NodeError):
    """No destination of that name is configured."""


class NothingToSend(NodeError):
    """The profile of a destination lets no result be sent there."""


class IdentifierNotMade(NodeError):
    """A query has a key that is not in the data dictionary, or a value that its key cannot hold."""


class QueryFailed(NodeError):
    """A query could not be asked, or the peer ended it with a failure.

    Attributes
    ----------
    reason
        The message without the peer's own words, which may be about a patient.
    """

    def __init__(self, reason: str, comment: str = "") -> None:
        self.reason = reason
        super().__init__(f"{reason} {comment}".rstrip())


class QueryCutShort(QueryFailed):
    """The peer has more matches than it gives at once."""


class FetchFailed(NodeError):
    """A peer did not give what was asked for; later may be better. No message holds words of the peer."""


class FetchRefused(FetchFailed):
    """A peer will not give what was asked for as long as one of the two systems is configured as it is."""


class CampaignStopped(NodeError):
    """A campaign ended before its end; it can be resumed."""


class NoSuchFilm(NodeError):
    """A file named on the command line does not exist or is no DICOM file."""


class ExportRefused(NodeError):
    """An export cannot begin: the folder, the key or what is wished cannot be used."""


class ExportFailed(NodeError):
    """An export did not come to its end, or its check found an identifier in it."""


class NoLedger(NodeError):
    """There is no ledger to look into: the node has not run yet."""


class DemoFailed(NodeError):
    """The demonstration did not come to its end; the message shows the node's last words."""


class AlreadyRunning(NodeError):
    """Another process of the same role works on this data folder."""


class StartRefused(NodeError):
    """Something essential is missing, so the process does not start."""


def in_words(error: OSError) -> str:
    """Say what the operating system refused, without its number.

    >>> in_words(FileNotFoundError(2, "No such file or directory", "film.dcm"))
    'film.dcm: No such file or directory'
    """
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason
