"""All requests of the demo's company, by what they are about."""

from server.demo.requests import books, desks, one_c, one_c_past, one_c_work, payroll, tills, today
from server.demo.story import Request

REQUESTS: tuple[Request, ...] = (
    *today.REQUESTS,
    *one_c.REQUESTS,
    *one_c_work.REQUESTS,
    *one_c_past.REQUESTS,
    *books.REQUESTS,
    *payroll.REQUESTS,
    *tills.REQUESTS,
    *desks.REQUESTS,
)
