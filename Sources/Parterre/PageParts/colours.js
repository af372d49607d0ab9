// All colours of the pictures, for light and dark pages and for paper. Shared by the pages of `parterre trace` and `parterre serve`.

const darkPage = matchMedia("(prefers-color-scheme: dark)");
let onPaper = false;
let theme = null;

// Ottosson's OKLCH (2020), in which colours of equal lightness look equally light; red, green and blue of 0 to 255.
function oklch(lightness, chroma, hue) {
  const angle = hue * Math.PI / 180, a = chroma * Math.cos(angle), b = chroma * Math.sin(angle);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
  ];
  return linear.map(value => {
    const clear = Math.min(1, Math.max(0, value));
    return 255 * (clear <= 0.0031308 ? 12.92 * clear : 1.055 * clear ** (1 / 2.4) - 0.055);
  });
}

function css(colour, alpha = 1) {
  const [red, green, blue] = colour.map(Math.round);
  return `rgb(${red} ${green} ${blue} / ${alpha})`;
}

function mix(one, other, share) { return one.map((value, index) => value + (other[index] - value) * share); }

function parse(text) {
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  probe.fillStyle = text;
  probe.fillRect(0, 0, 1, 1);
  return Array.from(probe.getImageData(0, 0, 1, 1).data.subarray(0, 3));
}

// `requests` of them get a colour each in `theme.requests`.
function readTheme(requests = 0) {
  const dark = darkPage.matches && !onPaper;
  const style = getComputedStyle(document.documentElement);
  const named = name => parse(onPaper ? { "--card": "#fff", "--field": "#f2f2f2", "--ink": "#111", "--soft": "#444", "--line": "#ccc" }[name]
    : style.getPropertyValue(name).trim());
  const tone = (light, inDark, chroma, hue) => oklch(dark ? inDark : light, chroma, hue);
  theme = {
    dark, card: named("--card"), field: named("--field"), ink: named("--ink"), soft: named("--soft"), line: named("--line"),
    // Of blocks.
    owned: tone(0.66, 0.66, 0.11, 245), shared: tone(0.76, 0.78, 0.145, 80), cached: tone(0.72, 0.52, 0.012, 150),
    // Of rows.
    prefill: tone(0.76, 0.78, 0.145, 70), decode: tone(0.62, 0.66, 0.12, 248), accepted: tone(0.58, 0.68, 0.16, 305), rejected: tone(0.82, 0.42, 0.07, 305),
    recompute: tone(0.6, 0.64, 0.17, 27), evicted: tone(0.6, 0.64, 0.17, 27), adopted: tone(0.55, 0.78, 0.16, 150),
    // Of waiting.
    waiting: tone(0.88, 0.36, 0.008, 150), preempted: tone(0.85, 0.42, 0.07, 20), swapped: tone(0.83, 0.44, 0.08, 195), paused: tone(0.92, 0.32, 0.005, 150),
    swap: tone(0.55, 0.76, 0.11, 200),
    // Of a step's time.
    layers: tone(0.6, 0.66, 0.1, 185), attention: tone(0.7, 0.72, 0.14, 45), head: tone(0.6, 0.68, 0.12, 300),
    rest: tone(0.75, 0.5, 0.01, 150),
  };
  theme.requests = Array.from({ length: requests }, (_, index) => requestColour(index));
  theme.cachedRequests = theme.requests.map(cachedColour);
  theme.sharedRequests = theme.requests.map(sharedColour);
}

// The golden angle: neighbours differ most, and any number of requests keeps its distance.
function requestColour(index) {
  const hue = (145 + 137.508 * index) % 360, shift = [0, 0.075, -0.075][index % 3];
  return oklch((theme.dark ? 0.68 : 0.67) + shift, 0.125, hue);
}

// Of a request's block that it holds no more, and of one that it does not hold alone.
function cachedColour(colour) { return mix(theme.cached, mix(theme.field, colour, 0.5), 0.55); }
function sharedColour(colour) { return mix(colour, theme.dark ? [255, 255, 255] : [0, 0, 0], theme.dark ? 0.4 : 0.36); }

// Stripes that say "shared", to be laid over a colour.
function stripes(context, scale) {
  const size = Math.round(7 * scale), tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const brush = tile.getContext("2d");
  brush.strokeStyle = theme.dark ? "rgb(0 0 0 / 45%)" : "rgb(255 255 255 / 55%)";
  brush.lineWidth = size * 0.26;
  for (const shift of [-size, 0, size]) {
    brush.beginPath();
    brush.moveTo(shift - 1, size + 1);
    brush.lineTo(shift + size + 1, -1);
    brush.stroke();
  }
  return context.createPattern(tile, "repeat");
}
