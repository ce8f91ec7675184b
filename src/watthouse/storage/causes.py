"""What an object store's error means: one line without secrets, from texts of several hundred characters.

Bodies of answers are not repeated: they hold key ids, hosts and request ids.
"""

import re
from dataclasses import dataclass
from typing import Final

_COLOURS: Final = re.compile(r"\x1b\[\d*m")
_CODE: Final = re.compile(r"<Code>(\w+)</Code>")
_STATUS: Final = re.compile(r"status code\W+(\d{3}) ?([A-Za-z ]*)")
_VERB: Final = re.compile(r"performing (GET|HEAD|PUT|POST|DELETE|list)")
_NO_KEYS: Final = (
    "169.254.169.254",  # the hosts that a machine asks for its role; a laptop has none of them
    "169.254.170.2",
    "metadata.google.internal",
    "Missing AccessKeyId",  # half of a pair
    "Missing SecretAccessKey",
)

_KEY_FILE: Final = re.compile(r"credentials? file|service account|decode key|private key", re.IGNORECASE)
_KEYS: Final = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS (or GOOGLE_SERVICE_ACCOUNT_KEY)",
}
_UNKNOWN_KEY: Final = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidTokenId", "ExpiredToken"}
)
_OTHER_REGION: Final = frozenset(
    {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
)
_NO_ANSWER: Final = {
    "refused": "the connection was refused",
    "dns error": "its name cannot be resolved",
    "failed to lookup": "its name cannot be resolved",
    "timed out": "there was no answer in time",
    "certificate": "its certificate is not accepted",
    "error sending request": "the connection failed",
    "connection closed": "the connection was closed",
    "error decoding response body": "the connection was closed",
    "connection reset": "the connection was closed",
}


@dataclass(frozen=True)
class _Answer:
    """What the text of an error says: code and status of the store's answer, and what it was asked for."""

    text: str
    code: str
    status: str
    reason: str
    verb: str

    @property
    def name(self) -> str:
        return self.code or self.reason


def cause_of(error: BaseException, url: str) -> str | None:
    """Why ``url`` cannot be used, and what to do about it; None for an error that an object store does not make."""
    answer = _parsed(_COLOURS.sub("", f"{error}\n{error.__cause__ or ''}"))
    scheme, _, rest = url.partition("://")
    bucket = f"{scheme}://{rest.partition('/')[0]}"
    if any(sign in answer.text for sign in _NO_KEYS):
        return f"{url} needs credentials, and there are none: set {_KEYS[scheme]}, or give this machine a role"
    if answer.code in _UNKNOWN_KEY or answer.status == "401":
        return f"{url} does not accept the credentials ({answer.name}): check {_KEYS[scheme]}"
    if _KEY_FILE.search(answer.text):
        return f"{url} needs credentials, and the file or key that is set cannot be read: check {_KEYS[scheme]}"
    return _refusal(answer, url, bucket) or _silence(answer, url)


def _parsed(text: str) -> _Answer:
    code, status, verb = _CODE.search(text), _STATUS.search(text), _VERB.search(text)
    return _Answer(
        text,
        code[1] if code else "",
        status[1] if status else "",
        status[2].strip() if status else "",
        verb[1] if verb else "",
    )


def _refusal(answer: _Answer, url: str, bucket: str) -> str | None:
    if answer.code == "RequestTimeTooSkewed":
        return f"{url} refuses requests: this machine's clock is wrong by more than 15 minutes: set it (NTP)"
    if answer.code in _OTHER_REGION or answer.status == "301":
        return f"{bucket} is in another region: set WATTHOUSE_STORE_REGION"
    if answer.code == "NoSuchBucket" or (answer.status == "404" and answer.verb in {"list", "PUT"}):
        return f"{bucket} does not exist: create the bucket, or check the name and WATTHOUSE_STORE_ENDPOINT"
    if answer.status == "400":
        what = f" ({answer.code})" if answer.code else ""
        return f"{url} is refused{what}: check the bucket's name, WATTHOUSE_STORE_ENDPOINT, _REGION and _PATH_STYLE"
    if answer.status == "403":
        done = {"PUT": "written", "POST": "written", "DELETE": "written", "list": "listed"}.get(answer.verb, "read")
        return f"{url} may not be {done} with these credentials ({answer.name}): ask its owner for that right"
    return None


def _silence(answer: _Answer, url: str) -> str | None:
    if answer.status.startswith("5") or answer.status == "429":
        return f"{url} answered {answer.status} {answer.reason} to each attempt: try again later"
    for sign, meaning in _NO_ANSWER.items():
        if sign in answer.text.lower():
            return f"{url} cannot be reached ({meaning}): check the network and WATTHOUSE_STORE_ENDPOINT"
    return None
