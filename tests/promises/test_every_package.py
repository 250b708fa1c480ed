"""What holds for every package, and for the next one before it is written: its floor, its door, and no transport."""

import re
import tomllib
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
ROOTS = ("backend", "tenants", "graphql_schema", "workers")
TRANSPORT = ("strawberry", "starlette", "arq", "redis")
PACKAGES = sorted(f"backend.{folder.parent.name}" for folder in ROOT.glob("backend/*/__init__.py"))
# Packages without a door: their modules are imported by name; each with its reason.
OPEN = {
    "backend.kit": "a floor of small tools: the name of the module is half of what a reader needs",
    "backend.web": "each module is pages with their routes, and the roof mounts them one by one",
}
# Packages that know a transport; each with its reason.
CARRIERS = {
    "backend.cli": "the roof: it starts the API and the worker",
    "backend.live": "what is told between processes goes through Redis, and only here",
    "backend.web": "it is HTTP",
}

# Modules that may import a library by themselves, everybody else through them.
THROUGH = {
    "opentelemetry": {"backend.kit.spans", "backend.tracing"},  # nothing that people write goes into a span
}


@cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(*ROOTS, include_external_packages=True, cache_dir=None)


def inside(package: str) -> set[str]:
    return {package} | imports().find_descendants(package)


def parts() -> list[str]:
    """Whatever needs a floor: the packages, and the modules of the roof and of the workers."""
    return sorted(
        {"tenants", "graphql_schema"} | imports().find_children("backend") | imports().find_children("workers")
    )


def floors() -> list[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    return [name.strip() for layer in layers for name in re.split("[|:]", layer)]


def neighbours(part: str) -> tuple[list[str], list[str]]:
    """What it imports, and what imports it."""
    graph, others = imports(), [other for other in parts() if other != part]
    below = {name for module in inside(part) for name in graph.find_modules_directly_imported_by(module)}
    above = {name for module in inside(part) for name in graph.find_modules_that_directly_import(module)}
    return [o for o in others if inside(o) & below], [o for o in others if inside(o) & above]


def test_every_folder_of_the_backend_is_a_package() -> None:
    folders = {f"backend.{file.parent.name}" for file in ROOT.glob("backend/*/*.py")}
    assert not folders - set(PACKAGES), f"no __init__.py, so nothing checks it: {folders - set(PACKAGES)}"


@pytest.mark.parametrize("part", parts())
def test_every_part_has_its_floor(part: str) -> None:
    below, above = neighbours(part)
    assert floors().count(part) == 1, (
        f"{part} needs one floor: put it into the layers of [tool.importlinter] in pyproject.toml, "
        f"above {below or 'nothing'}, which it imports, and below {above or 'nothing'}"
    )


def test_no_floor_is_left_of_a_part_that_went() -> None:
    assert not set(floors()) - set(parts()), f"take out of the layers in pyproject.toml: {set(floors()) - set(parts())}"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_entered_through_its_door(package: str) -> None:
    rooms = inside(package)
    intruders = [
        f"{importer} imports {room}"
        for room in sorted(rooms - {package})
        for importer in sorted(imports().find_modules_that_directly_import(room) - rooms)
    ]
    if package in OPEN:
        assert intruders, f"nobody needs it: take {package} out of OPEN"
        return
    assert not intruders, (
        f"{'; '.join(intruders)}: import it from {package}, whose __init__.py exports what others may use"
    )


@pytest.mark.parametrize("package", ["tenants", *PACKAGES])
def test_domains_know_no_transport(package: str) -> None:
    chains = [
        " -> ".join(chain)
        for module in sorted(inside(package))
        for transport in TRANSPORT
        if (chain := imports().find_shortest_chain(module, transport)) is not None
    ]
    if package in CARRIERS:
        assert chains, f"nobody needs it: take {package} out of CARRIERS"
        return
    assert not chains, f"{chains[0]}: {package} is a domain; what it needs of a transport is handed to it by the roof"


@pytest.mark.parametrize("library", THROUGH)
def test_some_libraries_are_used_through_one_module_only(library: str) -> None:
    users = imports().find_modules_that_directly_import(library)
    assert users == THROUGH[library], f"use {library} through {sorted(THROUGH[library])}: {users ^ THROUGH[library]}"


def test_every_exemption_names_a_package_that_exists() -> None:
    assert set(OPEN) | set(CARRIERS) <= set(PACKAGES)
