"""YAML to plain data that remembers its lines.

A small part of YAML, on purpose: mappings, lists and plain values. What a configuration has no need of is refused with
its line: tags, anchors and aliases (with them goes every way of making a small file huge), several documents, keys
given twice. Plain values mean what they look like: only `true` and `false` are booleans, so that the region `NO` is
Norway, and a number with a leading `+` or `0` stays text, so that a telephone number keeps all of it.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from callbridge.config.errors import ConfigError, Path, Problem

MAX_BYTES: Final = 1_048_576
MAX_DEPTH: Final = 16
_INT: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_FLOAT: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
_WORDS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Document:
    data: Any
    lines: dict[Path, int] = field(default_factory=dict)
    """The line of each key and list item, counted from 1."""

    def line(self, path: Path) -> int:
        """The line of this place, or of the nearest one around it that is written down."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse(text: bytes, file: str) -> Document:
    """Raises ConfigError, with the line, for everything that is not this part of YAML."""
    if len(text) > MAX_BYTES:
        raise _refused(file, 1, f"the file has {len(text)} bytes", f"a configuration has at most {MAX_BYTES}")
    try:
        source = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise _refused(file, line, "is not UTF-8 text", "save the file as UTF-8") from None
    builder = _Builder(file)
    try:
        for event in yaml.parse(source, Loader=yaml.SafeLoader):
            builder.take(event)
    except yaml.reader.ReaderError as error:
        line = source.count("\n", 0, error.position) + 1
        raise _refused(file, line, f"has the control character U+{ord(source[error.position]):04X}") from None
    except yaml.MarkedYAMLError as error:
        raise _refused(
            file, error.problem_mark.line + 1 if error.problem_mark else builder.line, *_syntax(error)
        ) from None
    except (yaml.YAMLError, ValueError, IndexError) as error:
        raise _refused(file, builder.line, f"is not YAML ({error})") from None
    if builder.problems:
        raise ConfigError(builder.problems)
    return Document(builder.root, builder.lines)


def _syntax(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    what = (error.problem or "something that is not YAML").replace("\\t", "tab")
    if "tab" in what or "'\t'" in what:
        return "a tab where only spaces may stand", "indent with spaces"
    context = f" {error.context}" if error.context else ""
    return f"is not YAML: {what}{context}", ""


def _line(mark: Any, otherwise: int) -> int:
    return int(mark.line) + 1 if mark is not None else otherwise


def _refused(file: str, line: int, what: str, allowed: str = "") -> ConfigError:
    return ConfigError([Problem(file=file, line=line, what=what, allowed=allowed)])


@dataclass(slots=True)
class _Open:
    """A mapping or a list that has not ended."""

    value: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None
    """The key that waits for its value."""


class _Builder:
    """Builds the data from parser events. No recursion, so depth is a number and never a crash."""

    def __init__(self, file: str) -> None:
        self.root: Any = None
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self.line = 1
        self._file = file
        self._stack: list[_Open] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        self.line = _line(event.start_mark, self.line)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._stop("a second document begins", "the whole configuration is one document, without `---`")
        elif isinstance(event, yaml.AliasEvent):
            raise self._stop("an alias (*) is not understood here", "write the value out")
        elif isinstance(event, yaml.ScalarEvent):
            self._plain(event)
            self._add_scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._plain(event)
            self._begin({} if isinstance(event, yaml.MappingStartEvent) else [])
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._stack.pop()

    def _stop(self, what: str, allowed: str) -> ConfigError:
        return ConfigError([*self.problems, Problem(file=self._file, line=self.line, what=what, allowed=allowed)])

    def _plain(self, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            raise self._stop("an anchor (&) is not understood here", "put the value in quotes, or write it out")
        if getattr(event, "tag", None) is not None:
            raise self._stop("a tag (!) is not understood here", "put the value in quotes")

    def _begin(self, value: dict[str, Any] | list[Any]) -> None:
        path = self._place(value)
        self._stack.append(_Open(value, path))
        if len(self._stack) > MAX_DEPTH:
            raise self._stop("is nested too deeply", f"at most {MAX_DEPTH} levels")

    def _add_scalar(self, event: yaml.ScalarEvent) -> None:
        top = self._stack[-1] if self._stack else None
        if top is None or isinstance(top.value, list) or top.key is not None:
            self._place(_resolve(event))
            return
        key = str(event.value)
        path = (*top.path, key)
        if key in top.value:
            what = f"is given twice, first in line {self.lines[path]}"
            problem = Problem(file=self._file, line=self.line, path=path, what=what, allowed="keep one of them")
            self.problems.append(problem)
        self.lines[path] = self.line
        top.key = key

    def _place(self, value: Any) -> Path:
        """Puts the value where it belongs and returns its path."""
        if not self._stack:
            self.root = value
            return ()
        top = self._stack[-1]
        if isinstance(top.value, list):
            path: Path = (*top.path, len(top.value))
            self.lines[path] = self.line
            top.value.append(value)
            return path
        if top.key is None:
            raise self._stop("a key must be a word", "not a list or a mapping")
        path = (*top.path, top.key)
        top.value[top.key] = value
        top.key = None
        return path


def _resolve(event: yaml.ScalarEvent) -> Any:
    text = str(event.value)
    if event.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
