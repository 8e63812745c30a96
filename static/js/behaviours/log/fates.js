/** What became of estimates and decisions: their rows are rendered once, their fate comes later in the log. */
import { $, $$ } from "../../lib/dom.js";
import { verdict } from "../../lib/timeline.js";

/** @param {ParentNode} root @param {DOMStringMap} words */
export function fates(root, words) {
  const versions = $$(root, ".est[data-version]").map(one => Number(one.dataset.version));
  if (!versions.length) return;
  const decisions = $$(root, ".stamp[data-decided]").map(one => ({ version: Number(one.dataset.version), decision: one.dataset.decided ?? "" }));
  markEstimates(root, words, version => verdict(decisions, versions, version));
  markStamps(root);
}

/** @param {ParentNode} root @param {DOMStringMap} words @param {(version: number) => string} fate */
function markEstimates(root, words, fate) {
  for (const estimate of $$(root, ".est[data-version]")) {
    const tag = $(estimate, "[data-decision]");
    const now = fate(Number(estimate.dataset.version));
    if (!tag || tag.dataset.decision === now) continue;
    tag.dataset.decision = now;
    tag.hidden = false;
    tag.textContent = words[now] ?? "";
    tag.className = `tag end ${now === "approved" ? "good" : now === "rejected" ? "bad" : now === "waiting" ? "warn" : ""}`;
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
