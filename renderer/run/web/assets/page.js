// What the page does beside htmx: it says when it is no longer live, asks once
// more for what did not come, and copies commands. Without it everything is
// there and right as of its time. It runs before htmx, to miss no event.
"use strict";
const lost = new Set(); // of elements whose last request failed
const tell = (element, there) => {
  if (there) lost.delete(element);
  else lost.add(element);
  document.body.dataset.live = lost.size ? "no" : "yes";
};
const stream = document.getElementById("stream");
document.addEventListener("htmx:sse:after:connection", () => tell(stream, true));
document.addEventListener("htmx:sse:error", () => tell(stream, false));
document.addEventListener("htmx:sse:close", () => tell(stream, false));

// The extension connects again when a connection breaks, and nobody does when
// the first one or a page fails. What is shown stays; pages do not ask in step.
let failures = 0;
const answered = event => {
  const ctx = event.detail.ctx;
  if (!ctx) return;
  if (ctx.response?.raw.ok && event.type !== "htmx:error") {
    failures = 0;
    if (ctx.sourceElement !== stream) tell(ctx.sourceElement, true);
    return;
  }
  event.preventDefault();
  tell(ctx.sourceElement, false);
  setTimeout(() => htmx.trigger(ctx.sourceElement, "again"), Math.min(1000 * 2 ** failures++, 60000) * (0.7 + 0.6 * Math.random()));
};
document.addEventListener("htmx:before:response", answered);
document.addEventListener("htmx:error", answered);

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
