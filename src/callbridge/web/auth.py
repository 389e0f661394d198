"""Who is asking: agents by a short-lived JWT for themselves alone, services by an opaque token with scopes."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jwt

from callbridge.domain.model.ids import AgentId
from callbridge.web.problems import Problem
from callbridge.web.settings import SUPERVISOR_SCOPES, Scope, WebSettings

_ISSUER = "callbridge"
_AUDIENCE = "callbridge-agent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    subject: str
    """`agent:anna` or `service:crm`."""
    agent: AgentId | None = None
    scopes: frozenset[Scope] = frozenset()
    supervisor: bool = False
    expires_at: float | None = None
    """Epoch seconds; None: a service's token, which does not expire by itself."""
    token_id: str = ""
    began_at: float = 0.0
    """When the password was given, epoch seconds."""

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes

    @property
    def is_service(self) -> bool:
        return self.agent is None


class Tokens:
    """Gives out tokens and reads them."""

    def __init__(
        self, settings: WebSettings, clock: Callable[[], float], revoked: dict[str, float] | None = None
    ) -> None:
        """`revoked`: token ids with their ends, kept by whoever lives longer than this."""
        self._settings = settings
        self._clock = clock
        self._revoked = revoked if revoked is not None else {}
        self._services = [(_digest(service.token_hash), service) for service in settings.services]

    def issue(self, agent: AgentId, *, began_at: float | None = None) -> tuple[str, float]:
        """Token and its end in epoch seconds. `began_at`: when the password was given; None: now."""
        now = self._clock()
        began = now if began_at is None else began_at
        expires = min(now + self._settings.token_lifetime, began + self._settings.limits.session)
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": agent,
            "iat": now,
            "exp": expires,
            "jti": secrets.token_hex(12),
            "auth_time": began,
            "pwd": self._password_mark(agent),
        }
        return jwt.encode(claims, self._settings.token_secret, algorithm="HS256"), expires

    def revoke(self, identity: Identity) -> None:
        now = self._clock()
        for token in [token for token, until in self._revoked.items() if until <= now]:
            del self._revoked[token]
        if identity.token_id and identity.expires_at is not None:
            self._revoked[identity.token_id] = identity.expires_at

    def identify(self, headers: Mapping[str, str]) -> Identity:
        """Who sent these headers. Raises Problem (401)."""
        given = headers.get("Authorization")
        if given is None:
            raise Problem("token_needed", "Send Authorization: Bearer with the token from POST /v1/login.")
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Problem("token_invalid", "The Authorization header must be Bearer and a token.")
        return self.read(token.strip())

    def read(self, token: str) -> Identity:
        """Raises Problem (401)."""
        return self._agent(token) if token.count(".") == 2 else self._service(token)

    def _service(self, token: str) -> Identity:
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
        match = None
        for known, service in self._services:
            if hmac.compare_digest(known, digest):
                match = service
        if match is None:
            raise _invalid()
        return Identity(subject=f"service:{match.name}", scopes=match.scopes)

    def _agent(self, token: str) -> Identity:
        try:
            claims = jwt.decode(
                token,
                self._settings.token_secret,
                algorithms=["HS256"],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                # The times are judged below, by the same clock that issues them.
                options={"require": ["sub", "exp", "iat", "jti"], "verify_exp": False, "verify_iat": False},
            )
            agent = AgentId(claims["sub"])
            expires, began, token_id = float(claims["exp"]), float(claims["auth_time"]), str(claims["jti"])
            mark = str(claims["pwd"])
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            raise _invalid() from None
        if expires <= self._clock():
            raise Problem("token_expired", "The token has expired; log in again.")
        if token_id in self._revoked or agent not in self._settings.agents:
            raise _invalid()
        if not hmac.compare_digest(mark, self._password_mark(agent)):
            raise _invalid()
        supervisor = agent in self._settings.supervisors
        return Identity(
            subject=f"agent:{agent}",
            agent=agent,
            scopes=SUPERVISOR_SCOPES if supervisor else frozenset(),
            supervisor=supervisor,
            expires_at=expires,
            token_id=token_id,
            began_at=began,
        )

    def _password_mark(self, agent: AgentId) -> str:
        """Changes with the password, so that tokens from before are worth nothing."""
        known = self._settings.agents.get(agent, "")
        return hmac.new(self._settings.token_secret, known.encode(), hashlib.sha256).hexdigest()[:16]


def _digest(token_hash: str) -> str:
    return token_hash.removeprefix("sha256:").lower()


def _invalid() -> Problem:
    return Problem("token_invalid", "This token is not valid; log in again.")
