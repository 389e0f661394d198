"""What the API answers, as JSON: the OpenAPI document comes from here (requests: `models.py`)."""

from typing import Literal

from pydantic import ConfigDict, Field

from callbridge.domain.model.agents import AgentState, PhoneState
from callbridge.domain.model.calls import CallOutcome, CallState
from callbridge.domain.model.causes import Reason
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.offer import OfferKind, OfferState
from callbridge.domain.model.settings import AgentTransferMode
from callbridge.domain.model.transfer import DestinationKind, TransferKind, TransferState
from callbridge.web.party_answers import PartyOut
from callbridge.web.words import Moment, Out, Text


class ProblemError(Out):
    pointer: str
    """Where, as a URI fragment: `#/destination/value` in the body, `#query/limit` in the query."""
    message: str


class ProblemDetails(Out):
    """RFC 9457."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)
    type: str
    title: str
    status: int
    detail: str
    """A sentence that says what to do."""
    code: str
    """Stable: for programs."""
    errors: list[ProblemError] = Field(default_factory=list)
    """What is not valid; left out of other problems."""


class SessionOut(Out):
    token: str
    token_type: Literal["Bearer"] = "Bearer"
    agent: str
    supervisor: bool
    expires_at: Moment
    expires_in: int
    """Seconds. Get the next one with `POST /v1/token:refresh` before they are over."""


class Ref(Out):
    id: str
    name: Text


class AgentOut(Out):
    id: str
    name: Text
    state: AgentState
    reason: Text | None
    since: Moment
    groups: list[str]
    calls: int
    max_sessions: int
    phone: PhoneState
    """`in_use` while the agent has no call here: they are in a private one, and group calls pass them over."""


class AgentsOut(Out):
    items: list[AgentOut]


class MemberOut(Out):
    id: str
    name: Text
    state: AgentState
    reason: Text | None
    since: Moment
    priority: int


class GroupOut(Out):
    id: str
    name: Text
    waiting: int
    """Callers who wait for this group, an offer under way included."""
    waiting_since: Moment
    """Of the one who waits longest."""
    longest_wait: float
    """Seconds."""
    expected_wait: float | None
    """Seconds for a caller who came now, from the last waits; 0: somebody is free; null: not known."""
    available: int
    logged_in: int
    agents: list[MemberOut]


class GroupsOut(Out):
    items: list[GroupOut]


class NoteOut(Out):
    at: Moment
    by: str
    text: Text


class PopOut(Out):
    """The screen pop; `preview` while the offer is pending. Its id stays the same from the preview to the pop."""

    id: str
    call: str
    agent: str
    preview: bool
    at: Moment
    caller_number: Text
    """E.164 where the site's region says how, else as the PBX gives it; empty: there is none, or it is withheld."""
    caller_name: Text
    caller_withheld: bool
    """The caller does not want to be shown: number and name are empty, unless the administrator shows them inside."""
    caller_number_raw: Text
    """The number as the PBX gives it; empty where the caller is withheld."""
    called: Text
    group: Ref | None
    data: dict[Text, Text]
    notes: list[NoteOut]
    transferred_by: Ref | None
    transfer_reason: Text | None
    crm_url: Text | None
    """The group's or the site's link with this call's values; null: none is configured, or a value would have led it to
    another place by `.` or `..`."""
    dropped_by: Ref | None
    """Who picked the caller up and put them down at once, within `options.min_talk`: the caller waits since before."""


class LegEndOut(Out):
    """What the other side said instead of picking up."""

    reason: Reason
    cause: int | None
    """Q.850; null where the PBX did not tell, or the gateway gave up by itself."""
    sip_status: int | None
    """Of the answer to the INVITE; null where there was none, or the PBX does not tell."""


class NotReachedOut(Out):
    """A number that was called in vain."""

    number: Text
    """In international form."""
    said: LegEndOut


class OfferOut(Out):
    id: str
    call: str
    agent: str
    kind: OfferKind
    group: Ref | None
    made_at: Moment
    deadline: Moment
    """When it times out. Compare with the `Date` of the answer, not with the client's own clock."""
    state: OfferState
    ended_at: Moment
    reason: Text | None
    """Of a rejected one `button` or `phone`; of one that was taken back why: `unreachable`, `network_trouble`,
    `agent_left`, `cancelled`, `caller_hung_up`, ..."""
    said: LegEndOut | None
    """What their phone said, where it was the phone that ended it."""
    preview: PopOut | None


class OffersOut(Out):
    items: list[OfferOut]


class DestinationOut(Out):
    kind: DestinationKind
    value: Text
    name: Text | None
    shown: Text | None
    """Of a number or preset: the number as people read it."""


class TransferOut(Out):
    id: str
    call: str
    by: str
    kind: TransferKind
    destination: DestinationOut
    mode: AgentTransferMode | None
    reason: Text | None
    state: TransferState
    made_at: Moment
    ended_at: Moment
    failure: str | None
    """Why it failed: `rejected`, `no_answer`, `unreachable`, `network_trouble` of an agent;
    of a number the reason that `said` has; or `waited_too_long`, `caller_hung_up`, `target_hung_up`, ..."""
    said: LegEndOut | None
    """What the target's phone or network said, where they were not reached."""
    taken_by: str | None


class ConsultOut(Out):
    """The agent who is consulted, or asked to be."""

    agent: Ref
    offer: str
    deadline: Moment
    """When the offer to them times out, unless they accept it."""
    accepted: bool
    preview: PopOut | None
    """What they are shown of the call until it is theirs."""


class RecordingOut(Out):
    file: Text
    """In the PBX's monitor folder. One for the whole call, on the caller's leg."""
    url: str | None
    """Where it can be listened to, if the administrator has said so."""


class CallOut(Out):
    id: str
    sequence: int
    """Rises with each change of the call and each event of it: of two answers or events the higher one is the newer.

    0: an older version of callbridge wrote it."""
    state: CallState
    stage: Stage | None
    """Where a consultation or a hold is; null without one."""
    caller_number: Text
    """E.164 where the site's region says how, else as the PBX gives it; empty: there is none, or it is withheld."""
    caller_name: Text
    caller_withheld: bool
    """The caller does not want to be shown: number and name are empty, unless the administrator shows them inside."""
    caller_number_raw: Text
    """The number as the PBX gives it; empty where the caller is withheld."""
    called: Text
    group: Ref
    agent: str | None
    """Whose call it is at the moment."""
    last_agent: Ref | None
    """Who talks with the caller, or talked with them last; null: nobody has yet."""
    data: dict[Text, Text]
    notes: list[NoteOut]
    arrived_at: Moment
    answered_at: Moment
    ended_at: Moment
    outcome: CallOutcome | None
    offer: str | None
    transfer: TransferOut | None
    pop: PopOut | None
    consult: ConsultOut | None
    fourth_failure: NotReachedOut | None
    """Why the last fourth party of this consultation was not reached; null again once another one is called."""
    recording: RecordingOut | None
    """Null where the PBX does not record this call."""
    parties: list[PartyOut]
    """Who takes part and who hears whom, as the PBX shows it now; empty for calls that have ended."""


class CallsOut(Out):
    items: list[CallOut]
    next_cursor: str | None


class TransfersOut(Out):
    items: list[TransferOut]
    next_cursor: str | None


HistoryValue = Text | int | float | bool | None | list[Text] | dict[str, Text]


class HistoryOut(Out):
    at: Moment
    kind: str
    agent: str | None
    detail: dict[str, HistoryValue]


class HistoriesOut(Out):
    items: list[HistoryOut]
    next_cursor: str | None


class AliveOut(Out):
    status: Literal["alive"] = "alive"


class ReadyOut(Out):
    status: Literal["ready"] = "ready"
