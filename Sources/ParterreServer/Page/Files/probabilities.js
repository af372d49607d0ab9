"use strict";
// Which characters of a text came with which token. A text may lag behind its tokens, where one ends in half a character or in what
// may begin a stop string.

class TokenTexts {
  constructor() {
    this.tokens = [];
    this.rest = "";
  }

  // Pieces of text with the log-probability of their token, or the mean of several that cannot be told from each other.
  take(text, logprobs) {
    const tokens = logprobs?.tokens ?? [], values = logprobs?.token_logprobs ?? [];
    tokens.forEach((token, index) => this.tokens.push({ token, logprob: values[index] ?? null }));
    this.rest += text;
    const pieces = [];
    while (this.rest !== "" && this.tokens.length > 0) {
      const { token, logprob } = this.tokens[0];
      if (token !== "" && this.rest.startsWith(token)) {
        pieces.push({ text: token, logprob });
        this.rest = this.rest.slice(token.length);
        this.tokens.shift();
      } else {
        const whole = this.tokens.map(each => each.logprob).filter(each => each !== null);
        pieces.push({ text: this.rest, logprob: whole.length > 0 ? whole.reduce((sum, each) => sum + each) / whole.length : null });
        this.rest = "";
        this.tokens = [];
      }
    }
    if (this.rest !== "") pieces.push({ text: this.rest, logprob: null });
    this.rest = "";
    return pieces;
  }
}

// 0 for what the model hardly expected up to 5 for what it was sure of.
function grade(logprob) { return [0.05, 0.2, 0.4, 0.65, 0.9].filter(limit => Math.exp(logprob) >= limit).length; }

function tokenSpan({ text, logprob }) {
  const share = Math.exp(logprob);
  return element("span", { "data-p": String(grade(logprob)), title: `${percent(share)} · ln ${logprob.toFixed(2)}` }, text);
}
