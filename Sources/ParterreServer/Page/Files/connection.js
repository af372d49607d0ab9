"use strict";
// Asking the server, with the key that it wants, and reading what it streams.

// Of this tab alone; a browser may refuse to keep anything.
const kept = {
  read() { try { return sessionStorage.getItem("key") ?? ""; } catch { return ""; } },
  write(key) { try { sessionStorage.setItem("key", key); } catch { /* It is asked for again then. */ } },
};

const access = {
  key: kept.read(),
  // Those who wait for a key that is right.
  onKey: [],
};

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// Relative, so that a proxy may serve all this under a path of its own.
async function ask(path, { body, signal, headers = {} } = {}) {
  const options = { signal, headers: { ...headers }, cache: "no-store", credentials: "omit" };
  if (access.key !== "") options.headers.Authorization = `Bearer ${access.key}`;
  if (body !== undefined) {
    options.method = "POST";
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await fetch(path, options);
  if (response.ok) return response;
  const said = await response.json().catch(() => null);
  if (response.status === 401) wantKey();
  throw new Refusal(response.status, said?.error?.message ?? `the server answers ${response.status}`);
}

// The data of server-sent events, as JSON. Reads on behind "[DONE]", so that the connection can be used again.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        const data = part.split("\n").filter(line => line.startsWith("data: ")).map(line => line.slice(6)).join("\n");
        if (data !== "" && data !== "[DONE]") yield JSON.parse(data);
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function wantKey() {
  const form = byID("key-form");
  byID("key-note").textContent = access.key === "" ? "It is kept for this tab alone." : "The server does not know that key.";
  if (!form.hidden) return;
  form.hidden = false;
  byID("key").focus();
}

function useKey(key) {
  access.key = key;
  kept.write(key);
  byID("key-form").hidden = true;
  byID("key").value = "";
  for (const action of access.onKey) action();
}
