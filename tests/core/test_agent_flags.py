"""What is read from the agent's help."""

from __future__ import annotations

from contenant.core.agent_flags import Word, parse

HELP = """\
Usage: claude [options] [command] [prompt]

Claude Code - starts an interactive session by default

Arguments:
  prompt                                Your prompt

Options:
  --add-dir <directories...>            More directories
  --allowedTools, --allowed-tools <tools...>
      Comma or space-separated list of tool names to allow (e.g. "Bash(git *)
      Edit")
  -d, --debug [filter]                  Debug
  --permission-mode <mode>              Mode (choices: "acceptEdits",
                                        "plan")
  -v, --version                         Output the version number

Commands:
  mcp [options]                         Configure servers
  update|upgrade                        Check for updates
"""


def test_options_and_commands_in_their_order() -> None:
    assert parse(HELP) == [
        Word("--add-dir", "More directories"),
        Word(
            "--allowedTools", 'Comma or space-separated list of tool names to allow (e.g. "Bash(git *) Edit")'
        ),
        Word(
            "--allowed-tools",
            'Comma or space-separated list of tool names to allow (e.g. "Bash(git *) Edit")',
        ),
        Word("-d", "Debug"),
        Word("--debug", "Debug"),
        Word("--permission-mode", 'Mode (choices: "acceptEdits", "plan")', ("acceptEdits", "plan")),
        Word("-v", "Output the version number"),
        Word("--version", "Output the version number"),
        Word("mcp", "Configure servers"),
        Word("update", "Check for updates"),
        Word("upgrade", "Check for updates"),
    ]


def test_a_long_description_is_cut() -> None:
    (word,) = parse("Options:\n  --x  " + "a" * 200)
    assert len(word.about) == 100
    assert word.about.endswith("…")


def test_what_is_no_help_has_no_words() -> None:
    assert parse("") == parse("bash: claude: not found") == parse("Error:\n  --no  such\n") == []
