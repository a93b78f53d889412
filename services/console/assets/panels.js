// The panels: from what the API shows to what a person sees. Text is only ever set as text.
"use strict";

const byId = (id) => document.getElementById(id);

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// An exact decimal with its thousands set apart, cut to some places for the eye; the whole of it is its title.
function decimal(text, places) {
  if (text === undefined || text === null) return "–";
  const [, sign, whole, rest] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) || [null, "", text, ""];
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  let decimals = rest || "";
  if (places !== undefined) decimals = decimals.slice(0, places).padEnd(places, "0");
  const shown = grouped + (decimals ? "." + decimals : "");
  // What is too small to be seen has no sign.
  return (sign && /[1-9]/.test(shown) ? "−" : "") + shown;
}

const signOf = (text) => (text === undefined || Number(text) === 0 ? "" : text.startsWith("-") ? "bad" : "good");

function when(ts) {
  const at = new Date(Number(ts) / 1e6);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}.${String(at.getUTCMilliseconds()).padStart(3, "0")}`;
}

function time(ns) {
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(1)} µs`;
  if (ns < 1e9) return `${(ns / 1e6).toFixed(1)} ms`;
  return `${(ns / 1e9).toFixed(2)} s`;
}

function age(ms) {
  if (ms === undefined) return "–";
  if (ms < 1000) return `${ms} ms`;
  if (ms < 120000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.round(ms / 60000)} min`;
}

function number(text, places, tone) {
  const shown = decimal(text, places);
  return { text: shown, title: text, className: "n " + (/[1-9]/.test(shown) && tone ? tone : "") };
}
const right = (text) => ({ text, className: "n" });
const side = (text) => ({ text, className: text === "buy" ? "good" : "bad" });

// Draws a table; a cell is text, or {text, title, className, node}. Where more rows are known than drawn, it says so.
function table(place, columns, rows, nothing, known) {
  const heading = place.parentElement.querySelector("h2");
  let count = heading.querySelector(".count");
  if (!count) heading.append((count = element("span", "count")));
  const isCut = known > rows.length;
  count.textContent = isCut ? `${rows.length} of ${decimal(String(known))}` : rows.length ? String(rows.length) : "";
  if (!rows.length) return place.replaceChildren(element("p", "empty", nothing));
  const made = element("table");
  const head = made.createTHead().insertRow();
  for (const [name, isNumber] of columns) head.append(element("th", isNumber ? "n" : "", name));
  const body = made.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const cell of row) {
      const { text, title, className, node } = typeof cell === "object" ? cell : { text: cell };
      const drawn = line.insertCell();
      if (className) drawn.className = className;
      if (title !== undefined) drawn.title = title;
      if (node) drawn.append(node);
      else drawn.textContent = text === undefined ? "–" : text;
    }
  }
  const { scrollTop, scrollLeft } = place;
  place.replaceChildren(made);
  [place.scrollTop, place.scrollLeft] = [scrollTop, scrollLeft];
}

// What was measured or allowed: a number as it stands, at most four places of it, or words.
function measure(text, tone) {
  const isNumber = text === undefined || /^-?\d+(\.\d+)?$/.test(text);
  return isNumber ? number(text, text && places(text) > 4 ? 4 : undefined, tone) : { text, className: "n " + (tone || "") };
}

const places = (text) => (text && text.includes(".") ? text.split(".")[1].length : 0);
const widest = (texts) => Math.min(8, Math.max(0, ...texts.map(places)));

// Prices of an instrument are shown with as many places as its quotes have had, and at least two.
const quoted = new Map();
const pricePlaces = (instrument) => quoted.get(instrument) || 2;
const price = (row, text) => number(text, pricePlaces(row.instrument));
function learnPlaces(markets) {
  for (const { instrument, bid, ask } of markets) quoted.set(instrument, Math.max(pricePlaces(instrument), widest([bid, ask])));
}

function drawPositions(rows) {
  const shown = rows.filter((row) => row.qty !== "0" || row.realized !== "0" || row.fees !== "0");
  const qty = widest(shown.map((row) => row.qty));
  table(byId("positions"),
    [["Instrument"], ["Quantity", 1], ["Unrealised", 1], ["Realised", 1], ["Fees", 1], ["Average", 1], ["Mark", 1], ["Strategy"]],
    shown.map((row) => [row.instrument, number(row.qty, qty, signOf(row.qty)), number(row.unrealized, 2, signOf(row.unrealized)),
      number(row.realized, 2, signOf(row.realized)), number(row.fees, 2), price(row, row.average), price(row, row.mark), row.strategy]),
    "No positions. Nothing has been filled.");
}

function bar(percent) {
  const made = element("div", "bar");
  const filled = element("i", percent >= 100 ? "bad" : percent >= 80 ? "warn" : "");
  filled.style.width = `${Math.min(100, percent)}%`;
  made.append(filled);
  return made;
}

function drawLimits(rows) {
  table(byId("limits"), [["Limit"], ["Of"], [""], ["Head-room", 1], ["Used", 1], ["Allowed", 1]],
    rows.map((row) => [row.key, { text: row.instrument || "account", className: "soft" },
      row.percent === undefined ? { text: "each order", className: "soft" } : { node: bar(row.percent), title: `${row.percent} % used` },
      measure(row.room, row.room && row.room.startsWith("-") ? "bad" : ""), measure(row.used), measure(row.limit)]),
    "No limits are set.");
}

function drawOrders(rows) {
  const qty = widest(rows.map((row) => row.qty));
  table(byId("orders"),
    [["Instrument"], ["Side"], ["Quantity", 1], ["Price", 1], ["Filled", 1], ["Status"], ["Type"], ["Strategy"], ["Since"], ["Order"]],
    rows.map((row) => [row.instrument, side(row.side), number(row.qty, qty), price(row, row.price || row.stop_price), row.filled === "0" ? right("0") : number(row.filled, qty),
      row.status, row.order_type, row.strategy, when(row.requested_at), row.order]),
    "No open orders.");
}

function drawFills(rows, known) {
  const qty = widest(rows.map((row) => row.qty));
  table(byId("fills"),
    [["Time"], ["Instrument"], ["Side"], ["Quantity", 1], ["Price", 1], ["Fee", 1], ["Strategy"], ["Order"]],
    rows.slice(0, 100).map((row) => [when(row.ts), row.instrument, row.side ? side(row.side) : "–", number(row.qty, qty), price(row, row.price),
      number(row.fee, 4), row.strategy, row.order]),
    "No fills yet.", known);
}

function drawDenials(rows, known) {
  table(byId("denials"), [["Time"], ["Rule"], ["Measured", 1], ["Allowed", 1], ["Instrument"], ["Side"], ["Quantity", 1], ["Strategy"]],
    rows.slice(0, 100).map((row) => [when(row.ts), { text: row.rule, title: `${row.code}: ${row.meaning}` },
      measure(row.measured), measure(row.limit), row.instrument, row.side ? side(row.side) : "–", number(row.qty), row.strategy]),
    "No order was denied.", known);
}

function tone(row) {
  if (row.severity) return { info: "", warning: "warn", critical: "bad" }[row.severity];
  if (row.kind === "risk.state") return row.text.includes("is active") ? "good" : "bad";
  if (row.kind === "feed.status") return row.text.includes(" is live") ? "good" : row.text.includes(" is down") ? "bad" : "warn";
  if (row.kind === "operator.command") return "";
  return row.kind.startsWith("risk.") || row.kind.startsWith("order.") ? "bad" : "warn";
}

function drawAlerts(rows) {
  table(byId("alerts"), [["Time"], ["What"], ["Event", 1]],
    rows.slice(0, 100).map((row) => [when(row.ts), 
      { text: row.text, className: "wrap " + tone(row), title: row.rule ? `rule ${row.rule}, ${row.severity}` : row.kind }, right(String(row.seq))]),
    "Nothing has asked for attention.");
}

function drawMarkets(rows) {
  const feeds = { live: "good", stale: "warn", gap: "warn", down: "bad" };
  table(byId("markets"), [["Instrument"], ["Feed"], ["Bid", 1], ["Ask", 1], ["Lower band", 1], ["Upper band", 1], ["Age", 1], ["Net", 1]],
    rows.map((row) => [row.instrument, { text: row.feed || "silent", className: feeds[row.feed] || "soft" }, price(row, row.bid),
      price(row, row.ask), price(row, row.lower), price(row, row.upper), right(age(row.age_ms)), number(row.net, undefined, signOf(row.net))]),
    "No instrument is known yet.");
}

function drawLatency(rows) {
  table(byId("latency"), [["Stage"], ["Count", 1], ["p50", 1], ["p99", 1], ["p99.9", 1], ["Longest", 1]],
    rows.map((row) => [row.stage, right(decimal(String(row.count))), ...[row.p50_ns, row.p99_ns, row.p999_ns, row.max_ns].map((ns) => right(time(ns)))]),
    "Nothing was measured: a run that is only looked at takes no time.");
}

function drawTiles(snapshot, rate) {
  const { status, account } = snapshot;
  const lag = status.durable > 0 ? decimal(String(Math.max(0, status.seq - status.durable))) : "not synced";
  const tiles = [
    [`Equity, ${account.asset}`, decimal(account.equity, 2), ""],
    ["Profit", decimal(account.profit, 2), signOf(account.profit)],
    ["Today", decimal(account.day_profit, 2), signOf(account.day_profit)],
    ["Drawdown", decimal(account.drawdown, 2), Number(account.drawdown) > 0 ? "warn" : ""],
    ["Open orders", decimal(String(status.open_orders)), ""],
    ["Orders / fills / denied", [status.orders, status.fills, status.denied].map((n) => decimal(String(n))).join(" / "), ""],
    status.phase === "finished" ? ["Inputs", decimal(String(status.inputs)), ""] : ["Events a second", rate === null ? "–" : decimal(String(rate)), ""],
    status.phase === "finished" ? ["Events", decimal(String(status.seq)), ""] : ["Journal behind", lag, ""],
  ];
  // A recording has no account.
  const shown = status.mode === "record" ? tiles.slice(-2) : tiles;
  byId("tiles").replaceChildren(...shown.map(([name, value, className]) => {
    const tile = element("div");
    const told = element("dd", className, value);
    told.title = value;
    tile.append(element("dt", "", name), told);
    return tile;
  }));
}

function drawBanner(status, isAway) {
  const { trading, strategies, feed, phase, mode } = status;
  const words = { active: ["good", "active"], reduce_only: ["warn", "reduce only"], halted: ["bad", "halted"] };
  const badge = (name, value, className) => {
    const made = element("li", "badge " + className, name + " ");
    made.append(element("b", "", value));
    return made;
  };
  const shown = [badge("mode", mode, "")];
  if (mode !== "record") shown.push(badge("kill switch", words[trading][1], words[trading][0]));
  if (phase !== "finished") shown.push(badge("feeds", feed || "silent", { live: "good", down: "bad" }[feed] || "warn"));
  if (strategies === "paused") shown.push(badge("strategies", "paused", "warn"));
  if (phase !== "running") shown.push(badge("run", phase, phase === "ending" ? "warn" : ""));
  if (isAway) shown.unshift(badge("engine", "does not answer", "bad"));
  byId("badges").replaceChildren(...shown);
  const isBad = isAway || trading === "halted" || (phase !== "finished" && feed === "down");
  const isWarn = trading !== "active" || strategies === "paused" || (phase !== "finished" && feed !== "live");
  byId("banner").className = isBad ? "is-bad" : isWarn ? "is-warn" : phase === "finished" ? "" : "is-good";
  byId("run").textContent = status.run;
  byId("clock").textContent = `${new Date(Number(status.ts) / 1e6).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  document.title = `${isBad ? "● " : ""}${status.run} · Reprise`;
}
