"""The container that configuration, flags and project ask for, as a ContainerSpec and its hash."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from contenant import __version__, config
from contenant.app import outfit
from contenant.app.current import kept_image as kept_image
from contenant.app.project import Project, container_dir
from contenant.core import labels
from contenant.core.chain import canonical
from contenant.core.digest import sha256_hex
from contenant.core.settings import Settings
from contenant.core.values import ContainerSpec, EngineName, Mount, Publish

if TYPE_CHECKING:
    from contenant.app.ledger import Ledger
    from contenant.app.policy import Effective, Given

# What the entrypoint and the session wrapper need, and nothing more (docs/security/model.md).
CAPABILITIES = ("CHOWN", "KILL", "NET_ADMIN", "NET_BIND_SERVICE", "SETGID", "SETPCAP", "SETUID")
AGENT = (1000, 1000)  # the image's own uid and gid of the agent


def needs_idmap(project: Project) -> bool:
    """Whether the project is root's and contenant runs as root: the agent reaches it id-mapped."""
    return project.owner[0] == 0 and os.getuid() == 0


def agent_ids(project: Project) -> tuple[int, int]:
    """The agent's uid and gid: those that own the project, and never root's."""
    if needs_idmap(project):
        return AGENT
    uid = project.owner[0] or os.getuid()
    gid = project.owner[1] or os.getgid() or AGENT[1]
    return uid, gid


def project_source(project: Project) -> str:
    """The host directory to mount at /project."""
    return str(container_dir(project.name) / "project") if needs_idmap(project) else project.path


def with_metadata(ledger: "Ledger", project: Project, settings: Settings) -> tuple[Project, tuple[str, ...]]:
    """The project with its repository's metadata, and what is to be said of it. Most are no worktree."""
    if not any(os.path.isfile(f"{project.path}/{link}") for link in (".git", ".jj/repo")):  # noqa: PTH113
        return project, ()
    from contenant.app import metadata

    project = metadata.attach(ledger, project, settings)
    return project, metadata.hint(project)


def metadata_source(project: Project) -> str:
    """The host directory to mount as the common directory of the project's repository, "" for none."""
    if project.metadata is None:
        return ""
    return str(container_dir(project.name) / "git") if needs_idmap(project) else project.metadata.common


def _metadata_mounts(project: Project) -> tuple[Mount, ...]:
    found: tuple[Mount, ...] = ()
    if project.metadata is not None:
        from contenant.core.worktree import mounts

        found = mounts(project.metadata, metadata_source(project))
    if project.jj is not None:
        from contenant.app.workspace_mounts import mounts as of_jj

        found += of_jj(project)
    return found


def build_spec(
    project: Project,
    *,
    image: str,
    read_only: bool,
    mounts: tuple[Mount, ...],
    env: Mapping[str, str],
    publish: tuple[Publish, ...],
    cpus: int,
    memory: int,
    pids: int,
    keep: bool,
) -> ContainerSpec:
    """The spec without labels; `label` adds them once the container has an id."""
    uid, gid = agent_ids(project)
    own = {"CONTENANT_UID": str(uid), "CONTENANT_GID": str(gid)} | ({"CONTENANT_KEEP": "1"} if keep else {})
    return ContainerSpec(
        name=project.name,
        image=image,
        labels={},
        mounts=(
            Mount(project_source(project), "/project", read_only),
            Mount(str(container_dir(project.name) / "sessions"), "/var/lib/contenant/sessions"),
            Mount(str(container_dir(project.name) / "policy"), "/etc/contenant/policy", read_only=True),
            *outfit.mounts(project.name),
            *_metadata_mounts(project),
            *mounts,
        ),
        env=dict(env) | own,
        publish=publish,
        cpus=cpus,
        memory=memory,
        hostname=project.name,
        cap_add=CAPABILITIES,
        owner=(uid, gid),
        pids=pids,
    )


def spec_text(spec: ContainerSpec, protect: str) -> str:
    """The spec as canonical JSON, without what has drift of its own (image) or follows from it (labels).

    `protect` stands for its shields: which there are follows from what is in the project at creation.
    """
    data = spec._asdict() | {"mounts": [mount._asdict() for mount in spec.mounts]}
    data["publish"] = [port._asdict() for port in spec.publish]
    data["protect"] = protect
    data["env"] = sorted(spec.env)  # names only: a value is the user's, and may be secret
    data["env_hash"] = sha256_hex(canonical(dict(spec.env)).encode())[:16]
    return canonical({key: value for key, value in data.items() if key not in ("image", "labels")})


def spec_hash(text: str) -> str:
    """12 hex digits of a spec's text."""
    return sha256_hex(text.encode())[:12]


def label(
    spec: ContainerSpec,
    *,
    container_id: str,
    project: Project,
    owner: str,
    policy: str,
    digest: str,
    engine_version: str,
) -> ContainerSpec:
    """The spec with its identity labels, by which a lost record can be rebuilt."""
    plain: dict[str, Any] = {
        labels.MANAGED: "1",
        labels.HOST: owner,
        labels.PROJECT: project.path,
        labels.CONTAINER: container_id,
        labels.IMAGE: spec.image,
        labels.SPEC: digest,
        labels.POLICY: policy,
        labels.VERSION: __version__,
        labels.ENGINE: engine_version,
    }
    if project.variant:
        plain[labels.VARIANT] = project.variant
    return spec._replace(labels={key: labels.encode(value) for key, value in plain.items()})


class Wanted(NamedTuple):
    """What the project's container should be."""

    image: str  # reference
    policy: "Effective"
    spec: ContainerSpec  # without shields
    protect: Literal["strict", "warn", "off"]
    spec_text: str
    spec_hash: str


def shielded(project: Project, spec: ContainerSpec, mode: str, engine: EngineName) -> ContainerSpec:
    """The spec with read-only mounts over what the host runs without asking, where the mode and engine can.

    Raises OSError where the project cannot be read.
    """
    from contenant.core.protect import shields
    from contenant.scan import existing_shields

    directories, files = existing_shields(Path(project.path))
    source = project_source(project)
    paths = shields("strict" if mode == "strict" else "off", directories, files, engine)
    over = tuple(Mount(f"{source}/{path}", f"/project/{path}", read_only=True) for path in paths)
    return spec._replace(mounts=(*spec.mounts, *over, *_metadata_shields(project, mode, engine)))


def _metadata_shields(project: Project, mode: str, engine: EngineName) -> tuple[Mount, ...]:
    """Over what the host's git and jj run or obey in the repository, and over the file that names it."""
    if project.jj is not None:
        from contenant.app.workspace_mounts import shields as of_jj

        return (*_git_shields(project, mode, engine), *of_jj(project, mode, engine))
    return _git_shields(project, mode, engine)


def _git_shields(project: Project, mode: str, engine: EngineName) -> tuple[Mount, ...]:
    if project.metadata is None:
        return ()
    from contenant.core.worktree import shields
    from contenant.gitdir import existing

    directories, files = existing(project.metadata)
    over = shields(project.metadata, metadata_source(project), directories, files, mode, engine)
    if mode == "off" or engine == "container":
        return over
    return (*over, Mount(f"{project_source(project)}/.git", "/project/.git", read_only=True))


def want(project: Project, settings: Settings, engine: EngineName, given: "Given", now: int) -> Wanted:
    """The container that settings, image recipe and rules ask for at `now` (seconds since the epoch).

    Reads the image's inputs, asks no engine. Raises UsageError for a policy that cannot be.
    """
    from contenant.app.policy import effective  # its grammar is nothing a list needs
    from contenant.core.protect import effective_mode

    image = kept_image(settings)
    spec = build_spec(
        project,
        image=image,
        read_only=settings.read_only,
        mounts=config.usable_mounts(settings, Path(project.path), os.environ),
        env={},
        publish=settings.publish,
        cpus=settings.cpus,
        memory=settings.memory,
        pids=settings.pids,
        keep=settings.keep_running,
    )
    mode = effective_mode(settings.protect, engine)
    text = spec_text(spec, mode)
    return Wanted(image, effective(settings, given, now), spec, mode, text, spec_hash(text))
