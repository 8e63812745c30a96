/** What was said with the page goes as what is said later does: after six seconds, or later if somebody reads it. */
const SHOWN = 6_000;

/** @param {HTMLElement} root */
export function bind(root) {
  const first = [...root.children];
  if (!first.length) return;
  const timer = setInterval(() => {
    if (root.matches(":hover")) return;
    clearInterval(timer);
    for (const toast of first) toast.remove();
  }, SHOWN);
  return () => clearInterval(timer);
}
