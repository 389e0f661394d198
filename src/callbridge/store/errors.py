"""What can go wrong with a store, in words for whoever runs it."""


class StoreError(Exception):
    """Any failure of the store. The text names the database, never a password and never caller data."""


class StoreUnavailable(StoreError):
    """The database cannot be opened, reached or written.

    Whether a transaction that fails with this was committed is not always known. Performing the same
    effects again is harmless, so the answer to this error is to try again.
    """


class StoreTooNew(StoreError):
    """A newer callbridge has changed the database's schema; this one must not touch it."""


class BadCursor(StoreError, ValueError):
    """A page was asked for with a cursor that this list did not give out."""
