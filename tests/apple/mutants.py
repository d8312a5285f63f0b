"""Changes to the stand-in, each of which breaks one of the twenty behaviours and must make its test fail."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """Text of a file of the stand-in replaced by other text; the behaviour (1 to 20) that it breaks."""

    behaviour: int
    file: str
    old: str
    new: str


MUTANTS = (
    Mutant(
        1,
        "create.py",
        "    say(identifier)\n    return 0\n\n\ndef run",
        '    say("created")\n    return 0\n\n\ndef run',
    ),
    Mutant(1, "boot.py", 'if identifier in live else "stopped"', 'if identifier in live else "created"'),
    Mutant(
        2, "boot.py", "in live:\n            return\n", 'in live:\n            raise AppleError("running")\n'
    ),
    Mutant(2, "process.py", 'call.args["attach"] or call.args["interactive"]', 'call.args["interactive"]'),
    Mutant(
        3,
        "lifecycle.py",
        "        raise unknown(identifier)\n    return state",
        "        return None\n    return state",
    ),
    Mutant(4, "lifecycle.py", "    if not force and identifier in", "    if not force and not identifier in"),
    Mutant(4, "lifecycle.py", 'list(dict.fromkeys(args["container_ids"]))', 'args["container_ids"]'),
    Mutant(5, "listing.py", "        if missing and call.at_least(1):", "        if missing and False:"),
    Mutant(6, "images.py", "    if missing and call.at_least(1):", "    if missing and False:"),
    Mutant(6, "networks.py", "    if missing and call.at_least(1):", "    if missing and False:"),
    Mutant(
        7,
        "shapes.py",
        '{"networks": networks, "state": state}',
        '{"networks": networks, "state": state, "x": 1}',
    ),
    Mutant(7, "shapes.py", 'status |= {"startedDate": iso(started)}', 'status |= {"startedDate": started}'),
    Mutant(7, "listing.py", "        random.shuffle(ids)\n", "        ids.sort()\n"),
    Mutant(7, "shapes.py", '*(["buildkit"] if state["builder"] else [])', "*([])"),
    Mutant(8, "process.py", "    return child.wait()\n", "    return min(child.wait(), 1)\n"),
    Mutant(
        8, "process.py", "    if not guest.find_executable(", "    if not args and guest.find_executable("
    ),
    Mutant(8, "process.py", "    if row is None:\n        raise", "    if row == 0:\n        raise"),
    Mutant(
        9,
        "process.py",
        "        say(identifier)\n        return 0\n    before",
        "        return 0\n    before",
    ),
    Mutant(10, "process.py", 'args["cwd"] or init["workingDirectory"]', 'args["cwd"] or "/"'),
    Mutant(10, "process.py", '["exec", "--user", values.user_text(user), ', '["exec", "--user", "0", '),
    Mutant(11, "process.py", "not in names_of(own)]", "not in names_of([])]"),
    Mutant(
        12,
        "grammar.py",
        "            elif self.command.passes_through:",
        "            elif self.values is None:",
    ),
    Mutant(12, "grammar.py", "            self.unknown.append(name)", "            return"),
    Mutant(13, "values.py", " and len(name) <= longest", ""),
    Mutant(
        13,
        "create.py",
        '        raise AppleError(f"container already exists',
        '        print(f"container already exists',
    ),
    Mutant(14, "values.py", 'else f"CAP_{bare}"', "else bare"),
    Mutant(
        14,
        "boot.py",
        "conf = call.podman.configure(identifier, caps)",
        "conf = call.podman.configure(identifier)",
    ),
    Mutant(
        15,
        "boot.py",
        'for server in wanted["nameservers"] or [gateway_of(call, made)]:',
        'for server in wanted["nameservers"]:',
    ),
    Mutant(15, "boot.py", '        return [*words, "--dns", "none"]', "        return words"),
    Mutant(16, "mounts.py", "    if not os.path.isdir(path):", "    if not path:"),
    Mutant(16, "boot.py", "    check_sources(call, made)\n    check_volumes", "    check_volumes"),
    Mutant(17, "copying.py", "    if source[0] and target[0]:", "    if source[0] == target[0]:"),
    Mutant(
        17,
        "copying.py",
        "    if row is None:\n        raise",
        "    if row is None:\n        return 0\n        raise",
    ),
    Mutant(
        17,
        "listing.py",
        'if record["podman"] is None:\n        raise AppleError(f"failed to export',
        'if 0:\n        raise AppleError(f"failed to export',
    ),
    Mutant(18, "boot.py", "    check_volumes(state, live, identifier)\n    if", "    if"),
    Mutant(18, "volumes.py", "failed = sorted(set(names) & in_use(state))", "failed = []"),
    Mutant(18, "networks.py", "failed = sorted(set(names) & in_use(state))", "failed = []"),
    Mutant(19, "system.py", 'return 0 if condition == "running" else 1', "return 0"),
    Mutant(19, "system.py", '    condition = "unregistered"\n', '    condition = "stopped"\n'),
    Mutant(20, "build.py", "    if len(data) >= MAXIMUM:", "    if len(data) > MAXIMUM:"),
    Mutant(20, "build.py", '            complain(f"#{step}', '            say(f"#{step}'),
)
