"""Signatures of the stand-in on commits that it makes itself, as GitHub signs what is committed through its API.

They look like PGP's and can be told from others' by whoever made them, which is all that is needed here.
"""

import hmac
import re
import secrets
from base64 import b64encode
from hashlib import sha256

FIRST, LAST = "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----"


class Signer:
    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def sign(self, payload: str) -> str:
        digest = hmac.new(self._key, payload.encode(), sha256).digest()
        return f"{FIRST}\n\n{b64encode(digest).decode()}\n{LAST}"

    def made(self, signature: str, payload: str) -> bool:
        """Whether this is our signature of it."""
        return hmac.compare_digest(re.sub(r"\s", "", signature), re.sub(r"\s", "", self.sign(payload)))
