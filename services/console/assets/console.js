// The console: asks the API once a second, listens to events, and gives commands. The token lives in this page's
// memory and nowhere else.
"use strict";

let token = "";
let snapshot = null;
let last = null;
const series = { equity: [], prices: new Map() };
const charts = {};

const headers = () => (token ? { Authorization: `Bearer ${token}` } : {});

async function look(path) {
  const answer = await fetch(path, { headers: headers() });
  if (answer.status === 401) await askForToken();
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer.json();
}

// Lines, each with how bad it is: bad, warn, or nothing.
function notice(lines) {
  const place = byId("notice");
  place.hidden = !lines.length;
  place.replaceChildren(...lines.map(([tone, text]) => element("p", tone, text)));
}

function say(status) {
  const isOver = status.phase === "finished";
  const lines = [];
  if (status.mode === "record") lines.push(["", "A recording: the market alone. Nothing is traded, and nothing can be commanded."]);
  if (isOver) lines.push(["", "This run is over. It is only looked at: nothing in it can be changed."]);
  const reason = status.trading_reason ? `: ${status.trading_reason}` : "";
  if (status.trading === "halted") lines.push(["bad", `Kill switch ${isOver ? "was" : "is"} pulled, nothing may go${reason}`]);
  if (status.trading === "reduce_only") lines.push(["warn", `Only orders that reduce exposure ${isOver ? "could" : "may"} go${reason}`]);
  const lost = snapshot.markets.filter((row) => row.feed && row.feed !== "live");
  if (!isOver && status.mode === "record" && status.feed && status.feed !== "live") lines.push(["bad", `Feed lost: one is ${status.feed}`]);
  if (!isOver && lost.length) {
    const tone = lost.some((row) => row.feed === "down") ? "bad" : "warn";
    lines.push([tone, `Feed lost: ${lost.map((row) => `${row.instrument} is ${row.feed}`).join(", ")}`]);
  }
  notice(lines);
}

// ── charts ──────────────────────────────────────────────────────────────────────────────────────────────────────

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function chart(id, make, points) {
  const place = byId(id);
  if (points[0].length < 2) {
    if (charts[id]) charts[id].destroy();
    delete charts[id];
    return place.replaceChildren(element("p", "empty", "The curve begins with the second sample."));
  }
  if (!charts[id]) {
    place.replaceChildren();
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const plain = { ...axis, font: "11px system-ui, sans-serif" };
    const options = make(plain);
    charts[id] = new uPlot({ width: place.clientWidth, height: 200, ...options }, points, place);
  } else {
    charts[id].setData(points);
  }
}

// What a legend says: the point under the pointer, else the last one.
const pointed = (plot, number, at, index) => (index === null || index === undefined ? plot.data[at].at(-1) : number);
const value = (places) => (plot, number, at, index) => {
  const shown = pointed(plot, number, at, index);
  return shown === null || shown === undefined ? "–" : shown.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
};
const seconds = (ts) => Number(ts) / 1e9;
const clock = {
  label: "Time",
  value: (plot, number, at, index) => {
    const shown = pointed(plot, number, at, index);
    return shown === null || shown === undefined ? "–" : new Date(shown * 1000).toISOString().slice(11, 19);
  },
};
// 24 hours, UTC, and seconds only where they tell something; a date where a day begins.
const times = (plot, splits, axis, space, step) => splits.map((at) => {
  const text = new Date(at * 1e3).toISOString();
  return step >= 86400 || text.endsWith("T00:00:00.000Z") ? text.slice(5, 10) : text.slice(11, step < 60 ? 19 : 16);
});
const utc = (ts) => uPlot.tzDate(new Date(ts * 1e3), "Etc/UTC");

// Room above and below; a line that is flat stands in the middle.
function around(plot, low, high) {
  if (low === null || low !== high) return uPlot.rangeNum(low, high, 0.1, true);
  const room = Math.abs(low) / 1000 || 1;
  return [low - room, high + room];
}

function drawEquity() {
  const points = series.equity;
  const data = [points.map((p) => seconds(p.ts)), points.map((p) => Number(p.equity)), points.map((p) => 0 - Number(p.drawdown))];
  chart("equity-chart", (axis) => ({
    tzDate: utc,
    scales: { y: { range: around }, fall: { range: (plot, low) => [Math.min(low, -1) * 3, 0] } },
    series: [clock,
      { label: "Equity", stroke: colour("--accent"), width: 1.5, value: value(2), points: { show: false } },
      { label: "Drawdown", stroke: colour("--bad"), fill: colour("--bad-ground"), width: 1, scale: "fall", value: value(2), points: { show: false } }],
    axes: [{ ...axis, values: times, size: 30, space: 76 }, { ...axis, size: 70 }, { ...axis, scale: "fall", side: 1, size: 56, grid: { show: false } }],
  }), data);
}

function drawPrice() {
  const points = series.prices.get(byId("instrument").value) || [];
  const places = pricePlaces(byId("instrument").value);
  const some = (text) => (text === undefined ? null : Number(text));
  const data = [points.map((p) => seconds(p.ts)), ...["lower", "upper", "mid"].map((name) => points.map((p) => some(p[name])))];
  const band = { stroke: colour("--soft"), width: 1, dash: [4, 3], value: value(places), points: { show: false } };
  chart("price-chart", (axis) => ({
    tzDate: utc,
    scales: { y: { range: around } },
    series: [clock, { label: "Lower", ...band }, { label: "Upper", ...band },
      { label: "Mid", stroke: colour("--accent"), width: 1.5, value: value(places), points: { show: false } }],
    bands: [{ series: [2, 1], fill: colour("--quiet-ground") }],
    axes: [{ ...axis, values: times, size: 30, space: 76 }, { ...axis, size: 70 }],
  }), data);
}

function redrawCharts() {
  for (const id of Object.keys(charts)) {
    charts[id].destroy();
    delete charts[id];
  }
  drawEquity();
  drawPrice();
}

function add(points, more) {
  const latest = points.length ? points[points.length - 1].ts : 0;
  points.push(...more.filter((point) => point.ts > latest));
}

async function askSeries() {
  const since = (points) => (points.length ? points[points.length - 1].ts : 0);
  add(series.equity, await look(`equity?since=${since(series.equity)}`));
  const instrument = byId("instrument").value;
  if (instrument) {
    if (!series.prices.has(instrument)) series.prices.set(instrument, []);
    const points = series.prices.get(instrument);
    add(points, await look(`prices?instrument=${encodeURIComponent(instrument)}&since=${since(points)}`));
  }
  drawEquity();
  drawPrice();
}

function offerInstruments(markets) {
  const place = byId("instrument");
  const known = new Set([...place.options].map((option) => option.value));
  for (const { instrument } of markets) if (!known.has(instrument)) place.append(new Option(instrument, instrument));
}

// ── the loop ────────────────────────────────────────────────────────────────────────────────────────────────────

async function refresh() {
  const before = snapshot;
  snapshot = await look("snapshot");
  const { status } = snapshot;
  // Another run is served here now: nothing of the one before belongs to it.
  if (before && before.status.run !== status.run) return location.reload();
  learnPlaces(snapshot.markets);
  const now = { at: Number(status.ts) / 1e9, inputs: status.inputs };
  const rate = last && now.at > last.at ? Math.round((now.inputs - last.inputs) / (now.at - last.at)) : null;
  last = now;
  drawBanner(status, false);
  drawTiles(snapshot, rate);
  drawPositions(snapshot.positions);
  drawLimits(snapshot.limits);
  drawOrders(snapshot.orders);
  drawMarkets(snapshot.markets);
  drawLatency(snapshot.latency);
  offerInstruments(snapshot.markets);
  document.body.dataset.mode = status.mode;
  byId("controls").hidden = status.phase === "finished" || status.mode === "record";
  say(status);
  const [fills, denials, alerts] = await Promise.all(["fills", "denials", "alerts"].map(look));
  drawFills(fills, status.fills);
  drawDenials(denials, status.denied);
  drawAlerts(alerts);
  await askSeries();
}

async function loop() {
  for (;;) {
    try {
      await refresh();
      document.body.dataset.ready = "yes";
      if (snapshot.status.phase === "finished") return;
    } catch (error) {
      if (snapshot) drawBanner(snapshot.status, true);
      notice([["bad", `The engine does not answer: ${error.message}`]]);
    }
    await new Promise((done) => setTimeout(done, 1000));
  }
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────

const kept = [];
const MOST_KEPT = 2000;
const MOST_SHOWN = 200;
let isDrawing = false;

function drawEvents() {
  isDrawing = false;
  if (byId("hold").getAttribute("aria-pressed") === "true") return;
  const wanted = byId("filter").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const takes = (line) => wanted.every((word) => line.text.toLowerCase().includes(word));
  const shown = [];
  for (let at = kept.length - 1; at >= 0 && shown.length < MOST_SHOWN; at -= 1) if (takes(kept[at])) shown.push(kept[at]);
  const rows = shown.map(({ seq, ts, kind, told, whole }) => {
    const row = element("li");
    row.append(element("span", "", seq), element("span", "", when(ts)), element("span", "", kind), element("span", "", told));
    row.title = whole;
    return row;
  });
  byId("events").replaceChildren(...(rows.length ? rows : [element("p", "empty", kept.length ? "No event fits the filter." : "No events yet.")]));
}

function drawEventsSoon() {
  if (isDrawing) return;
  isDrawing = true;
  setTimeout(drawEvents, 200);
}

// Numbers that a browser would round, as text.
const exact = (json) => json.replace(/"(?:[^"\\]|\\.)*"|\d{16,}/g, (found) => (found.startsWith('"') ? found : `"${found}"`));

function inWords(said) {
  if (typeof said === "object") return JSON.stringify(said);
  return /^\d{19}$/.test(said) ? when(said) : String(said);
}

function takeFrame(frame) {
  const field = (name) => frame.split("\n").filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2)).join("\n");
  const text = field("data");
  if (!text) return null;
  const id = field("id");
  if (field("event") === "gap") {
    kept.push({ seq: "…", ts: Date.now() * 1e6, kind: "gap", told: "events are missing here; the journal has them", whole: "", text: "gap" });
    return null;
  }
  const event = JSON.parse(exact(text));
  const told = Object.entries(event.data).map(([name, said]) => `${name} ${inWords(said)}`).join(" · ");
  kept.push({ seq: String(event.seq), ts: event.ts, kind: event.kind, told, whole: text, text: `${event.kind} ${told}` });
  if (kept.length > MOST_KEPT) kept.splice(0, kept.length - MOST_KEPT);
  drawEventsSoon();
  return id;
}

async function listen() {
  let lastId = null;
  for (;;) {
    try {
      const asked = lastId === null ? { ...headers() } : { ...headers(), "Last-Event-ID": lastId };
      const answer = await fetch("events?tail=200", { headers: asked });
      if (!answer.ok) throw new Error(String(answer.status));
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let waiting = "";
      for (;;) {
        const { value: text, done } = await reader.read();
        if (done) break;
        const frames = (waiting + text).split("\n\n");
        waiting = frames.pop();
        for (const frame of frames) lastId = takeFrame(frame) || lastId;
      }
    } catch (error) {
      // The loop above says that the engine does not answer.
    }
    await new Promise((done) => setTimeout(done, 2000));
  }
}

// ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────

const COMMANDS = {
  pause: ["Pause strategies", "Strategies ask for no new orders. Open orders stay.", ["reason"]],
  resume: ["Resume strategies", "Strategies go on.", ["reason"]],
  "reduce-only": ["Reduce only", "Only orders that reduce exposure may go; the others are canceled. It stays so until it is released.", ["all", "reason"]],
  "cancel-all": ["Cancel open orders", "Every open order is canceled. Strategies may send new ones: pause them first if they must not.", ["instrument", "all", "reason"]],
  kill: ["Kill", "Nothing may go, every open order is canceled. It stays so, also across restarts, until it is released.", ["flatten", "all", "reason"]],
  release: ["Release the kill switch", "Trading goes on. The reason is kept in the journal.", ["reason"]],
  "set-limit": ["Set a limit", "It holds from the next order on. 'off' takes the limit away.", ["key", "value", "instrument", "reason"]],
};
const form = byId("ask-form");
let asked = null;

function open(command, title, about, fields, danger) {
  asked = command;
  byId("ask-title").textContent = title;
  byId("ask-about").textContent = about;
  byId("ask-error").textContent = "";
  for (const label of form.querySelectorAll("label")) {
    const name = label.dataset.for;
    if (name === "token") label.hidden = Boolean(token) && command !== null;
    else if (name === "by") label.hidden = command === null;
    else label.hidden = !fields.includes(name);
    const input = label.querySelector("input");
    if (input.type === "checkbox") input.checked = false;
    // Who it is stays who it is.
    else if (name !== "token" && name !== "by") input.value = "";
  }
  const keys = snapshot ? [...new Set(snapshot.limits.map((row) => row.key))] : [];
  byId("limit-keys").replaceChildren(...keys.map((key) => new Option(key)));
  byId("ask-yes").textContent = command ? title : "Go on";
  byId("ask-yes").className = danger ? "danger" : "";
  if (!byId("ask").open) byId("ask").showModal();
}

let tokenAsked = null;
function askForToken() {
  token = "";
  open(null, "Token", "Looking at this run takes the token, because it is served beyond this machine.", []);
  return new Promise((done) => (tokenAsked = done));
}

function bodyOf(command) {
  const body = { by: form.elements.by.value.trim() || "console" };
  for (const name of COMMANDS[command][2]) {
    const input = form.elements[name];
    if (input.type === "checkbox") {
      if (input.checked) body[name] = true;
    } else if (input.value.trim()) {
      body[name] = input.value.trim();
    }
  }
  return body;
}

async function command(name) {
  const answer = await fetch(name, {
    method: "POST",
    headers: { ...headers(), "Content-Type": "application/json" },
    body: JSON.stringify(bodyOf(name)),
  });
  const said = await answer.json();
  if (answer.status === 401) {
    token = "";
    form.querySelector('[data-for="token"]').hidden = false;
  }
  if (!answer.ok) throw new Error(said.error);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  token = form.elements.token.value.trim() || token;
  form.elements.token.value = "";
  try {
    if (asked) await command(asked);
    byId("ask").close();
    if (tokenAsked) tokenAsked();
    tokenAsked = null;
  } catch (error) {
    byId("ask-error").textContent = error.message;
  }
});
byId("ask-no").addEventListener("click", () => byId("ask").close());
for (const button of byId("controls").querySelectorAll("button")) {
  const name = button.dataset.command;
  button.addEventListener("click", () => open(name, ...COMMANDS[name], name === "kill"));
}

// ── the rest ────────────────────────────────────────────────────────────────────────────────────────────────────

byId("filter").addEventListener("input", drawEventsSoon);
byId("hold").addEventListener("click", () => {
  const isHeld = byId("hold").getAttribute("aria-pressed") === "true";
  byId("hold").setAttribute("aria-pressed", String(!isHeld));
  drawEventsSoon();
});
byId("events").addEventListener("click", (event) => event.target.closest("li")?.classList.toggle("open"));
byId("instrument").addEventListener("change", () => askSeries().catch(() => {}));

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  redrawCharts();
}
byId("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
let width = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth !== width) redrawCharts();
  width = window.innerWidth;
});

const wished = new URLSearchParams(location.search).get("theme");
setTheme(wished === "dark" || (!wished && matchMedia("(prefers-color-scheme: dark)").matches) ? "dark" : "light");
loop();
listen();
