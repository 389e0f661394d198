"""`make chaos`: every fault at every step of a call, on a real PBX with sound. Callers are served, or it fails.

`moments.py` brings a call to a step, `faults.py` does the damage, `verdict.py` says what must be true afterwards, and
`command.py` goes through all of it.
"""
