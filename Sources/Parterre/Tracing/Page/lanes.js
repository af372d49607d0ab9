// A lane for each sequence: waiting, its prompt, writing, and what interrupted it.

const Lane = { waiting: "waiting", prefill: "prefill", decode: "decode", recompute: "recompute", preempted: "preempted", swapped: "swapped", paused: "paused" };
const laneNames = {
  waiting: "waiting", prefill: "prefill", decode: "decode", recompute: "computed again", preempted: "preempted, waiting",
  swapped: "swapped out, waiting", paused: "no row in the step",
};

// Spans of a sequence, in both measures of the axis.
function makeSpans(trace) {
  const { runs, marks, begin, end } = trace, spans = [];
  const push = (sequence, state, from, until, arrived) => spans.push({
    lane: sequence.lane, state, from, until, arrived, ended: until < trace.count || arrived === undefined ? null : sequence.ended,
  });
  for (const sequence of trace.sequences) {
    const losses = Array.from(trace.marksOf.of(sequence.index)).filter(mark => isLoss(marks.what[mark])).reverse();
    // Why it has no rows from one step up to another: what took its blocks last.
    const idle = (from, until) => {
      const loss = losses.find(mark => marks.step[mark] >= from && marks.step[mark] <= until);
      return loss === undefined ? Lane.paused : marks.what[loss] === Happening.swappedOut ? Lane.swapped : Lane.preempted;
    };
    let at = null, open = null;
    for (const run of trace.runsOf.of(sequence.index)) {
      const first = runs.step[run], past = first + runs.count[run], work = runs.work[run];
      const state = work === Work.prefill ? Lane.prefill : work === Work.recompute ? Lane.recompute : Lane.decode;
      if (at === null && first > 0 && axis.place(sequence.arrived) < first) push(sequence, Lane.waiting, null, first, sequence.arrived);
      if (open && open.state === state && open.until === first) {
        open.until = past;
      } else {
        if (at !== null && first > at) {
          push(sequence, idle(at, first), at, first);
        }
        push(sequence, state, first, past);
        open = spans[spans.length - 1];
      }
      at = past;
    }
    if (at === null && sequence.ended == null && trace.count > 0) push(sequence, Lane.waiting, null, trace.count, sequence.arrived);
    else if (at !== null && at < trace.count && sequence.ended == null) {
      const state = idle(at, trace.count);
      if (state !== Lane.paused) push(sequence, state, at, trace.count);
    }
  }
  trace.spans = spans;
  trace.spansOf = group(Int32Array.from(spans, span => span.lane), trace.lanes.length);
}

class LanePanel extends Panel {
  constructor() { super("lanes", "Requests over time"); }

  get allRows() { return Math.max(1, trace.lanes.length); }

  ends(span) {
    const left = span.from === null ? axis.place(span.arrived) : axis.left(span.from);
    return [left, axis.right(span.until - 1)];
  }

  colour(span) {
    const colour = theme[span.state];
    return picked === null || trace.lanes[span.lane].of === picked ? colour : mix(theme.field, colour, 0.2);
  }

  paint(context, { x, y, width, height }, scale) {
    const { from, to } = this.shownRows, rows = to - from, wide = Math.round(width * scale);
    const raster = new Raster(wide, Math.round(height * scale), rows), perPixel = wide / axis.length;
    for (const span of trace.spans) {
      if (span.lane < from || span.lane >= to) continue;
      const [left, right] = this.ends(span);
      raster.add(span.lane - from, (left - axis.from) * perPixel, (right - axis.from) * perPixel, this.colour(span));
    }
    raster.draw(context, x, y, width, height, theme.field);
    const tall = height / rows;
    if (tall >= 4) {
      context.fillStyle = css(theme.card);
      for (let row = from; row <= to; row++) context.fillRect(x, Math.round(this.y(row)) - (tall > 12 ? 1 : 0.5), width, tall > 12 ? 2 : 1);
      this.paintMarks(context, tall);
    }
  }

  paintMarks(context, tall) {
    const { marks } = trace, { from, to } = this.shownRows, size = Math.min(5, tall / 2);
    for (let mark = 0; mark < marks.step.length; mark++) {
      const lane = trace.sequences[marks.sequence[mark]].lane, step = marks.step[mark];
      if (lane < from || lane >= to || step < axis.firstStep || step > axis.pastStep) continue;
      const x = this.x(step < trace.count ? axis.left(step) : axis.last), y = this.y(lane);
      if (isLoss(marks.what[mark])) {
        context.fillStyle = css(marks.what[mark] === Happening.preempted ? theme.recompute : theme.swap);
        context.beginPath();
        context.moveTo(x - size, y + 1);
        context.lineTo(x + size, y + 1);
        context.lineTo(x, y + 1 + size * 1.6);
        context.fill();
      } else if (marks.what[mark] === Happening.swappedIn) {
        const middle = this.y(lane + 0.5);
        context.fillStyle = css(theme.swap);
        context.beginPath();
        context.moveTo(x - size * 0.8, middle - size);
        context.lineTo(x - size * 0.8, middle + size);
        context.lineTo(x + size * 0.8, middle);
        context.fill();
      } else if (marks.what[mark] === Happening.adopted) {
        const bottom = this.y(lane + 1) - 1;
        context.fillStyle = css(theme.adopted);
        context.beginPath();
        context.moveTo(x - size, bottom);
        context.lineTo(x + size, bottom);
        context.lineTo(x, bottom - size * 1.6);
        context.fill();
      } else if (marks.what[mark] === Happening.forked) {
        const parent = trace.sequences[marks.detail[mark]].lane;
        context.strokeStyle = css(theme.ink, 0.75);
        context.lineWidth = 1.25;
        context.beginPath();
        context.moveTo(x, this.y(parent + 0.5));
        context.lineTo(x, this.y(lane + 0.5));
        context.lineTo(x + 5, this.y(lane + 0.5));
        context.stroke();
        context.fillStyle = css(theme.ink, 0.9);
        context.beginPath();
        context.arc(x, this.y(parent + 0.5), 2, 0, 7);
        context.fill();
      }
    }
  }

  paintSide(context) {
    const { from, to } = this.shownRows, tall = this.plot.height / (to - from);
    const every = Math.max(1, Math.ceil(14 / tall));
    context.textBaseline = "middle";
    context.textAlign = "left";
    const gap = every === 1 ? 1 : roundGap(every, true);
    for (let row = every === 1 ? from : Math.ceil(from / gap) * gap; row < to; row += gap) {
      const sequence = trace.lanes[row];
      if (!sequence) continue;
      const y = this.y(row + 0.5), size = Math.min(9, tall - 1);
      const isOther = picked !== null && sequence.of !== picked;
      if (every === 1) {
        context.fillStyle = css(isOther ? mix(theme.card, theme.requests[sequence.of.index], 0.3) : theme.requests[sequence.of.index]);
        context.beginPath();
        context.roundRect(0, y - size / 2, size, size, 2);
        context.fill();
      }
      context.fillStyle = css(theme.soft, isOther ? 0.5 : 1);
      context.fillText(shorten(context, sequence.name, margin.left - 22), 15, y);
    }
  }

  spanAt(step, lane) {
    for (const index of trace.spansOf.of(lane)) {
      const span = trace.spans[index];
      if ((span.from ?? Math.floor(axis.mode === "steps" ? axis.place(span.arrived) : 0)) <= step && step < span.until) return span;
    }
    return null;
  }

  requestAt(step, lane) { return lane === null || !trace.lanes[lane] ? null : trace.lanes[lane].of; }

  tip(step, lane) {
    const sequence = trace.lanes[lane];
    if (!sequence) return null;
    const span = this.spanAt(step, lane), facts = [];
    if (span) facts.push([`at step ${stepNumber(step)}`, laneNames[span.state]]);
    facts.push(["prompt", count(sequence.promptTokens, "token")]);
    if (sequence.adopted > 0) facts.push(["found in the cache", count(sequence.adopted, "token")]);
    facts.push(["generated", count(sequence.generatedTokens, "token")]);
    if (sequence.wait !== null) facts.push(["waited", time(sequence.wait)]);
    if (sequence.toFirst !== null) facts.push(["first token after", time(sequence.toFirst)]);
    if (sequence.gaps.length > 0) {
      facts.push(["between tokens", `${time(quantile(sequence.gaps, 0.5))}, 95%: ${time(quantile(sequence.gaps, 0.95))}`]);
    }
    if (sequence.preemptions > 0) {
      facts.push(["preempted", count(sequence.preemptions, "time") + (sequence.swaps > 0 ? `, ${number(sequence.swaps)} swapped out` : "")]);
    }
    facts.push(["ended", sequence.ended == null ? "not yet" : sequence.reason ?? "yes"]);
    return { title: sequence.name, colour: theme.requests[sequence.of.index], facts };
  }

  legend() {
    const used = new Set(trace.spans.map(span => span.state));
    const entries = Object.values(Lane).filter(state => used.has(state)).map(state => [laneNames[state], theme[state]]);
    const has = what => trace.marks.what.includes(what);
    if (has(Happening.preempted)) entries.push(["preempted", theme.recompute, "▾"]);
    if (has(Happening.swappedOut)) entries.push(["swapped out", theme.swap, "▾"]);
    if (has(Happening.swappedIn)) entries.push(["back in the cache", theme.swap, "▸"]);
    if (has(Happening.adopted)) entries.push(["found its beginning in the cache", theme.adopted, "▴"]);
    return entries;
  }
}

// What does not fit is left out of the middle: names often begin alike, and end in what tells them apart.
function shorten(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  const letters = Array.from(text.length > 200 ? text.slice(0, 100) + text.slice(-100) : text);
  for (let kept = letters.length - 1; kept > 1; kept--) {
    const head = Math.floor(kept * 0.4);
    const short = letters.slice(0, head).join("") + "…" + letters.slice(letters.length - kept + head).join("");
    if (context.measureText(short).width <= width) return short;
  }
  return "…";
}
