// @vitest-environment jsdom
import { Component, h, render, type ComponentChild } from 'preact';
import { useEffect } from 'preact/hooks';
import { act } from 'preact/test-utils';
import {
  feed,
  live,
  room,
  socket,
  useConnection,
  useFeed,
  useLive,
  useMember,
  useOthers,
  useRoom,
  useSocket,
  useUsers,
} from '../src/preact.js';
import { connectionHookSuite } from './connection-hook-suite.js';
import { effectsSuite } from './effects-suite.js';
import { enabledSuite } from './enabled-suite.js';
import { feedHookSuite } from './feed-hook-suite.js';
import { hookSuite } from './hook-suite.js';
import { liveHookSuite } from './live-hook-suite.js';
import { othersSuite } from './others-suite.js';
import { placeSuite } from './place-suite.js';
import { presenceHookSuite } from './presence-hook-suite.js';
import { sessionHookSuite } from './session-hook-suite.js';
import { socketHookSuite } from './socket-hook-suite.js';
import type { Renderer } from './support/stage.js';
import { usersSuite } from './users-suite.js';

const now = (call: () => void) => void act(call);

class Boundary extends Component<{ children: ComponentChild }, { hasFailed: boolean }> {
  override state = { hasFailed: false };
  static override getDerivedStateFromError = () => ({ hasFailed: true });
  override render() {
    return this.state.hasFailed ? 'caught' : this.props.children;
  }
}

const renderer: Renderer = {
  room,
  useRoom,
  useMember,
  useOthers,
  useUsers,
  useConnection,
  Boundary,
  useEffect,
  h: h as never,
  act: now,
  mount(element) {
    const container = document.createElement('div');
    now(() => render(element as ComponentChild, container));
    return {
      html: () => container.innerHTML,
      render: (element) => now(() => render(element as ComponentChild, container)),
      unmount: () => now(() => render(null, container)),
    };
  },
};

hookSuite('roomful/preact', renderer);
placeSuite('roomful/preact', renderer);
enabledSuite('roomful/preact', renderer);
effectsSuite('roomful/preact', renderer);
connectionHookSuite('roomful/preact', renderer);
othersSuite('roomful/preact', renderer);
usersSuite('roomful/preact', renderer);
presenceHookSuite('roomful/preact', renderer);
sessionHookSuite('roomful/preact', renderer);
socketHookSuite('roomful/preact', { ...renderer, socket, useSocket });
feedHookSuite('roomful/preact', { ...renderer, feed, useFeed });
liveHookSuite('roomful/preact', { ...renderer, live, useLive });
