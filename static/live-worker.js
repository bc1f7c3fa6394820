// One event stream for all tabs of this browser (a browser opens about six connections to a host).
"use strict";
const ports = new Set();
const SILENT = 4500; // ms without a sign of life; the server beats every 2 s
let source = null, heard = 0, state = "connecting", last = 0, failures = 0, timer = 0;

function tell(message) { for (const port of ports) port.postMessage(message); }
function become(next) { if (next !== state) { state = next; tell({ kind: "state", state }); } }

function news(kind, event) {
  heard = Date.now();
  become("live");
  if (event.lastEventId) last = Number(event.lastEventId);
  tell({ kind, data: JSON.parse(event.data) });
}

function open() {
  if (source) source.close();
  heard = Date.now();
  source = new EventSource(new URL("/live", self.location.href));
  source.onopen = () => { failures = 0; heard = Date.now(); become("live"); };
  source.onerror = () => {
    become("deaf");
    if (source.readyState === EventSource.CLOSED) poll();
  };
  for (const kind of ["entry", "outlook", "resync", "beat"]) source.addEventListener(kind, (event) => news(kind, event));
  // The stream's session has ended; this browser may have another one by now (a new password, a new sign-in).
  source.addEventListener("ended", () => { source.close(); polls = 9; poll(); });
}

// Where a stream is refused (too many of them, or something between us eats it): ask every three seconds.
async function poll() {
  source = null;
  try {
    const answer = await fetch("/live/poll" + (last ? "?after=" + last : ""), { headers: { Accept: "application/json" } });
    if (answer.status === 401) { become("ended"); return; }
    if (!answer.ok) throw new Error(String(answer.status));
    const found = await answer.json();
    failures = 0;
    heard = Date.now();
    become("polling");
    for (const entry of found.entries) tell({ kind: "entry", data: entry });
    if (found.resync) tell({ kind: "resync", data: {} });
    tell({ kind: "outlook", data: { version: found.outlook } });
    last = found.size;
  } catch {
    failures += 1;
    become("deaf");
  }
  clearTimeout(timer);
  timer = setTimeout(failures || ++polls % 10 === 0 ? open : poll, failures ? 1000 : 3000);
}
let polls = 0;

setInterval(() => {
  if (source && Date.now() - heard > SILENT) { become("deaf"); open(); }
}, 1000);

self.onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = (message) => {
    if (message.data === "bye") ports.delete(port);
    if (message.data === "wake" && state !== "live" && state !== "polling") open();
    if (message.data === "ping") port.postMessage({ kind: "pong", state });
  };
  port.start();
  port.postMessage({ kind: "state", state });
  if (!source) open();
};
