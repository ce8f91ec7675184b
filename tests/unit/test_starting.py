"""The memory of a server: what is there when it starts is not searched again, and its threads share what they free."""

import platform
import re
import subprocess
import sys
from importlib import import_module
from typing import Final

import pytest

from watthouse.starting import without

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


ARENAS: Final = """
import ctypes, sys, threading
from watthouse.starting import share_freed_memory
if "shared" in sys.argv:
    share_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.fopen.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
at_once = threading.Barrier(8)
def use():
    held = libc.malloc(1000)
    at_once.wait()
    libc.free(held)
threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
out = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, out)
libc.fclose(out)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="arenas are glibc's")
def test_threads_share_a_few_arenas() -> None:
    def arenas(*how: str) -> int:
        command = [sys.executable, "-c", ARENAS, *how]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return len(re.findall(r"<heap nr=", told))

    assert arenas("shared") <= 2 < arenas()


def test_a_library_is_left_out_in_a_block_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with without("colorsys"), pytest.raises(ImportError):
        import_module("colorsys")
    found = import_module("colorsys")
    with without("colorsys"):
        assert import_module("colorsys") is found
    assert sys.modules["colorsys"] is found
