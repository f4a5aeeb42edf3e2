/** On a server: no page, no WebSocket, no effects. Runs in Node, without a DOM. */
import { transform } from 'esbuild';
import { readFileSync } from 'node:fs';
import { h } from 'preact';
import { renderToString as renderPreact } from 'preact-render-to-string';
import { createElement } from 'react';
import { renderToString as renderReact } from 'react-dom/server';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { describe, expect, it, vi } from 'vitest';
import * as preact from '../src/preact.js';
import * as react from '../src/react.js';
import { MANGLED } from '../scripts/mangled.mjs';
import { fakeSockets } from './support/sockets.js';

it('the entry for React is one for the client, where a framework has server components', async () => {
  const source = readFileSync(new URL('../src/react.ts', import.meta.url), 'utf8');
  const { outputText } = transpileModule(source, {
    compilerOptions: {
      module: ModuleKind.NodeNext,
      target: ScriptTarget.ES2022,
      verbatimModuleSyntax: true,
    },
    fileName: 'react.mts',
  });
  // A directive is one only before all else.
  const { code } = await transform(outputText, MANGLED);
  expect(code).toMatch(/^['"]use client['"];/);
});

it('there is no page here', () => {
  expect(typeof document).toBe('undefined');
  expect(typeof location).toBe('undefined');
});

describe.each([
  ['preact', preact, (component: () => string) => renderPreact(h(component as never, null))],
  ['react', react, (component: () => string) => renderReact(createElement(component))],
] as const)(
  '%s renders on a server',
  (
    _,
    {
      feed,
      live,
      room,
      socket,
      useRoom,
      useConnection,
      useFeed,
      useLive,
      useMember,
      useOthers,
      useSocket,
      useUsers,
    },
    render,
  ) => {
    const board = room<{ key: { boardId: string } }>('board', 'cursors');

    it.each([
      [true, 'connecting undefined 0 0 0 undefined undefined 0'],
      [false, 'closed undefined 0 0 0 undefined undefined 0'],
    ])('enabled %s, without connecting', (enabled, html) => {
      const log = vi.spyOn(console, 'error').mockImplementation(() => {});
      const { WebSocket, all } = fakeSockets();
      const shown = render(() => {
        const room = useRoom(board, { key: { boardId: 'main' }, enabled, WebSocket });
        const someone = useMember(room.member('someone'));
        if (useConnection(room).online) throw new Error('there is no connection here');
        if (useUsers(room).length > 0) throw new Error('there is nobody here');
        const names = useOthers(room, (others) => others.map(({ id }) => id));
        const { status, closeInfo, members, memberIds, others, self } = room;
        const sizes = [members.length, memberIds.length, others.length];
        return [status, closeInfo, ...sizes, self, someone, names.length].map(String).join(' ');
      });
      expect(shown).toBe(html);
      expect(all).toEqual([]);
      expect(log).not.toHaveBeenCalled();
    });

    it.each([
      [true, 'connecting undefined undefined'],
      [false, 'closed undefined undefined'],
    ])('a socket, enabled %s, without connecting', (enabled, html) => {
      const log = vi.spyOn(console, 'error').mockImplementation(() => {});
      const { WebSocket, all } = fakeSockets();
      const chat = socket<{ params: { docId: string } }>('docs', 'chat');
      const shown = render(() => {
        const options = { params: { docId: 'a' }, lastMessage: true, enabled, WebSocket } as const;
        const { status, closeInfo, lastMessage } = useSocket(chat, options);
        return [status, closeInfo, lastMessage].map(String).join(' ');
      });
      expect(shown).toBe(html);
      expect(all).toEqual([]);
      expect(log).not.toHaveBeenCalled();
    });

    it.each([
      [true, 'connecting undefined none yet'],
      [false, 'closed undefined none yet'],
    ])('a feed, enabled %s, without connecting, with its state to begin with', (enabled, html) => {
      const log = vi.spyOn(console, 'error').mockImplementation(() => {});
      const { WebSocket, all } = fakeSockets();
      const activity = feed<{ event: string }>('board', 'activity');
      const shown = render(() => {
        const reduce = (_: string, event: string) => event;
        const options = { initial: 'none yet', reduce, enabled, WebSocket };
        const { status, closeInfo, state } = useFeed(activity, options);
        return [status, closeInfo, state].map(String).join(' ');
      });
      expect(shown).toBe(html);
      expect(all).toEqual([]);
      expect(log).not.toHaveBeenCalled();
    });

    it.each([
      [true, 'connecting undefined undefined water,cook'],
      [false, 'closed undefined undefined water,cook'],
    ])('a live value, enabled %s, without connecting, with what it is', (enabled, html) => {
      const log = vi.spyOn(console, 'error').mockImplementation(() => {});
      const { WebSocket, all } = fakeSockets();
      const tasks = live<{ value: string[] }>('board', 'tasks');
      const shown = render(() => {
        const options = { initial: ['water', 'cook'], enabled, WebSocket };
        const { status, closeInfo, error, value } = useLive(tasks, options);
        return [status, closeInfo, error, value].map(String).join(' ');
      });
      expect(shown).toBe(html);
      expect(all).toEqual([]);
      expect(log).not.toHaveBeenCalled();
    });
  },
);
