"""The layers of docs/architecture.md, read from the imports; and what a start must not load."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.cli.world import populate

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "contenant"

# From the bottom up. A part may import its own rank's parts only where SIBLINGS says so, and anything below.
RANKS = {
    "errors": 0,
    "core": 1,
    "paths": 2,
    "process": 2,
    "spawn": 2,
    "files": 2,
    "layer_files": 2,
    "devcontainer_files": 2,
    "terminal": 2,
    "suffixes": 2,
    "scan": 2,
    "host": 2,
    "idmap": 2,
    "git": 2,
    "gitdir": 2,
    "jj": 2,
    "jjdir": 2,
    "locks": 2,
    "engines": 3,
    "store": 3,
    "image": 3,
    "config": 3,
    "project_layers": 3,
    "credentials": 3,
    "home": 3,
    "app": 4,
    "cli": 5,
    "__main__": 6,
}
APART = {("engines", "store"), ("store", "engines")}  # these do not know each other

# Who may import a library, or an expensive or dangerous module: prefixes of module names.
ONLY = {
    "click": ("contenant.cli", "contenant.__main__"),
    "tabulate": ("contenant.cli.render",),
    "subprocess": ("contenant.process",),
    "sqlalchemy": ("contenant.store", "migrations"),
    "alembic": ("contenant.store.migrate", "migrations"),
    "sqlite3": ("contenant.store",),
    "matplotlib": ("contenant.cli.plot",),
}
# The core decides; it does not look at the world.
WORLD = {
    "os", "time", "random", "secrets", "socket", "subprocess", "threading", "sys", "pathlib", "shutil",
    "tempfile", "platform", "getpass", "locale", "io", "logging", "uuid", "signal",
}  # fmt: skip
STANDARD = {*sys.stdlib_module_names, "_sha2", "_sha256"}  # of whichever version
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}

MODULE_LINES = 350
FUNCTION_LINES = 40


def sources() -> list[Path]:
    found = [*PACKAGE.rglob("*.py"), *(ROOT / "migrations").rglob("*.py")]
    return sorted(path for path in found if "_assets" not in path.parts)


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path, *, typing_too: bool = True) -> Iterator[str]:
    """Every imported module, `from package import module` included, as dotted names."""
    for node in _nodes(tree_of(path), typing_too):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _nodes(tree: ast.AST, typing_too: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not typing_too and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from _nodes(node, typing_too)


def part_of(module: str) -> str:
    """`contenant.store.snapshot` -> `store`; "" for the package itself and for what is not ours."""
    names = module.split(".")
    return names[1] if names[0] == "contenant" and len(names) > 1 and names[1] in RANKS else ""


@pytest.fixture(params=[pytest.param(path, id=name_of(path)) for path in sources()])
def source(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_every_part_has_its_place() -> None:
    there = {path.stem if path.is_file() else path.name for path in PACKAGE.iterdir()}
    there = {name for name in there if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").exists()}
    assert there - {"__init__", "__pycache__", "_assets"} <= set(RANKS)


def test_imports_point_downwards(source: Path) -> None:
    own = part_of(name_of(source))
    if not own:
        return
    for module in imports(source):
        other = part_of(module)
        if other and other != own:
            assert RANKS[other] <= RANKS[own], f"{name_of(source)} imports {module}, which is above it"
            assert (own, other) not in APART, (
                f"{name_of(source)} imports {module}: engines and store are apart"
            )


def test_libraries_stay_where_they_belong(source: Path) -> None:
    name = name_of(source)
    for module in imports(source):
        allowed = ONLY.get(module.partition(".")[0])
        if allowed:
            assert any(name == place or name.startswith(place + ".") for place in allowed), (
                f"{name}: {module}"
            )


def test_the_core_is_pure(source: Path) -> None:
    name = name_of(source)
    if not name.startswith("contenant.core"):
        return
    for module in imports(source):
        top = module.partition(".")[0]
        assert top not in WORLD, f"{name} imports {module}"
        assert (
            top in STANDARD
            or module.startswith(("contenant.core", "contenant.errors"))
            or (module == "contenant")
        ), f"{name} imports {module}"
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in CLOCKS, f"{name}:{node.lineno} reads the clock"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("open", "input", "print"), f"{name}:{node.lineno} {node.func.id}()"


def test_nothing_prints_but_tools_that_are_run_by_themselves(source: Path) -> None:
    if "__main__" in source.read_text(encoding="utf-8"):
        return
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"{name_of(source)}:{node.lineno} prints"


def test_modules_and_functions_are_short(source: Path) -> None:
    assert len(source.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES
    for node in ast.walk(tree_of(source)):
        # A migration is one list of statements, and never edited again.
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and "versions" not in source.parts:
            assert _code_lines(node) <= FUNCTION_LINES, f"{name_of(source)}.{node.name}"


def _code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its decorators and its docstring."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


# What a start must not load: run for real, and ask the interpreter.

PROBE = """
import atexit, pathlib, sys
def loaded():
    # What was put off and never used has no spec.
    real = [name for name, module in sys.modules.items() if getattr(module, "__spec__", None)]
    pathlib.Path(report).write_text(" ".join(sorted({name.partition(".")[0] for name in real})))
atexit.register(loaded)
report = sys.argv.pop(1)
from contenant.__main__ import main
sys.exit(main())
"""

HEAVY = {"sqlalchemy", "alembic", "asyncio", "ssl", "email", "http", "xml", "unittest", "rich"}


def loaded_by(report: Path, *arguments: str, complete: str = "") -> tuple[int, set[str]]:
    """Exit code, and the top-level modules that were loaded when the program ended."""
    environ = os.environ | ({"_CONTENANT_COMPLETE": complete} if complete else {})
    command = [sys.executable, "-c", PROBE, str(report), *arguments]
    done = subprocess.run(command, env=environ, capture_output=True)
    return done.returncode, set(report.read_text().split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("--help",),
        ("-h",),
        ("list", "--help"),
        ("wombat",),
        ("completion", "bash"),
        ("history", "--json"),
    ],
    ids=" ".join,
)
def test_a_quick_command_loads_nothing_heavy(arguments: tuple[str, ...], tmp_path: Path) -> None:
    code, names = loaded_by(tmp_path / "report", *arguments)
    assert code == (2 if arguments == ("wombat",) else 0)
    assert "click" in names
    assert not names & (HEAVY | {"tabulate", "shutil", "platform"})


def test_what_is_put_off_comes_when_it_is_used() -> None:
    program = (
        "import contenant.__main__, platform, locale, inspect, gettext, pathlib, urllib.parse\n"
        "assert platform.system() == __import__('os').uname().sysname\n"
        "assert platform.python_version().count('.') == 2 and locale.getlocale() and inspect.getsource\n"
        "assert pathlib.PurePosixPath('/a b').as_uri() == 'file:///a%20b'\n"
        "assert urllib.parse.quote(' ') == '%20'\n"
        "assert gettext.ngettext('a', 'b', 2) == 'b' and gettext.NullTranslations"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_help_looks_for_no_translation(tmp_path: Path) -> None:
    assert "locale" not in loaded_by(tmp_path / "report", "--help")[1]


def test_help_of_the_list_asks_no_engine(tmp_path: Path) -> None:
    assert "subprocess" not in loaded_by(tmp_path / "report", "list", "--help")[1]


@pytest.mark.parametrize("words", [("",), ("list", "--format", ""), ("run", "/")], ids=" ".join)
def test_completion_loads_nothing_heavy(words: tuple[str, ...], tmp_path: Path) -> None:
    code, names = loaded_by(tmp_path / "report", *words, complete="fish")
    assert code == 0
    assert not names & (HEAVY | {"tabulate", "csv"})


@pytest.mark.parametrize(
    "arguments", [("list", "--json"), ("history", "--json"), ("list", "-q")], ids=" ".join
)
def test_reading_records_loads_no_sqlalchemy(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    populate(tmp_path / "shop", tmp_path / "bin")
    code, names = loaded_by(tmp_path / "report", *arguments)
    assert code == 0
    assert "sqlite3" in names
    assert not names & (HEAVY | {"tabulate", "subprocess", "signal"})


def test_help_of_the_root_imports_no_command() -> None:
    script = "import sys; from contenant.cli.entry import main; main(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    names = done.stdout.splitlines()[-1].split()
    assert "contenant.cli.root" in names
    assert not [name for name in names if name.startswith(("contenant.app", "contenant.cli.list"))]
