"""`journal …`: each command parses, calls one action, prints. Exit status: 0 done, 1 refused (one line why), 2
usage."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tarfile import TarError
from typing import TypeVar

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from server import opening
from server.config import Misconfigured, Settings, check_addresses, check_serve, from_environment
from server.db import Database, Session
from server.errors import Refusal, Wrong
from server.people import passwords, tokens
from server.people.policy import ROLES, Viewer
from server.words.i18n import DEFAULT, translate

Args = argparse.Namespace
T = TypeVar("T")
# Whoever may run commands on the journal's own machine may set everything up.
OPERATOR = Viewer(0, "journal", frozenset({"admin"}))


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status; what was refused and why goes to stderr in one line."""
    args = parser().parse_args(argv)
    try:
        settings = from_environment()
        if args.run is not demo:  # it brings its own
            check_addresses(settings)
        return int(args.run(args, settings) or 0)
    except Refusal as refusal:
        wrong = refusal.fields.values() or [Wrong(refusal.detail, **refusal.values)]
        return _refuse("; ".join(translate(DEFAULT, one, **one.values) for one in wrong))
    except DBAPIError as problem:
        return _refuse(f"DATABASE_URL: {opening.reason(problem)}")
    except (Misconfigured, TarError, OSError) as problem:
        return _refuse(str(problem))
    except KeyboardInterrupt:
        return 130  # as a shell tells it


def _refuse(why: str) -> int:
    print("journal:", " ".join(why.split()), file=sys.stderr)
    return 1


def parser() -> argparse.ArgumentParser:
    """Every command with its arguments."""
    root = argparse.ArgumentParser("journal", description="Журнал обращений")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    _processes(commands)
    _keeping(commands)
    _set_up(commands)
    return root


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Callable[..., object], what: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=what, description=what)
    command.set_defaults(run=run)
    return command


def _processes(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    _command(commands, "demo", demo, "один процесс с выдуманной компанией, только на этом компьютере")
    _command(commands, "serve", serve, "сам журнал; без REDIS_URL вместе с отправкой писем")
    _command(commands, "worker", worker, "письма, СМС и сроки отдельным процессом")
    _command(commands, "migrate", migrate, "привести базу к нужному виду")


def _keeping(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    keep = _command(commands, "backup", backup, "база и файлы в один архив, не останавливая журнал")
    keep.add_argument("file", type=Path)
    bring_back = _command(commands, "restore", restore, "вернуть журнал из архива; сам журнал остановлен")
    bring_back.add_argument("file", type=Path)
    _command(commands, "verify", verify, "проверить, что в записях ничего не меняли задним числом")


def _set_up(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    org = commands.add_parser("org", help="организации").add_subparsers(required=True, metavar="COMMAND")
    _command(org, "add", add_organisation, "новая организация с одним юрлицом того же имени").add_argument("name")
    service = commands.add_parser("service", help="услуги").add_subparsers(required=True, metavar="COMMAND")
    new = _command(service, "add", add_service, "новая услуга")
    new.add_argument("name")
    new.add_argument("--group", default="", help="раздел списка")
    new.add_argument("--description", default="")
    new.add_argument("--responsible", metavar="LOGIN", action="extend", nargs="+", default=[])
    member = commands.add_parser("member", help="кто в какой организации").add_subparsers(
        required=True, metavar="COMMAND"
    )
    new = _command(member, "add", add_member, "клиент служит ещё одной организации")
    new.add_argument("login")
    new.add_argument("--org", required=True, metavar="NAME")
    new.add_argument("--can-approve", action="store_true")
    token = commands.add_parser("token", help="доступ для программ").add_subparsers(required=True, metavar="COMMAND")
    _command(token, "add", add_token, "напечатать токен с правами человека, на год").add_argument("login")
    user = commands.add_parser("user", help="люди").add_subparsers(required=True, metavar="COMMAND")
    _user_arguments(_command(user, "add", add_user, "новый человек; без пароля ему уходит письмо с одноразовым"))


def _user_arguments(new: argparse.ArgumentParser) -> None:
    new.add_argument("login")
    new.add_argument("--role", action="append", required=True, choices=ROLES)
    new.add_argument("--org", metavar="NAME")
    new.add_argument("--can-approve", action="store_true", help="согласует работы: без лимита, одной подписью")
    new.add_argument("--name", required=True)
    new.add_argument("--email", required=True)
    new.add_argument("--phone", required=True)
    new.add_argument("--position", default="")
    new.add_argument("--locale", default="ru", choices=("ru", "en"))
    new.add_argument("--password-stdin", action="store_true", help="собственный пароль человека: письма не будет")


def demo(_args: Args, settings: Settings) -> int:
    from server.demo import run

    return run(replace(settings, demo=True))


def serve(_args: Args, settings: Settings) -> int:
    from server.serving import serve

    check_serve(settings)
    return serve(settings)


def worker(_args: Args, settings: Settings) -> None:
    from server.serving import work

    check_serve(settings)
    work(settings)


def migrate(_args: Args, settings: Settings) -> None:
    from server.migrations import migrate

    _with_database(settings, migrate)


def backup(args: Args, settings: Settings) -> None:
    from server.keeping import backup

    _require_there(settings)
    print(_with_database(settings, lambda db: backup(db, settings, args.file)))


def restore(args: Args, settings: Settings) -> None:
    from server.keeping import restore

    print(*_with_database(settings, lambda db: restore(db, settings, args.file)), sep="\n")


def verify(_args: Args, settings: Settings) -> int:
    from server.events.proof import first_broken_link

    _require_there(settings)
    broken = _with_database(settings, first_broken_link)
    return _refuse(broken) if broken else 0


def _require_there(settings: Settings) -> None:
    """Looking must not make an empty journal where there is none."""
    with opening.naming("DATABASE_URL"):
        file = make_url(settings.database_url).database or ""
    if settings.sqlite and not Path(file).is_file():
        raise Misconfigured(f"there is no journal in {file!r}: set DATA_DIR or DATABASE_URL")


def _with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    async def run() -> T:
        async with opening.database(settings) as db:
            return await work(db)

    return asyncio.run(run())


def _transact(settings: Settings, action: Callable[[Session], Awaitable[T]]) -> T:
    """One action in one transaction on a database of the newest shape; with Redis, processes that run hear of it."""
    from server.events.bus import RedisBus
    from server.events.fanout import Fanout
    from server.migrations import migrate

    async def run() -> T:
        with opening.naming("REDIS_URL"):
            bus = RedisBus(settings.redis_url) if settings.redis_url else None
        try:
            async with opening.database(settings, Fanout(bus) if bus else None) as db:
                await migrate(db)
                async with db.transaction() as s:
                    return await action(s)
        finally:
            if bus:
                await bus.close()

    return asyncio.run(run())


def add_organisation(args: Args, settings: Settings) -> None:
    from server.catalogue import actions

    _transact(settings, lambda s: actions.add_organisation(s, OPERATOR, args.name))
    print(f"{args.name}: добавлена")


def add_service(args: Args, settings: Settings) -> None:
    from server.catalogue import actions
    from server.people import queries as people

    async def add(s: Session) -> None:
        responsible = [await people.known(s, login) for login in args.responsible]
        card = actions.ServiceCard(
            args.name, args.group, args.description, responsible=tuple(u.id or 0 for u in responsible)
        )
        await actions.add_service(s, OPERATOR, card)

    _transact(settings, add)
    print(f"{args.name}: добавлена")


def add_member(args: Args, settings: Settings) -> None:
    from server.catalogue import actions, queries
    from server.people import queries as people

    async def add(s: Session) -> None:
        user = await people.known(s, args.login)
        await actions.add_member(
            s, OPERATOR, user, await queries.organisation(s, args.org), can_approve=args.can_approve
        )

    _transact(settings, add)
    print(f"{args.login}: {args.org}")


def add_user(args: Args, settings: Settings) -> None:
    from server.catalogue import queries
    from server.people import actions

    password = asyncio.run(_password(args))

    async def add(s: Session) -> str:
        organisation = (await queries.organisation(s, args.org)).id if args.org else None
        account = actions.Account(
            args.login, args.name, tuple(args.role), args.email, args.phone, args.position, args.locale,
            organisation, args.can_approve,
        )  # fmt: skip
        return (await actions.register(s, OPERATOR, account, password, link=f"{settings.base_url}/login")).login

    login = _transact(settings, add)
    print(f"{login}: добавлен" + (f", письмо с паролем уходит на {args.email}" if password.once else ""))


async def _password(args: Args) -> passwords.Password:
    if not args.password_stdin:
        return await passwords.one_time()
    return await passwords.own(passwords.long_enough(sys.stdin.readline().rstrip("\r\n")))


def add_token(args: Args, settings: Settings) -> None:
    from server.people import queries as people

    async def add(s: Session) -> str:
        return await tokens.add(s, await people.known(s, args.login))

    print(_transact(settings, add))


if __name__ == "__main__":
    sys.exit(main())
