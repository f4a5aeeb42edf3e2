// A component in Jest, with jsdom and a socket that the test speaks for.
import { jest } from '@jest/globals';
import { act, createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { room } from 'roomful/react';

globalThis.IS_REACT_ACT_ENVIRONMENT = true;

const sockets = [];
class FakeSocket {
  readyState = 0;
  protocol = 'roomful.v1';
  bufferedAmount = 0;
  sent = [];
  constructor(url) {
    this.url = url;
    sockets.push(this);
  }
  send(frame) {
    this.sent.push(JSON.parse(frame));
  }
  close() {
    this.readyState = 3;
  }
  open(frame) {
    this.readyState = 1;
    this.onopen?.({});
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

const chat = room('team', 'chat');

function Here({ onMessage }) {
  const key = { roomId: 'main' };
  const { members, status } = chat.useRoom({ key, onMessage, WebSocket: FakeSocket });
  return createElement('p', null, `${status}: ${members.length} here`);
}

test('a component shows who is in its room', async () => {
  const onMessage = jest.fn();
  const page = document.body.appendChild(document.createElement('div'));
  const root = createRoot(page);
  await act(async () => root.render(createElement(Here, { onMessage })));
  expect(page.textContent).toBe('connecting: 0 here');
  const members = [
    { id: 'me', n: 0 },
    { id: 'other', n: 1 },
  ];
  const limits = { frame: 65_536 };
  const snapshot = {
    t: 'snapshot',
    self: 'me',
    members,
    seq: 0,
    epoch: 'e',
    heartbeat: 25_000,
    limits,
  };
  await act(async () => sockets[0].open(snapshot));
  expect(page.textContent).toBe('open: 2 here');
  await act(async () => root.unmount());
});
