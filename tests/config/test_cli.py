"""The command line: what it prints, what it refuses, and its exit codes."""

import hashlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from config_samples import ENV, RIGHT, changed

from callbridge import __version__
from callbridge.cli import main
from callbridge.store import Store


@pytest.fixture
def site(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    (folder / "site.yaml").write_text(RIGHT)
    (folder / "site.yaml").chmod(0o600)
    return folder / "site.yaml"


def usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "COMMAND"),
        (["sing"], "sing"),
        (["run"], "--config"),
        (["check", "--config"], "--config"),
        (["demo", "--port", "0"], "'0' is not a port"),
        (["demo", "--port", "99999999"], "is not a port"),
    ],
)
def test_given_wrong_arguments_when_called_then_it_says_so_with_exit_code_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CALLBRIDGE_CONFIG", raising=False)
    assert words in usage_error(arguments, capsys)


def test_given_version_when_called_then_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"callbridge {__version__}\n"


def test_given_a_right_configuration_when_checked_offline_then_exit_code_0(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--offline", "--config", str(site)]) == 0
    shown = capsys.readouterr()
    assert "2 agents, 2 groups" in shown.out
    assert "0 errors, 0 warnings" in shown.out
    assert shown.err == ""


def test_given_the_environment_when_no_config_is_named_then_it_stands_in(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLBRIDGE_CONFIG", str(site))
    assert main(["check", "--offline"]) == 0


def test_given_a_wrong_configuration_when_checked_then_every_problem_is_on_stderr_with_exit_code_2(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.write_text(changed("port: 5038", "port: x").replace("wrap_up: 5", "wrap: 5"))
    assert main(["check", "--offline", "--config", str(site)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert [line.partition(": ")[2][:10] for line in shown.err.splitlines()] == ["pbx.port: ", "options.wr"]
    assert "Traceback" not in shown.err


def test_given_a_wrong_configuration_when_run_as_a_module_then_it_refuses_with_exit_code_2(site: Path) -> None:
    site.write_text("nonsense: yes\n")
    command = [sys.executable, "-m", "callbridge", "run", "--config", str(site)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "nonsense" in done.stderr


def test_given_a_wrong_configuration_when_checked_as_json_then_the_problems_are_findings(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.write_text(changed("port: 5038", "port: x"))
    assert main(["check", "--offline", "--json", "--config", str(site)]) == 2
    assert json.loads(capsys.readouterr().out)["summary"]["error"] == 1


def test_given_exposed_files_when_checked_then_they_are_warnings_that_name_them(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (site.parent / "hook.secret").chmod(0o644)
    site.chmod(0o644)
    assert main(["check", "--offline", "--json", "--config", str(site)]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    warnings = [finding["what"] for finding in findings if finding["level"] == "warning"]
    assert [any(word in what for what in warnings) for word in ("hook.secret", "password hashes")] == [True, True]


@pytest.mark.parametrize(
    ("old", "new", "level", "words"),
    [
        ("sqlite:///callbridge.db", "sqlite:///gone/callbridge.db", "error", "/gone does not exist"),
        ("skill: windows", "skill: amiga", "warning", 'no agent has the skill "amiga"'),
        ("members: [anna, ben]", "members: []", "note", "nobody is in the group sales"),
        ("host: 127.0.0.1\n  port: 8180", "host: 0.0.0.0\n  port: 8180", "warning", "without TLS"),
    ],
)
def test_given_a_doubtful_configuration_when_checked_then_it_is_found(
    site: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, level: str, words: str
) -> None:
    site.write_text(changed(old, new))
    main(["check", "--offline", "--json", "--config", str(site)])
    findings = json.loads(capsys.readouterr().out)["findings"]
    found = [finding for finding in findings if words in finding["what"]]
    assert [finding["level"] for finding in found] == [level]
    assert found[0]["cure"]


def test_given_no_pbx_when_checked_then_it_says_what_to_start(
    site: Path, capsys: pytest.CaptureFixture[str], unused_tcp_port: int
) -> None:
    site.write_text(changed("port: 5038", f"port: {unused_tcp_port}"))
    assert main(["check", "--config", str(site)]) == 1
    shown = capsys.readouterr().out
    assert "cannot connect" in shown
    assert "Start Asterisk, set enabled = yes" in shown


def test_given_a_password_on_stdin_when_hashed_then_the_hash_fits_it_and_the_configuration(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\n"))
    assert main(["hash-password"]) == 0
    hashed = capsys.readouterr().out.strip()
    assert PasswordHasher().verify(hashed, "correct horse")


@pytest.mark.parametrize("typed", ["", "\n", "short\n", "x" * 2000])
def test_given_a_password_that_is_too_short_or_long_when_hashed_then_it_is_refused(
    typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert main(["hash-password"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "at least 8 and at most 1024 characters" in shown.err


def test_given_new_token_when_called_then_the_hash_is_the_token_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-token"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    token = first.rpartition(" ")[2]
    assert len(token) >= 40
    assert second == f'token_hash: "sha256:{hashlib.sha256(token.encode()).hexdigest()}"'


def test_given_an_unexpected_failure_when_called_then_a_sentence_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> str:
        raise RuntimeError("the dice fell off the table")

    monkeypatch.setattr("secrets.token_urlsafe", lambda size: broken())
    assert main(["new-token"]) == 1
    assert capsys.readouterr().err == "callbridge: RuntimeError: the dice fell off the table\n"


def test_given_presets_without_an_outbound_section_when_checked_then_a_warning(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.write_text("\n".join(line for line in site.read_text().splitlines() if not line.startswith("outbound:")))
    assert main(["check", "--offline", "--config", str(site)]) == 0
    assert "presets and a fourth party's number cannot be called" in capsys.readouterr().out


async def test_given_a_store_when_backed_up_then_the_file_and_its_calls_are_said_and_a_second_time_is_refused(
    site: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await (await Store.open(f"sqlite:///{folder}/callbridge.db")).close()
    arguments = ["backup", "--config", str(site), str(folder / "copy.db")]
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"{folder}/copy.db: sound, 0 calls\n"
    assert main(arguments) == 1
    assert "exists already and is not overwritten" in capsys.readouterr().err


def test_given_no_store_yet_when_backed_up_then_that_is_said_and_none_is_made(
    site: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "--config", str(site), str(folder / "copy.db")]) == 1
    assert (
        capsys.readouterr().err == f"callbridge: {folder}/callbridge.db: there is no such store; nothing was copied\n"
    )
    assert list(folder.glob("*.db")) == []


def test_given_a_postgresql_store_when_backed_up_then_the_line_is_said_without_the_password(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = '  url: "postgresql://me@db.example/calls"\n  password: {env: DB_SECRET}\n'
    site.write_text(re.sub(r"(?m)(^store:\n)(  .*\n)+", rf"\1{store}", RIGHT))
    monkeypatch.setenv("DB_SECRET", "hidden-hidden")
    assert main(["backup", "--config", str(site), "copy.dump"]) == 1
    said = capsys.readouterr().err
    assert "pg_dump --format=custom --file=copy.dump --dbname=postgresql://me@db.example/calls" in said
    assert "hidden" not in said
