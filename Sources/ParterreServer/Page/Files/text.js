"use strict";
// One text that is being written, on a card of its own.

class TextCard {
  // `number` is 0 where there is only one.
  constructor(number, prompt) {
    this.text = "";
    this.reason = null;
    this.tokens = new TokenTexts();
    this.title = element("span", {}, number > 0 ? `${number}` : "");
    this.state = element("span", {}, "waiting");
    this.body = element("p", { "aria-busy": "true", tabIndex: 0, role: "group", "aria-label": number > 0 ? `Text ${number}` : "Text" });
    if (prompt !== "") this.body.append(element("span", { className: "prompt" }, prompt));
    this.node = element("article", { className: "text" }, element("h3", {}, this.title, this.state), this.body);
  }

  add(choice) {
    const piece = choice.text;
    const isAtEnd = this.body.scrollTop + this.body.clientHeight >= this.body.scrollHeight - 8;
    if (choice.logprobs) {
      for (const part of this.tokens.take(piece, choice.logprobs)) {
        this.body.append(part.logprob === null ? part.text : tokenSpan(part));
      }
    } else if (piece !== "") {
      const last = this.body.lastChild;
      if (last?.nodeType === Node.TEXT_NODE) last.appendData(piece);
      else this.body.append(piece);
    }
    this.text += piece;
    if (choice.finish_reason) this.end(choice.finish_reason);
    else if (piece !== "") this.state.textContent = "writing";
    if (isAtEnd) this.body.scrollTop = this.body.scrollHeight;
  }

  end(reason) {
    if (this.reason !== null) return;
    this.reason = reason;
    this.body.setAttribute("aria-busy", "false");
    const words = { stop: "ended", length: "reached max tokens", stopped: "stopped", failed: "broken off", deadline: "out of time" };
    this.state.textContent = words[reason] ?? reason;
  }

  // The colour of its blocks.
  mark(colour) { this.node.style.borderLeftColor = colour; }
}

// Where two texts part: the length of what they have in common.
function commonLength(one, other) {
  const most = Math.min(one.length, other.length);
  let at = 0;
  while (at < most && one[at] === other[at]) at++;
  return at;
}

// How many texts say what the first says, as far as they have come.
function agreement(cards) {
  const first = cards[0].text;
  const apart = cards.filter(card => commonLength(first, card.text) < Math.min(first.length, card.text.length));
  return { agreeing: cards.length - apart.length, all: cards.length, apart };
}
