"""What a program wrote for a terminal, as text that can do nothing to one."""

import re
from codecs import getincrementaldecoder

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)"  # OSC, DCS, SOS, PM, APC: titles, clipboard, queries
    r"|\x1b[ -/]*[0-OQ-WYZ\\`-~]"
)
# What may yet become one. Beyond that length it is none that anybody needs.
_BEGUN = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}|[\]PX^_][^\x07\x1b]{0,4096}\x1b?|[ -/]{0,8})?\Z")


_HALF_END = re.compile(r"\r{1,8}\Z")  # a newline may follow


class Harmless:
    """Takes bytes as they come, gives text: control sequences left out, what else is unprintable escaped.

    A return to the line's beginning becomes a new line, so that nothing overwrites anything.
    """

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """The text of some more bytes; with `final`, of what was held back too."""
        text = _SEQUENCE.sub("", self._held + self._decoder.decode(data, final))
        begun = None if final else _BEGUN.search(text)
        at = begun.start() if begun else len(text)
        if not final and (half := _HALF_END.search(text, 0, at)):
            at = half.start()
        self._held = text[at:]
        return _plain(text[:at])


def _plain(text: str) -> str:
    text = re.sub(r"\r*\n", "\n", text).replace("\r", "\n")
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
