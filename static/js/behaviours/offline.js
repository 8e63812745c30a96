/** «Нет связи»: how much waits on this device, and back to the page that was asked for as soon as the journal answers. */
import { $, say } from "../lib/dom.js";
import { Store } from "../lib/store.js";

const FIRST = 1_000;
const LONGEST = 30_000;

/** @param {HTMLElement} root */
export function bind(root) {
  const again = $(root, "a");
  const spin = $(root, "[data-spin]");
  if (!(again instanceof HTMLAnchorElement) || !spin) return;
  void count(root);
  if (location.pathname === "/offline") { // looked at on purpose: nowhere to go back to
    again.href = "/";
    return;
  }

  let pause = FIRST;
  /** @type {any} */
  let timer;
  const knock = async () => {
    clearTimeout(timer);
    spin.hidden = false;
    if (await answers()) return location.reload();
    spin.hidden = true;
    timer = setTimeout(knock, pause = Math.min(pause * 2, LONGEST));
  };
  const onclick = (/** @type {MouseEvent} */ event) => {
    event.preventDefault();
    void knock();
  };
  timer = setTimeout(knock, pause);
  again.addEventListener("click", onclick);
  window.addEventListener("online", knock);
  return () => {
    clearTimeout(timer);
    again.removeEventListener("click", onclick);
    window.removeEventListener("online", knock);
  };
}

async function answers() {
  return fetch("/healthz", { cache: "no-store" }).then(answer => answer.ok, () => false);
}

/** @param {HTMLElement} root */
async function count(root) {
  const waiting = await new Store().count();
  const words = $(root, "[data-waiting]");
  if (!words || !waiting) return;
  words.hidden = false;
  $(words, "span")?.replaceChildren(say(root.dataset.textWaiting, { count: waiting }));
}
