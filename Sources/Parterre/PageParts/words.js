// Numbers and names as people read them, and elements made of them.

const grouped = new Intl.NumberFormat("en-US");

function number(value) { return grouped.format(Math.round(value)); }

function rate(value) { return value < 100 ? value.toFixed(1) : number(value); }

// [value, unit] of microseconds, or nothing to say.
function duration(micros) {
  if (micros === null || micros === undefined || !Number.isFinite(micros)) return ["–", ""];
  const [scale, unit] = micros >= 999_500 ? [1e6, "s"] : micros >= 999.5 ? [1e3, "ms"] : [1, "µs"];
  const value = micros / scale;
  return [scale === 1 || value >= 99.95 ? number(value) : value.toFixed(value < 9.995 ? 2 : 1), unit];
}

function time(micros) { return duration(micros).join("\u202F").trim(); }

function percent(share) {
  if (share > 0 && share < 0.0005) return "<0.1%";
  return `${(100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0)}%`;
}

function count(value, one, many = `${one}s`) { return `${number(value)} ${value === 1 ? one : many}`; }

// Texts become text nodes: nothing that a page is told is ever read as HTML.
function element(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "style") Object.assign(node.style, value);
    else if (key.includes("-") || key === "role" || key === "scope") node.setAttribute(key, value);
    else node[key] = value;
  }
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}

function byID(id) { return document.getElementById(id); }
