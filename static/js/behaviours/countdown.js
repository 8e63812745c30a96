/** When a new code may be asked for: a countdown where the button will be. Said aloud at its start and at its end only. */
import { $, say } from "../lib/dom.js";

/** @param {HTMLElement} root the form */
export function bind(root) {
  const shown = $(root, "[data-part=wait]");
  const button = $(root, "button");
  const heard = $(root, "[data-part=said]");
  const end = Date.now() + Number(root.dataset.left) * 1_000;
  if (!shown || !button || !heard || !(Number(root.dataset.left) > 0)) return;

  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1_000));
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    shown.textContent = say(root.dataset.textWait, { left: clock });
    shown.hidden = !left;
    button.hidden = Boolean(left);
    if (left) return;
    clearInterval(timer);
    heard.textContent = root.dataset.textReady ?? "";
  };
  const timer = setInterval(tick, 500);
  tick();
  heard.textContent = shown.textContent;
  return () => clearInterval(timer);
}
