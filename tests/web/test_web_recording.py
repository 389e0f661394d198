"""A recorded call says where its recording is; the link takes the file's name as one piece of a URL."""

from dataclasses import replace

from web_samples import a_call, talking, world

from callbridge.domain.model.ids import AgentId
from callbridge.web.views import call_out


def test_given_no_recording_when_shown_then_there_is_none() -> None:
    call = talking(a_call(), AgentId("anna"))
    assert call_out(world(call), call).recording is None


def test_given_a_recording_when_shown_then_its_file_and_the_administrators_link_are_there() -> None:
    call = replace(talking(a_call(), AgentId("anna")), recording="17.1?x.wav")
    found = world(call)
    recording = call_out(found, call).recording
    assert recording is not None
    assert (recording.file, recording.url) == ("17.1?x.wav", None)
    options = replace(found.settings.options, recording_url="https://rec.example/{file}")
    found.settings = replace(found.settings, options=options)
    recording = call_out(found, call).recording
    assert recording is not None
    assert recording.url == "https://rec.example/17.1%3Fx.wav"
