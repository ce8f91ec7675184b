"""JSON taken apart a chunk at a time says what the standard library says of the whole, wherever the chunks end."""

import io
import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from watthouse.sources import jsontext
from watthouse.sources.jsontext import DamagedError, JsonText

VALUES = (
    "[12.5,-1e5, 1E+5 ,2e-07,0,-0.0,123456789012345678901.25,true,null,\n"
    '"é\\u00e9\\"[",{"a":{"b":[1.0e+1]},"":-7},[],{}, 7.125]'
)


def taken(content: str) -> Iterator[Any]:
    text = JsonText(io.BytesIO(content.encode()))
    text.take("[")
    while True:
        yield text.value()[0]
        if text.take(",]") == "]":
            assert text.next() == ""
            return


@pytest.mark.parametrize("size", range(1, 41))
def test_no_value_depends_on_where_the_chunks_end(size: int) -> None:
    with mock.patch.object(jsontext, "_CHUNK", size):
        found = list(taken(VALUES))
    assert found == json.loads(VALUES, parse_float=str, parse_int=str)


@pytest.mark.parametrize("rest", [".", "e", "e+", ".5e-"])
def test_a_number_that_is_cut_is_damaged_and_no_shorter_one(rest: str) -> None:
    with pytest.raises(DamagedError):
        list(taken(f"[12{rest}"))
