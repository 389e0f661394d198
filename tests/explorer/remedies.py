"""What a refusal tells to do first. A sentence that tells something which is refused too is a trap."""

import re

_PHRASES: dict[str, tuple[str, ...]] = {
    "cancel that first": ("cancel",),
    "end that first": ("cancel", "end"),
    "merge the calls first": ("merge",),
    "drop them": ("party drop",),
    "leave the conference": ("leave",),
    "end the call instead": ("end",),
    "hang up": ("end",),
    "resume the call first": ("resume",),
    "Log in first": (),  # not about a call
}
"""Words of the sentences, and the stimuli that do what they say: one of them must then be taken."""
_ADVICE = re.compile(r"\b(first|instead)\b")


def remedies(sentence: str) -> tuple[str, ...] | None:
    """The stimuli that the sentence names; empty: it names nothing. None: it gives advice that is not in the list."""
    found = [verbs for phrase, verbs in _PHRASES.items() if phrase in sentence]
    return None if not found and _ADVICE.search(sentence) else tuple(verb for verbs in found for verb in verbs)
