"""What an agent is shown of a call, and the CRM link in it."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from callbridge.domain.model.calls import Call
from callbridge.domain.model.ids import AgentId, pop_id
from callbridge.domain.model.offer import Pop
from callbridge.domain.model.records import replace
from callbridge.domain.model.settings import Settings

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SIMPLE = ("call", "caller_number", "caller_name", "called", "group", "agent")
_MAX_FIELDS = 50
_DECODINGS = 3
"""How often a path is looked at decoded once more: our own encoding, the CRM's decoding, and a proxy's before it."""


def check_crm_template(template: str) -> None:
    """Raises ValueError with a sentence where the template of a CRM link is not usable.

    Allowed: an http or https URL with `{call}`, `{caller_number}`, `{caller_name}`, `{called}`, `{group}`,
    `{agent}` and `{data.NAME}`, behind the host only, so that a caller can never choose where the link leads.
    """
    for name in _PLACEHOLDER.findall(template):
        if name not in _SIMPLE and not re.fullmatch(r"data\.[A-Za-z0-9_.-]+", name):
            allowed = ", ".join("{" + known + "}" for known in _SIMPLE)
            raise ValueError(f"unknown placeholder {{{name}}}; allowed are {allowed} and {{data.NAME}}")
    bare = _PLACEHOLDER.sub("", template)
    if "{" in bare or "}" in bare:
        raise ValueError("a brace without its partner")
    parts = urlsplit(template)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must begin with http:// or https:// and a host")
    if "{" in parts.netloc:
        raise ValueError("placeholders may stand in the path, the query and the fragment, not in the host")
    if _climbs(_PLACEHOLDER.sub("x", template)):
        raise ValueError('has "." or ".." as a step of its path; write the path as it is without them')


def render_crm_url(template: str, fields: Mapping[str, str]) -> str | None:
    """The link, each value percent-encoded so that it stays inside its own part of the URL.

    None where a value would make the path lead elsewhere by "." or "..": encoding these does not help, since browsers
    take `%2E%2E` for `..` too, and a link to another page than the one that was meant is worse than none.
    """
    url = _PLACEHOLDER.sub(lambda match: quote(fields.get(match[1], ""), safe="", errors="replace"), template)
    return None if _climbs(url) else url


def _climbs(url: str) -> bool:
    """Whether a browser, a proxy or the CRM could read "." or ".." as a step of the path or of the fragment."""
    parts = urlsplit(url)
    for path in (parts.path, parts.fragment):
        for _ in range(_DECODINGS + 1):
            # Some servers take what follows a ";" for a parameter of the step before it.
            if any(step.partition(";")[0] in (".", "..") for step in re.split(r"[/\\?#]", path)):
                return True
            path = unquote(path)
    return False


def parse_attached_data(text: str) -> dict[str, str]:
    """Attached data as the dialplan carries it, a URL query string; what does not parse is left out."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="replace")
    except ValueError:
        return {}
    return {key: value for key, value in pairs if key}


def renew_pop(settings: Settings, call: Call, pop: Pop) -> Pop:
    """The same pop, with who calls now."""
    now = make_pop(settings, call, pop.agent, preview=pop.preview, at=pop.at)
    return replace(now, id=pop.id, transferred_by=pop.transferred_by, transfer_reason=pop.transfer_reason)


def make_pop(settings: Settings, call: Call, agent: AgentId, *, preview: bool, at: float) -> Pop:
    """The pop of this assignment. Its id stays the same from the preview to the pop itself."""
    group = settings.groups.get(call.group)
    template = (group.crm_url if group else None) or settings.options.crm_url
    fields = {
        "call": call.id,
        "caller_number": call.caller_number,
        "caller_name": call.caller_name,
        "called": call.called,
        "group": call.group,
        "agent": agent,
        **{f"data.{key}": value for key, value in call.data.items()},
    }
    transfer = call.transfer
    return Pop(
        id=pop_id(call.id, call.pops_made),
        call=call.id,
        agent=agent,
        preview=preview,
        at=at,
        caller_number=call.caller_number,
        caller_name=call.caller_name,
        called=call.called,
        group=call.group,
        data=call.data,
        notes=call.notes,
        transferred_by=transfer.by if transfer else None,
        transfer_reason=transfer.reason if transfer else None,
        crm_url=render_crm_url(template, fields) if template else None,
        dropped_by=call.dropped_by,
        caller_withheld=call.caller_withheld,
        caller_number_raw=call.caller_number_raw,
    )
