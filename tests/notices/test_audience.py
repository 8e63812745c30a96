"""Who is told of what: the table of domain.md, one case for each line of it."""

from typing import Any

import pytest

from server.events.kinds import Approval, Assignee, Kind, Message, StatusChange
from server.notices.audience import mails
from server.people.policy import Powers, Viewer
from server.tickets.policy import Facts

ORGANISATION, SERVICE = 7, 3
ANNA, BORIS, DENIS, LEV, NINA, GLEB, VERA, OLEG = range(1, 9)


def client(id_: int, organisation: int = ORGANISATION, **powers: bool) -> Viewer:
    return Viewer(id_, f"client {id_}", frozenset({"client"}), memberships={organisation: Powers("Ромашка", **powers)})


def staff(id_: int, role: str, *serves: int) -> Viewer:
    return Viewer(id_, f"{role} {id_}", frozenset({role}), serves=frozenset(serves))


EVERYBODY = [
    client(ANNA),
    client(BORIS, can_approve=True),
    staff(DENIS, "executor", SERVICE),
    staff(LEV, "lead"),
    staff(NINA, "accountant"),
    staff(GLEB, "executor", 99),
    client(VERA, 8, can_approve=True),
    client(OLEG, sees_all=True),
]


def facts(**more: object) -> Facts:
    given: dict[str, object] = {
        "number": 1, "organisation_id": ORGANISATION, "service_id": SERVICE, "author_id": ANNA,
        "assignee_id": DENIS, "private": False, "status": "estimating",
    }  # fmt: skip
    return Facts(**given | more)  # type: ignore[arg-type]


def moved(to: str, frm: str = "estimating") -> StatusChange:
    return StatusChange(frm=frm, to=to)


def approved() -> Approval:
    return Approval(version=1, decision="approved")


def first_message() -> Message:
    return Message(id="a", text="Ошибка")


def who(kind: Kind, by: int, seq: int = 5, people: list[Viewer] | None = None, **more: Any) -> dict[int, str]:
    return mails(kind, seq, by, facts(**more), EVERYBODY if people is None else people)


def test_a_new_ticket_is_told_to_those_responsible_for_its_service() -> None:
    assert who(first_message(), ANNA, seq=1, assignee_id=None) == {DENIS: "new_ticket"}


def test_a_new_ticket_nobody_is_responsible_for_is_told_to_the_leads() -> None:
    assert who(first_message(), ANNA, seq=1, assignee_id=None, service_id=55) == {LEV: "new_ticket"}


def test_further_messages_are_left_to_the_digest() -> None:
    assert who(first_message(), ANNA, seq=2) == {}


@pytest.mark.parametrize("to", ["estimating", "waiting", "in_progress", "review", "done", "closed", "cancelled"])
def test_from_estimating_on_each_status_is_told_to_author_and_participants(to: str) -> None:
    assert who(moved(to, "in_progress"), DENIS, participants=frozenset({OLEG})) == {ANNA: "status", OLEG: "status"}


def test_who_did_it_gets_no_mail_about_it() -> None:
    assert who(moved("done", "review"), ANNA) == {DENIS: "status"}


def test_approvers_take_part_once_they_were_asked() -> None:
    assert BORIS not in who(moved("in_progress"), DENIS)
    assert BORIS in who(moved("in_progress"), DENIS, asked=True)


def test_an_estimate_is_told_to_the_approvers_and_the_move_to_everybody_else() -> None:
    assert who(moved("approval"), DENIS, status="approval", asked=True) == {BORIS: "approval", ANNA: "status"}


def test_an_author_who_approves_gets_one_mail_for_one_estimate() -> None:
    alone = [client(ANNA, can_approve=True), staff(DENIS, "executor", SERVICE)]
    assert who(moved("approval"), DENIS, people=alone, status="approval", asked=True) == {ANNA: "approval"}


def test_an_approver_is_asked_about_a_private_ticket_and_told_nothing_else_of_it() -> None:
    private: dict[str, Any] = {"private": True, "asked": True}
    assert who(moved("approval"), DENIS, status="approval", **private)[BORIS] == "approval"
    assert BORIS not in who(moved("in_progress"), DENIS, status="in_progress", **private)


def test_a_decision_is_told_to_the_executor_and_the_leads() -> None:
    assert who(approved(), BORIS, status="approval", asked=True) == {DENIS: "decision", LEV: "decision"}


def test_nobody_gets_two_mails_for_one_decision() -> None:
    decided: dict[str, Any] = {"asked": True, "participants": frozenset({OLEG, LEV})}
    decision = who(approved(), BORIS, status="approval", **decided)
    move = who(moved("approved", "approval"), BORIS, status="approved", **decided)
    assert move == {ANNA: "status", OLEG: "status"}
    assert not decision.keys() & move.keys()


def test_the_answer_that_brings_a_ticket_back_from_waiting_is_told_as_a_message_only() -> None:
    assert who(moved("in_progress", "waiting"), ANNA) == {}
    assert who(moved("in_progress", "waiting"), DENIS) == {ANNA: "status"}
    assert who(moved("cancelled", "waiting"), ANNA) == {DENIS: "status"}


def test_another_organisation_an_observer_and_accountants_are_told_nothing() -> None:
    for kind in (moved("approval"), moved("done", "review"), approved()):
        assert not {VERA, NINA, GLEB, OLEG} & who(kind, DENIS, status="approval", asked=True).keys()


def test_other_events_are_no_mails() -> None:
    assert who(Assignee(frm=None, to=DENIS), LEV) == {}
