import { describe, expect, test } from 'vitest';
import { Glide, approach, type Point } from '../../src/shared/glide.js';
import { pointAfterKey, pointOn } from '../../src/shared/pointer.js';
import { HandFrames } from './support.js';

describe('the glide', () => {
  const gliding = (still = false) => {
    const frames = new HandFrames();
    const places: Point[] = [];
    const glide = new Glide(
      (at) => places.push(at),
      () => still,
      frames,
    );
    return { frames, places, glide };
  };

  test('what has just come stands where it is', () => {
    const { frames, places, glide } = gliding();
    glide.to({ x: 0.5, y: 0.5 });
    expect(places).toEqual([{ x: 0.5, y: 0.5 }]);
    expect(frames.areAwaited).toBe(false);
  });

  test('it comes nearer with each frame, arrives exactly, and rests', () => {
    const { frames, places, glide } = gliding();
    glide.to({ x: 0, y: 0 });
    glide.to({ x: 1, y: 0.5 });
    frames.now = performance.now();
    for (let frame = 0; frames.areAwaited && frame < 200; frame++) frames.pass(16);
    const xs = places.map(({ x }) => x);
    expect(xs).toEqual([...xs].sort((a, b) => a - b));
    expect(xs.length).toBeGreaterThan(5);
    expect(places.at(-1)).toEqual({ x: 1, y: 0.5 });
    expect(frames.areAwaited).toBe(false);
  });

  test('for whoever wants no motion it jumps', () => {
    const { frames, places, glide } = gliding(true);
    glide.to({ x: 0, y: 0 });
    glide.to({ x: 1, y: 1 });
    expect(places).toEqual([
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ]);
    expect(frames.areAwaited).toBe(false);
  });

  test('a slow screen and a fast one get equally far', () => {
    const target = { x: 1, y: 0 };
    const once = approach({ x: 0, y: 0 }, target, 32);
    const twice = approach(approach({ x: 0, y: 0 }, target, 16), target, 16);
    expect(once.x).toBeCloseTo(twice.x, 10);
  });
});

describe('the pointer', () => {
  test('it is a part of the board, and never outside it', () => {
    const box = { left: 100, top: 50, width: 200, height: 400 } as DOMRectReadOnly;
    expect(pointOn(box, 200, 150)).toEqual({ x: 0.5, y: 0.25 });
    expect(pointOn(box, 0, 1000)).toEqual({ x: 0, y: 1 });
  });

  test('the arrow keys move it, with shift by more, and to the edge at most', () => {
    const middle = { x: 0.5, y: 0.5 };
    expect(pointAfterKey(middle, 'ArrowLeft', false)).toEqual({ x: 0.48, y: 0.5 });
    expect(pointAfterKey(middle, 'ArrowDown', true)).toEqual({ x: 0.5, y: 0.6 });
    expect(pointAfterKey({ x: 1, y: 0 }, 'ArrowRight', true)).toEqual({ x: 1, y: 0 });
    expect(pointAfterKey(middle, 'Tab', false)).toBeUndefined();
  });
});
