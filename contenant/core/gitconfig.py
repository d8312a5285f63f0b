"""Reads git's configuration format just far enough to see which settings make git run a program. Pure.

Errs on the safe side: what cannot be read as git reads it counts as dangerous under the name `?`.
"""

import re
from collections.abc import Iterator

# Settings by which git runs something, or reads configuration from elsewhere. `*` is a subsection.
_DANGEROUS = frozenset(
    {"core.fsmonitor", "core.hookspath", "core.sshcommand", "core.pager", "core.editor", "core.askpass"}
    | {"core.gitproxy", "core.alternaterefscommand", "core.worktree", "core.attributesfile", "core.gvfs"}
    | {"sequence.editor", "gpg.program", "gpg.*.program", "credential.helper", "credential.*.helper"}
    | {"filter.*.clean", "filter.*.smudge", "filter.*.process", "diff.external", "diff.*.command"}
    | {"diff.*.textconv", "merge.*.driver", "difftool.*.cmd", "difftool.*.path", "mergetool.*.cmd"}
    | {"mergetool.*.path", "remote.*.uploadpack", "remote.*.receivepack", "remote.*.vcs", "url.*.insteadof"}
    | {"url.*.pushinsteadof", "include.path", "includeif.*.path", "submodule.*.update", "protocol.allow"}
    | {"protocol.*.allow", "uploadpack.packobjectshook", "init.templatedir", "commit.template", "man.*.cmd"}
    | {"man.*.path", "browser.*.cmd", "browser.*.path", "web.browser", "instaweb.httpd", "help.browser"}
    | {"interactive.difffilter", "gui.*", "guitool.*.cmd", "sendemail.smtpserver", "sendemail.sendmailcmd"}
    | {"sendemail.tocmd", "sendemail.cccmd", "trailer.*.command", "trailer.*.cmd", "tar.*.command"}
    | {"lfs.customtransfer.*.path", "gpg.ssh.defaultkeycommand", "extensions.worktreeconfig"}
    | {"credential.interactive", "fsmonitor.allowremote", "core.usebuiltinfsmonitor", "hook.*.command"}
)
_WHOLE_SECTIONS = frozenset({"alias", "pager", "lfs", "hook", "gui", "guitool"})
_SECTION = re.compile(r'\[([A-Za-z0-9.-]+)(?:[ \t]+"((?:[^"\\\n]|\\[^\n])*)")?[ \t]*\]')
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]*(?:(=)|(?=[\n#;])|\Z)")
_BLANK = re.compile(r"(?:[ \t\n]+|[#;][^\n]*)+")


def dangerous(text: str) -> dict[str, str]:
    """The settings that make git run something, `core.fsmonitor`, with their raw values.

    Names are in lower case but for the subsection; a setting given more than once has its values joined.
    """
    found: dict[str, str] = {}
    for name, value in _settings(text.removeprefix("\ufeff").replace("\r\n", "\n")):
        if name == "?" or _is_dangerous(name):
            found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def _is_dangerous(name: str) -> bool:
    section, _, rest = name.partition(".")
    key = rest.rpartition(".")[2]
    general = f"{section}.*.{key}" if "." in rest else name
    return section in _WHOLE_SECTIONS or name in _DANGEROUS or general in _DANGEROUS


def _settings(text: str) -> Iterator[tuple[str, str]]:
    section, position = "", 0
    while True:
        if blank := _BLANK.match(text, position):
            position = blank.end()
        if position >= len(text):
            return
        if head := _SECTION.match(text, position):
            section, position = _section(head), head.end()
        elif (key := _KEY.match(text, position)) and section:
            position = key.end()
            value, position = _value(text, position) if key[2] else ("", position)
            yield f"{section}.{key[1].lower()}", value
        else:
            yield "?", text[position:]
            return


def _section(head: re.Match[str]) -> str:
    """`[core]` -> core; `[Filter "X"]` -> filter.X; the old `[filter.X]` -> filter.x."""
    name = head[1].lower()
    return name if head[2] is None else name + "." + re.sub(r"\\(.)", r"\1", head[2])


def _value(text: str, position: int) -> tuple[str, int]:
    """Raw text up to the end of the line; a backslash takes the next character along, a line end too."""
    start, quoted = position, False
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 2
            continue
        if character == '"':
            quoted = not quoted
        elif character == "\n" or (character in "#;" and not quoted):
            break
        position += 1
    return text[start:position].strip(), min(position, len(text))
