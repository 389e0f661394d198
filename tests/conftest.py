"""For all tests."""

import structlog

# Where nobody has set up the logs, structlog draws tracebacks with the values of all variables: half a second each, in
# which an event loop stands still.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)
