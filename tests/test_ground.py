"""The laws of the house, held over the source; beside each law stands an example that breaks it."""

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import laws
from tests.laws import Sources

ROOT = Path(__file__).parents[1]


def _files(*patterns: str) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file():
                yield path.relative_to(ROOT).as_posix(), path.read_text()


@pytest.fixture(scope="module")
def house() -> Sources:
    return dict(
        _files("server/**/*.py", "templates/**/*.html", "templates/**/*.txt", "static/js/**/*.js", "static/css/*.css")
    )


LAWS: list[tuple[str, Callable[[Sources], list[str]], Sources]] = [
    ("every module stands on a floor", laws.undeclared, {"server/tickets/plumbing.py": ""}),
    (
        "an import goes down",
        laws.upward,
        {
            "server/tickets/model.py": "def f():\n    from server.tickets import actions",
            "server/tickets/actions.py": "",
        },
    ),
    (
        "an import goes down, relative ones too",
        laws.upward,
        {"server/tickets/queries.py": "from .pages import queue", "server/tickets/pages.py": ""},
    ),
    (
        "nobody imports in a circle, not even late",
        laws.circles,
        {
            "server/app.py": "def f():\n    from server import demo",
            "server/demo/__init__.py": "import server.serving",
            "server/serving.py": "from server.app import create_app",
        },
    ),
    (
        "one edge does not know another",
        laws.upward,
        {"server/tickets/api.py": "from server.tickets.pages import show", "server/tickets/pages.py": ""},
    ),
    (
        "a question changes nothing",
        laws.upward,
        {"server/tickets/queries.py": "import server.people.actions", "server/people/actions.py": ""},
    ),
    (
        "actions call actions in the order of concepts",
        laws.upward,
        {"server/people/actions.py": "from server.money import actions", "server/money/actions.py": ""},
    ),
    ("what is pure stays pure", laws.impure, {"server/tickets/workflow.py": "from sqlmodel import select"}),
    ("what is pure asks no database", laws.impure, {"server/tickets/policy.py": "from server.db import now"}),
    (
        "the only commit is in db.py",
        laws.commits,
        {"server/tickets/actions.py": "async def f(s): await s.commit()"},
    ),
    ("no commit in words either", laws.commits, {"server/tickets/actions.py": "SQL = 'commit;'"}),
    (
        "only config.py reads the environment",
        laws.environment_readers,
        {"server/app.py": "import os\nPORT = os.environ.get('PORT')"},
    ),
    (
        "the environment by its other names",
        laws.environment_readers,
        {"server/app.py": "from os import getenv"},
    ),
    ("codes.py alone imports pyotp", laws.strangers_importing, {"server/people/actions.py": "import pyotp"}),
    ("a module says what lives in it", laws.without_docstring, {"server/web.py": "import json"}),
    ("no file is over 300 lines", laws.too_long, {"static/js/lib/room.js": "\n" * 301}),
    ("no utils, helpers, managers", laws.forbidden_names, {"server/tickets/utils.py": ""}),
    ("no such folders", laws.forbidden_names, {"templates/common/row.html": ""}),
    ("no such classes", laws.forbidden_names, {"server/tickets/actions.py": "class TicketManager: ..."}),
    ("no script bodies", laws.inline, {"templates/base.html": "<script>alert(1)</script>"}),
    ("no style attributes", laws.inline, {"templates/base.html": '<p class="a"\n   style="color: red">'}),
    ("no style elements", laws.inline, {"templates/base.html": "<style>p {}</style>"}),
    ("no handler attributes", laws.inline, {"templates/base.html": "<a href='#' onclick='go()'>"}),
    ("no scripts in mails", laws.inline, {"templates/mails/digest.html": "<script>alert(1)</script>"}),
    ("nothing is declared safe in passing", laws.inline, {"templates/base.html": "{{ text | safe }}"}),
    ("no HTML in scripts", laws.script_faults, {"static/js/behaviours/queue.js": "row.innerHTML = html"}),
    ("no HTML strings in scripts", laws.script_faults, {"static/js/main.js": "const row = `<li class=row>`"}),
    (
        "lib knows no pages",
        laws.script_faults,
        {"static/js/lib/room.js": 'import { bind } from "../behaviours/queue.js"'},
    ),
    ("no rule for what is not there", laws.unused_styles, {"static/css/form.css": ".setl { display: grid; }"}),
    ("no variable nobody reads", laws.unused_styles, {"static/css/tokens.css": ":root { --ch-2: #a9b9e8; }"}),
]
NAMES = [name for name, _, _ in LAWS]
EACH = list(dict.fromkeys(law for _, law, _ in LAWS))


@pytest.mark.parametrize("law", EACH, ids=lambda law: law.__name__)
def test_the_house_keeps_its_laws(law: Callable[[Sources], list[str]], house: Sources) -> None:
    assert law(house) == []


@pytest.mark.parametrize(("name", "law", "broken"), LAWS, ids=NAMES)
def test_a_broken_law_is_noticed(name: str, law: Callable[[Sources], list[str]], broken: Sources) -> None:
    assert law(broken), name


def test_what_the_laws_allow() -> None:
    allowed = {
        "server/money/actions.py": '"""Money."""\nfrom server.tickets import actions, policy',
        "server/tickets/actions.py": '"""Tickets."""\nfrom server.db import transaction',
        "server/tickets/policy.py": '"""Pure."""\nfrom server.tickets.workflow import STATUSES',
        "server/tickets/workflow.py": '"""Pure."""\nfrom dataclasses import dataclass',
        "server/db.py": '"""Commits."""\nasync def f(s): await s.commit()',
        "server/config.py": '"""Reads."""\nfrom os import environ',
        "server/__init__.py": "",
        "templates/mails/digest.html": '<p style="color: red">',
        "templates/base.html": '<script type="module" src="/static/js/main.js"></script><p data-on="1">',
        "static/js/lib/dom.js": "range.createContextualFragment(html)",
    }
    for law in EACH:
        assert law(allowed) == []


def test_no_line_is_kept_for_a_module_that_is_gone(house: Sources) -> None:
    """(Seen red: push and __main__.)"""
    there = {part for path in house for part in path.removesuffix(".py").split("/")}
    assert set(laws.FLOOR_OF) - there == set()


def _wanted() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["test"]]


def test_every_dependency_has_an_upper_bound() -> None:
    """But for tzdata: the law changes the clocks, not the interface."""
    assert [line for line in _wanted() if "<" not in line and not line.startswith("tzdata")] == []


def foreign_hosts(lock: str) -> set[str]:
    """Hosts in the lock file that nobody outside could reach: uv writes down whatever index it was given."""
    public = {"https://pypi.org", "https://files.pythonhosted.org"}
    return set(re.findall(r"\b[a-z]+://[^/\"\s]*", lock)) - public


def test_the_lock_names_public_hosts_only() -> None:
    assert foreign_hosts((ROOT / "uv.lock").read_text()) == set()
    assert foreign_hosts('url = "https://pypi.example.internal/simple"') == {"https://pypi.example.internal"}
    assert foreign_hosts('registry = "file:///opt/simple"') == {"file://"}


def test_the_lock_is_of_these_dependencies() -> None:
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    [ours] = [package for package in packages if package["name"] == "journal-obrashcheniy"]
    named = [re.sub(r"\[.*?\]", "", line).replace(" ", "") for line in _wanted()]
    locked = [f"{line['name']}{line['specifier'].replace(' ', '')}" for line in ours["metadata"]["requires-dist"]]
    assert sorted(map(_parts, named)) == sorted(map(_parts, locked)), "run `uv lock`"


def _parts(requirement: str) -> list[str]:
    return sorted(re.split(r"(?=[<>=!~])(?<![<>=!~])|,", requirement.replace("_", "-").lower()))


def test_the_readmes_map_names_every_room_of_the_house(house: Sources) -> None:
    """(Seen red: serving, keeping and clock.)"""
    inside = {path.split("/")[1] for path in house if path.startswith("server/")} - {"__init__.py"}
    plan = (ROOT / "README.md").read_text().partition("### Map")[2].partition("###")[0]
    assert {name for name in inside if not re.search(rf"\b{name}\b", plan)} == set()


def test_ci_runs_the_readmes_test_command() -> None:
    commands = re.findall(r"^.*-m pytest$", (ROOT / ".ci/run").read_text(), re.M)
    assert len(commands) == 1
    assert commands[0] in (ROOT / "README.md").read_text()
