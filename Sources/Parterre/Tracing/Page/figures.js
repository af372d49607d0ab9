// The run in numbers: the figures on top, and the table of latencies.

function summarise(trace) {
  const { count: steps, rows, sequences, totals, settings: { blocks } } = trace;
  const busy = trace.steps.duration.reduce((sum, value) => sum + value, 0);
  const wall = steps === 0 ? 0 : trace.end[steps - 1] - trace.begin[0];
  const sum = column => column.subarray(0, steps).reduce((total, value) => total + value, 0);
  const work = { prefill: 0, decode: 0, accepted: 0, rejected: 0, recompute: 0 };
  let held = 0, peak = 0;
  for (let step = 0; step < steps; step++) {
    const all = rows.prefill[step] + rows.decode[step] + rows.accepted[step] + rows.rejected[step]
      + rows.recompute[step];
    for (const kind in work) work[kind] += all === 0 ? 0 : trace.steps.duration[step] * rows[kind][step] / all;
    held += trace.steps.blocks[step] * trace.steps.duration[step];
    peak = Math.max(peak, trace.steps.blocks[step]);
  }
  const sorted = values => Float64Array.from(values.filter(value => value !== null)).sort();
  let gapCount = 0;
  for (const sequence of sequences) gapCount += sequence.gaps.length;
  const gaps = new Float64Array(gapCount);
  for (let at = 0, index = 0; index < sequences.length; at += sequences[index++].gaps.length) gaps.set(sequences[index].gaps, at);
  return {
    busy, wall, work, peak, mean: busy > 0 ? held / busy : 0, blocks,
    tokens: sum(rows.tokens), recomputed: sum(rows.recompute), toFirst: sorted(sequences.map(sequence => sequence.toFirst)),
    gaps: gaps.sort(), steps: totals.steps, generated: totals.generatedTokens, prompts: totals.promptTokens,
    adopted: totals.adoptedTokens, queried: totals.queriedTokens, evictions: totals.evictions,
    preemptions: totals.preemptions, swaps: totals.swaps, requests: trace.requests.length, sequences: sequences.length,
    unfinished: sequences.filter(sequence => sequence.ended == null).length,
  };
}

function showFigures(summary) {
  const host = byID("figures");
  host.replaceChildren();
  const tile = (id, name, value, unit, note) => host.append(element("div", { id: `f-${id}` }, element("dt", {}, name),
    element("dd", {}, value, unit ? element("small", {}, unit) : null), element("dd", {}, ...[note].flat())));
  const quantiles = values => values.length === 0 ? "nothing was drawn" : `median; 95%: ${time(quantile(values, 0.95))}`;
  tile("rate", "Generated", summary.busy > 0 ? rate(summary.tokens / summary.busy * 1e6) : "–", "tokens/s",
    `${count(summary.generated, "token")} in ${time(summary.wall)}`);
  tile("requests", "Requests", number(summary.requests), "", [
    summary.sequences === summary.requests ? "" : `${count(summary.sequences, "sequence")}, `,
    summary.unfinished === 0 ? "all ended" : `${number(summary.unfinished)} unfinished`,
  ]);
  const [first, firstUnit] = duration(quantile(summary.toFirst, 0.5));
  tile("first", "First token", first, firstUnit, quantiles(summary.toFirst));
  const [gap, gapUnit] = duration(quantile(summary.gaps, 0.5));
  tile("gap", "Between tokens", gap, gapUnit, quantiles(summary.gaps));
  tile("cache", "Cache, at most", percent(summary.peak / summary.blocks), "",
    `${number(summary.peak)} of ${number(summary.blocks)} blocks, mean ${percent(summary.mean / summary.blocks)}`);
  if (summary.queried > 0) {
    tile("prefix", "Found in the cache", percent(summary.adopted / summary.queried), "",
      `${count(summary.adopted, "prompt token")}, ${count(summary.evictions, "eviction")}`);
  }
  const again = summary.recomputed > 0 ? `${count(summary.recomputed, "row")} computed again` : "nothing computed again";
  tile("preemptions", "Preemptions", number(summary.preemptions), "",
    summary.swaps > 0 ? `${number(summary.swaps)} swapped out, ${again}` : again);
  tile("steps", "Steps", number(summary.steps), "", `${count(summary.prompts, "prompt row")}`);
  const parts = [["decode", summary.work.decode], ["prefill", summary.work.prefill], ["accepted", summary.work.accepted],
    ["rejected", summary.work.rejected], ["recompute", summary.work.recompute]].filter(([, value]) => value > 0);
  const names = { decode: "decode", prefill: "prefill", accepted: "guessed right", rejected: "wrong", recompute: "again" };
  const total = Math.max(1, parts.reduce((sum, [, value]) => sum + value, 0));
  tile("work", "Time by rows", "", "", parts.map(([kind, value]) => `${names[kind]}\u00A0${percent(value / total)}`).join(" · "));
  byID("f-work").querySelector("dd").replaceChildren(element("div", { className: "bar" }, ...parts.map(([kind, value]) =>
    element("span", { style: { width: `${100 * value / total}%`, background: css(theme[kind]) } }))));
}

// MARK: Latencies

const tableColumns = [
  ["Request", sequence => sequence.lane, sequence => sequence.name],
  ["Prompt", sequence => sequence.promptTokens, sequence => number(sequence.promptTokens)],
  ["From cache", sequence => sequence.adopted, sequence => sequence.adopted > 0 ? number(sequence.adopted) : "–"],
  ["Generated", sequence => sequence.generatedTokens, sequence => number(sequence.generatedTokens)],
  ["Waited", sequence => sequence.wait, sequence => time(sequence.wait)],
  ["First token", sequence => sequence.toFirst, sequence => time(sequence.toFirst)],
  ["Between, median", sequence => quantile(sequence.gaps, 0.5), sequence => time(quantile(sequence.gaps, 0.5))],
  ["Between, 95%", sequence => quantile(sequence.gaps, 0.95), sequence => time(quantile(sequence.gaps, 0.95))],
  ["Whole", sequence => sequence.total, sequence => time(sequence.total)],
  ["Preempted", sequence => sequence.preemptions, sequence => sequence.preemptions || "–"],
  ["Ended", sequence => sequence.reason ?? "", sequence => sequence.ended == null ? "not yet" : sequence.reason ?? "yes"],
];
const table = { column: 0, isDown: false, shown: 50 };

function showTable() {
  const order = trace.sequences.slice(), [, key] = tableColumns[table.column];
  order.sort((one, other) => {
    const [a, b] = [key(one), key(other)];
    if (a === null || b === null) return (a === null) - (b === null);
    return (a < b ? -1 : a > b ? 1 : one.lane - other.lane) * (table.isDown ? -1 : 1);
  });
  byID("table").tHead.replaceChildren(element("tr", {}, ...tableColumns.map(([name], index) => {
    const sort = index !== table.column ? "none" : table.isDown ? "descending" : "ascending";
    const button = element("button", { type: "button" }, name);
    button.addEventListener("click", () => {
      table.isDown = index === table.column ? !table.isDown : index > 0;
      table.column = index;
      showTable();
    });
    return element("th", { scope: "col", "aria-sort": sort }, button);
  })));
  byID("table").tBodies[0].replaceChildren(...order.slice(0, table.shown).map(sequence => {
    const name = element("button", { type: "button", title: sequence.name },
      element("i", { style: { background: css(theme.requests[sequence.of.index]) } }), sequence.name);
    name.addEventListener("click", () => pick(sequence.of));
    return element("tr", { "aria-selected": String(sequence.of === picked) },
      element("td", {}, name), ...tableColumns.slice(1).map(([, , text]) => element("td", {}, text(sequence))));
  }));
  const more = byID("more"), left = order.length - table.shown;
  more.hidden = left <= 0;
  more.textContent = left > 500 ? `show 500 more of ${number(left)}` : `show ${number(left)} more`;
  byID("table-note").textContent = trace.dropped > 0
    ? "“–” where the steps that would tell were dropped." : "From the moment a request was handed in.";
}
