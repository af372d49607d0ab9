// The axis that all pictures share: steps, or microseconds, and the window of it that is shown.

class Axis {
  constructor(trace) {
    this.trace = trace;
    this.mode = "steps";
    this.showAll();
  }

  get first() { return this.mode === "steps" || this.trace.count === 0 ? 0 : this.trace.begin[0]; }
  get last() {
    const { count, end } = this.trace;
    return this.mode === "steps" ? Math.max(1, count) : count === 0 ? 1 : end[count - 1];
  }
  get length() { return this.to - this.from; }
  // The narrowest window.
  get least() { return this.mode === "steps" ? 4 : Math.max(1, (this.last - this.first) / Math.max(1, this.trace.count) * 2); }

  // Where a step begins and ends.
  left(step) { return this.mode === "steps" ? step : this.trace.begin[step]; }
  right(step) { return this.mode === "steps" ? step + 1 : this.trace.end[step]; }

  // The last step that has begun at a place, −1 before the first.
  stepAt(place) {
    const { count, begin } = this.trace;
    if (this.mode === "steps") return Math.min(count - 1, Math.floor(place));
    let low = 0, high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (begin[middle] <= place) low = middle + 1; else high = middle;
    }
    return low - 1;
  }

  // Where a moment lies.
  place(micros) {
    if (this.mode === "seconds") return micros;
    const { count, begin, end } = this.trace;
    let low = 0, high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (begin[middle] <= micros) low = middle + 1; else high = middle;
    }
    if (low === 0) return 0;
    const step = low - 1;
    return step + Math.min(1, (micros - begin[step]) / Math.max(1, end[step] - begin[step]));
  }

  // The steps that the window shows something of.
  get firstStep() { return Math.max(0, this.stepAt(this.from)); }
  get pastStep() { return Math.min(this.trace.count, this.stepAt(this.to) + 1); }

  show(from, to) {
    const length = Math.min(this.last - this.first, Math.max(this.least, to - from));
    const start = Math.min(this.last - length, Math.max(this.first, from));
    this.from = start;
    this.to = start + length;
  }

  showAll() { this.from = this.first; this.to = this.last; }

  zoom(factor, around = (this.from + this.to) / 2) {
    const length = Math.min(this.last - this.first, Math.max(this.least, this.length * factor));
    const share = (around - this.from) / this.length;
    this.show(around - share * length, around + (1 - share) * length);
  }

  move(by) { this.show(this.from + by, this.to + by); }

  // The same steps in the other measure.
  turn(mode) {
    if (mode === this.mode) return;
    const { count } = this.trace;
    const isAll = this.from <= this.first && this.to >= this.last;
    const first = this.firstStep, past = Math.max(first + 1, this.pastStep);
    this.mode = mode;
    if (isAll || count === 0) this.showAll();
    else this.show(this.left(first), this.right(past - 1));
  }

  // Round places, about as many as fit, with their names.
  ticks(most) {
    const gap = roundGap(this.length / Math.max(1, most), this.mode === "steps");
    const shift = this.mode === "steps" ? this.trace.dropped : -this.first;
    const ticks = [];
    for (let value = Math.ceil((this.from + shift) / gap) * gap; value <= this.to + shift; value += gap) {
      ticks.push({ place: value - shift, name: this.mode === "steps" ? number(value) : seconds(value, gap) });
    }
    return ticks;
  }
}

function roundGap(least, isWhole) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-9)));
  const gap = [1, 2, 5, 10].find(factor => factor * power >= least * 0.999) * power;
  return isWhole ? Math.max(1, Math.round(gap)) : gap;
}

function seconds(micros, gap) {
  if (micros === 0) return "0";
  if (gap < 1e3) return `${(micros / 1e3).toFixed(gap < 100 ? 2 : 1)} ms`;
  if (gap < 1e6 && micros < 1e6) return `${Math.round(micros / 1e3)} ms`;
  if (gap >= 1e6) return `${number(micros / 1e6)} s`;
  return `${(micros / 1e6).toFixed(gap >= 1e5 ? 1 : gap >= 1e4 ? 2 : 3)} s`;
}
