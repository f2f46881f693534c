"""GitHub Apps: they prove who they are by a signed JWT and get tokens that end, for repositories and permissions.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app. JWTs are held against this
machine's clock, tokens against the stand-in's.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.model.secret import Secret
from bot.playground.github.denied import Denied
from bot.playground.github.pulls import Person

LASTS = timedelta(hours=1)
LONGEST = 600
"""Seconds that a JWT may be valid for."""
LEVELS = ("read", "write", "admin")
GRANTED = {
    "contents": "write",
    "pull_requests": "write",
    "checks": "read",
    "statuses": "write",
    "deployments": "write",
    "metadata": "read",
}


@dataclass(frozen=True, slots=True)
class Access:
    """What a token opens. None is all of it, as for a person's own."""

    person: Person
    repositories: frozenset[str] | None = None
    permissions: Mapping[str, str] | None = None

    def sees(self, repository: str) -> bool:
        return self.repositories is None or repository in self.repositories

    def may(self, permission: str, level: str) -> bool:
        if self.permissions is None:
            return True
        held = self.permissions.get(permission)
        return held is not None and LEVELS.index(held) >= LEVELS.index(level)


@dataclass(slots=True)
class Installation:
    """An App's place in an account. `repositories` are full names."""

    id: int
    account: str
    repositories: frozenset[str]
    permissions: Mapping[str, str]
    created: datetime
    suspended: datetime | None = None


@dataclass(slots=True)
class App:
    """`key` is its private key, in PEM: it stays with whoever made the App."""

    id: int
    slug: str
    name: str
    key: Secret
    person: Person
    public: str
    created: datetime
    installations: list[Installation] = field(default_factory=list)

    def installation(self, number: int) -> Installation:
        found = next((each for each in self.installations if each.id == number), None)
        if found is None:
            raise Denied(404, "Not Found")
        return found

    def installed(self, repository: str) -> Installation:
        found = next((each for each in self.installations if repository in each.repositories), None)
        if found is None:
            raise Denied(404, "Not Found")
        return found


@dataclass(frozen=True, slots=True)
class Issued:
    access: Access
    token: Secret
    expires: datetime


def key_pair() -> tuple[Secret, str]:
    """A private key as GitHub gives it (PKCS#1 in PEM) and its public half."""
    key = rsa.generate_private_key(65537, 2048)
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Secret(private.decode()), public.decode()


def proven(apps: Mapping[str, App], token: str) -> App:
    """Which App a JWT was signed by. Denied (401, 404) in GitHub's words."""
    try:
        issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss"))
    except jwt.PyJWTError:
        raise Denied(401, "A JSON web token could not be decoded") from None
    app = apps.get(issuer)
    if app is None:
        raise Denied(404, "Integration not found")
    try:
        claims = jwt.decode(token, app.public, algorithms=["RS256"], options={"require": ["iat", "exp", "iss"]})
    except jwt.ExpiredSignatureError:
        raise Denied(
            401, "'Expiration time' claim ('exp') must be a numeric value representing the future time"
        ) from None
    except jwt.PyJWTError:
        raise Denied(401, "A JSON web token could not be decoded") from None
    if claims["exp"] - time.time() > LONGEST:
        raise Denied(401, "'Expiration time' claim ('exp') is too far in the future")
    return app


def issue(app: App, installation: Installation, asked: Mapping[str, Any], now: datetime) -> Issued:
    """A token for what was asked for, which must be within what was granted; for all of that, if nothing was."""
    if installation.suspended:
        raise Denied(403, "This installation has been suspended")
    names = asked.get("repositories")
    wanted = frozenset(f"{installation.account}/{name}" for name in names or ()) or installation.repositories
    if not wanted <= installation.repositories:
        raise Denied(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    permissions = dict(asked.get("permissions") or installation.permissions)
    granted = Access(app.person, permissions=installation.permissions)
    if not all(level in LEVELS and granted.may(name, level) for name, level in permissions.items()):
        raise Denied(422, "The permissions requested are not granted to this installation.")
    token = Secret(f"ghs_{secrets.token_hex(18)}")
    return Issued(Access(app.person, wanted, permissions), token, now + LASTS)
