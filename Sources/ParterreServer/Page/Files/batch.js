"use strict";
// A row for each sequence that runs or waits. Rows stay as long as their sequence does, so that a pointer and a focus stay, too.

const batchRows = new Map();
// The request whose blocks stand out, by number.
let picked = null;

const requestColours = new Map();

function colourOf(request) {
  let colour = requestColours.get(request);
  if (colour === undefined) {
    if (requestColours.size > 5000) requestColours.clear();
    colour = requestColour(request);
    requestColours.set(request, colour);
  }
  return colour;
}

function isMine(sequence) { return run !== null && (sequence.label === run.name || sequence.label?.startsWith(`${run.name}/`) === true); }

// Which of the run's texts a sequence writes.
function cardOf(sequence) {
  const copy = Number(sequence.label.slice(run.name.length + 1)) || 0;
  return run.cards[copy * run.body.n + sequence.sample];
}

function sequenceName(sequence) {
  if (isMine(sequence)) return run.cards.length > 1 ? `yours · ${run.cards.indexOf(cardOf(sequence)) + 1}` : "yours";
  // Names that the server made say less than a number.
  const name = sequence.label === null || sequence.label.startsWith("req_") ? `request ${sequence.request}` : sequence.label;
  return sequence.sample > 0 ? `${name} · ${sequence.sample + 1}` : name;
}

class BatchRow {
  constructor(sequence) {
    this.swatch = element("i", { "aria-hidden": "true" });
    this.label = element("span");
    this.button = element("button", { type: "button", "aria-pressed": "false" }, this.swatch, this.label);
    this.state = element("span", { className: "state" });
    this.fill = element("i");
    [this.prompt, this.text, this.rows, this.blocks] = Array.from({ length: 4 }, () => element("td"));
    this.rows.className = "rows";
    this.node = element("tr", {},
      element("td", {}, this.button), element("td", {}, this.state), this.prompt, this.text,
      element("td", { className: "wide" }, element("div", { className: "bar", "aria-hidden": "true" }, this.fill)), this.rows, this.blocks);
    this.button.addEventListener("click", () => pickRequest(picked === sequence.request ? null : sequence.request));
    this.node.addEventListener("pointerenter", () => standOut(sequence.request));
    this.node.addEventListener("pointerleave", () => standOut(null));
  }

  show(sequence) {
    const colour = css(colourOf(sequence.request));
    this.swatch.style.background = this.fill.style.background = colour;
    this.label.textContent = sequenceName(sequence);
    this.button.title = sequence.label ?? "";
    this.button.setAttribute("aria-pressed", String(picked === sequence.request));
    this.node.setAttribute("aria-selected", String(picked === sequence.request));
    this.node.dataset.mine = isMine(sequence) ? "yes" : "no";
    this.node.dataset.aside = ["waiting", "preempted", "swapped"].includes(sequence.state) ? "yes" : "no";
    this.state.textContent = this.state.dataset.state = sequence.state;
    this.fill.style.width = `${sequence.limit > 0 ? Math.min(100, 100 * sequence.generated_tokens / sequence.limit) : 0}%`;
    this.prompt.textContent = number(sequence.prompt_tokens);
    this.text.textContent = sequence.limit > 0 ? `${number(sequence.generated_tokens)} / ${number(sequence.limit)}` : number(sequence.generated_tokens);
    this.rows.textContent = number(sequence.rows);
    this.blocks.textContent = number(sequence.blocks);
  }
}

function showBatch(moment) {
  const body = document.querySelector("#batch tbody"), seen = new Set();
  let place = body.firstElementChild;
  for (const sequence of moment.sequences) {
    const key = `${sequence.request}.${sequence.sample}`;
    seen.add(key);
    let row = batchRows.get(key);
    if (row === undefined) batchRows.set(key, row = new BatchRow(sequence));
    row.show(sequence);
    if (isMine(sequence)) cardOf(sequence)?.mark(css(colourOf(sequence.request)));
    if (row.node === place) place = place.nextElementSibling;
    else body.insertBefore(row.node, place);
  }
  for (const [key, row] of batchRows) {
    if (seen.has(key)) continue;
    row.node.remove();
    batchRows.delete(key);
  }
  if (picked !== null && !moment.sequences.some(sequence => sequence.request === picked)) picked = null;
  byID("batch-note").textContent = moment.sequences.length === 0 ? "nothing runs"
    : moment.unlisted > 0 ? `and ${number(moment.unlisted)} more` : "";
}

function pickRequest(request) {
  picked = request;
  if (live.moment) showBatch(live.moment);
  drawBlocks();
}
