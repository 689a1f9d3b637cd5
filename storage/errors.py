"""What can go wrong in storage.

::

    StorageError
      StorageFailed         the disk or the database refuses at this moment: try again later
        StorageFull
        ObjectNotWritten
        LedgerUnavailable
      ObjectLost            a file that the ledger names cannot be given back as it was
        ObjectMissing
        DigestMismatch
      ValueRefused          the database will never take a value or a row: trying again does not help
      LeaseLost             somebody else has the job now: drop the work silently
      NotInLedger
      JobNotChangeable
      CampaignNotChangeable
      SchemaTooNew
      SchemaTooOld

No message holds patient data: UIDs, digests and the ledger's own numbers only.
"""


class StorageError(Exception):
    """Anything that storage cannot do."""


class StorageFailed(StorageError):
    """The disk or the database refuses at this moment; the same call may succeed later."""


class StorageFull(StorageFailed):
    """No space is left for object files or for the ledger."""


class ObjectNotWritten(StorageFailed):
    """An object file could not be made durable."""


class LedgerUnavailable(StorageFailed):
    """The ledger's database is locked, unreachable or refuses the statement."""


class ValueRefused(StorageError):
    """The database does not take a value or a row, now or later; the transaction changed nothing."""


class ObjectLost(StorageError):
    """A stored object cannot be given back as it came in."""


class ObjectMissing(ObjectLost):
    """The ledger names an object file that is not there."""


class DigestMismatch(ObjectLost):
    """An object file no longer has the bytes that were written."""


class LeaseLost(StorageError):
    """The claim's lease was taken over, ended or cancelled; nothing was changed."""


class NotInLedger(StorageError):
    """There is no such row."""


class JobNotChangeable(StorageError):
    """The job's state does not allow what was asked."""


class CampaignNotChangeable(StorageError):
    """The campaign's state does not allow what was asked."""


class SchemaTooNew(StorageError):
    """A newer neolung wrote this ledger; install that version or restore a backup."""


class SchemaTooOld(StorageError):
    """The ledger has not been migrated to this version's schema."""
