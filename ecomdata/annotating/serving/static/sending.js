// Sending a form until it is acknowledged. It is kept in the browser meanwhile, so that neither a lost answer, a
// server that is started again nor a closed tab loses it; its key makes it count once.

const PATIENCE = 15_000; // milliseconds to wait for an answer
const LONGEST_WAIT = 8_000;

function wait(milliseconds) {
  return new Promise((done) => {
    const timer = setTimeout(finish, milliseconds);
    function finish() {
      clearTimeout(timer);
      removeEventListener("online", finish);
      done();
    }
    addEventListener("online", finish);
  });
}

// Storage may be forbidden or full; then what is unsent lives as long as the tab.
export function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {}
}

export function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export async function ask(address, body = null) {
  const answer = await fetch(address, {
    method: body === null ? "GET" : "POST",
    body,
    headers: { "X-Ecomdata-Part": "1" },
    credentials: "same-origin",
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE),
  });
  return { status: answer.status, text: await answer.text() };
}

// Post fields to an address until the server says something; token is what the forms of this page carry.
export async function send(address, fields, token, name, onTrouble) {
  keep(name, JSON.stringify({ address, fields }));
  const body = new URLSearchParams(fields);
  body.append("form", token);
  for (let pause = 500; ; pause = Math.min(2 * pause, LONGEST_WAIT)) {
    try {
      const answer = await ask(address, body);
      if (answer.status < 500) {
        // Signed out, or a form of an earlier visit: it is sent again when the person is back.
        if (answer.status !== 401 && answer.status !== 403) keep(name, null);
        return answer;
      }
    } catch {}
    onTrouble();
    await wait(pause);
  }
}
