"""What a person reads where an Asterisk does not start."""

from pathlib import Path

import pytest

from callbridge.demo.errors import PbxUnavailable
from callbridge.demo.instance import AsteriskInstance, InstanceFiles
from callbridge.demo.provision import AsteriskProgram, PbxKind


def an_instance(folder: Path, script: str) -> AsteriskInstance:
    binary = folder / "asterisk"
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(0o755)
    program = AsteriskProgram(
        kind=PbxKind.SYSTEM,
        version="22.10.1",
        argv=(str(binary),),
        module_dir=folder,
        data_dir=folder,
        modules=frozenset(),
    )
    return AsteriskInstance(program, folder, InstanceFiles(name="pbx", address="127.0.0.1", modules=(), configs={}))


async def test_given_an_asterisk_that_is_silent_when_its_time_is_over_then_the_time_and_a_cure_are_said(
    tmp_path: Path,
) -> None:
    instance = an_instance(tmp_path, "exec sleep 600")
    with pytest.raises(
        PbxUnavailable, match=r"did not get ready on 127\.0\.0\.1 within 0\.2 s\. It says nothing\. .*busy"
    ):
        await instance.start(within=0.2)
    assert not instance.running


async def test_given_an_asterisk_that_ends_then_what_it_said_is_in_the_sentence(tmp_path: Path) -> None:
    instance = an_instance(tmp_path, "echo 'Unable to bind'; exit 1")
    with pytest.raises(PbxUnavailable, match=r"ended before it was ready on 127\.0\.0\.1\. It says: Unable to bind$"):
        await instance.start()
