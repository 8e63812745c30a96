/** What became of estimates and decisions: their rows are rendered once, their fate comes later in the log. */
import { $, $$ } from "../../lib/dom.js";
import { fates as told } from "../../lib/timeline.js";

const TONE = /** @type {Record<string, string>} */ ({ approved: "good", rejected: "bad", waiting: "warn" });

/** @param {ParentNode} root @param {DOMStringMap} words */
export function fates(root, words) {
  if (!$(root, ".est[data-version]")) return;
  const story = $$(root, ".est[data-version], .stamp[data-decided], .ev [data-to]").map(({ dataset }) => ({
    version: Number(dataset.version ?? 0), decision: dataset.decided, from: dataset.from, to: dataset.to,
  }));
  markEstimates(root, words, told(story));
  markStamps(root);
}

/** @param {ParentNode} root @param {DOMStringMap} words @param {Map<number, string>} fate */
function markEstimates(root, words, fate) {
  for (const estimate of $$(root, ".est[data-version]")) {
    const tag = $(estimate, "[data-decision]");
    const now = fate.get(Number(estimate.dataset.version)) ?? "";
    if (!tag || tag.dataset.decision === now) continue;
    tag.dataset.decision = now;
    tag.hidden = !now;
    tag.textContent = words[now] ?? "";
    tag.className = `tag end ${TONE[now] ?? ""}`;
  }
}

/** The sum beside a decision, from the estimate it decided on. @param {ParentNode} root */
function markStamps(root) {
  for (const stamp of $$(root, ".stamp[data-word]")) {
    const amount = $(root, `.est[data-version="${stamp.dataset.version}"]`)?.dataset.amount;
    const title = $(stamp, "b");
    if (amount && title) title.textContent = `${stamp.dataset.word}: ${amount}`;
  }
}
