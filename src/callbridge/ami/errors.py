"""What can go wrong on the AMI link, as types that the rest of callbridge may catch."""


class AmiError(Exception):
    """Base of everything that the AMI link raises."""


class ConnectionLost(AmiError):
    """There is no connection, or it dropped while the action was pending.

    Whether Asterisk carried the action out is unknown; it is never sent again by the link.
    """


class ActionTimeout(AmiError):
    """Asterisk did not answer the action in time. Whether it carried it out is unknown."""

    def __init__(self, action: str, seconds: float) -> None:
        super().__init__(f"Asterisk did not answer {action} within {seconds:g} s")
        self.action = action


class ActionRefused(AmiError):
    """Asterisk answered `Response: Error`. `message` is its own sentence and can contain a channel's name."""

    def __init__(self, action: str, message: str) -> None:
        super().__init__(f"Asterisk refused {action}: {message}")
        self.action = action
        self.message = message


class AuthenticationFailed(AmiError):
    """Asterisk does not accept the user name or secret. The link does not try again by itself for a long time."""


class LimitReached(AmiError):
    """One of the link's own bounds was hit: too many actions pending, or a list too long to be kept."""


class AnswerIncomplete(AmiError):
    """A list ended with fewer rows than Asterisk said it had sent, so it must not be taken for a snapshot."""


class StampMissing(AmiError):
    """Channels of callbridge are there, and no channel shows the stamp: what a snapshot says cannot be believed."""

    def __init__(self) -> None:
        super().__init__("CALLBRIDGE_STAMP is missing in channelvars= of manager.conf")


class DialplanOutdated(AmiError):
    """The PBX's dialplan does not have a place to which the gateway sends channels; Asterisk would hang them up."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"The PBX's dialplan has no {place}: copy this version's extensions-callbridge.conf to it, and what is new "
            "in manager-callbridge.conf, then reload dialplan and manager"
        )


class DialplanUnknown(AmiError):
    """The PBX does not answer yet whether a place is in its dialplan: it is still booting, or lacks the module."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"The PBX does not say whether its dialplan has {place}: it is still booting, or lacks func_dialplan.so"
        )


class BadValue(AmiError, ValueError):
    """A header may not be sent. Nothing of the action was sent. The text names the header, never the value."""

    def __init__(self, header: str, reason: str) -> None:
        super().__init__(f"{header}: {reason}")
        self.header = header
        self.reason = reason
