import type { Point } from './glide.js';

const STEP = 0.02;
const LONG_STEP = 0.1;

/** What moved the cursor last. A mouse has its own on the screen; the others have none. */
export type Means = 'mouse' | 'touch' | 'keys';

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Where on the element, as parts of its size, a pointer is. Rounded, because a tenth of a pixel is worth no bytes. */
export function pointOn(box: DOMRectReadOnly, clientX: number, clientY: number): Point {
  return {
    x: fraction((clientX - box.left) / box.width),
    y: fraction((clientY - box.top) / box.height),
  };
}

/** Where an arrow key leads; `undefined` for any other key. */
export function pointAfterKey({ x, y }: Point, key: string, shift: boolean): Point | undefined {
  const arrow = ARROWS[key];
  if (!arrow) return undefined;
  const step = shift ? LONG_STEP : STEP;
  return { x: fraction(x + arrow[0] * step), y: fraction(y + arrow[1] * step) };
}

function fraction(part: number): number {
  return Math.round(Math.min(1, Math.max(0, part)) * 10_000) / 10_000;
}

/** Calls `moved` for every move of this page's visitor on the board. Returns how to stop. */
export function watchPointer(
  board: HTMLElement,
  from: () => Point,
  moved: (to: Point, by: Means) => void,
): () => void {
  const point = (event: PointerEvent) => {
    const means = event.pointerType === 'mouse' ? 'mouse' : 'touch';
    moved(pointOn(board.getBoundingClientRect(), event.clientX, event.clientY), means);
  };
  const key = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const to = pointAfterKey(from(), event.key, event.shiftKey);
    if (!to) return;
    event.preventDefault();
    moved(to, 'keys');
  };
  board.addEventListener('pointermove', point);
  board.addEventListener('pointerdown', point);
  board.addEventListener('keydown', key);
  return () => {
    board.removeEventListener('pointermove', point);
    board.removeEventListener('pointerdown', point);
    board.removeEventListener('keydown', key);
  };
}
