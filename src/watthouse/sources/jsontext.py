"""JSON as it comes, a value at a time: what is held of a document is one value and one chunk, whatever it says.

The standard library's parser is given no more than :data:`~watthouse.sources.limits.ROW_BYTES`, and numbers stay text.
A parser of events kept the path to where it was: 80 kB of brackets took it 4 GB, and a number of 4,301 digits ended the
process.
"""

import codecs
import re
from json import JSONDecodeError, JSONDecoder
from typing import IO, Any, Final

from watthouse.sources.limits import NESTED, ROW_BYTES

_CHUNK: Final = 2**20
_BLANK: Final = re.compile(r"[ \t\r\n]*")
# as text, so that gas keeps its last digit: a float would round a stock in GWh before its decimal is made
_DECODER: Final = JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
_GOING_ON: Final = frozenset({"", ".", "e", "E", "e+", "e-", "E+", "E-"})
"""What may stand between a number and the end of what was read of it: its point and exponent come with their digits."""


class DamagedError(ValueError):
    """Text that is no JSON; ``cut`` where it would be if it went on."""

    def __init__(self, why: str, *, cut: bool = False) -> None:
        super().__init__(why)
        self.cut = cut


class TooLargeError(ValueError):
    """One value that is longer than any row."""


class TooDeepError(ValueError):
    """Lists and objects that lie deeper in each other than in any export."""


class JsonText:
    """A stream of UTF-8, to be taken apart from its start to its end."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._text, self._at, self._ended = "", 0, False

    def next(self) -> str:
        """The next letter that is not blank, still to be taken; empty at the end."""
        while True:
            self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._fill()

    def take(self, letters: str) -> str:
        """The next letter that is not blank; raises :class:`DamagedError` where it is none of these."""
        letter = self.next()
        if not letter or letter not in letters:
            raise DamagedError(f"'{letter or 'its end'}' where '{letters}' belongs", cut=not letter)
        self._at += 1
        return letter

    def value(self) -> "tuple[Any, int]":
        """The next value, numbers as text, and its length in letters."""
        self.next()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise TooDeepError from None
            except JSONDecodeError as error:
                if self._ended:
                    cut = error.pos >= len(self._text) or error.msg.startswith("Unterminated")
                    raise DamagedError(str(error), cut=cut) from None
            else:
                # a number at the end of what was read may go on
                if self._text[end : end + 3] not in _GOING_ON or self._ended:
                    begin, self._at = self._at, end
                    return value, end - begin
            if len(self._text) - self._at > ROW_BYTES:
                raise TooLargeError(f"one value of it is over {ROW_BYTES:,} letters long, or damaged")
            self._fill()

    def _fill(self) -> None:
        chunk = self._stream.read(_CHUNK)
        self._ended = not chunk
        self._text, self._at = self._text[self._at :] + self._decode(chunk, final=not chunk), 0


def parsed(line: str) -> Any:
    """A whole text as JSON, numbers as text; None where it is none. Raises :class:`TooDeepError`."""
    try:
        return _DECODER.decode(line)
    except RecursionError:
        raise TooDeepError from None
    except ValueError:
        return None


def is_too_deep(value: Any) -> bool:
    """Whether lists and objects lie in each other over :data:`~watthouse.sources.limits.NESTED` levels."""
    level = [value]
    for _ in range(NESTED):
        level = [part for whole in level for part in _parts(whole)]
        if not level:
            return False
    return True


def _parts(value: Any) -> "list[Any]":
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [part for part in parts if isinstance(part, dict | list)]
