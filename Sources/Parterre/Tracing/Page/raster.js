// Spans on rows, painted into a small picture: each pixel is the mean of what it covers. Takes time in proportion to the spans
// and the pixels, whatever the spans' lengths: a span is entered at its two ends, and a running sum along the row fills it.

class Raster {
  // `rows` rows lie in `height` pixels; where they are more, several share a row of pixels.
  constructor(width, height, rows) {
    this.width = width;
    this.lines = Math.max(1, Math.min(height, rows));
    this.rows = rows;
    this.stride = width + 2;
    this.planes = Array.from({ length: 4 }, () => new Float32Array(this.stride * this.lines));
  }

  line(row) { return this.rows <= this.lines ? row : Math.min(this.lines - 1, Math.floor(row * this.lines / this.rows)); }

  // Columns from `left` to `right` may be fractions; outside of the picture they are cut off.
  add(row, left, right, colour, weight = 1) {
    left = Math.max(0, left);
    right = Math.min(this.width, right);
    if (right <= left || row < 0 || row >= this.rows) return;
    const base = this.line(row) * this.stride;
    for (const [at, sign] of [[left, weight], [right, -weight]]) {
      const whole = Math.floor(at), part = at - whole, near = sign * (1 - part), far = sign * part;
      for (let plane = 0; plane < 4; plane++) {
        const value = plane === 3 ? 1 : colour[plane], cells = this.planes[plane];
        cells[base + whole] += near * value;
        cells[base + whole + 1] += far * value;
      }
    }
  }

  // The picture over a background; what covers little of a pixel still shows.
  picture(background) {
    const [red, green, blue, cover] = this.planes, image = new ImageData(this.width, this.lines);
    for (let line = 0; line < this.lines; line++) {
      const perLine = this.rows <= this.lines ? 1 : this.rows / this.lines;
      let r = 0, g = 0, b = 0, a = 0, at = line * this.stride, out = line * this.width * 4;
      for (let column = 0; column < this.width; column++, at++, out += 4) {
        r += red[at]; g += green[at]; b += blue[at]; a += cover[at];
        const share = a > 1e-3 ? Math.min(1, 0.2 + 0.8 * a / perLine) : 0, scale = share > 0 ? 1 / a : 0;
        image.data[out] = background[0] + (r * scale - background[0]) * share;
        image.data[out + 1] = background[1] + (g * scale - background[1]) * share;
        image.data[out + 2] = background[2] + (b * scale - background[2]) * share;
        image.data[out + 3] = 255;
      }
    }
    return image;
  }

  draw(context, x, y, width, height, background) {
    const sheet = document.createElement("canvas");
    sheet.width = this.width;
    sheet.height = this.lines;
    sheet.getContext("2d").putImageData(this.picture(background), 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(sheet, x, y, width, height);
  }
}

// Means and maxima of a quantity of the steps, over columns of pixels.
class Columns {
  constructor(width, axis, scale) {
    this.width = width;
    this.axis = axis;
    this.scale = scale;
    this.cover = this.sum(() => 1);
  }

  // For each column the sum over its steps, each counted as far as it covers the column.
  sum(value) { return this.spread(this.axis.firstStep, this.axis.pastStep, value); }

  spread(first, past, value, into = new Float32Array(this.width + 2)) {
    const { axis, scale, width } = this;
    for (let step = Math.max(first, axis.firstStep); step < Math.min(past, axis.pastStep); step++) {
      const amount = value(step);
      if (amount === 0) continue;
      const left = Math.max(0, (axis.left(step) - axis.from) * scale);
      const right = Math.min(width, (axis.right(step) - axis.from) * scale);
      for (let column = Math.floor(left); column < right; column++) {
        into[column] += amount * (Math.min(column + 1, right) - Math.max(column, left));
      }
    }
    return into;
  }

  means(value) { return this.sum(value).map((total, column) => this.cover[column] > 0 ? total / this.cover[column] : 0); }

  maxima(value) {
    const most = new Float32Array(this.width + 2), { axis, scale, width } = this;
    for (let step = axis.firstStep; step < axis.pastStep; step++) {
      const amount = value(step), left = Math.max(0, Math.floor((axis.left(step) - axis.from) * scale));
      const right = Math.min(width, Math.max(left + 1, Math.ceil((axis.right(step) - axis.from) * scale)));
      for (let column = left; column < right; column++) if (amount > most[column]) most[column] = amount;
    }
    return most;
  }
}
