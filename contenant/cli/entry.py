"""From the command line to an exit code. Every failure becomes one line; nothing shows a traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from contenant.cli.settings import Settings
from contenant.errors import ContenantError

if TYPE_CHECKING:
    from contenant.cli.complain import Complaint

COMPLETE = "_CONTENANT_COMPLETE"  # set by the completion scripts to the name of the shell
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line, `sys.argv[1:]` unless given; return the exit code (docs/exit-codes.md)."""
    _occupy_standard_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    settings = Settings()
    try:
        code = _dispatch(arguments, settings)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon_stdout()
        return 141
    except (KeyboardInterrupt, click.Abort):
        return 130
    except click.exceptions.Exit as done:
        return done.exit_code
    except Exception as error:  # noqa: BLE001 - the last place where a failure can become one line
        _hush(settings)
        return _failed(error, settings, arguments)
    finally:
        _hush(settings)
    return code


def _hush(settings: Settings) -> None:
    """Leave no progress line behind, and no thread that would write one."""
    if settings.ui is not None:
        settings.ui.hush()


def _dispatch(arguments: list[str], settings: Settings) -> int:
    if shell := os.environ.get(COMPLETE):
        from contenant.cli.complete import answer

        return answer(shell, arguments)
    from contenant.cli.root import command

    with command.make_context("contenant", arguments, obj=settings) as context:
        return command.invoke(context) or 0


def _failed(error: Exception, settings: Settings, arguments: Sequence[str]) -> int:
    from contenant.cli.complain import complain, wants_json  # most starts have nothing to complain about

    return complain(_complaint(error), settings.color, as_json=wants_json(arguments))


def _complaint(error: Exception) -> Complaint:
    from contenant.cli.complain import Complaint, complaint_of

    if isinstance(error, ContenantError):
        return complaint_of(error)
    if isinstance(error, click.ClickException):
        return Complaint("usage", _usage_message(error), _usage_hint(error), error.exit_code)
    if isinstance(error, OSError) and error.errno in _FULL:
        if not error.filename:
            _abandon_stdout()
        place = f" {error.filename}" if error.filename else " the output"
        return Complaint(
            "output", f"cannot write{place}: {error.strerror}", "make room, or write elsewhere", 1
        )
    from contenant.cli.crash import report_crash

    return report_crash(error)


def _usage_message(error: click.ClickException) -> str:
    if isinstance(error, click.NoSuchOption):
        return f"no such option: {error.option_name}"
    text = error.format_message().rstrip(".")
    return text[:1].lower() + text[1:]


def _usage_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    where = f"see {context.command_path if context else 'contenant'} --help"
    if isinstance(error, click.NoSuchOption) and (meant := _option_meant(error)):
        return f"did you mean {meant}? {where}"
    if isinstance(error, click.BadParameter) and error.param and isinstance(error.param.type, click.Choice):
        from difflib import get_close_matches

        given = str(error.message).partition("'")[2].partition("'")[0]
        if close := get_close_matches(given, [str(choice) for choice in error.param.type.choices], 1):
            return f"did you mean {close[0]}? {where}"
    return where


def _option_meant(error: click.NoSuchOption) -> str:
    """The option that was probably meant, "" for none: by its letters, the dashes are in every one."""
    from difflib import get_close_matches

    known = {option.lstrip("-"): option for option in error.possibilities or ()}
    return known[close[0]] if (close := get_close_matches(error.option_name.lstrip("-"), known, 1)) else ""


def _occupy_standard_streams() -> None:
    """Open /dev/null where 0, 1 or 2 is closed: else the next file opened, say the database, would be it."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - lives as long as the process
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def _abandon_stdout() -> None:
    """Point standard output at /dev/null, so that the interpreter's own flush at exit cannot fail."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
