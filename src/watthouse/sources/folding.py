"""Words as publishers spell them, made comparable: accents, case, punctuation and twice-encoded text do not matter."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_UNIT = re.compile(r"[\(\[][^\(\)\[\]]*[\)\]]\s*$")
_LATIN_TRACES = re.compile("[ÂÃÅâ]")
_SHOWN = 60


def undouble(text: str) -> str:
    """Undo UTF-8 that was read as cp1252, once or twice over (``RhÃ´ne`` → ``Rhône``); other text is left alone."""
    for _ in range(2):
        if not _LATIN_TRACES.search(text):
            break
        try:
            text = _cp1252_bytes(text).decode("utf-8")
        except UnicodeError:
            break
    return text


@lru_cache(maxsize=4096)  # every header and name is compared with all that the catalog knows
def fold(text: str) -> str:
    """The letters and digits of ``text`` without accents or case, a trailing unit in brackets left off."""
    text = _UNIT.sub("", undouble(text).strip())
    letters = unicodedata.normalize("NFKD", text)
    return "".join(c for c in letters if c.isalnum() and not unicodedata.combining(c)).casefold()


def shown(text: object, limit: int = _SHOWN) -> str:
    """``text`` fit for one line of a message: no line breaks or control characters, and not too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def listed(words: Iterable[str], limit: int = 6) -> str:
    """A few words for a message, and how many more there are."""
    words = [shown(word, 40) or "''" for word in words]
    more = len(words) - limit
    return ", ".join(words[:limit]) + (f" and {more} more" if more > 0 else "")


def _cp1252_bytes(text: str) -> bytes:
    # cp1252 leaves five bytes undefined; readers pass them through as the control characters of the same number
    return b"".join(c.encode("latin-1" if "\x80" <= c <= "\x9f" else "cp1252") for c in text)
