"""How often, and how soon, the PBX is told again what it did not do."""

SOON = 0.5
"""Seconds after which a refused move is tried again: `channel not up` passes quickly."""

TRIES = 3
"""Moves that may come to nothing before the state is told that it cannot be done."""
PBX_PAUSE = 5.0
"""Seconds until an agent is asked again for this call whose phone the PBX or the network did not get to ring."""
