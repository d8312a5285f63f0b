"""The layers on the base image: the user's, and the project's on top of it. Each is a recipe of its own.

A layer's steps run in a stage that is thrown away, with the host's package sources, as the base's do. What
they changed is copied into a stage of the image below, where tools that the layer has not touched leave out
what is contenant's; and what is left, onto that image. So no layer can change the entrypoint, the user or the
variables that the container's own programs see, and none holds the host's mirrors. Nothing here needs a
feature that docker's old builder, podman or Apple's lacks.
"""

import json
from collections.abc import Sequence

from contenant.core.containerfile import Containerfile, read
from contenant.core.layer import Layer, check, layer_hash, layer_tag
from contenant.errors import ConfigError
from contenant.image.recipe import File, Recipe

PLACE = "contenant.layer"  # in the context, for the scripts and the package sources
DOCKERFILE = "contenant.build/Dockerfile"  # apart from them, so that a changed line does not begin all anew
LIMIT = 16384  # bytes: Apple's builder takes no larger Dockerfile (apple/container #735)
_STAGES = ("apt.sh", "layer", "difference")
ON_TOP = ("stages/layer", "stages/difference")  # of the image's files those that only layers need
_EMPTY = Containerfile("", "", (), (), (), "")


def recipes(base: Recipe, layers: Sequence[Layer]) -> tuple[Recipe, ...]:
    """A recipe for each layer, the lowest first. Raises ConfigError for one that cannot be built."""
    made: list[Recipe] = []
    below, inherited = base, _EMPTY
    for layer in layers:
        below, inherited = _recipe(base, below, layer, inherited)
        made.append(below)
    return tuple(made)


def _recipe(
    base: Recipe, below: Recipe, layer: Layer, inherited: Containerfile
) -> tuple[Recipe, Containerfile]:
    """The recipe, and what a layer above has to know: the variables of this one and of those below it."""
    check([layer])
    file = read(layer.text, layer.containerfile, below.tag) if layer.containerfile else _EMPTY
    text = dockerfile(below.tag, layer, file, inherited)
    if len(text) >= LIMIT:
        raise ConfigError(
            f"{layer.containerfile or layer.kind}: {len(text)} bytes with what is added; {LIMIT} is the most",
            hint="move steps into a script that is copied",
        )
    files = {path: File(one.content, one.executable) for path, one in layer.files.items()}
    files |= {f"{PLACE}/stages/{name}": base.files[f"stages/{name}"] for name in _STAGES}
    if layer.setup:
        files[f"{PLACE}/setup"] = File(layer.script, executable=True)
    files[DOCKERFILE] = File(text, executable=False)
    recipe = below._replace(
        tag=layer_tag(below.tag, layer), hash=layer_hash(below.tag, layer), layer=layer.kind, base=below.tag,
        files=files, certificates=(), dockerfile=DOCKERFILE, arguments=layer.arguments,
        needs=file.images,
    )  # fmt: skip
    return recipe, _joined(inherited, file)


def _joined(below: Containerfile, own: Containerfile) -> Containerfile:
    return _EMPTY._replace(
        variables=tuple(dict.fromkeys((*below.variables, *own.variables))),
        environment="\n".join(filter(None, (below.environment, own.environment))),
    )


def dockerfile(parent: str, layer: Layer, file: Containerfile, inherited: Containerfile) -> bytes:
    """What is built: the layer's own steps between those that begin, sift and end it."""
    variables = dict.fromkeys((*inherited.variables, *file.variables))
    lines = [
        "# Made by contenant.",
        file.before,
        f"FROM {parent} AS contenant-work",
        inherited.environment,
        f"COPY {PLACE}/ /tmp/contenant/",
        _run("layer", "begin", *layer.packages),
        file.after,
        *(["USER 0:0"] if layer.containerfile else []),
        *([_run("layer", "setup")] if layer.setup else []),
        _run("layer", "end", *variables),
        f"FROM {parent} AS contenant-sift",
        f"COPY {PLACE}/stages/difference /tmp/contenant/difference",
        "COPY --from=contenant-work /contenant.out/ /layer/",
        'RUN ["/tmp/contenant/difference", "sift"]',
        f"FROM {parent}",
        "COPY --from=contenant-sift /layer/ /",
        'RUN ["/tmp/contenant/difference", "finish"]',
    ]
    return "".join(f"{line}\n" for line in lines if line).encode()


def _run(*words: str) -> str:
    return f"RUN {json.dumps([f'/tmp/contenant/stages/{words[0]}', *words[1:]])}"  # noqa: S108 - in the image
