// The whole run in a strip: how full the cache was, and the window that the pictures show.

class Overview extends Panel {
  constructor() {
    super("overview", "The whole run: how full the cache was. Drag to choose what is shown.", 4);
    this.canvas.style.cursor = "default";
  }

  place(x) { return axis.first + (x - margin.left) / this.plot.width * (axis.last - axis.first); }
  spot(place) { return margin.left + (place - axis.first) / (axis.last - axis.first) * this.plot.width; }

  paint(context, { x, y, width, height }, scale) {
    const wide = Math.round(width * scale), all = new Axis(trace);
    all.mode = axis.mode;
    all.showAll();
    const columns = new Columns(wide, all, wide / all.length);
    const used = columns.maxima(step => trace.steps.blocks[step]);
    const cached = columns.means(step => trace.steps.cached[step]);
    const most = settings.reach === "all" ? trace.settings.blocks : Math.max(1, trace.usedBlocks), path = new Path2D(), above = new Path2D();
    for (let column = 0; column < wide; column++) {
      const size = used[column] / most * height, more = Math.min(cached[column], most - used[column]) / most * height;
      path.rect(x + column / scale, y + height - size, 1 / scale, size);
      above.rect(x + column / scale, y + height - size - more, 1 / scale, more);
    }
    context.fillStyle = css(mix(theme.field, parse(getComputedStyle(document.documentElement).getPropertyValue("--accent").trim()), 0.55));
    context.fill(path);
    context.fillStyle = css(mix(theme.field, theme.cached, 0.5));
    context.fill(above);
    const marks = trace.marks;
    for (let mark = 0; mark < marks.step.length; mark++) {
      if (isLoss(marks.what[mark]) && marks.step[mark] < trace.count) {
        context.fillStyle = css(marks.what[mark] === Happening.preempted ? theme.recompute : theme.swap);
        context.fillRect(this.spot(all.left(marks.step[mark])) - 0.5, y, 1, 7);
      }
    }
  }

  paintSide(context) {
    const { y, height } = this.plot;
    context.fillStyle = css(theme.soft);
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillText("cache use", 0, y + height / 2);
  }

  drawCursor() {
    if (theme === null || this.host.clientWidth === 0) return;
    const context = this.context(this.over), { x, y, width, height } = this.plot;
    const left = this.spot(axis.from), right = this.spot(axis.to);
    context.fillStyle = css(theme.card, 0.66);
    context.fillRect(x, y, left - x, height);
    context.fillRect(right, y, x + width - right, height);
    context.strokeStyle = css(theme.ink, 0.6);
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, y + 0.5, Math.max(2, right - left - 1), height - 1);
    context.fillStyle = css(theme.ink, 0.6);
    for (const at of [left, right]) context.fillRect(at - 2, y + height / 2 - 8, 4, 16);
    if (cursor.step !== null && cursor.step >= 0) context.fillRect(this.spot(axis.left(cursor.step)), y, 1, height);
  }

  listen() {
    let drag = null;
    const spot = event => event.clientX - this.canvas.getBoundingClientRect().left;
    this.canvas.addEventListener("pointerdown", event => {
      const at = spot(event), left = this.spot(axis.from), right = this.spot(axis.to);
      const isNear = edge => Math.abs(at - edge) < 7;
      const isAll = axis.to - axis.from >= axis.last - axis.first;
      const kind = isNear(left) ? "left" : isNear(right) ? "right" : at > left && at < right && !isAll ? "move" : "new";
      drag = { kind, at: this.place(at), from: axis.from, to: axis.to };
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", event => {
      const at = spot(event);
      const isEdge = Math.abs(at - this.spot(axis.from)) < 7 || Math.abs(at - this.spot(axis.to)) < 7;
      if (!drag) {
        this.canvas.style.cursor = isEdge ? "ew-resize" : at > this.spot(axis.from) && at < this.spot(axis.to) ? "grab" : "crosshair";
        return;
      }
      const place = Math.min(axis.last, Math.max(axis.first, this.place(at)));
      if (drag.kind === "left") axis.show(Math.min(place, drag.to - axis.least), drag.to);
      if (drag.kind === "right") axis.show(drag.from, Math.max(place, drag.from + axis.least));
      if (drag.kind === "move") axis.show(drag.from + place - drag.at, drag.to + place - drag.at);
      if (drag.kind === "new" && Math.abs(place - drag.at) > (axis.last - axis.first) / this.plot.width * 4) {
        axis.show(Math.min(place, drag.at), Math.max(place, drag.at));
      }
      redraw();
    });
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => { drag = null; });
    this.canvas.addEventListener("dblclick", () => { axis.showAll(); redraw(); });
    this.canvas.addEventListener("keydown", event => {
      const by = axis.length * 0.2;
      if (event.key === "ArrowLeft") axis.move(-by);
      else if (event.key === "ArrowRight") axis.move(by);
      else return;
      event.preventDefault();
      redraw();
    });
  }
}
