"""The process: collector off, some modules put off, the engine asked where that comes first, then the command
line. Nothing else happens here.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from types import ModuleType

TYPE_CHECKING = False  # typing's own is loaded with typing, which is dear while the collector is on
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# A start imports thousands of objects that all live until the end. With the collector on, they are walked
# several times on the way up, and once more on the way down. Off and frozen at exit, a start is a fifth to a
# third shorter; the price is about 1 MB. A process that lives as long as a session turns it on again with
# `gc.freeze(); gc.enable()` once everything is imported.
gc.disable()
atexit.register(gc.freeze)

# What click and pathlib load at once and contenant hardly ever uses: `inspect` brings the parser, tokenizer
# and disassembler, urllib (for pathlib) brings `ipaddress`. Together about a bare interpreter.
PUT_OFF = ("inspect", "ipaddress", "locale", "platform", "gettext", "urllib.parse")


_ASKING: tuple[list[str], ...] = (
    [],
    ["--"],
    ["run"],
    ["list"],
)  # how command lines begin whose engine is asked first


def _quote_from_bytes(*arguments: Any, **more: Any) -> str:
    """For pathlib, which makes a URL in one method alone."""
    from urllib.parse import quote  # which loads the module, and takes bytes as well

    return quote(*arguments, **more)


# What is used of them. uuid, which click loads, asks for the system's name alone: what `platform.system` says
# on POSIX systems. click has its texts translated, and there are no translations of them.
_KNOWN: dict[str, dict[str, Callable[..., Any]]] = {
    "platform": {"system": lambda: os.uname().sysname},
    "gettext": {"gettext": str, "ngettext": lambda one, many, count: one if count == 1 else many},
    "urllib.parse": {"quote_from_bytes": _quote_from_bytes},
}


def _put_off(name: str) -> None:
    """Let `import name` succeed at once, and load the module when something of it is used."""
    if name in sys.modules:
        return
    stand_in = ModuleType(name)

    def load(attribute: str) -> object:
        if attribute == "__path__":  # `from … import …` asks for it: these are no packages
            raise AttributeError(attribute)
        from importlib import import_module

        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        return getattr(import_module(name), attribute)

    stand_in.__dict__.update(_KNOWN.get(name, {}), __getattr__=load)  # PEP 562
    sys.modules[name] = stand_in
    package, _, last = name.rpartition(".")
    if package:
        setattr(__import__(package), last, stand_in)


for _name in PUT_OFF:
    _put_off(_name)


def main() -> int:
    """Run the command line on `sys.argv`; return the exit code (docs/exit-codes.md)."""
    if sys.argv[1:2] not in _ASKING or "_CONTENANT_COMPLETE" in os.environ:
        return _enter()
    from contenant.app.ahead import asking

    with asking(sys.argv[2:] if sys.argv[1:2] != ["--"] else ()):
        return _enter()


def _enter() -> int:
    from contenant.cli.entry import main as enter

    return enter()


if __name__ == "__main__":
    raise SystemExit(main())
