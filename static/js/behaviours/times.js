/** Every time on the page in the viewer's zone; «вчера» becomes a date when midnight passes. */
import { paintTimes } from "../lib/time.js";

const MINUTE = 60_000;

/** @param {HTMLElement} root @param {import("../lib/page.js").Page} page */
export function bind(root, page) {
  const paint = () => { if (!document.hidden) paintTimes(root, page.clock); };
  const clock = setInterval(paint, MINUTE);
  document.addEventListener("visibilitychange", paint);
  paint();
  return () => {
    clearInterval(clock);
    document.removeEventListener("visibilitychange", paint);
  };
}
