// What the server is asked. This page may be mounted anywhere: what it asks lies below where it is.
const BASE = location.pathname.replace(/\/$/, '');

/** Why something was not answered, in words. */
class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

function address(path, params) {
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return `${BASE}/api/${path}?${new URLSearchParams(given)}`;
}

async function answered(response) {
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    // A proxy's page, or nothing.
  }
  if (!response.ok || answer === null) throw new Refused(response.status, answer?.error ?? `answered ${response.status}`);
  return answer;
}

async function read(path, params = {}) {
  return answered(await fetch(address(path, params), { cache: 'no-store', redirect: 'error' }));
}

/** Changes something. */
async function act(path, params = {}) {
  return answered(await fetch(address(path, params), { method: 'POST', redirect: 'error', keepalive: true }));
}
