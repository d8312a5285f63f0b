"""The texts of `contenant help TOPIC`: what is asked for most, on one screen each."""

from __future__ import annotations

from contenant.cli.exits import EXITS

_CONFIG = """\
Settings come in layers; a later one wins, and lists grow:

  built in < ~/.config/contenant/config.toml < .contenant.toml in the project
           < CONTENANT_… variables < options

  contenant config show          every setting, and where its value comes from
  contenant config edit          your own file, checked before it counts
  contenant config trust         let this project's file do what it asks for

A project's file may only make its container tighter, until you trust it; a change
of it asks anew.

Most used:
  memory = "4g"                        cpus = 4
  mounts = ["~/data:/data:ro"]         publish = ["8000:8000"]
  [firewall]                           [env]
  allow = ["packages.example.org"]     EDITOR = "vim"
  presets = ["github"]"""

_FIREWALL = """\
Nothing leaves a container but what is on its list of names: Anthropic's API, and what
you add. Everything else is refused at once, over IPv4 and IPv6.

  contenant firewall show                       what is allowed, and why
  contenant firewall log                        what was tried
  contenant firewall why example.com            what would happen, and what would change it
  contenant firewall suggest                    entries for what was refused
  contenant firewall allow NAME --reason …      at once, for this project; --for 2h ends it
  contenant firewall deny NAME --reason …       beats every allow
  contenant firewall preset npm --reason …      a named group of names

Entries: example.com, *.example.com, example.com:22 (a port of its own).
contenant firewall mode audit lets every name through, over HTTPS and HTTP, and keeps
what would have been refused; off switches it off. Both are told on every start."""

_CREDENTIALS = """\
The agent signs in with the first of these that is there:

  1. CLAUDE_CODE_OAUTH_TOKEN or ANTHROPIC_API_KEY, given by --env or [env] in settings
  2. the same in your environment
  3. what contenant auth login keeps, in the system's keyring where there is one
  4. the access token of your own Claude Code on this machine

It reaches the session through a pipe: it is in no file, image, argument or definition of
a container, and in no record but by its fingerprint.

  contenant auth status          which one sessions would get, and until when
  contenant auth login           keep one (claude setup-token makes a long-lived one)
  contenant auth logout          forget it, and say which sessions still hold it
  contenant --ssh                let a session use the keys of your SSH agent"""

TOPICS = {
    "config": ("settings: where they are written, which one wins", _CONFIG),
    "firewall": ("what may leave a container, and how to change it", _FIREWALL),
    "credentials": ("what the agent signs in with", _CREDENTIALS),
    "exit-codes": (
        "what each exit code means",
        "\n".join(f"  {code:<4} {text}" for code, text in EXITS.items())
        + "\n\nOf contenant run, the code is the command's own, or 128 + n when signal n ended it.",
    ),
}
