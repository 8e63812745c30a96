"""The house's structural laws as functions over source text: each gives its offences, empty when it is kept.

They read `{path: source}`, so a law can be shown a bad example; `test_ground` shows each one its own.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import PurePosixPath

Sources = Mapping[str, str]

# An import goes down or stays on its floor. A file's floor is that of its name; a new name needs a line here.
# The live side stands above the questions, since a join is answered from them; actions know nothing of it.
GROUND, PURE, MODEL, LOG, ACTION, LIVE, WEB, EDGE, ROOF = range(9)
# Actions where one file would be too long, and questions.
ACTS = ["actions", "writing", "meanwhile", "moving", "closing", "talk", "entering", "account"]
QUESTIONS = ["queries", "inbox", "people", "counts", "groups", "narrowing", "showing"]
NOTICES = ["audience", "outbox", "digest", "letters", "digest_letter", "storm", "sweeping"]
FLOORS = {
    ROOF: ["app", "serving", "opening", "contract", "manual", "cli", "worker", "demo"],
    EDGE: [
        *["pages", "own_pages", "admin_pages", "forms", "decision", "help", "offline"],
        *["api", "socket", "openapi", "health"],
    ],
    WEB: ["web", "guard", "doors", "endpoint", "gates", "again", "downloads", "receiving", "answering"],
    LIVE: ["hub", "presence", "joining", "lists", "room", "watch", "connection", "buckets", "rights", "seats"],
    ACTION: [
        *[*ACTS, *QUESTIONS, *NOTICES],
        *["handover", "keeping", "fanout", "search", "uploads", "drafts", "idempotency"],
    ],
    LOG: [
        *["log", "proof", "facts", "reading", "email", "sms", "storage"],
        *["attempts", "sessions", "tokens", "index", "previews", "access"],
    ],
    MODEL: ["model", "render", "wording", "codes", "passwords"],
    PURE: [
        *["bodies", "frames", "kinds", "workflow", "policy", "protocol", "chain", "turns", "vat", "changes", "pricing"],
        *["details", "diagram", "highlight", "outcome", "labels", "markdown", "morphology", "names", "text", "wire"],
    ],
    GROUND: ["config", "errors", "db", "bus", "marks", "i18n", "clock"],
}
FLOOR_OF = {name: floor for floor, names in FLOORS.items() for name in names}

# A pure module can be tried in a table of cases: it touches no database, network, file or clock of its own.
PURE_MODULES = [*FLOORS[PURE], "audience", "marks"]
IMPURE = {
    *["sqlmodel", "sqlalchemy", "asyncpg", "aiosqlite", "redis", "starlette", "uvicorn", "httpx2", "obstore"],
    *["aiosmtplib", "smtplib", "socket", "asyncio", "subprocess", "os", "pathlib", "io", "time"],
    *["server.db", "server.config", "server.clock"],
}

# An action may call actions of the concepts before its own.
CONCEPTS = ["notices", "people", "catalogue", "files", "tickets", "money"]

ENVIRONMENT = {"environ", "environb", "getenv", "load_dotenv"}
ONLY_IMPORTER = {"pyotp": "server/people/codes.py"}
FORBIDDEN_NAMES = r"(utils?|helpers?|common|managers?|repositor(y|ies)|misc|services_?layer)"
CEILING = 300


def modules(sources: Sources) -> Iterator[tuple[str, str, ast.Module]]:
    """Path, dotted name and tree of the server's own modules; migrations are a history, not a floor."""
    for path, source in sources.items():
        if fnmatch(path, "server/*.py") and not path.startswith("server/migrations/"):
            yield (
                path,
                path.removesuffix(".py").removesuffix("/__init__").replace("/", "."),
                ast.parse(source),
            )


def imported(name: str, tree: ast.Module, known: set[str]) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported, wherever it stands in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(name, node)
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield node.lineno, whole if whole in known else base


def _absolute(name: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parents = name.split(".")[: -node.level]
    return ".".join([*parents, *([node.module] if node.module else [])])


def floor(dotted: str) -> int | None:
    if dotted.startswith("server.demo."):
        return ROOF  # a company made up of everything below
    return FLOOR_OF.get(dotted.rsplit(".", 1)[-1])


def undeclared(sources: Sources) -> list[str]:
    """Modules whose name stands on no floor."""
    return [path for path, name, _ in modules(sources) if not path.endswith("__init__.py") and floor(name) is None]


def upward(sources: Sources) -> list[str]:
    """Imports that go up, from edge to edge, from question to action, or against the order of concepts."""
    found = list(modules(sources))
    known = {name for _, name, _ in found}
    return [
        f"{path}:{line} {name} imports {other}: {why}"
        for path, name, tree in found
        for line, other in imported(name, tree, known)
        if other in known and other != name and (why := _wrong_way(name, other))
    ]


def _wrong_way(name: str, other: str) -> str:
    here, there = floor(name), floor(other)
    if here is None or there is None:
        return ""
    if there > here:
        return "upwards"
    if here == there == EDGE:
        return "one edge does not know another"
    own, called = name.rsplit(".", 1)[-1], other.rsplit(".", 1)[-1]
    if own in QUESTIONS and called in ACTS:
        return "a question changes nothing"
    if own in ACTS and called in ACTS and _rank(other) > _rank(name):
        return f"the order is {' < '.join(CONCEPTS)}"
    return ""


def _rank(dotted: str) -> int:
    concept = dotted.split(".")[1]
    return CONCEPTS.index(concept) if concept in CONCEPTS else len(CONCEPTS)


def circles(sources: Sources) -> list[str]:
    """Modules that import each other round about, be it late and inside a function."""
    found = list(modules(sources))
    known = {name for _, name, _ in found}
    asks = {name: {o for _, o in imported(name, tree, known) if o in known and o != name} for _, name, tree in found}
    reach = {name: set(others) for name, others in asks.items()}
    for through in reach:
        for name, others in reach.items():
            if through in others:
                reach[name] = others | reach[through]
    return [f"{name} comes back to itself" for name, others in reach.items() if name in others]


def impure(sources: Sources) -> list[str]:
    found = list(modules(sources))
    known = {name for _, name, _ in found}
    return [
        f"{path}:{line} imports {other}"
        for path, name, tree in found
        if name.rsplit(".", 1)[-1] in PURE_MODULES
        for line, other in imported(name, tree, known)
        if other in IMPURE or other.split(".")[0] in IMPURE
    ]


def commits(sources: Sources) -> list[str]:
    """Commits outside server/db.py, by method or in words."""
    return [
        f"{path}:{node.lineno}"
        for path, source in sources.items()
        if fnmatch(path, "server/*.py") and path != "server/db.py"
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Attribute) and node.attr == "commit")
        or (isinstance(node, ast.Constant) and isinstance(node.value, str) and _says_commit(node.value))
    ]


def _says_commit(text: str) -> bool:
    return text.strip().rstrip(";").upper() == "COMMIT"


def environment_readers(sources: Sources) -> list[str]:
    """Readers of the environment outside server/config.py."""
    return [
        f"{path}:{node.lineno}"
        for path, source in sources.items()
        if fnmatch(path, "server/*.py") and path != "server/config.py"
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT)
        or (isinstance(node, ast.ImportFrom) and ENVIRONMENT & {alias.name for alias in node.names})
    ]


def strangers_importing(sources: Sources) -> list[str]:
    """Libraries that only one module may know, known by another."""
    return [
        f"{path}:{line} imports {other}"
        for path, name, tree in modules(sources)
        for line, other in imported(name, tree, set())
        if (only := ONLY_IMPORTER.get(other.split(".")[0])) and only != path
    ]


def without_docstring(sources: Sources) -> list[str]:
    """Modules that do not say what lives in them (an empty package file needs no words)."""
    return [path for path, _, tree in modules(sources) if tree.body and not ast.get_docstring(tree)]


def too_long(sources: Sources) -> list[str]:
    exempt = ["server/migrations/*", "server/locale/*", "*/vendor/*"]
    return [
        f"{path}: {lines} lines"
        for path, source in sources.items()
        if (lines := source.count("\n")) > CEILING and not any(fnmatch(path, pattern) for pattern in exempt)
    ]


def forbidden_names(sources: Sources) -> list[str]:
    """Files, folders and classes named after nothing in the domain."""
    found = []
    for path, source in sources.items():
        parts = [part.split(".")[0] for part in PurePosixPath(path).parts]
        found += [path] if any(re.fullmatch(FORBIDDEN_NAMES, part.strip("_"), re.I) for part in parts) else []
        if path.endswith((".py", ".js")):
            classes = re.findall(r"^\s*(?:export )?(?:default )?class (\w+)", source, re.M)
            endings = "(Utils?|Helpers?|Manager|Repository)"
            found += [f"{path}: class {name}" for name in classes if re.search(f"{endings}$", name)]
    return found


INLINE = {
    "a script body": r"<script(?![^>]*\bsrc=)(?![^>]*\btype=[\"']application/json[\"'])",
    "a style element": r"<style\b",
    "a style attribute": r"<[^>]*\sstyle\s*=",
    "a handler attribute": r"<[^>]*\son[a-z]+\s*=\s*[\"']",
    "a javascript: address": r"[\"']\s*javascript:",
}
TRUSTED_TEMPLATES = ["templates/_macros.html", "templates/_icons.html"]


def inline(sources: Sources) -> list[str]:
    """Scripts and styles inside pages, which the content security policy refuses; mails may have styles."""
    found = []
    for path, source in sources.items():
        if not path.startswith("templates/"):
            continue
        for what, pattern in INLINE.items():
            if "style" in what and path.startswith("templates/mails/"):
                continue
            if at := re.search(pattern, source):
                found.append(f"{path}:{source.count(chr(10), 0, at.start()) + 1} {what}")
        if re.search(r"\|\s*safe\b", source) and path not in TRUSTED_TEMPLATES:
            found.append(f"{path}: |safe outside the macros")
    return found


def script_faults(sources: Sources) -> list[str]:
    """HTML made in scripts (lib/dom.js alone turns the server's HTML into nodes), and lib/ knowing pages."""
    html = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|[\"'`]<[a-z]+[\s>]"
    found = []
    for path, source in sources.items():
        if not path.endswith(".js") or "/vendor/" in path:
            continue
        code = re.sub(r"/\*.*?\*/", lambda comment: re.sub(r"[^\n]", "", comment[0]), source, flags=re.S)
        code = re.sub(r"^\s*//.*$", "", code, flags=re.M)
        if path != "static/js/lib/dom.js" and (at := re.search(html, code)):
            found.append(f"{path}:{code.count(chr(10), 0, at.start()) + 1} makes HTML")
        if path.startswith("static/js/lib/") and re.search(r"(from|import\()\s*[\"'][^\"']*behaviours/", source):
            found.append(f"{path} knows behaviours")
    return found


# Classes that templates put together: a status, a person's tint.
MADE_UP = r"s-\w+|a\d"


def unused_styles(sources: Sources) -> list[str]:
    """Classes of the style sheets that no page and no script bears, and variables that none of them reads."""
    sheets = {
        path: re.sub(r"/\*.*?\*/", "", text, flags=re.S) for path, text in sources.items() if path.endswith(".css")
    }
    bearers = "\n".join(text for path, text in sources.items() if path not in sheets)
    words = set(re.findall(r"[A-Za-z][\w-]*", bearers))
    read = set(re.findall(r"var\(\s*(--[\w-]+)", "\n".join([*sheets.values(), bearers])))
    found = []
    for path, text in sheets.items():
        classes = {name for name in re.findall(r"\.([A-Za-z][\w-]*)", text) if not re.fullmatch(MADE_UP, name)}
        variables = set(re.findall(r"(--[\w-]+)\s*:", text))
        found += [f"{path}: .{name}" for name in sorted(classes - words)]
        found += [f"{path}: {name}" for name in sorted(variables - read)]
    return found
