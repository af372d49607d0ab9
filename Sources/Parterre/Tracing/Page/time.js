// How long each step took, split by part of the model or by what it was for.

class TimePanel extends Panel {
  constructor() { super("time", "Time of each step"); }

  get parts() {
    const { steps, rows } = trace;
    if (settings.time === "part") {
      const rest = step => Math.max(0, steps.duration[step] - steps.layers[step] - steps.attention[step] - steps.head[step]);
      return [
        ["layers", theme.layers, step => steps.layers[step]], ["attention", theme.attention, step => steps.attention[step]],
        ["head and choice", theme.head, step => steps.head[step]], ["rest", theme.rest, rest],
      ];
    }
    const all = step => rows.prefill[step] + rows.recompute[step] + rows.decode[step] + rows.accepted[step]
      + rows.rejected[step];
    const share = kind => step => steps.duration[step] * rows[kind][step] / Math.max(1, all(step));
    const parts = [["decode", theme.decode, share("decode")], ["prefill", theme.prefill, share("prefill")]];
    if (trace.has.drafts) {
      parts.push(["guessed right", theme.accepted, share("accepted")], ["guessed wrong", theme.rejected, share("rejected")]);
    }
    if (trace.has.recompute) parts.push(["computed again", theme.recompute, share("recompute")]);
    return parts;
  }

  // Where to cut off long steps, if there are some that are much longer than nearly all others.
  cut(values) {
    const sorted = Float32Array.from(values).sort(), usual = sorted.length === 0 ? 0 : quantile(sorted, 0.97) * 1.3;
    return usual > 0 && sorted[sorted.length - 1] > 2 * usual ? usual : null;
  }

  paint(context, { x, y, width, height }, scale) {
    const wide = Math.round(width * scale), columns = new Columns(wide, axis, wide / axis.length), { steps } = trace;
    const most = columns.maxima(step => steps.duration[step]), means = columns.means(step => steps.duration[step]);
    // A few long steps must not flatten all others: they are cut off, and say so.
    this.most = Math.max(1, this.cut(means) ?? means.reduce((a, b) => Math.max(a, b), 0) * 1.05);
    const base = new Float32Array(wide + 2), reach = height / this.most;
    const bars = (amount, colour, from) => {
      const path = new Path2D();
      for (let column = 0; column < wide; column++) {
        if (!(amount[column] > 0)) continue;
        const low = from === null ? 0 : from[column] * reach, size = amount[column] * reach;
        path.rect(x + column / scale, y + height - low - size, 1 / scale, size);
        if (from !== null) from[column] += amount[column];
      }
      context.fillStyle = colour;
      context.fill(path);
    };
    bars(most, css(theme.ink, 0.13), null);
    for (const [, colour, value] of this.parts) bars(columns.means(value), css(colour), base);
    context.fillStyle = css(theme.ink);
    for (let column = 0; column < wide; column++) {
      if (means[column] > this.most) context.fillRect(x + column / scale, y, 1 / scale, 3);
    }
  }

  paintSide(context) { this.paintScale(context, this.most, margin.top, margin.top + this.plot.height, false); }

  scaleName(value) { return value === 0 ? "0" : time(value).replace(/\.0+(?=\D)/, ""); }

  tip(step) {
    const facts = this.parts.map(([name, , value]) => [name, time(value(step))]);
    return { title: `${stepName(step)} · ${time(trace.steps.duration[step])}`, facts };
  }

  legend() {
    const entries = [...this.parts.map(([name, colour]) => [name, colour]), ["longest of several", mix(theme.field, theme.ink, 0.13)]];
    return this.cut(trace.steps.duration) === null ? entries : [...entries, ["cut off", theme.ink, "▔"]];
  }
}
