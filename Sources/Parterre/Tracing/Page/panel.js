// A picture over the shared axis: a canvas, a second one above it for the cursor, and pointer and keyboard on both.

const margin = { left: 108, right: 12, top: 6, bottom: 22 };
const narrow = matchMedia("(max-width: 640px)");

function readMargins() { margin.left = narrow.matches ? 74 : 108; }

class Panel {
  constructor(id, label, bottom = margin.bottom) {
    this.host = byID(id);
    this.bottom = bottom;
    this.canvas = element("canvas", { tabIndex: 0, role: "application", "aria-roledescription": "chart", "aria-label": label });
    this.over = element("canvas", { className: "over", "aria-hidden": "true" });
    this.host.append(this.canvas, this.over);
    this.rows = null;
    new ResizeObserver(() => { this.draw(); this.drawCursor(); }).observe(this.host);
    this.listen();
  }

  get plot() {
    return {
      x: margin.left, y: margin.top, width: Math.max(1, this.host.clientWidth - margin.left - margin.right),
      height: Math.max(1, this.host.clientHeight - margin.top - this.bottom),
    };
  }

  x(place) { return margin.left + (place - axis.from) / axis.length * this.plot.width; }
  placeAt(x) { return axis.from + (x - margin.left) / this.plot.width * axis.length; }

  // Rows that can be shown, where the picture has rows: a window of them may be chosen.
  get allRows() { return null; }
  get shownRows() {
    const all = this.allRows;
    if (this.rows === null || this.rows.to > all) return { from: 0, to: all };
    return this.rows;
  }
  showRows(from, to) {
    const all = this.allRows, length = Math.min(all, Math.max(4, to - from));
    const start = Math.round(Math.min(all - length, Math.max(0, from)));
    this.rows = length >= all ? null : { from: start, to: start + Math.round(length) };
  }
  // Row 0 lies at the bottom where the picture says so.
  get isUpward() { return false; }
  rowAt(y) {
    const { from, to } = this.shownRows, { height } = this.plot, share = (y - margin.top) / height;
    const row = Math.floor(from + (this.isUpward ? 1 - share : share) * (to - from));
    return Math.min(to - 1, Math.max(from, row));
  }
  y(row) {
    const { from, to } = this.shownRows, { height } = this.plot, share = (row - from) / (to - from);
    return margin.top + (this.isUpward ? 1 - share : share) * height;
  }

  // MARK: Drawing

  context(canvas) {
    const scale = devicePixelRatio || 1;
    const width = Math.round(this.host.clientWidth * scale), height = Math.round(this.host.clientHeight * scale);
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    return context;
  }

  draw() {
    if (theme === null || this.host.clientWidth === 0) return;
    readMargins();
    Object.assign(this.canvas.dataset, { left: margin.left, right: margin.right, top: margin.top, bottom: this.bottom });
    const context = this.context(this.canvas), { x, y, width, height } = this.plot;
    context.fillStyle = css(theme.field);
    context.fillRect(x, y, width, height);
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    this.paint(context, this.plot, devicePixelRatio || 1);
    context.restore();
    this.paintSide(context);
    if (this.bottom >= margin.bottom) this.paintAxis(context);
  }

  paint() {}
  paintSide() {}

  paintAxis(context) {
    const { x, y, width, height } = this.plot, ticks = axis.ticks(width / 100);
    context.fillStyle = css(theme.soft);
    context.strokeStyle = css(theme.ink, 0.12);
    context.lineWidth = 1;
    context.textBaseline = "top";
    let past = -Infinity;
    for (const tick of ticks) {
      const at = Math.round(this.x(tick.place)) + 0.5, half = context.measureText(tick.name).width / 2;
      context.beginPath();
      context.moveTo(at, y);
      context.lineTo(at, y + height + 4);
      context.stroke();
      const center = Math.min(x + width - half, at);
      if (center - half < past + 8) continue;
      context.textAlign = "center";
      context.fillText(tick.name, center, y + height + 6);
      past = center + half;
    }
    context.textAlign = "left";
    context.fillText(axis.mode === "steps" ? "step" : "time", 0, y + height + 6);
  }

  // Labels of values beside the plot, from `bottom` to `top` in pixels.
  paintScale(context, most, top, bottom, isWhole = true) {
    const gap = roundGap(most / Math.max(1, Math.abs(bottom - top) / 24), most >= 1 && isWhole);
    context.fillStyle = css(theme.soft);
    context.strokeStyle = css(theme.ink, 0.1);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (let value = 0; value <= most * 1.0001; value += gap) {
      const y = bottom + (top - bottom) * value / most, line = Math.round(y) + 0.5;
      context.beginPath();
      context.moveTo(margin.left, line);
      context.lineTo(margin.left + this.plot.width, line);
      context.stroke();
      context.fillText(this.scaleName(value), margin.left - 8, Math.max(margin.top + 5, y));
    }
  }

  scaleName(value) { return number(value); }

  drawCursor() {
    if (theme === null || this.host.clientWidth === 0) return;
    const context = this.context(this.over), { x, y, width, height } = this.plot;
    if (cursor.step === null || cursor.step < 0 || cursor.step >= trace.count) return;
    const left = this.x(axis.left(cursor.step)), right = this.x(axis.right(cursor.step));
    if (right < x || left > x + width) return;
    const from = Math.max(x, left), to = Math.min(x + width, Math.max(left + 1, right));
    context.fillStyle = css(theme.ink, to - from > 3 ? 0.13 : 0.45);
    context.fillRect(from, y, to - from, height);
    if (cursor.panel === this && cursor.row !== null && this.allRows !== null) {
      const top = Math.min(this.y(cursor.row), this.y(cursor.row + 1)), size = Math.max(2, Math.abs(this.y(1) - this.y(0)));
      context.strokeStyle = css(theme.ink, 0.9);
      context.lineWidth = 1.5;
      context.strokeRect(from - 0.5, top - 0.5, Math.max(4, to - from) + 1, size + 1);
    }
  }

  // MARK: Pointer

  listen() {
    let drag = null;
    const spots = event => {
      const box = this.canvas.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    this.canvas.addEventListener("pointerdown", event => {
      if (event.button !== 0) return;
      const rows = this.allRows === null ? null : { ...this.shownRows };
      drag = { ...spots(event), from: axis.from, to: axis.to, rows, moved: false };
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", event => {
      const spot = spots(event);
      if (drag && Math.abs(spot.x - drag.x) + Math.abs(spot.y - drag.y) > 4) drag.moved = true;
      if (drag?.moved) {
        const by = (drag.x - spot.x) / this.plot.width * (drag.to - drag.from);
        axis.show(drag.from + by, drag.to + by);
        if (this.rows !== null && drag.rows) {
          const down = (drag.y - spot.y) / this.plot.height * (drag.rows.to - drag.rows.from) * (this.isUpward ? -1 : 1);
          this.showRows(drag.rows.from + down, drag.rows.to + down);
        }
        hideTip();
        redraw();
        return;
      }
      this.hover(spot, event.clientX, event.clientY);
    });
    this.canvas.addEventListener("pointerup", event => {
      const wasDrag = drag?.moved;
      drag = null;
      if (!wasDrag && event.button === 0) {
        this.hover(spots(event), event.clientX, event.clientY);
        pick(this.requestAt(cursor.step, cursor.row));
      }
    });
    this.canvas.addEventListener("pointercancel", () => { drag = null; });
    this.canvas.addEventListener("pointerleave", () => { if (!drag) setCursor(null, null, null); });
    this.canvas.addEventListener("dblclick", event => {
      axis.zoom(0.4, this.placeAt(spots(event).x));
      redraw();
    });
    this.canvas.addEventListener("wheel", event => {
      const isZoom = event.ctrlKey || event.metaKey, isRows = event.altKey && this.allRows !== null;
      const across = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
      if (!isZoom && !isRows && Math.abs(across) <= Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
      event.preventDefault();
      const spot = spots(event), factor = Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.006);
      if (isRows) this.zoomRows(factor, spot.y);
      else if (isZoom) axis.zoom(factor, this.placeAt(spot.x));
      else axis.move(across / this.plot.width * axis.length);
      redraw();
    }, { passive: false });
    this.canvas.addEventListener("keydown", event => this.key(event));
    this.canvas.addEventListener("blur", () => setCursor(null, null, null));
  }

  zoomRows(factor, y) {
    const { from, to } = this.shownRows, row = this.rowAt(y), length = (to - from) * factor;
    this.showRows(row - (row - from) * factor, row - (row - from) * factor + length);
  }

  hover(spot, clientX, clientY) {
    const { x, y, width, height } = this.plot;
    if (spot.x < x || spot.x >= x + width || spot.y < y || spot.y >= y + height || trace.count === 0) {
      setCursor(null, null, null);
      return;
    }
    const step = axis.stepAt(this.placeAt(spot.x));
    setCursor(this, step, this.allRows === null ? this.part(spot.y) : this.rowAt(spot.y));
    showTip(this.tip(cursor.step, cursor.row, spot), clientX, clientY);
  }

  // Where a picture without rows has parts, the part at a height.
  part() { return null; }
  tip() { return null; }
  requestAt() { return null; }

  // MARK: Keyboard

  key(event) {
    if (event.ctrlKey || event.metaKey || trace.count === 0) return;
    const by = event.shiftKey ? 10 : 1, isMine = cursor.panel === this;
    let step = isMine ? cursor.step : axis.firstStep, row = isMine ? cursor.row : (this.allRows === null ? null : this.shownRows.from);
    const up = this.isUpward ? by : -by;
    switch (event.key) {
      case "ArrowLeft": step -= isMine ? by : 0; break;
      case "ArrowRight": step += isMine ? by : 0; break;
      case "ArrowUp": if (row !== null) row += up; break;
      case "ArrowDown": if (row !== null) row -= up; break;
      case "Home": step = 0; break;
      case "End": step = trace.count - 1; break;
      case "Enter": case " ": event.preventDefault(); if (isMine) pick(this.requestAt(step, row)); return;
      default: return;
    }
    event.preventDefault();
    step = Math.min(trace.count - 1, Math.max(0, step));
    if (row !== null) row = Math.min(this.allRows - 1, Math.max(0, row));
    if (axis.left(step) < axis.from || axis.right(step) > axis.to) {
      const middle = (axis.left(step) + axis.right(step)) / 2;
      axis.show(middle - axis.length / 2, middle + axis.length / 2);
    }
    if (row !== null && this.rows !== null && (row < this.rows.from || row >= this.rows.to)) {
      const length = this.rows.to - this.rows.from;
      this.showRows(row - length / 2, row + length / 2);
    }
    redraw();
    setCursor(this, step, row);
    const content = this.tip(step, row, null), box = this.canvas.getBoundingClientRect();
    showTip(content, box.left + this.x((axis.left(step) + axis.right(step)) / 2), box.top + (row === null ? 30 : this.y(row + 0.5)));
    say(content);
  }
}
