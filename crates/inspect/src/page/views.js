// The views. Each has an element, and `refresh`, which asks the server and shows what it says.

/** A number with what it is, one of several. */
function tile(label, ...below) {
  const value = el('span', {}, '–');
  const note = el('span', { class: 'soft' });
  const element = el('div', { class: 'tile' }, el('dt', {}, label), el('dd', {}, value), note, ...below);
  return {
    element,
    show(shown, noted = '') {
      text(value, shown);
      text(note, noted);
    },
  };
}

function tiles(...all) {
  return el('dl', { class: 'tiles' }, ...all.map(({ element }) => element));
}

function nothing(words) {
  return el('p', { class: 'empty', hidden: '' }, words);
}

/** The rates of the whole process, with a line of the last minutes each. */
function traffic(of) {
  const [inLine, outLine] = [spark(`In a second, ${of}, over the last minutes`), spark(`Out a second, ${of}, over the last minutes`)];
  const [inward, outward] = [tile('In', inLine.element), tile('Out', outLine.element)];
  return {
    tiles: [inward, outward],
    show(rates) {
      if (!rates) return;
      inward.show(`${count(rates.in)}/s`, `${bytes(rates.in_bytes)}/s`);
      outward.show(`${count(rates.out)}/s`, `${bytes(rates.out_bytes)}/s`);
      inLine.add(rates.in);
      outLine.add(rates.out);
    },
  };
}

const SORTS = [
  ['members', 'Members'],
  ['out', 'Out a second'],
  ['in', 'In a second'],
  ['bytes', 'Bytes a second'],
  ['slowest', 'Slowest reader'],
  ['conflated', 'Conflation'],
  ['topic', 'Name'],
];

function roomsView() {
  const members = tile('Members');
  const connections = tile('Connections');
  const flow = traffic('all rooms');
  const sort = el('select', { id: 'sort', onchange: () => again() }, ...SORTS.map(([value, label]) => el('option', { value }, label)));
  const search = el('input', { id: 'search', type: 'search', autocomplete: 'off', oninput: () => again() });
  const found = el('span', { class: 'soft' });
  const empty = nothing('Nobody is in any room.');
  const left = el('p', { class: 'empty', hidden: '' });
  const rooms = table('Rooms', [
    { title: 'Room', cell: (room) => made(room.topic, () => roomLink(room.topic), () => el('span', { class: 'soft' }, room.names.join(', '))) },
    { title: 'Members', number: true, cell: (room) => count(room.members) },
    { title: 'In', number: true, cell: (room) => `${count(room.rates?.in)}/s` },
    { title: 'Out', number: true, cell: (room) => `${count(room.rates?.out)}/s` },
    { title: 'Bytes out', number: true, cell: (room) => `${bytes(room.rates?.out_bytes)}/s` },
    { title: 'Slowest reader', number: true, cell: (room) => (room.slowest_bytes ? bytes(room.slowest_bytes) : '–') },
    { title: 'Conflated', number: true, cell: (room) => `${count(room.rates?.conflated)}/s` },
  ]);
  let from = 0;
  const turn = (to) => {
    from = to;
    look();
  };
  const again = () => turn(0);
  const pages = pager(turn);
  async function refresh() {
    const [summary, page] = await Promise.all([read('summary'), read('rooms', { sort: sort.value, q: search.value, from })]);
    members.show(count(summary.members), summary.held ? `${count(summary.held)} away` : '');
    connections.show(count(summary.connections), `of ${count(summary.most.connections)}`);
    flow.show(summary.rates);
    rooms.show(page.rooms.map((room) => ({ key: room.topic, ...room })));
    text(found, `${count(page.found)} of ${count(page.rooms_in_all)}`);
    text(empty, search.value ? 'No room has this in its name.' : 'Nobody is in any room.');
    empty.hidden = page.rooms.length > 0;
    left.hidden = page.rooms_left_out === 0;
    text(left, `${count(page.rooms_left_out)} smaller rooms are not listed. Each is found by its whole name, at #/room/….`);
    pages.show(page);
  }
  const element = el(
    'div',
    {},
    tiles(members, connections, ...flow.tiles),
    card(el('h1', {}, 'Rooms ', found), el('div', { hidden: '' }), rooms.element, empty, left, pages.element),
  );
  element.querySelector('.card-head').append(el('label', {}, 'Search', search), el('label', {}, 'Most first', sort));
  return { title: 'Rooms', element, refresh };
}

function roomLink(topic) {
  return el('a', { href: `#/room/${encodeURIComponent(topic)}` }, topic);
}

function pager(go) {
  const where = el('span', { class: 'soft' });
  const back = el('button', { class: 'button small', type: 'button' }, 'Back');
  const on = el('button', { class: 'button small', type: 'button' }, 'Further');
  const element = el('div', { class: 'pager', hidden: '' }, where, back, on);
  let [before, after] = [0, 0];
  back.addEventListener('click', () => go(before));
  on.addEventListener('click', () => go(after));
  return {
    element,
    show({ from, most, found }) {
      [before, after] = [Math.max(0, from - most), from + most];
      element.hidden = from === 0 && most >= found;
      text(where, `${count(from + 1)} to ${count(Math.min(after, found))} of ${count(found)}`);
      [back.disabled, on.disabled] = [from === 0, after >= found];
    },
  };
}

const TONES = { idle: 'good', working: 'busy', opening: 'busy', waiting: 'busy', away: 'busy', closing: 'bad', leaving: 'bad' };

function phaseTag(connection) {
  if (!connection) return made('elsewhere', () => el('span', { class: 'tag' }, 'on another node'));
  const { phase, waits_for, left_ms } = connection;
  const left = left_ms === null ? '' : `, leaves in ${duration(left_ms)}`;
  return made([phase, waits_for, left], () => el('span', { class: 'tag', 'data-tone': TONES[phase] }, phase), () =>
    el('span', { class: 'soft' }, waits_for === 'nothing' ? '' : `waits for ${waits_for}${left}`),
  );
}

function waiting(connection) {
  if (!connection) return '–';
  const { queued, outbox_bytes } = connection;
  return queued || outbox_bytes ? `${count(queued)} in, ${bytes(outbox_bytes)} out` : '–';
}

/** What is the same of a connection in both tables. */
const CONNECTION_COLUMNS = [
  { title: 'Stands', cell: ({ connection }) => phaseTag(connection) },
  { title: 'From', cell: ({ connection }) => connection?.peer ?? '–' },
  { title: 'Age', number: true, cell: ({ connection }) => duration(connection?.age_ms) },
  { title: 'Speaks', cell: ({ connection }) => connection?.dialect ?? '–' },
  { title: 'Waits', number: true, cell: ({ connection }) => waiting(connection) },
];

function who({ id, user }) {
  return made([id, user], () => el('span', { class: 'id' }, id), () => (user ? el('span', { class: 'soft' }, user) : el('span')));
}

function actions(id, topic) {
  return made([id, topic], () =>
    el(
      'span',
      { class: 'actions' },
      topic
        ? el('button', { class: 'button small', type: 'button', 'aria-label': `Kick ${id}`, onclick: () => kick(topic, id) }, 'Kick')
        : null,
      el('button', { class: 'button small', type: 'button', 'aria-label': `Close ${id}`, onclick: () => close(id) }, 'Close'),
    ),
  );
}

function roomView(topic) {
  const members = tile('Members');
  const slowest = tile('Slowest reader');
  const flow = traffic('this room');
  const names = el('span', { class: 'soft' });
  const empty = nothing('Nobody is in this room, in this process.');
  const roster = table(`Who is in ${topic}`, [
    { title: 'Member', cell: who },
    ...CONNECTION_COLUMNS,
    { title: 'Shows', number: true, cell: (line) => (line.state_bytes === null ? '–' : bytes(line.state_bytes)) },
    { title: '', actions: true, cell: (line) => actions(line.id, topic) },
  ]);
  const tap = tapPanel(topic);
  let [after, next] = [null, null];
  const further = el('button', { class: 'button small', type: 'button', onclick: () => turn(next) }, 'Further');
  const first = el('button', { class: 'button small', type: 'button', onclick: () => turn(null) }, 'To the first');
  const pages = el('div', { class: 'pager', hidden: '' }, first, further);
  const turn = (to) => {
    after = to;
    look();
  };
  async function refresh() {
    await Promise.all([lines(), tap.refresh()]);
  }
  async function lines() {
    const page = await read('room', { topic, after });
    const { room } = page;
    next = page.next;
    members.show(count(room?.members ?? 0), `${count(room?.sockets ?? 0)} connected here`);
    slowest.show(room?.slowest_bytes ? bytes(room.slowest_bytes) : '–', `${count(room?.totals.conflated ?? 0)} times conflated`);
    flow.show(room?.rates);
    if (room) text(names, room.names.join(', '));
    roster.show(page.roster.map((line) => ({ key: line.id, ...line })));
    empty.hidden = page.roster.length > 0;
    pages.hidden = after === null && next === null;
    [first.disabled, further.disabled] = [after === null, next === null];
  }
  const element = el(
    'div',
    {},
    tiles(members, slowest, ...flow.tiles),
    card(el('h1', {}, topic, ' ', names), roster.element, empty, pages),
    tap.element,
  );
  return { title: topic, element, refresh, leave: tap.stop };
}

/** What goes through a room, while it is watched. */
function tapPanel(topic) {
  const frames = el('ol', { class: 'frames', tabindex: '0', 'aria-label': 'Frames, the latest first', hidden: '' });
  const note = el('span', { class: 'soft' });
  const payloads = el('input', { type: 'checkbox', id: 'payloads' });
  const button = el('button', { class: 'button small', type: 'button', onclick: () => (tap === null ? start() : stop()) }, 'Watch');
  const head = el('div', { class: 'card-head' }, el('h2', {}, 'Frames ', note), el('label', {}, payloads, 'With payloads'), button);
  const element = el('section', { class: 'card' }, head, frames);
  let [tap, after] = [null, 0];
  async function start() {
    try {
      ({ tap } = await act('tap/open', { topic, payloads: payloads.checked ? 1 : '' }));
    } catch (error) {
      return say(error.message);
    }
    after = 0;
    frames.replaceChildren();
    show();
    look();
  }
  async function stop() {
    const open = tap;
    tap = null;
    show();
    if (open !== null) await act('tap/close', { tap: open }).catch(() => {});
  }
  function show() {
    text(button, tap === null ? 'Watch' : 'Stop');
    payloads.disabled = tap !== null;
    frames.hidden = tap === null && frames.childElementCount === 0;
  }
  async function refresh() {
    if (tap === null) return;
    let come;
    try {
      come = await read('tap', { tap, after });
    } catch (error) {
      if (error.status !== 404) throw error;
      tap = null;
      text(note, 'it was not read for too long');
      return show();
    }
    for (const frame of come.frames) {
      after = frame.number;
      frames.prepend(frameLine(frame));
    }
    while (frames.childElementCount > 200) frames.lastElementChild.remove();
    text(note, come.over ? 'the room is empty' : come.dropped ? `${count(come.dropped)} were too many` : '');
    if (come.over) await stop();
    show();
  }
  return { element, refresh, stop };
}

function frameLine({ kind, from, to, count: many, bytes: size, payload, ago_ms }) {
  const time = new Date(Date.now() - ago_ms).toLocaleTimeString('en-GB');
  const whom = [from ? `from ${from}` : many > 1 ? `${count(many)} more` : 'from the app', to ? `to ${to}` : ''].join(' ');
  return el(
    'li',
    {},
    el('span', { class: 'soft time' }, time),
    el('span', { class: 'tag' }, kind),
    el('span', { class: 'id' }, whom),
    el('span', { class: 'number' }, bytes(size)),
    payload === null ? null : el('code', {}, payload),
  );
}

const ONLY = [
  ['', 'All'],
  ['slow', 'That read slowly'],
  ['working', 'Whose hook runs'],
  ['away', 'That are away'],
  ['opening', 'That are being let in'],
  ['closing', 'That are being closed'],
  ['leaving', 'Whose last hooks run'],
];

function connectionsView() {
  const empty = nothing('There are none.');
  const only = el('select', { id: 'only', onchange: () => turn(null) }, ...ONLY.map(([value, label]) => el('option', { value }, label)));
  const connections = table('Connections', [
    { title: 'Connection', cell: ({ connection }) => who(connection) },
    { title: 'Is in', cell: ({ connection }) => place(connection) },
    ...CONNECTION_COLUMNS,
    { title: '', actions: true, cell: ({ connection }) => actions(connection.id, connection.topic) },
  ]);
  let [after, next] = [null, null];
  const further = el('button', { class: 'button small', type: 'button', onclick: () => turn(next) }, 'Further');
  const first = el('button', { class: 'button small', type: 'button', onclick: () => turn(null) }, 'To the first');
  const pages = el('div', { class: 'pager', hidden: '' }, first, further);
  const turn = (to) => {
    after = to;
    look();
  };
  async function refresh() {
    const page = await read('connections', { only: only.value, after });
    next = page.next;
    connections.show(page.connections.map((connection) => ({ key: connection.id, connection })));
    empty.hidden = page.connections.length > 0;
    pages.hidden = after === null && next === null;
    [first.disabled, further.disabled] = [after === null, next === null];
  }
  const element = el('div', {}, card(el('h1', {}, 'Connections'), connections.element, empty, pages));
  element.querySelector('.card-head').append(el('label', {}, 'Show', only));
  return { title: 'Connections', element, refresh };
}

function place({ topic, endpoint }) {
  return made([topic, endpoint], () => (topic ? roomLink(topic) : el('span', {}, endpoint ?? 'no such room')), () =>
    el('span', { class: 'soft' }, topic ? (endpoint ?? '') : ''),
  );
}

function processView() {
  const all = {
    rooms: tile('Rooms'),
    members: tile('Members'),
    connections: tile('Connections'),
    held: tile('Away'),
    memory: tile('Held for clients'),
    tasks: tile('Tasks'),
    sockets: tile('Sockets'),
    feeds: tile('Feeds and live values'),
  };
  const none = el('p', { class: 'empty' }, 'No limit was reached.');
  const hits = table('Limits that were reached', [
    { title: 'Limit', cell: ({ limit }) => limit },
    { title: 'Times', number: true, cell: ({ times }) => count(times) },
    { title: 'It is', number: true, cell: ({ bound }) => count(bound) },
    { title: 'Asked for', number: true, cell: ({ most_asked }) => count(most_asked) },
    { title: 'Last', number: true, cell: ({ ago_ms }) => `${duration(ago_ms)} ago` },
  ]);
  const nodes = table('Nodes', [
    { title: 'Node', cell: ({ node, incarnation }) => made([node, incarnation], () => el('span', {}, node), () => el('span', { class: 'soft' }, incarnation)) },
    { title: 'Stands', cell: (node) => nodeTag(node) },
    { title: 'Heard', number: true, cell: ({ silent_ms }) => (silent_ms === null ? '–' : `${duration(silent_ms)} ago`) },
    { title: 'Rooms', number: true, cell: ({ rooms }) => count(rooms) },
  ]);
  const cluster = card(el('h2', {}, 'Nodes'), nodes.element);
  cluster.hidden = true;
  async function refresh() {
    const summary = await read('summary');
    all.rooms.show(count(summary.rooms), `of ${count(summary.most.rooms)}`);
    all.members.show(count(summary.members));
    all.connections.show(count(summary.connections), `of ${count(summary.most.connections)}`);
    all.held.show(count(summary.held), `of ${count(summary.most.held)}`);
    all.memory.show(bytes(summary.bytes), `of ${bytes(summary.most_bytes)}`);
    all.tasks.show(count(summary.tasks), `${count(summary.departed)} of those that left`);
    all.sockets.show(count(summary.sockets));
    all.feeds.show(count(summary.feeds));
    hits.show(summary.hits.map((hit) => ({ key: hit.limit, ...hit })));
    none.hidden = summary.hits.length > 0;
    cluster.hidden = summary.cluster === null;
    if (summary.cluster) {
      const { node, incarnation, rooms, peers, ...own } = summary.cluster;
      const me = { key: 'me', node: `${node} (this one)`, incarnation, rooms, silent_ms: null, own };
      nodes.show([me, ...peers.map((peer) => ({ key: peer.incarnation, ...peer }))]);
    }
  }
  const element = el(
    'div',
    {},
    el('h1', { class: 'for-readers' }, 'Process'),
    tiles(...Object.values(all)),
    card(el('h2', {}, 'Limits that were reached'), hits.element, none),
    cluster,
  );
  return { title: 'Process', element, refresh };
}

function nodeTag({ own, live, draining }) {
  const [words, tone] = own
    ? own.superseded
      ? ['another process has its name', 'bad']
      : own.well
        ? ['well', 'good']
        : [own.linked ? 'isolated' : 'no link to the broker', 'bad']
    : draining
      ? ['draining', 'busy']
      : live
        ? ['live', 'good']
        : ['gone', 'bad'];
  return made(words, () => el('span', { class: 'tag', 'data-tone': tone }, words));
}
