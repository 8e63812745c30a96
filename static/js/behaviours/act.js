/** A form that posts by fetch: the page stays, the event arrives over the socket like everybody's, what was wrong stands beside its field. */
import { $$ } from "../lib/dom.js";
import { clearErrors, mended, post, showErrors } from "../lib/post.js";

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function bind(root, page) {
  if (!(root instanceof HTMLFormElement)) return;
  const onsubmit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (root.ariaBusy !== "true") void send(root, page);
  };
  const oninput = (/** @type {Event} */ event) => mended(event.target);
  root.addEventListener("submit", onsubmit);
  root.addEventListener("input", oninput);
  return () => {
    root.removeEventListener("submit", onsubmit);
    root.removeEventListener("input", oninput);
  };
}

/** @param {HTMLFormElement} form @param {import("../lib/page.js").Page} page */
async function send(form, page) {
  const words = document.getElementById("words")?.dataset ?? {};
  if ($$(form, "[aria-disabled=true]").length) return;
  clearErrors(form);
  busy(form, true);
  const answer = await post(form.action, new FormData(form));
  busy(form, false);
  if (answer.status === 401) return page.socket.wake();
  if (answer.status === 409) document.dispatchEvent(new CustomEvent("journal:acted", { detail: { refused: true } })); // somebody was quicker: how it stands now
  if (!answer.ok) return showErrors(form, answer, (answer.status ? words.trouble : words.noLine) ?? "");
  form.reset();
  form.dispatchEvent(new CustomEvent("done", { bubbles: true, detail: answer.body }));
  form.closest("details")?.removeAttribute("open");
  const dialog = form.closest("dialog");
  if (dialog?.open) dialog.close();
  document.dispatchEvent(new CustomEvent("journal:acted"));
}

/** @param {HTMLFormElement} form @param {boolean} yes */
function busy(form, yes) {
  form.ariaBusy = String(yes);
  for (const button of form.querySelectorAll("button:not([type=button])")) {
    if (button instanceof HTMLButtonElement) button.ariaBusy = String(yes);
  }
}
