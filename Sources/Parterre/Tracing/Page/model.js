// The trace as typed arrays, and what the pictures need of it, worked out once.
// Times are microseconds since the engine was loaded; steps count from the first that is kept.

const Work = { prefill: 0, decode: 1, fork: 2, recompute: 3 };
const Happening = { preempted: 0, forked: 1, copied: 2, adopted: 3, swappedOut: 4, swappedIn: 5 };
const Fate = { kept: 0, adopted: 1, evicted: 2 };
const Cell = { owned: 0, shared: 1, cached: 2 };

function readTrace(text) {
  const json = JSON.parse(text);
  const count = json.steps.begin.length;
  const columns = (object, names) => Object.fromEntries(names.map(name => [name, Int32Array.from(object[name])]));
  const trace = {
    about: json.about, settings: json.settings, totals: json.totals, dropped: json.droppedSteps, count,
    begin: Float64Array.from(json.steps.begin), end: new Float64Array(count),
    steps: columns(json.steps, ["duration", "layers", "attention", "head", "waiting", "blocks", "cached", "swapped"]),
    runs: columns(json.runs, ["sequence", "step", "count", "rows", "work", "tokens"]),
    holdings: columns(json.holdings, ["sequence", "logical", "block", "from", "until"]),
    cached: columns(json.cached, ["block", "sequence", "from", "until", "fate"]),
    marks: columns(json.marks, ["step", "sequence", "what", "detail"]),
    sequences: json.sequences,
  };
  for (let step = 0; step < count; step++) trace.end[step] = trace.begin[step] + trace.steps.duration[step];
  readRequests(trace);
  countRows(trace);
  trace.runsOf = group(trace.runs.sequence, trace.sequences.length);
  trace.marksOf = group(trace.marks.sequence, trace.sequences.length);
  trace.holdingsOf = group(trace.holdings.block, trace.settings.blocks);
  trace.cachedOf = group(trace.cached.block, trace.settings.blocks);
  trace.cells = makeCells(trace);
  trace.cellsOf = group(trace.cells.block, trace.settings.blocks);
  trace.usedBlocks = trace.cells.block.reduce((most, block) => Math.max(most, block + 1), 0);
  for (const sequence of trace.sequences) measure(sequence, trace);
  return trace;
}

// Indices by key, in their order: those of key k are order[start[k]] to order[start[k + 1] - 1].
function group(keys, count) {
  const start = new Int32Array(count + 1), order = new Int32Array(keys.length);
  for (const key of keys) start[key + 1]++;
  for (let key = 0; key < count; key++) start[key + 1] += start[key];
  const next = start.slice();
  for (let index = 0; index < keys.length; index++) order[next[keys[index]]++] = index;
  return { of: key => order.subarray(start[key], start[key + 1]) };
}

function readRequests(trace) {
  const byNumber = new Map();
  trace.requests = [];
  trace.sequences.forEach((sequence, index) => {
    sequence.index = index;
    let request = byNumber.get(sequence.request);
    if (!request) {
      request = {
        index: trace.requests.length, number: sequence.request, sequences: [],
        name: sequence.label ?? `request ${sequence.request}`,
      };
      byNumber.set(sequence.request, request);
      trace.requests.push(request);
    }
    request.sequences.push(sequence);
    sequence.of = request;
  });
  for (const request of trace.requests) {
    for (const sequence of request.sequences) {
      sequence.name = request.sequences.length > 1 ? `${request.name} · ${sequence.sample + 1}` : request.name;
    }
  }
  // Samples of a request beside each other.
  trace.lanes = trace.requests.flatMap(request => request.sequences);
  trace.lanes.forEach((sequence, lane) => { sequence.lane = lane; });
}

// Rows and tokens of every step, from the runs' two ends.
function countRows(trace) {
  const { runs, count } = trace;
  const rows = { prefill: 0, decode: 0, accepted: 0, rejected: 0, recompute: 0, tokens: 0 };
  for (const name in rows) rows[name] = new Int32Array(count + 1);
  const add = (column, first, past, amount) => { column[first] += amount; column[past] -= amount; };
  for (let run = 0; run < runs.step.length; run++) {
    const first = runs.step[run], past = first + runs.count[run];
    add(rows.tokens, first, past, runs.tokens[run]);
    if (runs.work[run] === Work.prefill) add(rows.prefill, first, past, runs.rows[run]);
    if (runs.work[run] === Work.recompute) add(rows.recompute, first, past, runs.rows[run]);
    if (runs.work[run] === Work.decode) {
      add(rows.decode, first, past, 1);
      // All rows but the first are of guesses; a guess that came true is a token that was drawn.
      const guessed = runs.rows[run] - 1, accepted = Math.max(0, Math.min(guessed, runs.tokens[run] - 1));
      add(rows.accepted, first, past, accepted);
      add(rows.rejected, first, past, guessed - accepted);
    }
  }
  for (const name in rows) for (let step = 1; step <= count; step++) rows[name][step] += rows[name][step - 1];
  trace.rows = rows;
}

// What is drawn of a block: from one step up to another one owner, alone or with others, or none but the memory of the last.
function makeCells(trace) {
  const { holdings, holdingsOf, cached, cachedOf, settings } = trace;
  const cells = { block: [], from: [], until: [], sequence: [], kind: [], fate: [] };
  const push = (block, from, until, sequence, kind, fate = Fate.kept) => {
    if (until <= from) return;
    const last = cells.block.length - 1;
    if (last >= 0 && cells.block[last] === block && cells.until[last] === from && cells.sequence[last] === sequence
      && cells.kind[last] === kind) {
      cells.until[last] = until;
      return;
    }
    cells.block.push(block);
    cells.from.push(from);
    cells.until.push(until);
    cells.sequence.push(sequence);
    cells.kind.push(kind);
    cells.fate.push(fate);
  };
  for (let block = 0; block < settings.blocks; block++) {
    const list = holdingsOf.of(block);
    for (let at = 0; at < list.length;) {
      let past = at + 1, until = holdings.until[list[at]];
      while (past < list.length && holdings.from[list[past]] < until) {
        until = Math.max(until, holdings.until[list[past++]]);
      }
      if (past === at + 1) push(block, holdings.from[list[at]], until, holdings.sequence[list[at]], Cell.owned);
      else sweep(holdings, list.subarray(at, past), (from, to, holding, isShared) => {
        push(block, from, to, holdings.sequence[holding], isShared ? Cell.shared : Cell.owned);
      });
      at = past;
    }
    for (const span of cachedOf.of(block)) {
      push(block, cached.from[span], cached.until[span], cached.sequence[span], Cell.cached, cached.fate[span]);
    }
  }
  return Object.fromEntries(Object.entries(cells).map(([name, values]) => [name, Int32Array.from(values)]));
}

// Holdings of one block that overlap: the first that holds it stands for all.
function sweep(holdings, list, visit) {
  const ends = Array.from(list).sort((a, b) => holdings.until[a] - holdings.until[b]);
  const holders = new Set();
  let at = holdings.from[list[0]];
  for (let next = 0, gone = 0; gone < ends.length;) {
    const to = next < list.length && holdings.from[list[next]] < holdings.until[ends[gone]]
      ? holdings.from[list[next]] : holdings.until[ends[gone]];
    if (holders.size > 0) visit(at, to, holders.values().next().value, holders.size > 1);
    at = to;
    while (gone < ends.length && holdings.until[ends[gone]] === to) holders.delete(ends[gone++]);
    while (next < list.length && holdings.from[list[next]] === to) holders.add(list[next++]);
  }
}

// When a sequence waited, had its first token, and how far apart the others came.
function measure(sequence, trace) {
  const { runs, begin, end } = trace;
  const gaps = [];
  let last = null;
  sequence.began = null;
  sequence.first = null;
  for (const run of trace.runsOf.of(sequence.index)) {
    sequence.began ??= begin[runs.step[run]];
    const tokens = runs.tokens[run];
    if (tokens === 0) continue;
    for (let step = runs.step[run]; step < runs.step[run] + runs.count[run]; step++) {
      const now = end[step];
      sequence.first ??= now;
      // Tokens that a step accepted together share the time since the one before.
      if (last !== null) for (let token = 0; token < tokens; token++) gaps.push((now - last) / tokens);
      last = now;
    }
  }
  // Where the beginning was dropped nothing can be said of it.
  const isWhole = trace.dropped === 0 || sequence.arrived >= begin[0];
  sequence.wait = isWhole && sequence.began !== null ? sequence.began - sequence.arrived : null;
  sequence.toFirst = isWhole && sequence.first !== null ? sequence.first - sequence.arrived : null;
  sequence.gaps = Float64Array.from(gaps).sort();
  sequence.total = sequence.ended == null ? null : sequence.ended - sequence.arrived;
  sequence.preemptions = 0;
  sequence.swaps = 0;
  sequence.adopted = 0;
  for (const mark of trace.marksOf.of(sequence.index)) {
    if (isLoss(trace.marks.what[mark])) sequence.preemptions++;
    if (trace.marks.what[mark] === Happening.swappedOut) sequence.swaps++;
    if (trace.marks.what[mark] === Happening.adopted) sequence.adopted += trace.marks.detail[mark];
  }
}

// Whether it takes a sequence's blocks.
function isLoss(what) { return what === Happening.preempted || what === Happening.swappedOut; }

// Of sorted values: the smallest that is no smaller than the share of them.
function quantile(sorted, share) {
  return sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
}
