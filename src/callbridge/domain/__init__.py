"""What callbridge decides: pure, standard library only.

Nothing in here waits, reads a clock, draws a random number, logs or does I/O. Signals come in with the
time, effects go out as data, and `callbridge.runtime` is the only place that performs them.
"""
