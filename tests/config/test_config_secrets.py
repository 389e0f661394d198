"""Secrets: found, never shown, and refused with the name of what is missing."""

import os
from pathlib import Path

import pytest
from config_samples import RIGHT, Load, Refused, line_of

from callbridge.config.secrets import Secret, read_secret

ENV = {"GOOD": "s3cret", "EMPTY": "", "LINES": "a\r\nAction: Command"}


def read(given: object, base: Path) -> Secret:
    return read_secret(given, base=base, env=ENV)


def test_given_an_environment_variable_when_read_then_its_value_is_the_secret(tmp_path: Path) -> None:
    secret = read({"env": "GOOD"}, tmp_path)
    assert (secret.value, secret.source, secret.exposed) == ("s3cret", "environment variable GOOD", False)


@pytest.mark.parametrize("content", [b"s3cret", b"s3cret\n", b"s3cret\r\n"])
def test_given_a_file_when_read_then_one_line_end_is_not_part_of_the_secret(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert read({"file": "a"}, tmp_path).value == "s3cret"


@pytest.mark.parametrize(
    ("mode", "exposed"), [(0o400, False), (0o600, False), (0o640, False), (0o660, True), (0o644, True), (0o604, True)]
)
def test_given_a_file_when_others_may_read_it_then_it_counts_as_exposed(
    tmp_path: Path, mode: int, exposed: bool
) -> None:
    (tmp_path / "a").write_text("s3cret")
    (tmp_path / "a").chmod(mode)
    assert read({"file": "a"}, tmp_path).exposed is exposed


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"env": "MISSING"}, "MISSING is not set"),
        ({"env": "EMPTY"}, "EMPTY is empty"),
        ({"env": "LINES"}, "LINES has a line break"),
        ({"env": "A=B"}, "letters, digits and _"),
        ({"env": 3}, "env has no name"),
        ({"file": "gone"}, "cannot be read"),
        ({"file": "nul\0"}, "cannot be read"),
        ({"file": "."}, "is not a file"),
        ({"file": "/dev/zero"}, "is not a file"),
        ({"file": "fifo"}, "is not a file"),
        ({"file": "binary"}, "is not UTF-8 text"),
        ({"file": "large"}, "is too large"),
        ({"file": "two"}, "has a line break"),
        ("s3cret", "may not stand in this file"),
        (7, "does not say where"),
        (None, "does not say where"),
        ({}, "does not say where"),
        ({"env": "GOOD", "file": "a"}, "does not say where"),
    ],
)
def test_given_no_usable_secret_when_read_then_it_says_why_and_no_value(
    tmp_path: Path, given: object, words: str
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"s" * 100_000)
    (tmp_path / "two").write_text("s3cret\nsecond\n")
    with pytest.raises(ValueError, match=words) as caught:
        read(given, tmp_path)
    assert "s3cret" not in str(caught.value)


def test_given_a_credential_of_systemd_when_read_then_it_goes_before_the_file(tmp_path: Path) -> None:
    base, credentials = tmp_path / "etc", tmp_path / "credentials"
    for folder, value in ((base, "for root"), (credentials, "handed over")):
        folder.mkdir()
        (folder / "a").write_text(value)
    (base / "b").write_text("only here")
    env = {"CREDENTIALS_DIRECTORY": str(credentials)}
    assert read_secret({"file": "a"}, base=base, env=env).value == "handed over"
    assert read_secret({"file": "b"}, base=base, env=env).value == "only here"
    assert read_secret({"file": "../etc/a"}, base=base, env=env).value == "for root"
    assert read_secret({"file": str(base / "a")}, base=base, env=env).value == "for root"


def test_given_a_secret_when_shown_then_its_value_is_not_there(tmp_path: Path) -> None:
    assert "s3cret" not in repr(read({"env": "GOOD"}, tmp_path))


@pytest.mark.parametrize("secret", ["whsec_", "whsec_!!!!", "whsec_a", "whsec_a2tr a2tr", "whsec_ä"])
def test_given_a_webhook_secret_that_is_not_base64_then_it_is_refused_with_its_line_and_without_its_value(
    folder: Path, refused: Refused, secret: str
) -> None:
    (folder / "hook.secret").write_text(secret)
    [problem] = refused(RIGHT).problems
    assert (problem.line, problem.path) == (line_of(RIGHT, "hook.secret"), ("webhooks", 0, "secret"))
    assert "base64" in problem.what
    assert secret not in str(problem).replace("whsec_,", "") or secret == "whsec_"


@pytest.mark.parametrize("secret", ["whsec_a2tra2tr", "whsec_a2tra2s=", "whsec_a2tra2s", "any other text", "ä"])
def test_given_a_webhook_secret_that_can_sign_then_it_is_taken(folder: Path, load: Load, secret: str) -> None:
    (folder / "hook.secret").write_text(secret)
    assert load(RIGHT).webhooks[0].secret.value == secret
