"""The demo's company: two clients, the staff who serve them, and what can be asked for. Made up; pure data."""

from dataclasses import dataclass

STAFF_NAME = "ООО «Линия Учёта»"
MOST = "ООО «Северный Мост»"
LADOGA = "ООО «Пекарни Ладога»"


@dataclass(frozen=True)
class Client:
    """An organisation with its one legal entity. Tax numbers add up, but no tax office begins so."""

    name: str
    inn: str
    kpp: str


@dataclass(frozen=True)
class Person:
    """Somebody to log in as. `powers` are those of the membership; a newcomer gets the mail and has never logged in."""

    login: str
    name: str
    position: str
    phone: str
    roles: tuple[str, ...] = ("client",)
    organisation: str | None = None
    powers: tuple[str, ...] = ()
    does: str = ""
    newcomer: bool = False

    @property
    def email(self) -> str:
        """Nobody can own an address that ends so (RFC 2606)."""
        domain = {MOST: "sevmost", LADOGA: "ladoga"}.get(self.organisation or "", "liniya")
        return f"{self.login}@{domain}.example"


@dataclass(frozen=True)
class Offered:
    """A service; `approval` is `never` for what a subscription covers."""

    name: str
    group: str
    description: str
    responsible: tuple[str, ...]
    approval: str = "always"


CLIENTS = (
    Client(MOST, inn="7899104216", kpp="789901001"),
    Client(LADOGA, inn="7899207317", kpp="789901001"),
)

ONE_C = "1С: сопровождение"
TILLS = "Кассы и ЭДО"
BOOKS = "Учёт и зарплата"
DESKS = "Рабочие места"

SERVICES = (
    Offered(ONE_C, "1С и торговля", "Ошибки, обновления, доработки, печатные формы, отчёты, обмены", ("lapin",)),
    Offered(TILLS, "1С и торговля", "Кассы, эквайринг, коды маркировки, обмен документами", ("lapin", "krylov")),
    Offered(BOOKS, "Бухгалтерия", "Закрытие месяца, декларации, ответы на требования, кадры", ("rogova",)),
    Offered(DESKS, "ИТ", "Компьютеры, печать, подписи, сеть, права доступа. Входит в абонемент", ("krylov",), "never"),
)

PEOPLE = (
    Person(
        "kotov", "Сергей Котов", "Финансовый директор", "+79000000011",
        organisation=MOST, powers=("can_approve",), does="согласует работы",
    ),
    Person(
        "vershinina", "Ольга Вершинина", "Главный бухгалтер", "+79000000012",
        organisation=MOST, powers=("billing",), does="пишет обращения",
    ),
    Person(
        "galiev", "Тимур Галиев", "Начальник склада", "+79000000013",
        organisation=MOST, does="пишет обращения",
    ),
    Person(
        "sokolova", "Екатерина Соколова", "Специалист по кадрам", "+79000000014",
        organisation=MOST, does="пишет обращения",
    ),
    Person(
        "sevastyanov", "Илья Севастьянов", "Менеджер по закупкам", "+79000000015",
        organisation=MOST, does="новый человек", newcomer=True,
    ),
    Person(
        "pakhomov", "Виктор Пахомов", "Директор", "+79000000021",
        organisation=LADOGA, powers=("can_approve", "org_admin"), does="согласует работы",
    ),
    Person(
        "lazareva", "Ирина Лазарева", "Управляющая пекарнями", "+79000000022",
        organisation=LADOGA, does="пишет обращения",
    ),
    Person(
        "mukhina", "Светлана Мухина", "Бухгалтер", "+79000000023",
        organisation=LADOGA, powers=("sees_all", "billing"), does="наблюдатель",
    ),
    Person("lapin", "Дмитрий Лапин", "Программист 1С", "+79000000031", ("executor",), does="исполнитель"),
    Person("rogova", "Анна Рогова", "Консультант по учёту", "+79000000032", ("executor",), does="исполнитель"),
    Person("krylov", "Игорь Крылов", "Системный администратор", "+79000000033", ("executor",), does="исполнитель"),
    Person("yusupova", "Марина Юсупова", "Диспетчер", "+79000000034", ("lead",), does="руководитель"),
    Person("belova", "Нина Белова", "Бухгалтер по расчётам", "+79000000035", ("accountant",), does="бухгалтер"),
    Person("ershov", "Павел Ершов", "Администратор журнала", "+79000000036", ("admin",), does="администратор"),
)  # fmt: skip
