// What the page does beside htmx: it says when it is no longer live, and
// copies commands. Without it everything is there and right as of its time.
"use strict";
const live = state => { document.body.dataset.live = state; };
document.addEventListener("htmx:sse:after:connection", () => live("yes"));
document.addEventListener("htmx:sse:error", () => live("no"));
document.addEventListener("htmx:sse:close", () => live("no"));
document.addEventListener("click", async event => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const text = button.parentElement.querySelector("code").textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "copied";
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    button.textContent = "selected";
  }
});
