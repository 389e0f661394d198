"""The configuration of the phone bank's Asterisk."""

from collections.abc import Mapping, Sequence

from callbridge.demo.instance import SIP_PORT
from callbridge.demo.pbx import Endpoint
from callbridge.demo.tones import CROWD_TONE

# HOW_<line> says what a called line does: "ring" until told by AMI, "answer", or "cause<number>" to refuse;
# AFTER_<line> how many seconds later. "early" sings before the answer until told, as an announcement of the network
# does (183 with SDP); "mute" promises such sound and sends none. Where nothing is set numbers outside answer, and
# phones ring.
_DIALPLAN = """
[from-pbx]
; In a pattern the letters n, x and z mean digits, and a dash means nothing.
exten => _desk_.,1,Set(KEY=${EXTEN:5})
 same => n,Set(HOW=ring)
 same => n,Goto(line,s,1)
exten => _[+0-9]!,1,Set(KEY=out-${FILTER(0-9,${EXTEN})})
 same => n,Set(HOW=answer)
 same => n,Set(NUMBER=${EXTEN})
 same => n,Goto(line,s,1)

[line]
exten => s,1,Set(HOW=${IF($[${LEN(${GLOBAL(HOW_${KEY})})} > 0]?${GLOBAL(HOW_${KEY})}:${HOW})})
 same => n,Set(AFTER=0${GLOBAL(AFTER_${KEY})})
 same => n,UserEvent(BankLine,Key: ${KEY},Number: ${NUMBER})
 same => n,GotoIf($["${HOW:0:5}" = "cause"]?refuse)
 same => n,GotoIf($["${HOW}" = "early" | "${HOW}" = "mute"]?early,s,1)
 same => n,Ringing()
 same => n,GotoIf($["${HOW}" = "answer"]?answer)
 same => n,Wait(86400)
 same => n(answer),Wait(${AFTER})
 same => n,Goto(sing,s,1)
 same => n(refuse),Wait(${AFTER})
 same => n,Hangup(${HOW:5})

[sing]
exten => s,1,Answer()
 same => n,Set(TONE=${IF($[${LEN(${TONE})} > 0]?${TONE}:${GLOBAL(TONE_${KEY})})})
 same => n,Set(TONE=${IF($[${LEN(${TONE})} > 0]?${TONE}:CROWD)})
 same => n(again),Playback({dir}/sounds/tone${TONE})
 same => n,Goto(again)

[early]
exten => s,1,Progress()
 same => n,Goto(${HOW},1)
exten => early,1,Set(TONE=${IF($[${LEN(${GLOBAL(TONE_${KEY})})} > 0]?${GLOBAL(TONE_${KEY})}:CROWD)})
 same => n(again),Playback({dir}/sounds/tone${TONE},noanswer)
 same => n,Goto(again)
exten => mute,1,Wait(86400)

[decline]
exten => _X!,1,Hangup(${EXTEN})

[refer]
exten => s,1,Transfer(PJSIP/${REFER_TO})
 same => n,UserEvent(BankRefer,Status: ${TRANSFERSTATUS},Code: ${TRANSFERSTATUSPROTOCOL})
 same => n,Goto(sing,s,1)
""".replace("CROWD", str(CROWD_TONE))


def extensions(tones: Mapping[str, int]) -> str:
    """The dialplan, with the tone in Hz of each line that is known beforehand."""
    lines = ["[general]", "static=yes", "[globals]", *(f"TONE_{key}={hertz}" for key, hertz in tones.items())]
    return "\n".join(lines) + _DIALPLAN


def pjsip(address: str, carrier_address: str, pbx_address: str, endpoints: Sequence[Endpoint]) -> str:
    """Phones live on one address and the carrier on another, so that the PBX can know the carrier by its address."""
    return f"""\
[global]
type=global
endpoint_identifier_order=ip
[phones]
type=transport
protocol=udp
bind={address}:{SIP_PORT}
[carrier]
type=transport
protocol=udp
bind={carrier_address}:{SIP_PORT}

[line](!)
type=endpoint
context=from-pbx
disallow=all
; What the PBX offers first: a desk phone's codec is another than the carrier's, so that the PBX has to translate.
allow=alaw,ulaw
aors=pbx
direct_media=no
trust_id_inbound=yes
bind_rtp_to_media_address=yes
[desk](!,line)
transport=phones
media_address={address}
[pbx]
type=aor
contact=sip:{pbx_address}:{SIP_PORT}
; Everything that the PBX sends, to phones and to the carrier, comes from this one address.
[pbx](desk)
[pbx]
type=identify
endpoint=pbx
match={pbx_address}
[trunk](line)
disallow=all
allow=ulaw
transport=carrier
media_address={carrier_address}
[login](!)
type=auth
auth_type=userpass
[registers](!)
type=registration
transport=phones
server_uri=sip:{pbx_address}:{SIP_PORT}
retry_interval=1
forbidden_retry_interval=1
fatal_retry_interval=1
max_retries=100000
expiration=3600
max_random_initial_delay=0
{"".join(_phone(endpoint, pbx_address) for endpoint in endpoints if not endpoint.web)}"""


def _phone(endpoint: Endpoint, pbx_address: str) -> str:
    name = endpoint.name
    return f"""
[phone-{name}](registers)
outbound_auth=phone-{name}
client_uri=sip:{name}@{pbx_address}:{SIP_PORT}
contact_user=desk_{name}
[phone-{name}](login)
username={name}
password={endpoint.password}
[phone-{name}](desk)
outbound_auth=phone-{name}
from_user={name}
"""
