// Where the keyboard is stays where it is: neither an answer nor another look at the page drops the focus.
"use strict";
(() => {
  let place = null; // where the focus was, in words that outlive the elements
  let pressed = null; // the form's request that is not answered yet

  function lost() {
    const at = document.activeElement;
    return !at || at === document.body || at.disabled || !at.checkVisibility();
  }
  function where() {
    const at = document.activeElement;
    if (lost() || !at.closest("#main, #truth")) return null;
    const box = at.getBoundingClientRect(), seen = box.bottom > 0 && box.top < innerHeight;
    return { seen, form: at.closest("form")?.id, name: at.name, step: at.closest(".step")?.id, label: at.closest("section")?.getAttribute("aria-labelledby") };
  }
  // The same field or button; the line that opens its form; the heading of its step or section; the page.
  function* nearest({ form, name, step, label }) {
    const found = form && document.getElementById(form);
    if (found) {
      if (name) yield found.elements[name];
      yield found.querySelector("button:not([type=button])");
      yield found.closest("details")?.querySelector("summary");
    }
    if (step) yield document.querySelector(`#${step} h2`);
    if (label) yield document.getElementById(label);
    if (form?.startsWith("stop-")) yield document.querySelector("#stop button, #stop summary");
    yield document.getElementById("main");
  }
  function restore(from) {
    for (const node of nearest(from)) {
      if (!node?.focus) continue;
      if (/^H\d$/.test(node.tagName)) node.tabIndex = -1;
      node.focus({ preventScroll: true });
      if (document.activeElement !== node || lost()) continue;
      const told = node.closest("form")?.querySelector(".error") || node;
      if (!from.seen) return; // somebody reads elsewhere on the page
      // Under a thumb the step that is done steps back, and the one whose turn it is comes into sight.
      const turn = from.step && !document.getElementById(from.form) && matchMedia("(pointer: coarse), (max-width: 40rem)").matches && document.querySelector(".step.first");
      if (turn) turn.scrollIntoView({ block: "start" });
      else told.scrollIntoView({ block: "nearest" });
      return;
    }
  }

  // A form's button is disabled while it is answered and loses the focus by that, so the place is noted beforehand.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.tagName === "FORM") { place = where(); pressed = event.detail.xhr; }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.xhr !== pressed) return;
    pressed = null;
    if (place && lost()) restore(place);
  });
  document.addEventListener("htmx:beforeSwap", () => { if (!pressed) place = where(); });
  document.addEventListener("htmx:afterSwap", () => {
    if (!place || !lost() || pressed && document.getElementById(place.form)) return; // its own answer comes yet
    restore(place);
  });
})();
