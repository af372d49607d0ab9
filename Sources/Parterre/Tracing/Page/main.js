// Puts the page together: state, what follows from a change of it, buttons and keys.

const trace = readTrace(byID("trace").textContent);
trace.has = {
  drafts: trace.rows.accepted.some(value => value > 0) || trace.rows.rejected.some(value => value > 0),
  recompute: trace.rows.recompute.some(value => value > 0), swaps: trace.steps.swapped.some(value => value > 0),
};
const axis = new Axis(trace);
makeSpans(trace);
const settings = { axis: "steps", colour: "request", blocks: "map", reach: "used", time: "part" };
const cursor = { panel: null, step: null, row: null };
// The request that all pictures show before the others.
let picked = null;
const summary = summarise(trace);
readTheme(trace.requests.length);

const overview = new Overview();
byID("swap").hidden = !trace.has.swaps;
const panels = {
  blocks: new BlockPanel(), ...(trace.has.swaps ? { swap: new SwapPanel() } : {}), batch: new BatchPanel(), time: new TimePanel(),
  lanes: new LanePanel(),
};

function stepNumber(step) { return number(step + trace.dropped); }
function stepName(step) { return `Step ${stepNumber(step)}`; }

// MARK: Drawing

let isDrawn = true;
function redraw() {
  if (!isDrawn) return;
  isDrawn = false;
  requestAnimationFrame(() => {
    isDrawn = true;
    drawAll();
  });
}

function drawAll() {
  overview.draw();
  for (const panel of Object.values(panels)) panel.draw();
  drawCursors();
  const { first, last, from, to } = axis, isAll = from <= first && to >= last;
  const name = place => axis.mode === "steps" ? number(place + trace.dropped) : time(place - first);
  byID("window").textContent = trace.count === 0 ? "no step was recorded"
    : isAll ? `${count(trace.count, "step")}, ${time(trace.end[trace.count - 1] - trace.begin[0])}`
      : `${axis.mode === "steps" ? "steps " : ""}${name(from)} to ${name(to)}`;
}

function drawCursors() {
  overview.drawCursor();
  for (const panel of Object.values(panels)) panel.drawCursor();
}

function setCursor(panel, step, row) {
  if (cursor.panel === panel && cursor.step === step && cursor.row === row) return;
  Object.assign(cursor, { panel, step, row });
  if (panel === null) hideTip();
  drawCursors();
}

function swatch(colour, isStriped = false) {
  const canvas = element("canvas", { width: 24, height: 24, style: { width: "12px", height: "12px" }, "aria-hidden": "true" });
  const brush = canvas.getContext("2d");
  brush.fillStyle = css(colour);
  brush.fillRect(0, 0, 24, 24);
  if (isStriped) {
    brush.fillStyle = stripes(brush, 1.6);
    brush.fillRect(0, 0, 24, 24);
  }
  brush.strokeStyle = css(theme.ink, 0.25);
  brush.strokeRect(0, 0, 24, 24);
  return canvas;
}

// A mark that stands in a picture.
function sign(letter, colour) { return element("b", { style: { color: css(colour) }, "aria-hidden": "true" }, letter); }

function showLegends() {
  for (const [name, panel] of Object.entries(panels)) {
    if (name === "swap") continue;
    byID(`l-${name}`).replaceChildren(...panel.legend().map(([text, colour, look]) =>
      element("span", {}, typeof look === "string" ? sign(look, colour) : swatch(colour, look), text)));
  }
}

// Everything, after colours have changed.
function repaint() {
  readTheme(trace.requests.length);
  showFigures(summary);
  showLegends();
  showTable();
  drawAll();
}

// MARK: The tip beside the pointer

function showTip(content, x, y) {
  const tip = byID("tip");
  if (content === null) return hideTip();
  const title = element("b", {}, content.title);
  if (content.colour) title.prepend(element("i", { style: { background: css(content.colour) } }));
  tip.replaceChildren(title, element("div", { className: "of" },
    ...content.facts.flatMap(([name, value]) => [element("span", {}, name), element("span", {}, value)])));
  tip.hidden = false;
  const width = tip.offsetWidth, height = tip.offsetHeight, room = 12;
  const left = x + 16 + width + room > innerWidth ? x - 16 - width : x + 16;
  tip.style.left = `${Math.max(room, left)}px`;
  tip.style.top = `${Math.max(room, Math.min(y + 14, innerHeight - height - room))}px`;
}

function hideTip() { byID("tip").hidden = true; }

function say(content) {
  byID("said").textContent = content === null ? "" : [content.title, ...content.facts.map(fact => fact.join(" "))].join(", ");
}

// MARK: Choosing

function pick(request) {
  picked = request === picked ? null : request;
  byID("find").value = picked?.name ?? "";
  if (picked) byID("said").textContent = `${picked.name} is picked`;
  showTable();
  redraw();
}

function find(text) {
  const words = text.trim().toLowerCase();
  if (words === "") return null;
  return trace.requests.find(request => request.name.toLowerCase() === words || String(request.number) === words)
    ?? trace.requests.find(request => request.name.toLowerCase().includes(words)) ?? null;
}

function set(name, value) {
  settings[name] = value;
  if (name === "axis") axis.turn(value);
  if (name === "reach" || name === "blocks") panels.blocks.rows = null;
  for (const button of document.querySelectorAll("[data-set]")) {
    const [key, choice] = button.dataset.set.split("=");
    button.setAttribute("aria-pressed", String(settings[key] === choice));
  }
  hideTip();
  showLegends();
  redraw();
}

const actions = {
  in: () => axis.zoom(0.5), out: () => axis.zoom(2),
  all: () => { axis.showAll(); for (const panel of Object.values(panels)) panel.rows = null; },
};

for (const button of document.querySelectorAll("[data-set]")) {
  button.addEventListener("click", () => set(...button.dataset.set.split("=")));
}
for (const button of document.querySelectorAll("[data-do]")) {
  button.addEventListener("click", () => { actions[button.dataset.do](); redraw(); });
}
byID("help-button").addEventListener("click", event => {
  byID("help").hidden = !byID("help").hidden;
  event.currentTarget.setAttribute("aria-expanded", String(!byID("help").hidden));
});
byID("find").addEventListener("input", event => {
  const request = find(event.target.value);
  if (request === picked) return;
  picked = request;
  showTable();
  redraw();
});
byID("more").addEventListener("click", () => { table.shown += 500; showTable(); });
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
  if (event.key === "Escape") { setCursor(null, null, null); pick(null); return; }
  const action = { "+": "in", "=": "in", "-": "out", "_": "out", "0": "all" }[event.key];
  if (!action) return;
  actions[action]();
  redraw();
});
darkPage.addEventListener("change", repaint);
matchMedia("print").addEventListener("change", event => { onPaper = event.matches; repaint(); });
addEventListener("beforeprint", () => { onPaper = true; repaint(); });
addEventListener("afterprint", () => { onPaper = false; repaint(); });

byID("about").textContent = trace.about.map(({ name, value }) => `${name} ${value}`.trim()).join(" · ");
byID("block-tokens").textContent = number(trace.settings.blockTokens);
byID("names").replaceChildren(...trace.requests.slice(0, 1000).map(request => element("option", { value: request.name })));
byID("reach").hidden = trace.usedBlocks >= trace.settings.blocks || trace.usedBlocks === 0;
if (trace.dropped > 0) {
  byID("dropped").hidden = false;
  byID("dropped").textContent = `The first ${count(trace.dropped, "step")} are not shown: a trace keeps `
    + `${number(trace.settings.stepLimit)} steps at most, the last ones. Steps, tokens and preemptions above are of the whole run, `
    + "times and latencies of what is shown.";
}
if (trace.totals.preemptions > 0 || trace.usedBlocks > trace.settings.blocks * 0.5) settings.reach = "all";
// Where many blocks share a pixel, their colours run into one another.
if (trace.usedBlocks > 4000) settings.blocks = "share";
set("axis", "steps");
repaint();
document.documentElement.dataset.ready = "yes";
