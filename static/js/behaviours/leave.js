/** Log-out: shows what was not sent and asks; saves drafts to the server; then nothing of this person stays on this device. */
import { $, fill } from "../lib/dom.js";
import { Drafts, localDrafts, wipeLocal } from "../lib/drafts.js";

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function bind(root, page) {
  if (!(root instanceof HTMLFormElement)) return;
  const onsubmit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    void leave(root, page);
  };
  root.addEventListener("submit", onsubmit);
  return () => root.removeEventListener("submit", onsubmit);
}

/** @param {HTMLFormElement} form @param {import("../lib/page.js").Page} page */
async function leave(form, page) {
  await page.outbox.load();
  const unsent = [...page.outbox.waiting.values()];
  if (unsent.length && !(await sure(unsent))) return;
  if (!(await saveAll(page.me, unsent)) && !(await sure(unsent, true))) return;
  await page.outbox.wipe();
  wipeLocal(page.me, localStorage);
  page.socket.stop();
  form.submit();
}

/** Unsent messages become drafts of their tickets. @param {string} me @param {import("../lib/outbox.js").Said[]} unsent */
async function saveAll(me, unsent) {
  const texts = new Map(localDrafts(me, localStorage));
  for (const said of unsent) {
    const [, number, line] = said.room.split(":");
    const key = number ?? "new";
    const draft = texts.get(key) ?? { text: "", mode: line === "staff" ? "note" : "reply" };
    const same = (draft.mode ?? "reply") === (line === "staff" ? "note" : "reply");
    const field = same ? "text" : "other";
    texts.set(key, { ...draft, unsaved: true, [field]: [draft[field], said.text].filter(Boolean).join("\n\n") });
  }
  const saved = [...texts].filter(([, draft]) => draft.unsaved).map(([key, draft]) => new Drafts(me, key).hand(draft));
  return (await Promise.all(saved)).every(Boolean);
}

/** @param {import("../lib/outbox.js").Said[]} unsent @param {boolean} [offline] @returns {Promise<boolean>} */
function sure(unsent, offline = false) {
  const dialog = document.getElementById("leaving");
  if (!(dialog instanceof HTMLDialogElement)) return Promise.resolve(true);
  const list = $(dialog, "[data-unsent]");
  list?.replaceChildren(...unsent.map(said => fill("unsent", { room: said.room.split(":")[1] ?? "", text: said.text })));
  const warning = $(dialog, "[data-no-line]");
  if (warning) warning.hidden = !offline;
  return new Promise(resolve => {
    const answer = (/** @type {boolean} */ go) => { dialog.close(); resolve(go); };
    const stay = $(dialog, "[data-stay]");
    const go = $(dialog, "[data-go]");
    if (stay) stay.onclick = () => answer(false);
    if (go) go.onclick = () => answer(true);
    dialog.oncancel = () => resolve(false);
    dialog.showModal();
  });
}
