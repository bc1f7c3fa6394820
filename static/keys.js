// Single keys: to the stop, to the search, from row to row, to the pages. They go somewhere and press nothing, and they
// can be switched off (WCAG 2.1.4), in the list that "?" and the account menu open.
"use strict";
(() => {
  const OFF = "stage4-keys-off", AFTER = 1500;
  const list = document.getElementById("keys");
  if (!list) return;
  const on = document.getElementById("keys-on");
  let first = "", at = 0; // the first key of two, and when it came

  function stored() { try { return localStorage.getItem(OFF); } catch { return null; } }
  on.checked = !stored();
  on.addEventListener("change", () => {
    try { on.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1"); } catch { /* it lasts as long as the page */ }
  });
  function open() {
    for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
    if (!list.open) list.showModal();
  }
  document.addEventListener("click", (event) => { if (event.target.closest("[data-keys-open]")) open(); });

  function typing(node) {
    return node.isContentEditable || node.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");
  }
  function focus(node) {
    node.closest("details")?.setAttribute("open", "");
    node.focus();
    node.scrollIntoView({ block: "nearest" });
  }

  // --- where the keys lead -----------------------------------------------------------------------------------------
  function stop() {
    const here = document.querySelector("[data-keys-stop], #stop");
    if (!here) { location.href = page("g n") + "#s"; return; }
    if (here.matches("details")) here.open = true;
    focus(here.matches("a, button, summary") ? here : here.querySelector("input:not([type=hidden]), button, summary") || here);
  }
  function search() {
    const field = document.querySelector("main input[type=search]");
    if (field) { focus(field); field.select(); } else location.href = page("g t") + "#search";
  }
  function page(keys) { return [...list.querySelectorAll("[data-keys]")].find((link) => link.dataset.keys === keys)?.href; }
  function places() {
    const rows = document.querySelectorAll("main [data-row]");
    const found = [...rows.length ? rows : document.querySelectorAll("main tbody tr")].filter((row) => row.checkVisibility());
    return found.map((row) => row.querySelector("a[href], summary, button")).filter(Boolean);
  }
  function move(step) {
    const all = places(), here = document.activeElement;
    const row = all.findIndex((place) => place.closest("[data-row], tr").contains(here));
    if (row >= 0) { all[row + step]?.focus(); return; }
    // from nowhere: to the first that is in sight
    (all.find((place) => place.getBoundingClientRect().top > (document.querySelector(".bar")?.getBoundingClientRect().bottom || 0)) || all[0])?.focus();
  }

  const KEYS = { s: stop, "/": search, j: () => move(1), k: () => move(-1), "?": open };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || !on.checked) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    const two = first && Date.now() - at < AFTER ? page(`${first} ${event.key}`) : "";
    first = "";
    if (two) { event.preventDefault(); location.href = two; return; }
    if (event.key === "g") { first = "g"; at = Date.now(); return; }
    if (!Object.hasOwn(KEYS, event.key) || (event.repeat && !"jk".includes(event.key))) return;
    event.preventDefault();
    KEYS[event.key]();
  });

  // What another page was left for.
  if (location.hash === "#s" && document.querySelector("[data-keys-stop], #stop")) stop();
  if (location.hash === "#search") document.querySelector("main input[type=search]")?.focus();
})();
