/** The text as the others will see it: the server renders it, so what is shown is what will be sent. */
import { $, fragment, on } from "../lib/dom.js";
import { post } from "../lib/post.js";

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function bind(root, page) {
  const box = root.querySelector("textarea");
  const toggle = $(root, "[data-part=toggle]");
  const shown = $(root, "[data-part=shown]");
  if (!box || !toggle || !shown) return;
  toggle.hidden = false;

  /** @param {boolean} open */
  const show = open => {
    toggle.setAttribute("aria-pressed", String(open));
    shown.hidden = !open;
    box.hidden = open;
    if (!open) box.focus();
  };
  on(toggle, "click", async () => {
    if (!box.hidden) {
      const body = new FormData();
      body.set("text", box.value);
      const answer = box.value.trim() ? await post("/preview", body) : null;
      if (answer && !answer.ok) return page.say(answer.body?.detail ?? "");
      if (answer) shown.replaceChildren(fragment(answer.body.html));
      else shown.textContent = root.dataset.textEmpty ?? "";
    }
    show(!box.hidden);
  });
}
