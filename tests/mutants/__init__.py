"""Breaks the domain in one place at a time, to see that its tests notice. Begin at `command.py`."""
