/** Whether a ticket belongs to the list that is on the screen; the server's own rule decides when the list is loaded anew. */

const DAY = 24 * 60 * 60_000;

/**
 * @param {any} row ROW @param {DOMStringMap} list `view`, `waiting`, `more` @param {string} me
 * @param {URLSearchParams} [query] @param {number} [now]
 */
export function belongs(row, list, me, query = new URLSearchParams(location.search), now = Date.now()) {
  if (query.get("q") || list.view === "closed") return false;
  if (list.more && now - Date.parse(row.created_at) > 60_000) return false; // an old one beyond the last row shown
  for (const [name, value] of narrowed(row)) if (query.get(name) && query.get(name) !== String(value)) return false;
  switch (list.view) {
    case "unassigned": return !row.assignee;
    case "mine": return String(row.assignee?.id) === me;
    case "waiting": return (list.waiting ?? "").split(" ").includes(row.status);
    case "soon": return row.status !== "done" && Boolean(row.due) && row.due <= new Date(now + Number(list.soonDays) * DAY).toISOString().slice(0, 10);
    case "to_invoice": return row.payment.state === "to_invoice";
    case "approval": return row.status === "approval";
    case "unread": return row.unread > 0;
    default: return true;
  }
}

/** @param {any} row @returns {[string, any][]} */
function narrowed(row) {
  return [
    ["status", row.status], ["urgency", row.urgency], ["service", row.service.id],
    ["organisation", row.organisation.id], ["assignee", row.assignee?.id],
  ];
}
