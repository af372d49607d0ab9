"use strict";
// What is asked of the model, and the texts that come.

const crowdSize = 8;
// The run that goes on, or went on last.
let run = null;

function field(id, read) {
  const text = byID(id).value.trim();
  return text === "" ? undefined : read(text);
}

// The body of a request, without what the server shall choose itself.
function wanted(prompts, n) {
  const body = {
    prompt: prompts.length === 1 ? prompts[0] : prompts, stream: true, stream_options: { include_usage: true }, n,
    max_tokens: field("max_tokens", Number), temperature: field("temperature", Number), top_p: field("top_p", Number),
    seed: field("seed", Number),
  };
  if (byID("probabilities").checked) body.logprobs = 0;
  return body;
}

function newName() { return `page-${Array.from(crypto.getRandomValues(new Uint8Array(4)), byte => byte.toString(16).padStart(2, "0")).join("")}`; }

class Run {
  constructor(prompt, copies, n) {
    this.prompt = prompt;
    this.copies = copies;
    this.name = newName();
    this.body = wanted(Array(copies).fill(prompt), n);
    this.controller = new AbortController();
    const many = copies * n;
    this.cards = Array.from({ length: many }, (_, index) => new TextCard(many > 1 ? index + 1 : 0, many > 1 ? "" : prompt));
    // Texts of the same words can be compared, whoever asked for them.
    this.question = JSON.stringify([prompt, this.body.max_tokens, this.body.temperature, this.body.top_p, this.body.seed]);
    this.begin = performance.now();
    this.first = null;
    this.usage = null;
    this.isOver = false;
  }

  async follow() {
    let ending = "stopped";
    try {
      const response = await ask("v1/completions", {
        body: this.body, signal: this.controller.signal, headers: { "X-Request-Id": this.name },
      });
      for await (const chunk of events(response)) {
        if (chunk.error) throw new Refusal(500, chunk.error.message);
        for (const choice of chunk.choices) this.add(choice);
        if (chunk.usage) this.usage = chunk.usage;
      }
    } catch (error) {
      if (!this.controller.signal.aborted) {
        ending = "failed";
        fail(error.message);
      }
    }
    this.isOver = true;
    this.end = performance.now();
    for (const card of this.cards) card.end(ending);
    // What was refused has no texts.
    if (ending === "failed" && this.first === null && run === this) byID("texts").replaceChildren();
    this.tell();
  }

  add(choice) {
    if (this.first === null && choice.text !== "") this.first = performance.now();
    this.cards[choice.index]?.add(choice);
    this.tellSoon();
  }

  abort() { this.controller.abort(); }

  tellSoon() {
    if (this.isToldSoon) return;
    this.isToldSoon = true;
    requestAnimationFrame(() => { this.isToldSoon = false; if (run === this) this.tell(); });
  }

  tell() {
    if (run !== this) return;
    byID("usage").textContent = this.figures();
    if (this.copies > 1) showVerdict(this);
    if (this.isOver) showButtons();
  }

  figures() {
    const words = [];
    if (this.usage) words.push(`${count(this.usage.prompt_tokens, "prompt token")} + ${count(this.usage.completion_tokens, "new one")}`);
    if (this.usage && this.first !== null && this.end - this.first > 20) {
      words.push(`${rate((this.usage.completion_tokens - this.cards.length) / (this.end - this.first) * 1000)} tokens/s`);
    }
    if (this.first !== null) words.push(`first after ${time((this.first - this.begin) * 1000)}`);
    if (this.isOver) words.push(`${time((this.end - this.begin) * 1000)} in all`);
    return words.join(" · ");
  }
}

// The law of invariance, to be seen: what stands beside a text in the batch does not change it.
function showVerdict(of) {
  const { agreeing, all, apart } = agreement(of.cards), verdict = byID("verdict");
  const isDone = of.isOver && of.cards.every(card => card.reason !== "stopped" && card.reason !== "failed");
  const isSame = agreeing === all && (!isDone || of.cards.every(card => card.text === of.cards[0].text));
  verdict.dataset.agrees = isSame ? "yes" : "no";
  let words = `${isSame ? all : Math.min(agreeing, all - 1)} of ${all} identical`;
  if (!isDone) words += of.cards.some(card => card.text !== "") ? ` so far, ${count(Math.min(...of.cards.map(card => card.text.length)), "character")} in` : "";
  else if (isSame && of.alone !== null) words += of.alone === of.cards[0].text ? ", and the same as alone" : ", but not the same as alone";
  if (isDone && isSame && of.alone !== null && of.alone !== of.cards[0].text) verdict.dataset.agrees = "no";
  verdict.textContent = words;
  for (const card of of.cards) card.state.classList.toggle("differs", apart.includes(card));
}

const alone = { question: null, text: "" };

async function start(copies) {
  run?.abort();
  const prompt = byID("prompt").value, n = copies > 1 ? 1 : field("n", Number) ?? 1;
  if (prompt === "") { fail("Write a prompt first: a text that the model shall continue."); byID("prompt").focus(); return; }
  const mine = run = new Run(prompt, copies, Math.min(8, Math.max(1, n)));
  // Without a seed each request draws its own texts.
  const canCompare = mine.body.seed !== undefined || mine.body.temperature === 0;
  mine.alone = copies > 1 && canCompare && alone.question === mine.question ? alone.text : null;
  byID("failure").hidden = true;
  byID("verdict").textContent = "";
  byID("usage").textContent = "";
  const texts = byID("texts");
  texts.className = mine.cards.length === 1 ? "one" : "";
  texts.classList.toggle("coloured", byID("probabilities").checked);
  texts.replaceChildren(...mine.cards.map(card => card.node));
  showButtons();
  await mine.follow();
  if (mine.cards.length === 1 && canCompare && ["stop", "length"].includes(mine.cards[0].reason)) {
    Object.assign(alone, { question: mine.question, text: mine.cards[0].text });
  }
}

function fail(message) {
  byID("failure").textContent = message;
  byID("failure").hidden = false;
}

function showButtons() {
  const isBusy = run !== null && !run.isOver;
  byID("stop").disabled = !isBusy;
  document.documentElement.dataset.busy = isBusy ? "yes" : "no";
}
