/** The protocol of a socket, and that no message can be mistaken for it, nor it for a message. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode } from '../src/socket/wire.js';
import { page } from './support/rooms.js';

/** What a client makes of what a server says. */
function hear(said: string[], protocol = 'roomful.v1') {
  const here = page();
  const messages: unknown[] = [];
  const errors: unknown[] = [];
  const socket = here.open({
    onMessage: (...message: unknown[]) => messages.push(message),
    onError: (error: { code: string }) => errors.push(error.code),
  });
  here.socket.accept(protocol);
  if (protocol) here.socket.receive({ t: 'open' });
  for (const text of said) here.socket.receiveText(text);
  return { messages, errors, status: socket.status };
}

/** What a client says for a message. */
function say(message: unknown, protocol = 'roomful.v1'): string {
  const here = page();
  here.open().send(message);
  here.socket.accept(protocol);
  if (protocol) here.socket.receive({ t: 'open' });
  return here.socket.sent.join('|');
}

/** Any JSON; often what looks like a frame. */
const json = fc.oneof(
  fc.jsonValue(),
  fc.tuple(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue())).map(([t, rest]) => ({
    t,
    ...rest,
  })),
  fc.constantFrom('ping', 'pong', 'open', 'error', 'msg', 'bye').map((t) => ({ t, code: 'x' })),
);

const same = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('any JSON', () => {
  it('arrives as it was said, whatever it begins with', () => {
    fc.assert(
      fc.property(json, (message) => {
        expect(hear(['{"t":"open"}', encode(message)])).toEqual({
          messages: [[same(message)]],
          errors: [],
          status: 'open',
        });
      }),
    );
  });

  it('is said so that a server cannot take it for a frame', () => {
    fc.assert(
      fc.property(json, (message) => {
        const text = say(message);
        expect(text.startsWith('{"t":')).toBe(false);
        expect(JSON.parse(text)).toEqual(same(message));
      }),
    );
  });

  it.each(['roomful.v1', ''])('is one text frame of JSON, with the dialect %j', (protocol) => {
    fc.assert(
      fc.property(json, (message) => {
        expect(JSON.parse(say(message, protocol))).toEqual(same(message));
      }),
    );
  });

  it('of a plain server is a message, whatever it begins with', () => {
    fc.assert(
      fc.property(json, (message) => {
        const { messages, errors } = hear([JSON.stringify(message)], '');
        expect(messages).toEqual([[same(message)]]);
        expect(errors).toEqual([]);
      }),
    );
  });
});

it.each([
  [{ t: 'ping' }, ' {"t":"ping"}'],
  [{ t: undefined, a: 1 }, '{"a":1}'],
  [{ a: 1, t: 'ping' }, '{"a":1,"t":"ping"}'],
  [{ tt: 1 }, '{"tt":1}'],
  [[{ t: 'ping' }], '[{"t":"ping"}]'],
  [{ toJSON: () => ({ t: 1 }) }, ' {"t":1}'],
  ['{"t":"ping"}', '"{\\"t\\":\\"ping\\"}"'],
  [null, 'null'],
])('%j is said as %j', (message, text) => {
  expect(say(message)).toBe(text);
});

describe('what a v1 server says of the connection is not a message', () => {
  it.each([
    '{"t":"open","heartbeat":25000,"limits":{"frame":65536}}',
    '{"t":"pong"}',
    '{"t":"ack","id":4}',
    '{"t":"weather","from":4}',
    '{"t":"msg","msg":"hi","from":"a"}',
    '{"t":"snapshot","self":"me","members":[]}',
    '{"t":"presence","op":"join","from":"a"}',
  ])('%s', (text) => {
    expect(hear([text])).toEqual({ messages: [], errors: [], status: 'open' });
  });

  it('and an error is reported', () => {
    const said = '{"t":"error","id":1,"code":"bad_message","reason":"because"}';
    expect(hear([said])).toMatchObject({ messages: [], errors: ['bad_message'] });
  });
});

it('an array is a message, and not a batch', () => {
  const batch = [{ t: 'pong' }, { t: 'error', code: 'x' }];
  expect(hear([JSON.stringify(batch)])).toMatchObject({ messages: [[batch]], errors: [] });
});

describe('what cannot be read is reported, and the rest goes on', () => {
  it.each<[string, unknown, string]>([
    ['not JSON', 'hi', 'roomful.v1'],
    ['nothing', '', 'roomful.v1'],
    ['half a frame', '{"t":', 'roomful.v1'],
    ['a kind that is no string', '{"t":5}', 'roomful.v1'],
    ['an error without a code', '{"t":"error"}', 'roomful.v1'],
    ['a binary frame', new ArrayBuffer(4), 'roomful.v1'],
    ['not JSON, plain', 'hi', ''],
  ])('%s', (_, text, protocol) => {
    expect(hear([text as string, '"next"'], protocol)).toEqual({
      messages: [['next']],
      errors: ['unreadable'],
      status: 'open',
    });
  });
});
