"use strict";
// The server in numbers: tiles, made once and filled in from then on.

const tiles = {};

function makeTiles() {
  const names = {
    running: "running", waiting: "waiting", rate: "generated", cache: "cache in use", prefix: "found in the cache", steps: "steps",
  };
  for (const [id, name] of Object.entries(names)) {
    const value = element("dd", {}, "–"), note = element("dd", {}, "\u00A0");
    byID("figures").append(element("div", { id: `f-${id}` }, element("dt", {}, name), value, note));
    tiles[id] = { value, note };
  }
}

function showTile(id, value, unit, note) {
  const tile = tiles[id];
  tile.value.replaceChildren(value, ...(unit ? [" ", element("small", {}, unit)] : []));
  tile.note.textContent = note || "\u00A0";
}

// Moments of the last seconds, for rates.
const past = [];
let lastRate = 0;

function tokenRate(moment) {
  if (past.length > 0 && (moment.at < past.at(-1).at || moment.generated_tokens < past.at(-1).generated_tokens)) past.length = 0;
  past.push({ at: moment.at, generated_tokens: moment.generated_tokens });
  while (past.length > 2 && past[1].at < moment.at - 1500) past.shift();
  const from = past[0], seconds = (moment.at - from.at) / 1000;
  if (moment.running === 0) {
    past.length = 0;
    past.push({ at: moment.at, generated_tokens: moment.generated_tokens });
    return 0;
  }
  if (seconds > 0.15) lastRate = (moment.generated_tokens - from.generated_tokens) / seconds;
  return lastRate;
}

function showFigures(moment) {
  const { blocks } = moment, now = tokenRate(moment);
  const rows = moment.sequences.reduce((sum, sequence) => sum + sequence.rows, 0);
  showTile("running", number(moment.running), "", moment.running > 0 ? `${count(rows, "row")} in the last step` : "idle");
  showTile("waiting", number(moment.waiting), "", `${number(moment.preemptions)} gave way so far`);
  showTile("rate", now > 0 ? rate(now) : "0", "tokens/s", `${count(moment.generated_tokens, "token")} so far`);
  showTile("cache", percent(blocks.total > 0 ? blocks.used / blocks.total : 0), "", `${number(blocks.used)} of ${count(blocks.total, "block")}`);
  const found = moment.prefix_queries > 0 ? moment.prefix_hits / moment.prefix_queries : 0;
  showTile("prefix", percent(found), "", `${number(moment.prefix_hits)} of ${count(moment.prefix_queries, "prompt token")}`);
  showTile("steps", number(moment.steps), "", `${count(moment.prompt_tokens, "prompt row")}`);
}
