"""Which installed Asterisk is found, and where its parts are: as packages and as `make install` leave them."""

import os
from pathlib import Path

import pytest

from callbridge.check import shipped
from callbridge.demo.errors import PbxUnavailable
from callbridge.demo.installed import find_binary, find_parts
from callbridge.demo.provision import PbxKind, provision

SAYS_ITS_VERSION = "#!/bin/sh\necho 'Asterisk 22.10.1'\n"


def make(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def make_asterisk(prefix: Path, *, modules: str = "lib/asterisk/modules", data: str = "var/lib/asterisk") -> Path:
    """As much of it as a search can see."""
    for module in shipped.modules():
        make(prefix / modules / module)
    make(prefix / data / "documentation/core-en_US.xml")
    return make(prefix / "sbin/asterisk", SAYS_ITS_VERSION)


@pytest.mark.parametrize(
    ("modules", "data"),
    [
        ("lib/x86_64-linux-gnu/asterisk/modules", "share/asterisk"),
        ("lib/asterisk/modules", "var/lib/asterisk"),
        ("lib64/asterisk/modules", "var/lib/asterisk"),
    ],
    ids=["Debian", "make install", "make install on 64 bits"],
)
def test_given_an_asterisk_when_looked_for_then_its_modules_and_its_data_are_found(
    tmp_path: Path, modules: str, data: str
) -> None:
    found = find_parts(make_asterisk(tmp_path, modules=modules, data=data), data_of_all=None)
    assert (found.module_dir, found.data_dir) == (tmp_path / modules, tmp_path / data)


def test_given_data_outside_the_prefix_when_looked_for_then_it_is_found_there(tmp_path: Path) -> None:
    """`./configure --prefix=/usr` and `--localstatedir=/var` with any prefix."""
    binary = make_asterisk(tmp_path / "usr", data="../var/lib/asterisk")
    found = find_parts(binary, data_of_all=str(tmp_path / "var/lib/asterisk"))
    assert found.data_dir == tmp_path / "var/lib/asterisk"


def test_given_a_link_to_an_asterisk_when_looked_for_then_its_parts_are_beside_what_it_leads_to(tmp_path: Path) -> None:
    binary = make_asterisk(tmp_path / "opt/asterisk-22")
    link = tmp_path / "local/sbin/asterisk"
    link.parent.mkdir(parents=True)
    link.symlink_to(binary)
    assert find_parts(link, data_of_all=None).module_dir == tmp_path / "opt/asterisk-22/lib/asterisk/modules"


@pytest.mark.parametrize("missing", ["modules", "data folder"])
def test_given_an_asterisk_without_one_of_its_parts_then_the_sentence_names_that_part_and_the_places(
    tmp_path: Path, missing: str
) -> None:
    binary = make_asterisk(tmp_path)
    gone = {
        "modules": "lib/asterisk/modules/chan_pjsip.so",
        "data folder": "var/lib/asterisk/documentation/core-en_US.xml",
    }
    for file in (tmp_path / gone[missing]).parent.iterdir():
        file.unlink()
    with pytest.raises(PbxUnavailable) as refused:
        find_parts(binary, data_of_all=None)
    assert f"has no {missing}" in str(refused.value)
    assert str((tmp_path / gone[missing]).parent).removesuffix("/documentation") in str(refused.value)
    assert "make install" in str(refused.value)


def test_given_a_path_when_an_asterisk_is_looked_for_then_only_there_and_in_the_sbin_beside_a_bin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = make_asterisk(tmp_path)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"/nonexistent{os.pathsep}{tmp_path / 'bin'}")
    assert find_binary() == binary
    monkeypatch.setenv("PATH", "/nonexistent")
    assert find_binary() is None


def test_given_the_installed_one_is_wanted_then_it_is_taken_with_its_version_and_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = make_asterisk(tmp_path)
    monkeypatch.setenv("PBX", "system")
    monkeypatch.setenv("PATH", f"{tmp_path / 'sbin'}{os.pathsep}{os.environ['PATH']}")
    program = provision()
    assert (program.kind, program.version, program.argv) == (PbxKind.SYSTEM, "22.10.1", (str(binary),))
    assert program.modules == shipped.modules().keys()


def test_given_an_asterisk_built_without_a_module_that_is_needed_then_the_sentence_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_asterisk(tmp_path)
    for name in ("app_exec.so", "bridge_holding.so", "app_chanspy.so"):  # the last one may be missing
        (tmp_path / "lib/asterisk/modules" / name).unlink(missing_ok=True)
    monkeypatch.setenv("PBX", "system")
    monkeypatch.setenv("PATH", f"{tmp_path / 'sbin'}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(PbxUnavailable, match=r"lacks modules .*: app_exec\.so, bridge_holding\.so\. "):
        provision()


def test_given_an_installed_one_that_does_not_run_then_what_it_says_is_in_the_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(
        make_asterisk(tmp_path), "#!/bin/sh\necho 'libasteriskssl.so.1: cannot open shared object file' >&2\nexit 127\n"
    )
    monkeypatch.setenv("PBX", "system")
    monkeypatch.setenv("PATH", f"{tmp_path / 'sbin'}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(PbxUnavailable, match=r"does not run: libasteriskssl\.so\.1: cannot open shared object file\. "):
        provision()
