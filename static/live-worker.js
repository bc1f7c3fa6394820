// One event stream for all tabs of this browser (a browser opens about six connections to a host).
"use strict";
const ports = new Set();
const root = new URL("..", self.location.href); // this file is in <root>/static, whatever prefix a proxy put before it
const SILENT = 4500; // ms without a sign of life; the server speaks at once and beats every 2 s
const MUTE = 2; // streams in a row that fell silent count as one that is refused: something between us holds them back
const POLL = 3000, FAILED = 1000, AGAIN = 30000; // ms: between two polls, after one that failed, until a stream is tried again
let source = null, opened = 0, heard = 0, failed = false, mute = 0;
let timer = 0, asking = false, state = "connecting", last = 0;

function tell(message) { for (const port of ports) port.postMessage(message); }
function become(next) { if (next !== state) { state = next; tell({ kind: "state", state }); } }
const polling = () => timer !== 0 || asking;

function news(kind, event) {
  heard = Date.now();
  if (heard - opened > SILENT) mute = 0;
  clearTimeout(timer);
  timer = 0;
  become("live");
  if (event.lastEventId) last = Number(event.lastEventId);
  tell({ kind, data: JSON.parse(event.data) });
}

// A stream counts from its first word on: a proxy that holds it back may let its head through.
function open() {
  close();
  opened = Date.now();
  heard = 0;
  failed = false;
  source = new EventSource(new URL("live" + (last ? "?after=" + last : ""), root));
  source.onerror = () => {
    failed = true;
    if (!polling()) become("deaf");
    if (source && source.readyState === EventSource.CLOSED) { close(); if (!polling()) poll(); }
  };
  for (const kind of ["entry", "outlook", "resync", "beat"]) source.addEventListener(kind, (event) => news(kind, event));
  // The stream's session has ended; this browser may have another one by now (a new password, a new sign-in).
  source.addEventListener("ended", () => { close(); opened = 0; if (!polling()) poll(); });
}
function close() { if (source) source.close(); source = null; }

// While no stream speaks: ask every three seconds, and where streams are refused try one beside it now and then.
async function poll() {
  timer = 0;
  asking = true;
  let wait = POLL;
  try {
    const asked = Date.now();
    const answer = await fetch(new URL("live/poll" + (last ? "?after=" + last : ""), root), { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(SILENT) });
    if (answer.status === 401) { close(); become("ended"); return; }
    if (!answer.ok) throw new Error(String(answer.status));
    const found = await answer.json();
    if (source && heard > asked) return; // a stream has come to speak meanwhile, and tells it all
    become("polling");
    for (const entry of found.entries) tell({ kind: "entry", data: entry });
    if (found.resync) tell({ kind: "resync", data: {} });
    tell({ kind: "outlook", data: { version: found.outlook } });
    tell({ kind: "beat", data: { at: found.at } });
    last = found.size;
    if (!source && Date.now() - opened > AGAIN) open();
  } catch {
    if (source && Date.now() - heard < SILENT) return;
    become("deaf");
    wait = FAILED;
    opened = 0; // what comes back may carry streams again
  } finally {
    asking = false;
  }
  timer = setTimeout(poll, wait);
}

setInterval(() => {
  if (!source || Date.now() - Math.max(heard, opened) <= SILENT) return;
  if (!failed) mute += 1;
  if (!polling()) become("deaf");
  if (mute < MUTE) open(); else close();
  if (!polling()) poll();
}, 1000);

self.onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = (message) => {
    if (message.data === "bye") ports.delete(port);
    if (message.data === "wake" && state !== "live" && state !== "polling" && !polling()) open();
    if (message.data === "ping") port.postMessage({ kind: "pong", state });
  };
  port.start();
  port.postMessage({ kind: "state", state });
  if (!source && !polling()) open();
};
