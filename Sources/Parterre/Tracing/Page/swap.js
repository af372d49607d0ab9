// Below the cache: how many slots of the swap space were in use.

class SwapPanel extends Panel {
  constructor() { super("swap", "Slots of the swap space in use over time", 4); }

  // Of a large space a little is used as a rule: that is what can be seen.
  get most() { return this.peak ??= trace.steps.swapped.reduce((most, value) => Math.max(most, value), 1); }

  paint(context, { x, y, width, height }, scale) {
    const wide = Math.round(width * scale), columns = new Columns(wide, axis, wide / axis.length);
    const means = columns.means(step => trace.steps.swapped[step]), maxima = columns.maxima(step => trace.steps.swapped[step]);
    for (const [values, colour] of [[maxima, mix(theme.field, theme.swap, 0.3)], [means, theme.swap]]) {
      const path = new Path2D();
      for (let column = 0; column < wide; column++) {
        const size = values[column] / this.most * height;
        if (size > 0) path.rect(x + column / scale, y + height - size, 1 / scale, size);
      }
      context.fillStyle = css(colour);
      context.fill(path);
    }
  }

  paintSide(context) {
    const { y, height } = this.plot;
    context.fillStyle = css(theme.soft);
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillText("swapped", 0, y + height / 2);
    context.textAlign = "right";
    context.fillText(number(this.most), margin.left - 8, y + 5);
    context.fillText("0", margin.left - 8, y + height - 4);
  }

  tip(step) {
    const slots = trace.settings.swapSlots, used = trace.steps.swapped[step];
    const away = trace.spans.filter(span => span.state === Lane.swapped && span.from <= step && step < span.until)
      .map(span => trace.lanes[span.lane].name);
    return { title: stepName(step), facts: [["swap slots in use", `${number(used)} of ${number(slots)}, ${percent(used / slots)}`],
      ...(away.length > 0 ? [["swapped out", `${away.slice(0, 6).join(", ")}${away.length > 6 ? " …" : ""}`]] : [])] };
  }
}
