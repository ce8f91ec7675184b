"""Where the service is and with which key, as the settings have it."""

import httpx

from watthouse.errors import UsageError
from watthouse.settings import Settings


def address_of(text: str) -> httpx.URL:
    """The service's address, without any secret in it."""
    # Notes and messages repeat the address, so a secret in it is refused; the refusal must not repeat it either.
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError):
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise UsageError("WATTHOUSE_ODRE_URL is not a web address: it must begin with https:// and a host")
    if url.userinfo or url.query or url.fragment:
        raise UsageError(
            "WATTHOUSE_ODRE_URL contains a name, a password or a query, which would be stored and shown: put the key"
            " in WATTHOUSE_API_KEY, and leave the bare address"
        )
    return url


def key_of(settings: Settings) -> str:
    """The key of an account there; empty where none is set."""
    key = settings.api_key.get_secret_value().strip() if settings.api_key else ""
    if not all("!" <= character <= "~" for character in key):
        raise UsageError("WATTHOUSE_API_KEY contains characters that no key has: set it again, without spaces")
    return key
