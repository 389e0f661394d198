"""What can go wrong before a demo or a live test has begun."""


class Unavailable(Exception):
    """A program can neither be found nor fetched here. The message is a sentence for a person and says what to do."""


class PbxUnavailable(Unavailable):
    """No Asterisk can be had or started here."""
