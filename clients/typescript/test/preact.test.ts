// @vitest-environment jsdom
import { h, render, type ComponentChild } from 'preact';
import { useEffect } from 'preact/hooks';
import { act } from 'preact/test-utils';
import { room, useMember, useRoom } from '../src/preact.js';
import { hookSuite } from './hook-suite.js';

const now = (call: () => void) => void act(call);

hookSuite('roomful/preact', {
  room,
  useRoom,
  useMember,
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
});
