// What is written into the page: text and attributes, never markup, whatever anybody has said in a room.

/** An element: `el('td', { class: 'number' }, '7')`. What is `null` is left out. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) set(element, key, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function set(element, key, value) {
  if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
  else if (value === null || value === undefined || value === false) element.removeAttribute(key);
  else if (element.getAttribute(key) !== `${value}`) element.setAttribute(key, value);
}

/** Sets the text where it is another, so that nothing that was selected is lost in vain. */
function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/** A card with a head. */
function card(title, ...rest) {
  return el('section', { class: 'card' }, el('div', { class: 'card-head' }, title), ...rest);
}

/**
 * A table whose rows keep their elements from look to look, so that whoever stands on one with the keyboard stays there.
 * A column is `{ title, number, cell }`; a cell gives a text, or an element that is made anew where its `key` is another.
 */
function table(caption, columns) {
  const head = columns.map(({ title, number }) =>
    el('th', { scope: 'col', class: number ? 'number' : null }, title ? title : el('span', { class: 'for-readers' }, 'Actions')),
  );
  const body = el('tbody');
  const element = el('table', {}, el('caption', { class: 'for-readers' }, caption), el('thead', {}, el('tr', {}, ...head)), body);
  const rows = new Map();
  return {
    element,
    /** Shows these, each of which has a `key` of its own. */
    show(items) {
      const gone = new Set(rows.keys());
      items.forEach((item, at) => {
        gone.delete(item.key);
        const row = rows.get(item.key) ?? newRow(columns);
        rows.set(item.key, row);
        fillRow(row, columns, item);
        if (body.children[at] !== row.element) body.insertBefore(row.element, body.children[at] ?? null);
      });
      for (const key of gone) {
        rows.get(key).element.remove();
        rows.delete(key);
      }
      element.hidden = items.length === 0;
    },
  };
}

function newRow(columns) {
  const cells = columns.map(({ title, number, actions }, at) =>
    at === 0
      ? el('th', { scope: 'row' })
      : el('td', { class: number ? 'number' : actions ? 'actions-cell' : null, 'data-label': title || null }),
  );
  return { element: el('tr', {}, ...cells), cells, keys: [] };
}

function fillRow(row, columns, item) {
  columns.forEach(({ cell }, at) => {
    const content = cell(item);
    if (typeof content === 'string') return text(row.cells[at], content);
    if (row.keys[at] === content.key && row.cells[at].firstChild) return;
    row.keys[at] = content.key;
    row.cells[at].replaceChildren(...content.make());
  });
}

/** A content that is made anew where it is another: what it shows is its key. */
function made(key, ...make) {
  return { key: JSON.stringify(key), make: () => make.map((each) => each()) };
}

/** A line of the last minutes. */
function spark(label) {
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  for (const [key, value] of Object.entries({ class: 'spark', viewBox: '0 0 100 30', preserveAspectRatio: 'none', role: 'img', 'aria-label': label }))
    svg.setAttribute(key, value);
  svg.append(path);
  const values = [];
  return {
    element: svg,
    add(value) {
      values.push(value);
      if (values.length > 90) values.shift();
      const most = Math.max(1, ...values);
      const height = (each) => 29 - (27 * each) / most;
      const points = values.map((each, at) => `${(100 * at) / Math.max(1, values.length - 1)} ${height(each)}`);
      // Its sides lie outside of what is shown.
      path.setAttribute('d', `M-3 33 L-3 ${height(values[0])} L${points.join(' L')} L103 ${height(value)} L103 33`);
    },
  };
}

/** `12,345`, and a digit behind the point where it is little. */
function count(value) {
  if (value === null || value === undefined) return '–';
  const digits = value > 0 && value < 10 && !Number.isInteger(value) ? 1 : 0;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

function bytes(value) {
  if (value === null || value === undefined) return '–';
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toLocaleString('en', { maximumFractionDigits: unit && value < 10 ? 1 : 0 })} ${units[unit]}`;
}

function duration(ms) {
  if (ms === null || ms === undefined) return '–';
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
