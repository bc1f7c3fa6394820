// The page's side of the live stream, local times, and small conveniences. No rule of the runbook is in here.
"use strict";
(() => {
  const body = document.body;
  const here = document.documentElement.lang;

  // --- local time for whoever points at a time: pages are in UTC ----------------------------------------------------
  function localTimes(root) {
    for (const tag of root.querySelectorAll("time[datetime]")) {
      const at = new Date(tag.dateTime), shift = at.getTimezoneOffset();
      if (!shift) continue;
      const utc = iso(at), local = iso(new Date(at - shift * 60_000));
      tag.dataset.local = `${body.dataset.here} ${local.slice(0, 10) === utc.slice(0, 10) ? local.slice(11) : local}`;
      tag.title = `${utc} UTC · ${tag.dataset.local}`;
    }
  }
  const iso = (at) => at.toISOString().slice(0, 19).replace("T", " ");

  // --- ages and countdowns tick without asking the server ----------------------------------------------------------
  const over = new Set();
  function tick() {
    for (const tag of document.querySelectorAll("[data-since]")) tag.textContent = words((Date.now() - Date.parse(tag.dataset.since)) / 1000);
    for (const tag of document.querySelectorAll("[data-until]")) {
      const left = (Date.parse(tag.dataset.until) - Date.now()) / 1000;
      tag.textContent = words(left);
      if (left < -0.5 && !over.has(tag.dataset.until)) { over.add(tag.dataset.until); refresh(); } // what comes after it is another page
    }
    for (const tag of document.querySelectorAll("[data-in]")) {
      const at = new Date(Date.now() + tag.dataset.in * 1000), today = new Date().toISOString().slice(0, 10);
      tag.textContent = at.toISOString().slice(0, 16).replace("T", " ").replace(`${today} `, "");
    }
    for (const bar of document.querySelectorAll("progress[data-from]")) {
      const from = Date.parse(bar.dataset.from), to = Date.parse(bar.dataset.to);
      bar.value = Math.max(0, Math.min(1, (Date.now() - from) / (to - from)));
    }
  }
  function words(seconds) {
    const whole = Math.max(0, Math.round(seconds));
    if (whole < 60) return `${whole} s`;
    if (whole < 600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min`;
    return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
  }

  // --- what sticks below the bar sticks below all of it, also where it tells more than usual ------------------------
  const sized = new ResizeObserver(([bar]) => {
    document.documentElement.style.setProperty("--sticky", `${Math.ceil(bar.borderBoxSize[0].blockSize)}px`);
  });
  let measured = null;
  function measure() {
    const bar = document.getElementById("truth");
    if (!bar || bar === measured) return;
    sized.disconnect();
    sized.observe(measured = bar);
  }
  measure();
  addEventListener("htmx:afterSwap", measure);

  // --- what is missing is said in the page's language, not in the browser's --------------------------------------------
  addEventListener("invalid", (event) => {
    if (event.target.validity.valueMissing) event.target.setCustomValidity(body.dataset.needed);
  }, true);
  addEventListener("input", (event) => { for (const field of event.target.form?.elements || []) field.setCustomValidity(""); }, true);

  // --- what a person is typing is never taken away -----------------------------------------------------------------
  function typed(form) {
    return [...form.elements].some((field) =>
      field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked
        : field.tagName === "SELECT" ? [...field.options].some((one) => one.selected !== one.defaultSelected && one.selected)
          : field.type === "file" ? field.files.length : "defaultValue" in field && field.type !== "hidden" && field.value !== field.defaultValue);
  }
  let keepTyped = true;
  if (window.Idiomorph) {
    Object.assign(Idiomorph.defaults, { ignoreActiveValue: true });
    Object.assign(Idiomorph.defaults.callbacks, {
      beforeNodeMorphed(old, fresh) {
        if (old.nodeType !== 1) return true;
        if (old.hasAttribute("data-keep")) return false;
        // A step whose turn it has become unfolds, and folds when it is done; otherwise it is as its reader left it.
        if (old.dataset.turn !== fresh.dataset?.turn) old.open = fresh.open;
        if (keepTyped && old.tagName === "FORM" && (typed(old) || old.querySelector(".error"))) return false;
        return true;
      },
      // Why a press was not taken, and what was typed with it, stays until the next press.
      beforeNodeRemoved: (old) => !(keepTyped && old.nodeType === 1 && old.hasAttribute("data-stays")),
      beforeAttributeUpdated(name, node) {
        return !(name === "open" && (node.tagName === "DETAILS" || node.tagName === "DIALOG"))
          && !(node.tagName === "TIME" && node.dataset.local && (name === "data-local" || name === "title")) && !(name === "value" && node.tagName === "PROGRESS");
      },
    });
  }

  // --- live ---------------------------------------------------------------------------------------------------------
  const sign = document.getElementById("live");
  let state = "connecting", pending = 0, stale = false, seen = 0;
  function show(next) {
    if (!sign || next === state) return;
    const before = state;
    state = next;
    body.dataset.live = next;
    sign.querySelector(".word").textContent = sign.dataset[next] || next;
    icon();
    if (next === "ended") refresh();
    if ((next === "live" || next === "polling") && (before === "deaf" || before === "connecting")) refresh();
  }
  function icon() {
    const drift = document.getElementById("drift");
    const name = state === "deaf" ? "deaf" : drift && !drift.hidden ? "drift" : "calm";
    const link = document.getElementById("icon");
    link.href = link.href.replace(/icon-\w+\.svg/, `icon-${name}.svg`);
    const count = drift && !drift.hidden ? Number(drift.dataset.count) : 0;
    document.title = document.title.replace(/^\(▲\d+\) /, "");
    if (count) document.title = `(▲${count}) ${document.title}`;
  }
  // Many entries in a moment are one look; a hidden tab looks when it is shown again. With many browsers open the
  // server names a spread (ms), so that they do not all ask at once.
  function refresh(spread = 0) {
    if (document.hidden) { stale = true; return; }
    if (pending) return;
    pending = setTimeout(() => { pending = 0; htmx.trigger(body, "ledger"); }, 60 + Math.random() * Math.max(100, spread));
  }
  function hear(message) {
    if (message.kind === "state") show(message.state);
    if (message.kind === "pong") { seen = Date.now(); show(message.state); }
    if (message.kind === "beat") ages(message.data.at);
    if (message.kind === "entry") { ticker(message.data); refresh(message.data.spread); }
    if (message.kind === "outlook" || message.kind === "resync") refresh(message.data.spread);
    body.dispatchEvent(new CustomEvent("stage4:news", { detail: message }));
  }
  // When each source was had last: an age on the page is the age now, not the age when the page was made.
  function ages(at) {
    for (const tag of document.querySelectorAll("[data-source-age]")) if (at[tag.dataset.sourceAge]) tag.dataset.since = at[tag.dataset.sourceAge];
  }
  function ticker(entry) {
    const line = document.getElementById("ticker");
    if (!line) return;
    const link = document.createElement("a");
    link.href = `${body.dataset.root}/entries/${entry.sequence}`;
    link.textContent = `${entry.sequence}  ${entry.at.slice(11, 19)} UTC  ${entry.rollback} ${entry.text[here] || entry.text.en}`;
    line.replaceChildren(link);
    line.dataset.sequence = entry.sequence;
  }
  let port = null;
  function connect() {
    if (!("live" in body.dataset)) return;
    if ("SharedWorker" in window) {
      const worker = new SharedWorker(body.dataset.worker, "stage4-live");
      port = worker.port;
      port.onmessage = (event) => hear(event.data);
      port.start();
      addEventListener("pagehide", () => port.postMessage("bye"));
      seen = Date.now();
      setInterval(() => { port.postMessage("ping"); if (Date.now() - seen > 4500) show("deaf"); }, 1500);
      return;
    }
    let last = 0, outlook = 0, failed = false; // no SharedWorker (some phones): each tab asks by itself
    const ask = async () => {
      if (document.hidden) return;
      try {
        const answer = await fetch(body.dataset.root + "/live/poll" + (last ? "?after=" + last : ""), { headers: { Accept: "application/json" } });
        if (answer.status === 401) { show("ended"); return; }
        const found = await answer.json();
        show("polling");
        for (const entry of found.entries) hear({ kind: "entry", data: entry });
        if (found.size !== last || found.outlook !== outlook || found.resync || failed) refresh();
        ages(found.at);
        [last, outlook] = [found.size, found.outlook];
        failed = false;
      } catch { failed = true; show("deaf"); }
    };
    ask();
    setInterval(ask, 2000);
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    if (port) port.postMessage("wake");
    if (stale) { stale = false; refresh(); }
  });

  // --- small conveniences -------------------------------------------------------------------------------------------
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = button.dataset.copy.startsWith("#") ? document.querySelector(button.dataset.copy).textContent : button.dataset.copy;
    await navigator.clipboard.writeText(source.trim());
    const before = button.textContent;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = before; }, 1500);
  });
  // A link to something that lies folded unfolds it, also where the browser does not.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    for (let at = link && document.getElementById(link.hash.slice(1)); at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  });
  // What is mostly chosen is put in by one press, as if it had been typed.
  document.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-fill]");
    if (!chip) return;
    const field = chip.closest(".lasts").querySelector("input:not([type=hidden]), textarea");
    field.value = chip.dataset.fill;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  // A button that wants the ticket id typed is ready when it is.
  document.addEventListener("input", (event) => {
    const field = event.target.closest("[data-must-equal]");
    if (!field) return;
    const said = field.value.trim(), wanted = field.dataset.mustEqual;
    field.form.querySelector("button[data-guarded]").disabled = said !== wanted;
    field.form.querySelector("[data-unequal]").hidden = wanted.startsWith(said);
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  });
  // A form that was sent: its own answer replaces what was typed.
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.target.tagName === "FORM") keepTyped = false; });
  document.addEventListener("htmx:afterSettle", () => { keepTyped = true; localTimes(document); tick(); icon(); });
  // A look that failed takes nothing away: what stands here may be old, which the sign says, and it is asked for again.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const looked = event.target.id === "main" || event.target.id === "truth";
    if (looked && event.detail.xhr.status >= 400 && event.detail.requestConfig.verb === "get") { event.detail.shouldSwap = false; show(event.detail.xhr.status === 401 ? "ended" : "deaf"); }
  });
  // A press that got no answer of its own: said where it was pressed, and what was typed stays.
  function unanswered(form, why) {
    keepTyped = true;
    if (form.tagName !== "FORM") return;
    let told = form.querySelector(":scope > .error");
    if (!told) { told = document.createElement("p"); told.className = "error"; told.setAttribute("role", "alert"); form.prepend(told); }
    told.textContent = why;
  }
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status !== 401) return;
    show("ended");
    unanswered(event.target, body.dataset.signedOut);
  });
  for (const kind of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(kind, (event) => unanswered(event.target, body.dataset.unanswered));

  localTimes(document);
  tick();
  setInterval(tick, 1000);
  icon();
  connect();
})();
