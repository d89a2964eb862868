"""Is anything of ours able to turn bytes into code: pickles, unsafe YAML, eval, a shell?

Read from the source, so that it holds for lines no other test reaches. What Dask pickles travels
between processes that trust each other, over loopback or TLS (docs/threat-model.md).
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for name in ("pipeline", "flows", "kernels") for path in (ROOT / name).rglob("*.py")
)
MODULES = {
    "pickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "jsonpickle",
    "imp", "xml", "lxml", "tarfile", "zipfile", "pty", "telnetlib", "ftplib",
}  # fmt: skip
BUILTINS = {"eval", "exec", "compile", "__import__"}
ATTRIBUTES = {
    "os": {"system", "popen", "execv", "execl", "spawnl"},
    "yaml": {"load", "load_all", "full_load", "unsafe_load", "Loader", "FullLoader", "UnsafeLoader",
             "CLoader"},
    "bson": {"json_util"},
}  # fmt: skip
# A call with one of these keywords as true.
KEYWORDS = {"allow_pickle", "shell", "persist_result"}
# What stands there with a reason: file, line's content, why it is no danger.
ALLOWED: dict[tuple[str, str], str] = {
    ("pipeline/reports/pack/bundle.py", "import zipfile"): "writes archives, opens none",
    ("pipeline/reports/word/package.py", "import zipfile"): "repacks what python-docx just made",
}


def found_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for name in names:
                    if name.name.split(".")[0] in MODULES:
                        yield node.lineno, f"import {name.name}"
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in MODULES:
                yield node.lineno, f"from {module}"
            case ast.ImportFrom(module=str(module), names=names):
                for name in names:
                    if name.name in ATTRIBUTES.get(module, ()):
                        yield node.lineno, f"from {module} import {name.name}"
            case ast.Call(func=ast.Name(id=name)) if name in BUILTINS:
                yield node.lineno, f"{name}()"
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if name in ATTRIBUTES.get(
                owner, ()
            ):
                yield node.lineno, f"{owner}.{name}"
            case ast.keyword(arg=str(name), value=value) if name in KEYWORDS:
                if not (isinstance(value, ast.Constant) and value.value is False):
                    yield node.lineno, f"{name}="


def test_no_source_turns_bytes_into_code() -> None:
    assert len(SOURCES) > 150
    found = {
        (path.relative_to(ROOT).as_posix(), what): line
        for path in SOURCES
        for line, what in found_in(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert {key: line for key, line in found.items() if key not in ALLOWED} == {}
    assert set(ALLOWED) <= set(found), "an exception that is no longer needed"


@pytest.mark.parametrize(
    "text",
    [
        "import pickle", "from cloudpickle import loads", "import yaml; yaml.load(x)",
        "from yaml import unsafe_load", "eval(x)", "exec(x)", "np.load(x, allow_pickle=True)",
        "subprocess.run(x, shell=True)", "import os; os.system(x)", "import xml.etree.ElementTree",
        "__import__(x)", "task(persist_result=keep)",
    ],
)  # fmt: skip
def test_the_look_finds_what_it_looks_for(text: str) -> None:
    assert list(found_in(ast.parse(text)))


@pytest.mark.parametrize(
    "text", ["np.load(x, allow_pickle=False)", "yaml.safe_load(x)", "re.compile(x)", "a.eval()"]
)
def test_the_look_lets_the_harmless_pass(text: str) -> None:
    assert not list(found_in(ast.parse(text)))
