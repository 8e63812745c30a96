"""What codes are called on the screen, except statuses (those stand in tickets/workflow.py). Pure."""

from server.events.kinds import PAYMENT_STATES, URGENCIES, WITHOUT_VAT
from server.tickets.workflow import STATUSES
from server.words.marks import N_

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
UNIT_SHORT: dict[str, str] = {"hour": N_("ч"), "piece": N_("шт."), "month": N_("мес.")}
VAT: dict[str, str] = {
    "22": N_("22 % в сумме"),
    "10": N_("10 % в сумме"),
    "7": N_("7 % в сумме"),
    "5": N_("5 % в сумме"),
    "0": N_("0 % в сумме"),
    WITHOUT_VAT: N_("без НДС"),
}
DECISION: dict[str, str] = {"approved": N_("Согласовано"), "rejected": N_("Отклонено")}
SCORE: dict[str, str] = {
    "1": N_("плохо"),
    "2": N_("слабо"),
    "3": N_("нормально"),
    "4": N_("хорошо"),
    "5": N_("отлично"),
}
DIGEST: dict[str, str] = {
    "at_once": N_("Сразу"),
    "quarter": N_("Раз в 15 минут"),
    "hourly": N_("Раз в час"),
    "daily": N_("Раз в день"),
    "never": N_("Никогда"),
}
# The help page's sentence for a status; one without a sentence is listed all the same.
STATUS_HINT: dict[str, str] = {
    "new": N_("Обращение создано, ответственные получили письмо."),
    "estimating": N_("Исполнитель изучает обращение и оценивает работу. Видно, кто он и как с ним связаться."),
    "approval": N_("Оценка работ у согласующего, отсчёт срока приостановлен."),
    "approved": N_("Согласована именно эта версия оценки."),
    "rejected": N_("Работы отклонены, причина видна всем участникам. Ход за исполнителем."),
    "in_progress": N_("Идёт работа, время учитывается."),
    "waiting": N_(
        "Исполнитель задал вопрос, отсчёт срока приостановлен. После вашего ответа обращение само вернётся в работу."
    ),
    "review": N_("Работа сделана, проверьте её. Молчание считаем приёмкой, только если так в договоре."),
    "done": N_("Работа принята. 14 дней её ещё можно вернуть, потом обращение закроется само."),
    "closed": N_("Оплачено, или платить не за что. Переписку по-прежнему можно читать."),
    "cancelled": N_("Клиент передумал, или руководитель отменил обращение и указал причину."),
}
ACTOR: dict[str, str] = {
    "author": N_("автор"),
    "approver": N_("согласующий"),
    "executor": N_("исполнитель"),
    "lead": N_("руководитель"),
    "system": N_("автоматически"),
}
# Headings of the lists: what the rows under them wait for.
GROUP: dict[str, str] = {
    "ask": N_("Ждут вашего согласования"),
    "turn": N_("Ждут вашего ответа"),
    "work": N_("В работе у исполнителей"),
    "answer": N_("Нужен ответ сейчас"),
    "doing": N_("В работе"),
    "wait": N_("Ждём клиента"),
    "recent": N_("Недавно закрыты"),
    "closed": N_("Закрыты"),
    "found": N_("Найдено"),
}
# What has to be done by a ticket's deadline, by the status it stands in.
DEADLINE: dict[str, str] = {
    code: N_("ответ") if code == "new" else N_("оценка") if code == "estimating" else N_("выполнение")
    for code in STATUSES
}

LABELS: dict[str, dict[str, str]] = {
    "status": {code: status.label for code, status in STATUSES.items()},
    "urgency": URGENCY,
    "urgency_hint": URGENCY_HINT,
    "payment": PAYMENT,
    "role": ROLE,
    "unit": UNIT,
    "unit_short": UNIT_SHORT,
    "vat": VAT,
    "decision": DECISION,
    "score": SCORE,
    "digest": DIGEST,
    "status_hint": STATUS_HINT,
    "actor": ACTOR,
    "group": GROUP,
    "deadline": DEADLINE,
}
