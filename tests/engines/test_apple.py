"""Apple's `container`: its eras, its service, and what it must not be asked."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from contenant.core.values import BuildSpec, Mount
from contenant.engines import apple as apple_adapter
from contenant.engines import apple_args, apple_json
from contenant.engines.apple import skew
from contenant.engines.base import EngineVersion
from contenant.errors import EngineError, EngineUnavailableError, ImageBuildError, PathRefusedError
from tests.engines.fake_cli import BARE, FakeCli, apple, recorded


class TestApple:
    def answers(
        self, cli: FakeCli, client: str, version: str, status: str = "container-1.2/status.json"
    ) -> None:
        cli.answer("--version", f"container CLI version {client} (build: release, commit: unspeci)\n")
        cli.answer("'system version '*", recorded(version))
        cli.answer("'system status '*", recorded(status), code=0 if "down" not in status else 1)

    @pytest.mark.parametrize("era", ["0.12", "1.2", "1.4"])
    def test_versions(self, era: str, fake: Callable[[str], FakeCli]) -> None:
        patch = {"0.12": "0.12.3", "1.2": "1.2.2", "1.4": "1.4.1"}[era]
        self.answers(fake("container"), f"{patch}-35-g899081d", f"container-{era}/version.json")
        assert apple().version() == (patch, patch)

    def test_too_old_is_said_without_asking_the_service(self, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("container")
        self.answers(cli, "0.11.0", "container-1.2/version.json")
        with pytest.raises(EngineUnavailableError, match=r"container is 0\.11\.0, contenant needs 0\.12\.0"):
            apple().version()
        assert cli.calls() == [["--version"]]

    def test_an_old_service_is_named(self, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("container")
        self.answers(cli, "1.2.2", "container-1.2/version.json")
        cli.answer("'system version '*", '[{"version": "1.2.2"}, {"version": "0.9.0"}]')
        with pytest.raises(EngineUnavailableError, match=r"container service is 0\.9\.0"):
            apple().version()

    def test_skew(self) -> None:
        assert skew(EngineVersion("1.2.2", "1.2.2")) == skew(EngineVersion("4.3.1", "")) == ""
        assert "1.4.1" in skew(EngineVersion("1.4.1", "1.2.2"))
        assert "container system stop && container system start" in skew(EngineVersion("1.4.1", "1.2.2"))

    @pytest.mark.parametrize(
        ("status", "state"),
        [
            ("container-1.2/status-down.json", "unregistered"),
            ("container-1.4/status-down.json", "not running"),
        ],
    )
    def test_service_down(self, status: str, state: str, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("container")
        self.answers(cli, "1.2.2", "container-1.2/version.json", status)
        cli.answer("'system version '*", '[{"appName": "container", "version": "1.2.2"}]')
        for call in (apple().version, apple().identity):
            with pytest.raises(EngineUnavailableError, match=f"service is {state}") as caught:
                call()
            assert "container system start --enable-kernel-install" in caught.value.hint

    @pytest.mark.parametrize("era", ["1.2", "1.4"])
    def test_identity_is_where_it_keeps_things(self, era: str, fake: Callable[[str], FakeCli]) -> None:
        self.answers(fake("container"), "1.2.2", "container-1.2/version.json", f"container-{era}/status.json")
        assert apple().identity() == "/Users/me/Library/Application Support/com.apple.container"

    def test_identity_changes_with_a_new_store(self, fake: Callable[[str], FakeCli], tmp_path: Path) -> None:
        store = tmp_path / "store"
        store.mkdir()
        fake("container").answer("'system status '*", f'{{"status": "running", "appRoot": "{store}/"}}')
        first = apple().identity()
        (tmp_path / "taken").mkdir()  # so that the inode is not used again
        store.rename(tmp_path / "old")
        store.mkdir()
        assert first == apple().identity().rpartition("#")[0] + f"#{(tmp_path / 'old').stat().st_ino}"
        assert first != apple().identity()

    def test_starts_its_service(self, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("container")
        cli.answer("'system start '*", "Launching\n")
        lines: list[str] = []
        apple().start_service(lines.append)
        assert cli.calls() == [["system", "start", "--enable-kernel-install"]]
        assert lines == ["Launching"]
        cli.answer("*", stderr="Error: no kernel", code=1)
        with pytest.raises(EngineUnavailableError, match="no kernel"):
            apple().start_service(lines.append)

    def test_create_does_not_go_on_without_the_image(self, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("container")
        cli.answer("'image inspect '*", stderr="Error: image not found: contenant:1", code=1)
        with pytest.raises(EngineError, match="contenant:1 is not there"):
            apple().create(BARE)
        assert len(cli.calls()) == 1

    def test_create_mounts_directories_only(self, fake: Callable[[str], FakeCli], tmp_path: Path) -> None:
        cli = fake("container")
        (tmp_path / "file").touch()
        for source in (tmp_path / "file", tmp_path / "none"):
            with pytest.raises(PathRefusedError, match="no directory"):
                apple().create(BARE._replace(mounts=(Mount(str(source), "/x"),)))
        assert cli.calls() == []

    def test_its_copy_command_is_never_called(self) -> None:
        """It hangs or fails in silence (#1927, #2258)."""
        for module in (apple_args, apple_adapter, apple_json):
            tree = ast.parse(Path(module.__file__).read_text())
            words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            assert not {"cp", "copy"} & words, module

    def test_what_it_would_take_otherwise_is_refused(self, tmp_path: Path) -> None:
        def refused(kind: type[Exception], words: str, **changed: object) -> None:
            with pytest.raises(kind, match=words):
                apple_args.create_args(BARE._replace(**changed))  # type: ignore[arg-type] # fields of the spec

        (tmp_path / "link").symlink_to(tmp_path)
        twice = (Mount(str(tmp_path), "/a"), Mount(str(tmp_path / "link"), "/b", read_only=True))
        refused(PathRefusedError, "at both /a and /b", mounts=twice)
        refused(PathRefusedError, "holds a colon", mounts=(Mount("/a:b", "/x"),))
        refused(PathRefusedError, "not UTF-8", mounts=(Mount("/a\udcff", "/x"),))
        refused(EngineError, "equals sign", labels={"k": "a=b"})
        refused(EngineError, "cannot name", name="c" * 41)
        refused(EngineError, "cannot name", name="c d")
        refused(EngineError, "bytes of memory", memory=100 << 20)

    @pytest.mark.parametrize(
        ("size", "option"), [(200 << 20, "200M"), ((1 << 30) + 1, "1025M"), (0, "4096M")]
    )
    def test_memory_is_rounded_up(self, size: int, option: str) -> None:
        assert apple_args.memory_option(size) == option

    def test_builds_it_fails_on_without_a_word_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "Dockerfile").write_bytes(b"#" * 16384)
        (tmp_path / "link").symlink_to(tmp_path)
        spec = BuildSpec("i:1", str(tmp_path), str(tmp_path / "Dockerfile"), {}, {})
        with pytest.raises(ImageBuildError, match="16384 bytes"):
            apple_args.check_build(spec)
        (tmp_path / "Dockerfile").write_bytes(b"#" * 16383)
        apple_args.check_build(spec)
        with pytest.raises(ImageBuildError, match="symbolic link"):
            apple_args.check_build(spec._replace(context=str(tmp_path / "link")))
        with pytest.raises(ImageBuildError, match="cannot read"):
            apple_args.check_build(spec._replace(dockerfile="/none"))
