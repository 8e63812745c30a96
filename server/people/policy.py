"""Who somebody is, as rules read it. Pure: loaded once by `people.queries.viewer`, then only asked."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

STAFF_ROLES = frozenset({"executor", "lead", "accountant"})
WORKING_ROLES = frozenset({"executor", "lead"})
ROLES = ("client", "executor", "lead", "accountant", "admin")


def is_staff(roles: Iterable[str]) -> bool:
    """Whether these roles make somebody one of ours; an admin alone is not."""
    return not STAFF_ROLES.isdisjoint(roles)


def works_tickets(roles: Iterable[str]) -> bool:
    """Whether these roles let somebody be given tickets."""
    return not WORKING_ROLES.isdisjoint(roles)


@dataclass(frozen=True)
class Powers:
    """What one membership gives; powers of several memberships are never added up."""

    organisation: str
    can_approve: bool = False
    sees_all: bool = False
    billing: bool = False
    org_admin: bool = False


@dataclass(frozen=True)
class Viewer:
    """A person together with everything that decides what they may see."""

    id: int
    name: str
    roles: frozenset[str]
    locale: str = "ru"
    time_zone: str = "Europe/Moscow"
    memberships: dict[int, Powers] = field(default_factory=dict)
    serves: frozenset[int] = frozenset()
    access_version: int = 0
    position: str = ""

    def person(self) -> dict[str, Any]:
        """PERSON of the protocol."""
        return {"id": self.id, "name": self.name, "roles": sorted(self.roles)}

    @property
    def staff(self) -> bool:
        return is_staff(self.roles)

    @property
    def lead(self) -> bool:
        return "lead" in self.roles

    @property
    def executor(self) -> bool:
        return works_tickets(self.roles)

    @property
    def admin(self) -> bool:
        return "admin" in self.roles

    @property
    def client(self) -> bool:
        """Whether there is an organisation they speak for."""
        return "client" in self.roles and bool(self.memberships)

    @property
    def belongs(self) -> bool:
        """Whether anything of the journal is open to them: a role was taken away, or the client's organisation."""
        return self.staff or self.admin or self.client

    def powers(self, organisation_id: int) -> Powers | None:
        """What this person may do for that organisation, or None who is not a member of it."""
        return self.memberships.get(organisation_id) if "client" in self.roles else None
