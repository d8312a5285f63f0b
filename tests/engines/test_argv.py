"""The command line of every call, word for word: a change here is a change of behaviour on a real engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contenant.core.values import BuildSpec, EngineName, ExecSpec, Mount, Publish
from contenant.engines import apple_args
from contenant.engines.docker import PS_FORMAT
from contenant.engines.oci import OciEngine
from contenant.engines.podman import Limits
from tests.engines.fake_cli import BARE, EXEC, SPEC, FakeCli, apple, docker, engine_of, podman, recorded

PODMAN_CREATE = [
    *("create", "--name", "contenant-app-00000001", "--pull", "never", "--user", "0:0", "--cap-drop", "ALL"),
    *("--cap-add", "NET_ADMIN", "--cap-add", "SETUID", "--security-opt", "no-new-privileges"),
    *("--hostname", "contenant-app-00000001", "--stop-timeout", "10"),
    *("--label", "dev.contenant.managed=1", "--label", "dev.contenant.project=/p/a%20b"),
    *("--mount", "type=bind,source=/p/a b,target=/project"),
    *("--mount", "type=bind,source=/s,target=/var/lib/contenant/sessions,readonly"),
    *("--publish", "127.0.0.1:8080:80/tcp", "--publish", "[::1]:53:53/udp"),
    *("--cpus", "2", "--memory", "3221225472b"),
    *("--env", "CONTENANT_UID=501", "--env", "NOTE=a=b c"),
]
BARE_CREATE = [
    *("create", "--name", "contenant-app-00000001", "--pull", "never", "--user", "0:0", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--stop-timeout", "10", "contenant:1"),
]
APPLE_CREATE = [
    *("create", "--name", "contenant-app-00000001", "--user", "0:0", "--cap-drop", "ALL"),
    *("--cap-add", "NET_ADMIN", "--cap-add", "SETUID"),
    *("--label", "dev.contenant.managed=1", "--label", "dev.contenant.project=/p/a%20b"),
    *("--volume", "/p/a b:/project", "--volume", "/s:/var/lib/contenant/sessions:ro"),
    *("--publish", "127.0.0.1:8080:80/tcp", "--publish", "[::1]:53:53/udp"),
    *("--cpus", "2", "--memory", "3072M"),
    *("--env", "CONTENANT_UID=501", "--env", "NOTE=a=b c"),
    "contenant:1",
]
EXEC_TAIL = [
    *("--env", "CONTENANT_ENV_TERM", "--env", "CONTENANT_WORKDIR", "--workdir", "/project"),
    *("contenant-app-00000001", "/usr/local/lib/contenant/session", "run", "s1", "--", "ls", "-l"),
]


class TestCreate:
    def test_podman_and_docker(self) -> None:
        assert podman().create_args(SPEC) == [*PODMAN_CREATE, "contenant:1"]
        assert podman().create_args(BARE) == BARE_CREATE
        at = PODMAN_CREATE.index("--env")
        docked = [*PODMAN_CREATE[:at], "--pids-limit", "4096", *PODMAN_CREATE[at:], "contenant:1"]
        assert docker().create_args(SPEC) == docked
        assert docker().create_args(BARE) == [*BARE_CREATE[:-1], "--pids-limit", "4096", "contenant:1"]

    @pytest.mark.parametrize("engine", [podman(), docker()], ids=["podman", "docker"])
    def test_processes(self, engine: OciEngine) -> None:
        args = engine.create_args(BARE._replace(pids=100))
        assert args[args.index("--pids-limit") + 1] == "100"

    @pytest.mark.parametrize("engine", [podman(selinux=True), docker(selinux=True)], ids=["podman", "docker"])
    def test_selinux(self, engine: OciEngine) -> None:
        args = engine.create_args(BARE)
        at = args.index("label=disable")
        assert args[at - 1] == "--security-opt"
        assert at < args.index("contenant:1")

    def test_podman_without_root_maps_the_owner(self) -> None:
        options = ["--userns", "keep-id:uid=501,gid=20", "contenant:1"]
        assert podman(rootless=True).create_args(SPEC) == [*PODMAN_CREATE, *options]

    def test_podman_asks_for_no_more_than_the_host_allows(self) -> None:
        options = ["--ulimit", "nofile=20000:20000", "--ulimit", "nproc=32768:32768", "contenant:1"]
        assert podman(limits=Limits(20000, 32768)).create_args(SPEC) == [*PODMAN_CREATE, *options]

    def test_apple(self) -> None:
        assert apple_args.create_args(SPEC) == APPLE_CREATE

    def test_apple_gets_enough_memory(self) -> None:
        args = apple_args.create_args(BARE)
        assert args[args.index("--memory") + 1] == "4096M"
        assert "--cpus" not in args

    @pytest.mark.parametrize("era", ["0.12", "1.2", "1.4"])
    def test_apple_is_asked_the_same_in_every_era(
        self, era: str, tmp_path: Path, fake: Callable[[str], FakeCli]
    ) -> None:
        """All that is used exists since 0.12, so nothing depends on the version."""
        cli = fake("container")
        cli.answer("'image inspect '*", recorded(f"container-{era}/image.json"))
        cli.answer("'create '*", "contenant-app-00000001\n")
        spec = SPEC._replace(mounts=(Mount(str(tmp_path), "/project"),))
        assert apple().create(spec) == "contenant-app-00000001"
        inspect, create = cli.calls()
        assert inspect == ["image", "inspect", "contenant:1"]  # else create would pull
        assert create == apple_args.create_args(spec)


class TestExec:
    def test_podman(self) -> None:
        argv = podman(runtime="runc").exec_argv(SPEC.name, EXEC)
        head = ["podman", "--runtime", "runc", "exec", "--user", "0", "--interactive", "--tty"]
        assert argv == [*head, "--detach-keys", "", *EXEC_TAIL]

    def test_docker(self) -> None:
        head = ["docker", "exec", "--user", "0", "--interactive", "--tty", "--detach-keys", "ctrl-^,ctrl-@"]
        assert docker().exec_argv(SPEC.name, EXEC) == [*head, *EXEC_TAIL]

    def test_apple(self) -> None:
        head = ["container", "exec", "--user", "0", "--interactive", "--tty"]
        assert apple().exec_argv(SPEC.name, EXEC) == [*head, *EXEC_TAIL]

    @pytest.mark.parametrize("name", ["podman", "docker", "container"])
    def test_bare(self, name: EngineName) -> None:
        argv = engine_of(name).exec_argv("c", ExecSpec(("true",)))
        assert argv == [name, "exec", "--user", "0", "c", "true"]


CALLS = {
    "podman": {
        "start": ["start", "c"],
        "stop": ["stop", "-t", "7", "c"],
        "remove": ["rm", "--force", "--ignore", "--volumes", "-t", "0", "c"],
        "remove_image": ["rmi", "i:1"],
        "pull": ["pull", "--quiet", "i:1"],
        "image": ["image", "inspect", "i:1"],
        "import_image": ["import", "--change", 'LABEL "k"="v%20w"', "/t.tar", "i:1"],
        "containers": ["ps", "--all", "--no-trunc", "--format", "json"],
    },
    "docker": {
        "start": ["start", "c"],
        "stop": ["stop", "-t", "7", "c"],
        "remove": ["rm", "--force", "--volumes", "c"],
        "remove_image": ["rmi", "i:1"],
        "pull": ["pull", "--quiet", "i:1"],
        "image": ["image", "inspect", "i:1"],
        "import_image": ["import", "--change", 'LABEL "k"="v%20w"', "/t.tar", "i:1"],
        "containers": ["ps", "--all", "--no-trunc", "--format", PS_FORMAT],
    },
    "container": {
        "start": ["start", "c"],
        "stop": ["stop", "--time", "7", "c"],
        "remove": ["delete", "--force", "c"],
        "remove_image": ["image", "delete", "--force", "i:1"],
        "pull": ["image", "pull", "i:1"],
        "image": ["image", "inspect", "i:1"],
        "containers": ["list", "--all", "--format", "json"],
    },
}


@pytest.mark.parametrize("name", list(CALLS))
def test_other_calls(name: EngineName, fake: Callable[[str], FakeCli]) -> None:
    cli = fake(name)
    cli.answer("'image inspect '*", recorded(f"{IMAGES[name]}/image.json"))
    cli.answer("'list '*", "[]")
    engine = engine_of(name)
    engine.start("c")
    engine.stop("c", 7)
    engine.remove("c")
    engine.remove_image("i:1")
    engine.pull("i:1")
    engine.image("i:1")
    if name != "container":
        engine.import_image("/t.tar", "i:1", {"k": "v%20w"})
    engine.containers().result()
    assert cli.calls() == list(CALLS[name].values())


IMAGES = {"podman": "podman-4.3", "docker": "docker-20.10", "container": "container-1.2"}


class TestBuild:
    @pytest.fixture
    def spec(self, tmp_path: Path) -> BuildSpec:
        (tmp_path / "Dockerfile").write_text("FROM scratch\n")
        dockerfile = str(tmp_path / "Dockerfile")
        build_args, labels = {"A": "1 2"}, {"dev.contenant.managed": "1"}
        return BuildSpec("i:1", str(tmp_path), dockerfile, build_args, labels, "linux/arm64", "host", True)

    @staticmethod
    def common(spec: BuildSpec) -> list[str]:
        return [
            *("--tag", "i:1", "--file", spec.dockerfile, "--build-arg", "A=1 2"),
            *("--label", "dev.contenant.managed=1", "--platform", "linux/arm64", "--network", "host"),
            *("--no-cache", spec.context),
        ]

    def test_podman(self, spec: BuildSpec, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("podman")
        podman(limits=Limits(20000, 0), runtime="runc").build(spec, print)
        head = [
            "--runtime",
            "runc",
            "build",
            "--format",
            "docker",
            "--pull=never",
            "--ulimit",
            "nofile=20000:20000",
        ]
        assert cli.calls() == [[*head, *self.common(spec)]]

    def test_docker_with_buildx(self, spec: BuildSpec, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("docker")
        cli.answer("'context show'", "desktop-linux\n")
        docker().build(spec, print)
        head = ["build", "--progress", "plain", "--load", "--builder", "desktop-linux"]
        assert cli.calls() == [["buildx", "version"], ["context", "show"], [*head, *self.common(spec)]]

    def test_docker_without_buildx_says_nothing_of_it(
        self, spec: BuildSpec, fake: Callable[[str], FakeCli], capfd: pytest.CaptureFixture[str]
    ) -> None:
        cli = fake("docker")
        cli.answer("'buildx version'", stderr="docker: unknown command: docker buildx", code=1)
        warning = (
            "DEPRECATED: The legacy builder is deprecated and will be removed in a future release.\n"
            "            BuildKit is currently disabled; enable it by removing the DOCKER_BUILDKIT=0\n"
            "            environment-variable.\n\n"
        )
        cli.answer("'build '*", "Step 1/1 : FROM scratch\n\n ---> 0\n", stderr=warning)
        lines: list[str] = []
        docker().build(spec, lines.append)
        assert sorted(lines) == ["", " ---> 0", "Step 1/1 : FROM scratch"]
        assert cli.calls()[1:] == [["build", "--force-rm", *self.common(spec)]]
        assert capfd.readouterr() == ("", "")

    def test_apple(self, spec: BuildSpec, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("container")
        apple().build(spec, print)
        assert cli.calls() == [
            [
                *(
                    "build",
                    "--progress",
                    "plain",
                    "--tag",
                    "i:1",
                    "--file",
                    spec.dockerfile,
                    "--memory",
                    "4096M",
                ),
                *("--build-arg", "A=1 2", "--label", "dev.contenant.managed=1", "--platform", "linux/arm64"),
                *("--no-cache", spec.context),
            ]
        ]

    def test_apple_imports_by_a_build(self, tmp_path: Path, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("container")
        (tmp_path / "r.tar").write_bytes(b"tar")
        apple().import_image(str(tmp_path / "r.tar"), "i:1", {"k": "v"})
        (call,) = cli.calls()
        assert call[:5] == ["build", "--progress", "plain", "--tag", "i:1"]
        assert call[-3:-1] == ["--label", "k=v"]
        assert Path(call[-1]).parent == tmp_path / "contenant" / "cache"
        assert not Path(call[-1]).exists()


def test_ipv6_is_published_in_brackets() -> None:
    args = apple_args.create_args(BARE._replace(publish=(Publish("::", 1, 2),)))
    assert args[args.index("--publish") + 1] == "[::]:1:2/tcp"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("podman", ("stats", "--no-stream", "--format", "json")),
        ("docker", ("stats", "--no-stream", "--format", "{{json .}}")),
        ("container", ("stats", "--no-stream", "--format", "json")),
    ],
)
def test_what_containers_use(
    name: EngineName, words: tuple[str, ...], fake: Callable[[str], FakeCli]
) -> None:
    cli = fake(name)
    cli.answer("stats*", stdout="")
    engine_of(name).loads().result()
    assert list(cli.calls()[-1]) == list(words)
