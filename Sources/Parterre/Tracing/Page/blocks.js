// The cache over time: the map of its blocks, or how many each request holds.

class BlockPanel extends Panel {
  constructor() { super("blocks", "Cache blocks over time"); }

  get isUpward() { return true; }
  get isMap() { return settings.blocks === "map"; }
  get reach() {
    const { blocks } = trace.settings;
    return settings.reach === "all" ? blocks : Math.min(blocks, Math.max(4, trace.usedBlocks));
  }
  get allRows() { return this.isMap ? this.reach : null; }

  colour(cell) {
    const { cells } = trace, kind = cells.kind[cell];
    const request = trace.sequences[cells.sequence[cell]].of.index;
    // A cached block keeps a shade of who held it last.
    const colour = kind === Cell.cached ? (settings.colour === "state" ? theme.cached : theme.cachedRequests[request])
      : settings.colour === "state" ? (kind === Cell.shared ? theme.shared : theme.owned)
      : (kind === Cell.shared ? theme.sharedRequests : theme.requests)[request];
    return picked === null || picked.index === request ? colour : mix(theme.field, colour, 0.16);
  }

  paint(context, plot, scale) { if (this.isMap) this.paintMap(context, plot, scale); else this.paintShares(context, plot, scale); }

  // Where a cell begins and ends on the axis; held over a gap between two steps is held.
  ends(cell) {
    const { cells } = trace;
    return [axis.left(cells.from[cell]), axis.right(cells.until[cell] - 1)];
  }

  paintMap(context, { x, y, width, height }, scale) {
    const { cells } = trace, { from, to } = this.shownRows, rows = to - from;
    const wide = Math.round(width * scale), perPixel = wide / axis.length;
    const raster = new Raster(wide, Math.round(height * scale), rows), marked = [];
    const first = axis.firstStep, past = axis.pastStep, tall = height / rows, ends = [];
    for (let cell = 0; cell < cells.block.length; cell++) {
      const block = cells.block[cell];
      if (block < from || block >= to || cells.until[cell] <= first || cells.from[cell] >= past) continue;
      const [left, right] = this.ends(cell);
      raster.add(to - 1 - block, (left - axis.from) * perPixel, (right - axis.from) * perPixel, this.colour(cell));
      if (cells.kind[cell] === Cell.shared && tall >= 5) marked.push(cell);
      if (cells.fate[cell] !== Fate.kept && tall >= 3) ends.push(cell);
    }
    raster.draw(context, x, y, width, height, theme.field);
    if (settings.colour === "request" && marked.length < 5000) {
      context.fillStyle = stripes(context, 1);
      for (const cell of marked) {
        const [left, right] = this.ends(cell), top = this.y(cells.block[cell] + 1);
        context.fillRect(this.x(left), top, this.x(right) - this.x(left), tall);
      }
    }
    for (const cell of ends.length < 20000 ? ends : []) {
      context.fillStyle = css(cells.fate[cell] === Fate.evicted ? theme.evicted : theme.adopted);
      context.fillRect(this.x(this.ends(cell)[1]) - 1, this.y(cells.block[cell] + 1) + tall * 0.1, 2, tall * 0.8);
    }
    if (tall < 7) return;
    context.fillStyle = css(theme.card, 0.75);
    for (let row = from + 1; row < to; row++) context.fillRect(x, Math.round(this.y(row)) - 0.5, width, 1);
  }

  paintShares(context, { x, y, width, height }, scale) {
    const { cells, requests } = trace, wide = Math.round(width * scale), perPixel = wide / axis.length;
    const first = axis.firstStep, past = axis.pastStep;
    // Who holds how much: owned blocks of each request from the bottom up, then shared, then cached ones.
    const layers = new Map();
    for (let cell = 0; cell < cells.block.length; cell++) {
      if (cells.until[cell] <= first || cells.from[cell] >= past) continue;
      const kind = cells.kind[cell], request = trace.sequences[cells.sequence[cell]].of.index;
      const colour = this.colour(cell), isOne = settings.colour === "state" && picked === null;
      const key = kind * (requests.length + 1) + (isOne ? 0 : request + 1);
      let layer = layers.get(key);
      if (!layer) layers.set(key, layer = { raster: new Float32Array(wide + 2), colour });
      const [left, right] = this.ends(cell);
      const ends = [Math.max(0, (left - axis.from) * perPixel), Math.min(wide, (right - axis.from) * perPixel)];
      if (ends[1] <= ends[0]) continue;
      for (const [at, sign] of [[ends[0], 1], [ends[1], -1]]) {
        const whole = Math.floor(at), part = at - whole;
        layer.raster[whole] += sign * (1 - part);
        layer.raster[whole + 1] += sign * part;
      }
    }
    const base = new Float32Array(wide), reach = this.reach;
    for (const key of [...layers.keys()].sort((a, b) => a - b)) {
      const { raster, colour } = layers.get(key), path = new Path2D();
      let sum = 0;
      for (let column = 0; column < wide; column++) {
        sum += raster[column];
        if (sum > 1e-3) {
          const low = base[column] / reach * height, size = sum / reach * height;
          path.rect(x + column / scale, y + height - low - size, 1 / scale, size);
          base[column] += sum;
        }
      }
      context.fillStyle = css(colour);
      context.fill(path);
    }
  }

  paintSide(context) {
    if (!this.isMap) return this.paintScale(context, this.reach, margin.top, margin.top + this.plot.height);
    const { from, to } = this.shownRows, gap = roundGap((to - from) / (this.plot.height / 26), true);
    context.fillStyle = css(theme.soft);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (let row = Math.ceil(from / gap) * gap; row < to; row += gap) {
      context.fillText(number(row), margin.left - 8, Math.max(margin.top + 6, this.y(row + 0.5)));
    }
  }

  cellAt(step, block) {
    for (const cell of trace.cellsOf.of(block)) {
      if (trace.cells.from[cell] <= step && step < trace.cells.until[cell]) return cell;
    }
    return null;
  }

  requestAt(step, block) {
    if (step === null || block === null) return null;
    const cell = this.cellAt(step, block);
    return cell === null || trace.cells.kind[cell] === Cell.cached ? null : trace.sequences[trace.cells.sequence[cell]].of;
  }

  tip(step, block) {
    if (!this.isMap) {
      const used = trace.steps.blocks[step], cached = trace.steps.cached[step], { blocks } = trace.settings;
      return { title: stepName(step), facts: [["blocks in use", `${number(used)} of ${number(blocks)}, ${percent(used / blocks)}`],
        ...(cached > 0 ? [["cached, no owner", count(cached, "block")]] : []),
        ...(trace.steps.swapped[step] > 0 ? [["swapped out", count(trace.steps.swapped[step], "block")]] : [])] };
    }
    const facts = [], cell = this.cellAt(step, block), { cells, holdings, settings: { blockTokens } } = trace;
    if (cell === null) return { title: `Block ${number(block)} · free`, facts: [["step", stepNumber(step)]] };
    if (cells.kind[cell] === Cell.cached) {
      const past = cells.until[cell], fates = { [Fate.adopted]: "taken over", [Fate.evicted]: "evicted" };
      facts.push(["last held by", trace.sequences[cells.sequence[cell]].name], ["cached since", `step ${stepNumber(cells.from[cell])}`]);
      if (cells.fate[cell] in fates) facts.push([fates[cells.fate[cell]], `step ${stepNumber(past)}`]);
      facts.push(["step", stepNumber(step)]);
      return { title: `Block ${number(block)} · cached, no owner`, colour: this.colour(cell), facts };
    }
    const holders = Array.from(trace.holdingsOf.of(block))
      .filter(holding => holdings.from[holding] <= step && step < holdings.until[holding]);
    const sequence = trace.sequences[holdings.sequence[holders[0]]], logical = holdings.logical[holders[0]];
    facts.push(["its place", `block ${number(logical)} of the sequence, tokens from ${number(logical * blockTokens)} on`]);
    facts.push(["prompt", count(sequence.promptTokens, "token")], ["generated", count(sequence.generatedTokens, "token")]);
    const from = Math.min(...holders.map(holding => holdings.from[holding]));
    const until = Math.max(...holders.map(holding => holdings.until[holding]));
    facts.push(["held", `step ${stepNumber(from)} to ${stepNumber(until - 1)}`], ["step", stepNumber(step)]);
    if (holders.length > 1) {
      const names = holders.slice(0, 6).map(holding => trace.sequences[holdings.sequence[holding]].name);
      facts.unshift(["shared by", `${holders.length}: ${names.join(", ")}${holders.length > 6 ? " …" : ""}`]);
    }
    return { title: `Block ${number(block)} · ${sequence.name}`, colour: theme.requests[sequence.of.index], facts };
  }

  legend() {
    const entries = settings.colour === "request"
      ? [["a request's", theme.requests[0] ?? theme.owned], ["shared", theme.sharedRequests[0] ?? theme.shared, true]]
      : [["owned", theme.owned], ["shared", theme.shared]];
    if (trace.cells.kind.includes(Cell.cached)) {
      entries.push(["cached, no owner", settings.colour === "state" ? theme.cached : theme.cachedRequests[0]]);
      const has = fate => this.isMap && trace.cells.fate.includes(fate);
      if (has(Fate.adopted)) entries.push(["taken over", theme.adopted, "|"]);
      if (has(Fate.evicted)) entries.push(["evicted", theme.evicted, "|"]);
    }
    return [...entries, ["free", theme.field], ...(trace.has.swaps ? [["slots of the swap space, below", theme.swap]] : [])];
  }
}
