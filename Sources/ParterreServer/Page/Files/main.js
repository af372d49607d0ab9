"use strict";
// Puts the page together.

function repaint() {
  readTheme();
  requestColours.clear();
  showBlocksLegend();
  if (live.moment && live.moment.loading === undefined) showMoment(live.moment);
  else drawBlocks();
}

makeTiles();
listenToBlocks();
repaint();
showButtons();

byID("compose").addEventListener("submit", event => {
  event.preventDefault();
  start(1);
});
byID("crowd").addEventListener("click", () => { if (byID("compose").reportValidity()) start(crowdSize); });
byID("stop").addEventListener("click", () => run?.abort());
byID("probabilities").addEventListener("change", event => byID("texts").classList.toggle("coloured", event.target.checked));
byID("key-form").addEventListener("submit", event => {
  event.preventDefault();
  useKey(byID("key").value.trim());
});
access.onKey.push(() => { listen(); showAbout(); });

document.addEventListener("keydown", event => {
  if (event.key === "Escape") {
    run?.abort();
    pickRequest(null);
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    byID("compose").requestSubmit();
  }
});
document.addEventListener("visibilitychange", () => { if (document.hidden) stopListening(); else listen(); });
darkPage.addEventListener("change", repaint);
addEventListener("beforeprint", () => { onPaper = true; repaint(); });
addEventListener("afterprint", () => { onPaper = false; repaint(); });

showLink("waiting", "connecting");
listen();
document.documentElement.dataset.ready = "yes";
