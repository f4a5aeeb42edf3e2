// @vitest-environment jsdom
import {
  act,
  Activity,
  Component,
  createElement,
  StrictMode,
  useEffect,
  type ReactNode,
} from 'react';
import { createRoot } from 'react-dom/client';
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
} from '../src/react.js';
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

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

class Boundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };
  static getDerivedStateFromError = () => ({ hasFailed: true });
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
  StrictMode,
  Activity,
  h: createElement as never,
  act: (call) => act(call),
  mount(element) {
    const container = document.createElement('div');
    const root = createRoot(container);
    act(() => root.render(element as ReactNode));
    return {
      html: () => container.innerHTML,
      render: (element) => act(() => root.render(element as ReactNode)),
      unmount: () => act(() => root.unmount()),
    };
  },
};

hookSuite('roomful/react', renderer);
placeSuite('roomful/react', renderer);
enabledSuite('roomful/react', renderer);
effectsSuite('roomful/react', renderer);
connectionHookSuite('roomful/react', renderer);
othersSuite('roomful/react', renderer);
usersSuite('roomful/react', renderer);
presenceHookSuite('roomful/react', renderer);
sessionHookSuite('roomful/react', renderer);
socketHookSuite('roomful/react', { ...renderer, socket, useSocket });
feedHookSuite('roomful/react', { ...renderer, feed, useFeed });
liveHookSuite('roomful/react', { ...renderer, live, useLive });
