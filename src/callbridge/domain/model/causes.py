"""What a leg's end means, by its Q.850 cause as Asterisk's Hangup event gives it (seen on Asterisk 22)."""

DECLINED = frozenset({16, 17, 21, 22})
"""A phone that was rung and said no: cleared, busy, rejected, number changed."""

NO_ANSWER = frozenset({18, 19})

DIED = frozenset({27, 38, 41, 42, 44, 47, 102})
"""A phone that died rather than hung up: no sound any more, network, timer. The dialplan knows the same."""

END_FOLLOWS = 0.5
"""Seconds in which the end of a leg that failed must say why."""
