// Which view is shown, and when it is asked for anew.

const status = document.getElementById('status');
const main = document.getElementById('main');
const pause = document.getElementById('pause');
const toast = document.getElementById('toast');
const dialog = document.getElementById('confirm');

const EVERY_MS = 1500;
let view = null;
let timer = null;
let toastTimer = null;
let asking = false;
let again = false;
let isPaused = false;

function tell(tone, words) {
  set(status, 'data-tone', tone);
  text(document.getElementById('status-text'), words);
}

/** Says what came of something that was done. */
function say(words) {
  clearTimeout(toastTimer);
  text(toast, words);
  toastTimer = setTimeout(() => text(toast, ''), 6000);
}

function route() {
  const [, name = '', rest = ''] = /^#\/([a-z]*)\/?(.*)$/.exec(location.hash) ?? [];
  if (name === 'connections') return ['connections', connectionsView()];
  if (name === 'process') return ['process', processView()];
  if (name === 'room' && rest) return ['rooms', roomView(decoded(rest))];
  return ['rooms', roomsView()];
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function open() {
  view?.leave?.();
  const [name, opened] = route();
  const isFirst = view === null;
  view = opened;
  for (const link of document.querySelectorAll('nav a')) set(link, 'aria-current', link.dataset.view === name ? 'page' : null);
  main.replaceChildren(view.element);
  document.title = `${view.title} · Roomful inspector`;
  if (!isFirst) main.focus();
  look();
}

/** Asks for what is shown, and goes on to. What is asked for meanwhile is asked when that is answered. */
async function look() {
  clearTimeout(timer);
  again = asking;
  if (asking) return;
  asking = true;
  const looked = view;
  try {
    await looked.refresh();
    tell(isPaused ? 'busy' : 'good', isPaused ? 'Paused' : 'Live');
  } catch (error) {
    const isOut = error.status === 401 || error.status === 403;
    tell('bad', isOut ? 'Not let in' : error.status === 503 ? 'Try again later' : 'No answer');
  } finally {
    asking = false;
  }
  if (again || looked !== view) return look();
  // What nobody looks at is not asked for.
  if (!isPaused && !document.hidden) timer = setTimeout(look, EVERY_MS);
}

pause.addEventListener('click', () => {
  isPaused = !isPaused;
  set(pause, 'aria-pressed', `${isPaused}`);
  text(pause, isPaused ? 'Go on' : 'Pause');
  if (isPaused) {
    clearTimeout(timer);
    tell('busy', 'Paused');
  } else look();
});

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && !isPaused) look();
});

/** Asks whether it is meant. Resolves to the reason that was given, or to `null`. */
function confirmed(title, words, does, hasReason) {
  const reason = document.getElementById('confirm-reason');
  text(document.getElementById('confirm-title'), title);
  text(document.getElementById('confirm-text'), words);
  text(document.getElementById('confirm-yes'), does);
  document.getElementById('confirm-label').hidden = !hasReason;
  reason.value = '';
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes' ? reason.value : null), { once: true }),
  );
}

// Enter in the line is what the button does, and not the first button.
document.getElementById('confirm-reason').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter') return;
  event.preventDefault();
  dialog.close('yes');
});

async function kick(topic, member) {
  const words = `${member} leaves ${topic}, and its client stays away.`;
  const reason = await confirmed('Kick this member?', words, 'Kick', true);
  if (reason !== null) await did('kick', { topic, member, reason }, 'It was kicked.', 'It is not there any more.');
}

async function close(member) {
  const words = `The socket of ${member} is closed. Its client comes back, and where it is away it leaves.`;
  const meant = await confirmed('Close this connection?', words, 'Close', false);
  if (meant !== null) await did('close', { member }, 'It was closed.', 'It is not there any more.');
}

async function did(path, params, done, undone) {
  try {
    say((await act(path, params)).done ? done : undone);
  } catch (error) {
    say(error.message);
  }
  look();
}

addEventListener('hashchange', open);
addEventListener('pagehide', () => view?.leave?.());
open();
