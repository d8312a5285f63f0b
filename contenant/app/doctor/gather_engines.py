"""Facts of the engines, asked of their own command lines; each question is bounded in time.

The adapters' readers are used, not the adapters: they wait longer than one who looks for a fault will.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from contenant import host
from contenant.app.doctor import gather_apple, gather_docker, gather_machine, gather_podman, reading
from contenant.app.doctor.clock import ask
from contenant.app.doctor.facts import ContainerFacts, EngineFacts, Trouble
from contenant.app.doctor.question import NEXT, Question
from contenant.core import labels
from contenant.core.values import ContainerReport, EngineName, ExecSpec
from contenant.engines import apple_json, docker, podman
from contenant.engines.base import Engine
from contenant.engines.select import make

TEST = 10.0  # seconds for one firewall
MOST_TESTS = 5
SELF_TEST = ("/usr/local/lib/contenant/firewall/test",)
GUEST_KERNEL = ("/bin/uname", "-r")
HUNG = 124  # the exit code of a self-test that did not end, as timeout(1) has it

_ASK: Mapping[EngineName, Callable[[EngineFacts, Question], EngineFacts]] = {
    "podman": gather_podman.look_at,
    "docker": gather_docker.look_at,
    "container": gather_apple.look_at,
}
_LIST: Mapping[EngineName, tuple[Sequence[str], Callable[[str], tuple[ContainerReport, ...]]]] = {
    "podman": (("ps", "--all", "--no-trunc", "--format", "json"), podman.read_containers),
    "docker": (("ps", "--all", "--no-trunc", "--format", docker.PS_FORMAT), docker.read_containers),
    "container": (("list", "--all", "--format", "json"), apple_json.read_containers),
}
_ENDPOINTS: Mapping[EngineName, str] = {"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}


def look_at(question: Question) -> EngineFacts:
    """Everything about one engine."""
    name = question.name
    path = shutil.which(name)
    endpoint = os.environ.get(_ENDPOINTS.get(name, ""), "")
    facts = EngineFacts(name, question.wanted, path or "", endpoint=endpoint)
    if path is None:
        return facts._replace(trouble="not-installed")
    known = _ASK[name](facts, question)
    if known.trouble:
        return known
    here = bool(known.store) and Path(known.store).is_dir()  # else it is in a machine of the engine's own
    known = known._replace(store_free=gather_machine.free(Path(known.store)) if here else -1)
    return _with_containers(known, question)


def _with_containers(known: EngineFacts, question: Question) -> EngineFacts:
    words, read = _LIST[known.name]
    answer = ask([known.name, *words], question.deadline, NEXT)
    if answer.code != 0:
        said = f"no answer within {answer.seconds:.0f} s" if answer.hung else reading.last_line(answer.stderr)
        why: Trouble = "wedged" if answer.hung else "failed"
        return known._replace(list_trouble=why, said=said)
    try:
        reports = read(answer.stdout)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        return known._replace(list_trouble="failed", said=f"it cannot be read ({error})")
    containers = [_container(report) for report in reports if _is_ours(report)]
    return known._replace(
        image=_has_image(question), containers=tuple(_questioned(known, containers, question))
    )


def _is_ours(report: ContainerReport) -> bool:
    """Of this very installation."""
    marks = report.labels
    return labels.is_ours(marks) and labels.decode(marks[labels.HOST]) == host.installation_id()


def _container(report: ContainerReport) -> ContainerFacts:
    marks = {key: labels.decode(value) for key, value in report.labels.items()}
    variant = marks.get(labels.VARIANT, "")
    return ContainerFacts(
        name=report.name,
        project=marks.get(labels.PROJECT, "") + (f"@{variant}" if variant else ""),
        state=report.state,
        image=marks.get(labels.IMAGE, report.image),
        engine_version=marks.get(labels.ENGINE, ""),
    )


def _has_image(question: Question) -> bool | None:
    if not question.image:
        return None
    answer = ask([question.name, "image", "inspect", question.image], question.deadline, NEXT)
    if answer.code == 0:
        return answer.stdout.strip() not in ("", "[]")
    return None if answer.code < 0 else False


def _questioned(
    known: EngineFacts, containers: Sequence[ContainerFacts], question: Question
) -> list[ContainerFacts]:
    """The containers, the first few of those that run with what they say themselves."""
    engine = make(question.name, runtime=question.runtime or "")
    running = [item for item in containers if item.state == "running"][:MOST_TESTS]
    told = {item.name: _tested(item, known, engine, question) for item in running}
    return [told.get(item.name, item) for item in containers]


def _tested(item: ContainerFacts, known: EngineFacts, engine: Engine, question: Question) -> ContainerFacts:
    if question.deadline.left() < 1:
        return item
    if known.apple is not None:  # each has a kernel of its own
        answer = ask(engine.exec_argv(item.name, ExecSpec(GUEST_KERNEL)), question.deadline, TEST)
        item = item._replace(kernel=answer.stdout.strip() if answer.code == 0 else "")
    test = ask(engine.exec_argv(item.name, ExecSpec(SELF_TEST)), question.deadline, TEST)
    code = HUNG if test.hung else max(test.code, 0)
    return item._replace(test_code=code, test_said=reading.test_verdict(test) if code else "")
