"use strict";
// Listens to what the server tells of itself, as long as the page is looked at.

const live = { moment: null, controller: null, pause: 500 };

function showLink(state, words) {
  byID("link").dataset.state = state;
  byID("link").textContent = words;
}

function showMoment(moment) {
  live.moment = moment;
  if (moment.loading !== undefined) {
    showLink("waiting", `the model is loading, ${percent(moment.loading)}`);
    return;
  }
  showLink("live", moment.draining ? "live · shutting down" : "live");
  if (!about.isKnown) showAbout();
  showFigures(moment);
  showBatch(moment);
  showBlocks(moment);
}

async function listen() {
  if (live.controller !== null || document.hidden) return;
  const controller = live.controller = new AbortController();
  let words = "the connection is lost, trying again";
  try {
    const response = await ask("live", { signal: controller.signal });
    live.pause = 500;
    for await (const moment of events(response)) showMoment(moment);
  } catch (error) {
    if (error instanceof Refusal) words = error.message;
    // A key is waited for, not asked for again and again.
    if (error.status === 401) { controller.abort(); words = "a key is wanted"; }
    if (error.status === 404) { controller.abort(); words = "the server tells nothing of itself"; }
  }
  if (live.controller !== controller) return;
  live.controller = null;
  showLink("lost", words);
  if (controller.signal.aborted) return;
  setTimeout(listen, live.pause);
  live.pause = Math.min(10_000, live.pause * 2);
}

function stopListening() {
  const controller = live.controller;
  live.controller = null;
  controller?.abort();
}

const about = { isKnown: false };

async function showAbout() {
  about.isKnown = true;
  try {
    const [model] = (await (await ask("v1/models")).json()).data;
    byID("model").textContent = model.id;
    document.title = `${model.id} · Parterre`;
    byID("about").textContent = `served by Parterre · room for ${count(model.max_model_len, "token")}`;
  } catch {
    about.isKnown = false;
  }
}
