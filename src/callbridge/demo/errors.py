"""What can go wrong before a demo or a live test has begun."""


class PbxUnavailable(Exception):
    """No Asterisk can be had or started here. The message is a sentence for a person and says what to do."""
