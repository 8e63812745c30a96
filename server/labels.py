"""What codes are called on the screen, except statuses (those stand in tickets/workflow.py). Pure."""

from server.events.kinds import PAYMENT_STATES, URGENCIES
from server.tickets.workflow import STATUSES
from server.words import N_

URGENCY: dict[str, str] = dict(zip(URGENCIES, (N_("Высокая"), N_("Средняя"), N_("Низкая")), strict=True))
URGENCY_HINT: dict[str, str] = {
    "high": N_("Остановлен критичный процесс или есть риск штрафа от госоргана"),
    "normal": N_("Мешает работать, но есть обходной путь. Обычный порядок"),
    "low": N_("Вопрос, пожелание или плановая работа без даты"),
}
PAYMENT: dict[str, str] = dict(
    zip(
        PAYMENT_STATES,
        (
            N_("Оплата не нужна"),
            N_("Нужно выставить счёт"),
            N_("Счёт выставлен"),
            N_("Оплачено частично"),
            N_("Оплачено"),
            N_("Оплата просрочена"),
            N_("Счёт отменён"),
        ),
        strict=True,
    )
)
ROLE: dict[str, str] = {
    "client": N_("клиент"),
    "executor": N_("исполнитель"),
    "lead": N_("руководитель"),
    "accountant": N_("бухгалтер"),
    "admin": N_("администратор"),
}
UNIT: dict[str, str] = {"hour": N_("час"), "piece": N_("штука"), "month": N_("месяц")}
DECISION: dict[str, str] = {"approved": N_("Согласовано"), "rejected": N_("Отклонено")}
SCORE: dict[str, str] = {
    "1": N_("плохо"),
    "2": N_("слабо"),
    "3": N_("сойдёт"),
    "4": N_("хорошо"),
    "5": N_("отлично"),
}
DIGEST: dict[str, str] = {
    "now": N_("Сразу"),
    "quarter": N_("Раз в 15 минут"),
    "hour": N_("Раз в час"),
    "day": N_("Раз в день"),
    "never": N_("Никогда"),
}

LABELS: dict[str, dict[str, str]] = {
    "status": {code: status.label for code, status in STATUSES.items()},
    "urgency": URGENCY,
    "urgency_hint": URGENCY_HINT,
    "payment": PAYMENT,
    "role": ROLE,
    "unit": UNIT,
    "decision": DECISION,
    "score": SCORE,
    "digest": DIGEST,
}
