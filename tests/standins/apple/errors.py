"""How a call of Apple's command line can end badly: what is printed and with which exit code.

Texts: ContainerizationError is shown bare from 0.10, as `code: "message"` before and inside aggregates.
Codes: parse and validation errors 64, anything thrown 1, ExitCode(n) n (swift-argument-parser, MessageInfo).
"""

from __future__ import annotations

from collections.abc import Sequence


class AppleError(Exception):
    """A ContainerizationError: exit 1, `Error: <message>` on stderr."""

    def __init__(self, message: str, code: str = "invalidArgument") -> None:
        super().__init__(message)
        self.message = message
        self.code = code

    def described(self) -> str:
        """The form in which one of several is shown."""
        return f'{self.code}: "{self.message}"'


class AggregateError(AppleError):
    """Several failures of one call on several objects; one line each."""

    def __init__(self, failures: Sequence[AppleError]) -> None:
        super().__init__("\n".join(failure.described() for failure in failures), "internalError")


class ParseError(Exception):
    """A parse or validation error: exit 64, the message, the abstract of the argument, the usage."""

    def __init__(self, message: str, abstract: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.abstract = abstract


class ExitCode(Exception):  # noqa: N818 - the name it has in swift-argument-parser
    """ExitCode(n): leave with it and say nothing."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class CleanExit(Exception):  # noqa: N818 - the name it has in swift-argument-parser
    """Help or the version was asked for: text on stdout, exit 0."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


SERVICE_DOWN = (
    'interrupted: "XPC connection error: Connection invalid"\n'
    "Ensure container system service has been started with `container system start`."
)
UNDECODABLE = "failed to decode apiServerVersion in health check"
