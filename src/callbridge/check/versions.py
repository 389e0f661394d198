"""Which versions of Asterisk callbridge is for. Said here once; a test compares the README and asterisk/README.md."""

SUPPORTED = {20: 11, 22: 1}
"""Major version -> the first minor one whose manager.conf has event filters by name (`eventfilter(action(...))`).

The two with long-term support. The tests run on 22 as Debian builds it.
"""

TESTED = max(SUPPORTED)
OLDEST = min(SUPPORTED)


def in_words() -> str:
    """`Asterisk 22 (22.1 or newer) and 20 (20.11 or newer)`."""
    each = [f"{major} ({major}.{minor} or newer)" for major, minor in sorted(SUPPORTED.items(), reverse=True)]
    return f"Asterisk {' and '.join(each)}"
