"use strict";
// The cache's blocks as a grid: whose each is, what several share, what is kept for others.

const grid = {
  // A code for each cell, as the server sends them (0 free, 1 cached, 2 + 2·i held by sequence i, 3 + 2·i shared).
  cells: [], perCell: 1, total: 0, sequences: [], moment: null,
  // Who held a cell last, by its place; the colour of what is cached.
  last: [],
  size: 22, columns: 1, shown: 0, cursor: null, standsOut: null, pattern: null,
};

const cellSizes = [48, 40, 34, 29, 25, 22, 19, 17, 15, 13, 12, 10, 8, 6, 5, 4, 3];

function showBlocks(moment) {
  const { blocks } = moment;
  if (grid.perCell !== blocks.per_cell) { grid.last = []; grid.perCell = blocks.per_cell; }
  grid.cells = [];
  for (let at = 0; at < blocks.cells.length; at += 2) {
    for (let times = blocks.cells[at + 1]; times > 0; times--) grid.cells.push(blocks.cells[at]);
  }
  grid.sequences = moment.sequences;
  grid.total = blocks.total;
  grid.moment = moment;
  grid.cells.forEach((code, place) => {
    const owner = ownerOf(code);
    if (owner) grid.last[place] = owner.request;
  });
  drawBlocks();
  showBlocksNote();
}

function ownerOf(code) { return code >= 2 ? grid.sequences[code - 2 >> 1] ?? null : null; }
function isShared(code) { return code >= 2 && code % 2 === 1; }

function cellColour(place) {
  const code = grid.cells[place] ?? 0;
  if (code === 0) return theme.field;
  if (code === 1) return cachedColour(grid.last[place] === undefined ? theme.cached : colourOf(grid.last[place]));
  const owner = ownerOf(code), colour = owner ? colourOf(owner.request) : theme.owned;
  const full = isShared(code) ? sharedColour(colour) : colour, chosen = grid.standsOut ?? picked;
  return chosen !== null && owner?.request !== chosen ? mix(theme.card, full, 0.3) : full;
}

// The largest size that all cells have room in; of a large cache only the blocks that were used need to.
function layOut(width, height) {
  const cellsInAll = Math.ceil(grid.total / grid.perCell);
  for (const size of cellSizes) {
    grid.size = size;
    grid.columns = Math.max(1, Math.floor(width / size));
    const room = grid.columns * Math.max(1, Math.floor(height / size));
    grid.shown = Math.min(cellsInAll, room);
    if (room >= cellsInAll || size <= 12 && room >= grid.cells.length) return;
  }
  grid.shown = Math.max(grid.shown, grid.cells.length);
}

function drawBlocks() {
  const canvas = byID("blocks"), scale = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas.parentElement;
  if (theme === null || width === 0) return;
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== across || canvas.height !== down) { canvas.width = across; canvas.height = down; }
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, across, down);
  layOut(width, height);
  const gap = Math.max(1, Math.round(Math.min(grid.size, 22) * scale / 9));
  const pattern = stripes(context, scale);
  for (let place = 0; place < grid.shown; place++) {
    const left = Math.round(place % grid.columns * grid.size * scale), top = Math.round(Math.floor(place / grid.columns) * grid.size * scale);
    const side = Math.max(1, Math.round(grid.size * scale) - gap);
    context.fillStyle = css(cellColour(place));
    context.fillRect(left, top, side, side);
    if (isShared(grid.cells[place] ?? 0)) {
      context.fillStyle = pattern;
      context.fillRect(left, top, side, side);
    }
    if (place === grid.cursor) {
      context.strokeStyle = css(theme.ink, 0.9);
      context.lineWidth = 2 * scale;
      context.strokeRect(left, top, side, side);
    }
  }
  canvas.dataset.shown = grid.shown;
}

function showBlocksNote() {
  const { blocks } = grid.moment, left = Math.ceil(grid.total / grid.perCell) - grid.shown;
  const words = [`${number(blocks.used)} held`];
  if (blocks.shared > 0) words.push(`${number(blocks.shared)} of them shared`);
  words.push(`${number(blocks.cached)} cached`, `${number(blocks.total - blocks.used - blocks.cached)} free`);
  if (left > 0) words.push(`${number(left * grid.perCell)} free ones are not drawn`);
  if (grid.perCell > 1) words.push(`a cell is ${grid.perCell} blocks`);
  byID("blocks-note").textContent = words.join(" · ");
}

function showBlocksLegend() {
  const entries = [["a request’s", requestColour(0)], ["shared", sharedColour(requestColour(0)), true],
    ["cached", cachedColour(requestColour(0))], ["free", theme.field]];
  byID("l-blocks").replaceChildren(...entries.map(([name, colour, isStriped]) => {
    const scale = devicePixelRatio || 1, sample = element("canvas", { width: 12 * scale, height: 12 * scale });
    Object.assign(sample.style, { width: "12px", height: "12px" });
    const context = sample.getContext("2d");
    context.fillStyle = css(colour);
    context.fillRect(0, 0, sample.width, sample.height);
    if (isStriped) {
      context.fillStyle = stripes(context, scale);
      context.fillRect(0, 0, sample.width, sample.height);
    }
    return element("span", {}, sample, name);
  }));
}

// MARK: Pointer and keyboard

function cellWords(place) {
  const code = grid.cells[place] ?? 0, owner = ownerOf(code), first = place * grid.perCell;
  const name = grid.perCell > 1 ? `Blocks ${number(first)} to ${number(first + grid.perCell - 1)}` : `Block ${number(first)}`;
  const state = code === 0 ? "free" : code === 1 ? "cached, held by nobody"
    : `${isShared(code) ? "shared, first held by" : "held by"} ${owner ? sequenceName(owner) : "one that is not listed"}`;
  return { name, state, colour: code > 0 ? cellColour(place) : null };
}

function showCell(place, x, y) {
  grid.cursor = place;
  drawBlocks();
  const tip = byID("tip");
  tip.hidden = place === null;
  if (place === null) return;
  const { name, state, colour } = cellWords(place);
  tip.replaceChildren(...(colour ? [element("i", { style: { background: css(colour) } })] : []), element("b", {}, name), `: ${state}`);
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(innerWidth - box.width - 8, x + 14))}px`;
  tip.style.top = `${y + box.height + 28 > innerHeight ? y - box.height - 10 : y + 16}px`;
}

function standOut(request) {
  grid.standsOut = request;
  drawBlocks();
}

function listenToBlocks() {
  const canvas = byID("blocks");
  canvas.addEventListener("pointermove", event => {
    const box = canvas.getBoundingClientRect(), column = Math.floor((event.clientX - box.left) / grid.size);
    const place = Math.floor((event.clientY - box.top) / grid.size) * grid.columns + column;
    showCell(column < grid.columns && place < grid.shown ? place : null, event.clientX, event.clientY);
  });
  canvas.addEventListener("pointerleave", () => showCell(null));
  canvas.addEventListener("blur", () => showCell(null));
  canvas.addEventListener("click", () => {
    const owner = grid.cursor === null ? null : ownerOf(grid.cells[grid.cursor] ?? 0);
    pickRequest(owner && owner.request !== picked ? owner.request : null);
  });
  canvas.addEventListener("keydown", event => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.columns, ArrowDown: grid.columns }[event.key];
    if (event.key === "Enter" && grid.cursor !== null) canvas.click();
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey || grid.shown === 0) return;
    event.preventDefault();
    const place = grid.cursor === null ? 0 : Math.min(grid.shown - 1, Math.max(0, grid.cursor + by)), box = canvas.getBoundingClientRect();
    showCell(place, box.left + (place % grid.columns + 0.5) * grid.size, box.top + (Math.floor(place / grid.columns) + 0.5) * grid.size);
    const { name, state } = cellWords(place);
    byID("said").textContent = `${name}: ${state}`;
  });
  new ResizeObserver(drawBlocks).observe(canvas.parentElement);
}
