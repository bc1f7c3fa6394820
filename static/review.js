"use strict";
// "Copy as Markdown": what the download holds, without the detour over a file.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-from]");
  if (!button) return;
  const answer = await fetch(button.dataset.copyFrom);
  if (!answer.ok) return;
  await navigator.clipboard.writeText(await answer.text());
  const before = button.textContent;
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = before; }, 1500);
});
