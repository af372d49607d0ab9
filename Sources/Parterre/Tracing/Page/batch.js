// What each step computed: upwards rows of sequences that write, downwards rows of prompts, each on its own scale.

class BatchPanel extends Panel {
  constructor() { super("batch", "Rows of each step: decoding above, prompts below"); }

  get middle() { return margin.top + Math.round(this.plot.height * 0.5); }

  paint(context, { x, y, width, height }, scale) {
    const wide = Math.round(width * scale), columns = new Columns(wide, axis, wide / axis.length), { rows } = trace;
    const up = columns.maxima(step => rows.decode[step] + rows.accepted[step] + rows.rejected[step]);
    const down = columns.maxima(step => rows.prefill[step] + rows.recompute[step]);
    const mostOf = values => Math.max(4, values.reduce((most, value) => Math.max(most, value), 0));
    this.scales = { up: mostOf(up), down: mostOf(down) };
    const middle = this.middle, room = middle - y - 6, depth = y + height - middle - 4;
    const bars = (amount, base, sign, colour) => {
      const path = new Path2D(), reach = sign > 0 ? room / this.scales.up : depth / this.scales.down;
      for (let column = 0; column < wide; column++) {
        if (!(amount[column] > 0)) continue;
        const size = amount[column] * reach, low = base === null ? 0 : base[column] * reach;
        path.rect(x + column / scale, sign > 0 ? middle - low - size : middle + low, 1 / scale, size);
        if (base !== null) base[column] += amount[column];
      }
      context.fillStyle = colour;
      context.fill(path);
    };
    bars(up, null, 1, css(theme.decode, 0.22));
    bars(down, null, -1, css(theme.ink, 0.13));
    const above = new Float32Array(wide + 2), below = new Float32Array(wide + 2);
    bars(this.ofPicked(columns, [Work.decode]) ?? columns.means(step => rows.decode[step]), above, 1, css(theme.decode));
    for (const kind of ["accepted", "rejected"]) {
      bars(columns.means(step => rows[kind][step]), above, 1, css(theme[kind], picked === null ? 1 : 0.3));
    }
    if (settings.colour === "state") {
      bars(columns.means(step => rows.prefill[step]), below, -1, css(theme.prefill));
    } else {
      for (const [request, amount] of this.prompts(columns, Work.prefill)) {
        bars(amount, below, -1, css(this.dim(theme.requests[request], request)));
      }
    }
    bars(columns.means(step => rows.recompute[step]), below, -1, css(theme.recompute));
    context.fillStyle = css(theme.ink, 0.5);
    context.fillRect(x, middle - 0.5, width, 1);
  }

  dim(colour, request) { return picked === null || picked.index === request ? colour : mix(theme.field, colour, 0.2); }

  // Mean rows of prompts by request.
  prompts(columns, work) {
    const { runs } = trace, sums = new Map();
    for (let run = 0; run < runs.step.length; run++) {
      const past = runs.step[run] + runs.count[run];
      if (runs.work[run] !== work || past <= axis.firstStep || runs.step[run] >= axis.pastStep) continue;
      const request = trace.sequences[runs.sequence[run]].of.index;
      sums.set(request, columns.spread(runs.step[run], past, () => runs.rows[run], sums.get(request)));
    }
    for (const [request, sum] of sums) {
      sums.set(request, sum.map((total, column) => columns.cover[column] > 0 ? total / columns.cover[column] : 0));
    }
    return [...sums].sort((a, b) => a[0] - b[0]);
  }

  // With a request picked, its rows alone are strong.
  ofPicked(columns, works) {
    if (picked === null) return null;
    const { runs } = trace, sum = new Float32Array(columns.width + 2);
    for (const sequence of picked.sequences) {
      for (const run of trace.runsOf.of(sequence.index)) {
        if (works.includes(runs.work[run])) columns.spread(runs.step[run], runs.step[run] + runs.count[run], () => 1, sum);
      }
    }
    return sum.map((total, column) => columns.cover[column] > 0 ? total / columns.cover[column] : 0);
  }

  paintSide(context) {
    const { y, height } = this.plot, middle = this.middle;
    this.paintScale(context, this.scales.up, y + 6, middle);
    this.paintScale(context, this.scales.down, y + height - 4, middle);
    context.textAlign = "left";
    context.fillStyle = css(theme.soft);
    context.textBaseline = "middle";
    context.fillText("decode", 0, y + (middle - y) / 2);
    context.fillText("prefill", 0, middle + (y + height - middle) / 2);
  }

  tip(step) {
    const { rows, steps } = trace, facts = [];
    const add = (name, value, word) => { if (value > 0) facts.push([name, count(value, word)]); };
    add("decode", rows.decode[step], "row");
    add("guessed right", rows.accepted[step], "row");
    add("guessed wrong", rows.rejected[step], "row");
    add("prefill", rows.prefill[step], "row");
    add("computed again", rows.recompute[step], "row");
    const { runs } = trace, prompts = [];
    for (let run = 0; run < runs.step.length && prompts.length < 5; run++) {
      if ((runs.work[run] === Work.prefill || runs.work[run] === Work.recompute) && runs.step[run] <= step
        && step < runs.step[run] + runs.count[run]) {
        prompts.push([trace.sequences[runs.sequence[run]].name, count(runs.rows[run], "prompt row")]);
      }
    }
    facts.push(...prompts, ["drawn", count(rows.tokens[step], "token")], ["waiting", count(steps.waiting[step], "sequence")],
      ["took", time(steps.duration[step])]);
    return { title: stepName(step), facts };
  }

  legend() {
    const entries = [["decode", theme.decode]];
    if (trace.has.drafts) entries.push(["guessed right", theme.accepted], ["guessed wrong", theme.rejected]);
    entries.push(settings.colour === "state" ? ["prefill", theme.prefill] : ["prefill, by request", theme.requests[0] ?? theme.prefill]);
    if (trace.has.recompute) entries.push(["computed again", theme.recompute]);
    return [...entries, ["most of several steps", mix(theme.field, theme.decode, 0.22)]];
  }
}
