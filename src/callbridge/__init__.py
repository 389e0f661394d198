"""callbridge: a telephony integration gateway beside Asterisk."""

__version__ = "0.1.0"
