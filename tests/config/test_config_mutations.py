"""Whatever is done to a configuration, it loads or it is refused with a line: never another exception."""

import copy
import re
from pathlib import Path
from typing import Any

import yaml
from config_samples import ENV, RIGHT
from hypothesis import given, settings
from hypothesis import strategies as st

from callbridge.config import ConfigError, parse_config

NOWHERE = Path("/nonexistent")
RIGHT_BYTES = RIGHT.encode()
ODD = ["", "~", "&a ", "*a", "!!int ", "!x ", "{", "}", "[", "]", ": ", "- ", "\t", "\n", "'", '"', "|", ">", "? ", "---\n", "...\n", "%YAML 1.1\n", "<<: ", "\x00", "\x85", "\ufeff", "\ud7ff", "🙂", "0o7", "1e999", "-0", "9" * 400, "2020-02-30", "PJSIP/", "$argon2id$v=19$m=1,t=1$", "https://[", "https://[::1", "postgresql://[", "sqlite:////", "{caller_number", "+", "٣"]  # fmt: skip  # noqa: E501

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def loads_or_is_refused_with_lines(text: bytes) -> None:
    refusal = None
    try:
        config, _ = parse_config(text, file="site.yaml", base=NOWHERE, env=ENV)
        config.to_settings()
    except ConfigError as error:
        refusal = error
    if refusal is None:
        return
    assert refusal.problems
    breaks = len(re.findall(b"\r\n|\r|\n|\xc2\x85|\xe2\x80[\xa8\xa9]", text))
    for problem in refusal.problems:
        assert problem.line in range(1, breaks + 2)
        assert str(problem).startswith(f"site.yaml:{problem.line}: ")
        assert ENV["TOKENS"] not in str(problem)


@given(st.lists(st.tuples(st.integers(0, len(RIGHT)), st.integers(0, 30), st.sampled_from(ODD)), max_size=4))
@settings(deadline=None, max_examples=300)
def test_given_text_cut_and_pasted_when_parsed_then_it_loads_or_names_lines(cuts: list[tuple[int, int, str]]) -> None:
    text = RIGHT.replace("{file: ", "{env: EVENTS} # ")
    for at, length, put in cuts:
        text = text[:at] + put + text[at + length :]
    loads_or_is_refused_with_lines(text.encode())


@given(st.binary(max_size=200), st.integers(0, len(RIGHT_BYTES)))
@settings(deadline=None, max_examples=200)
def test_given_bytes_thrown_in_when_parsed_then_it_loads_or_names_lines(noise: bytes, at: int) -> None:
    loads_or_is_refused_with_lines(RIGHT_BYTES[:at] + noise + RIGHT_BYTES[at:])


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
@settings(deadline=None, max_examples=300)
def test_given_anything_at_all_when_parsed_then_it_names_lines(noise: bytes) -> None:
    loads_or_is_refused_with_lines(noise)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))][(not path) :]


TREE = yaml.safe_load(RIGHT)


@given(st.lists(st.tuples(st.sampled_from(places(TREE)), VALUES), min_size=1, max_size=3))
@settings(deadline=None, max_examples=400)
def test_given_any_value_in_any_place_when_parsed_then_it_loads_or_names_lines(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    tree = copy.deepcopy(TREE)
    for path, value in changes:
        here = tree
        try:
            for part in path[:-1]:
                here = here[part]
            here[path[-1]] = value
        except (TypeError, KeyError, IndexError):
            continue  # an earlier change took the place away
    loads_or_is_refused_with_lines(yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "replace"))
