"""The garbage collector of a server: what is there when it starts is not searched again."""

import subprocess
import sys
from typing import Final

KEEPS: Final = """
import gc
from watthouse.starting import keep
there = [[]]
keep()
came = [[]]
searched = {id(each) for each in gc.get_objects()}
print(id(there) in searched, id(came) in searched)
"""


def test_what_is_there_is_not_searched_again_and_what_comes_is() -> None:
    # of the whole process, so in one of its own
    told = subprocess.run([sys.executable, "-c", KEEPS], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["False", "True"]
