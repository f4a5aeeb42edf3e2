/** @vitest-environment node */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'roomful-copies-'));
  for (const copy of ['one', 'two']) {
    const source = fileURLToPath(new URL('../src', import.meta.url));
    cpSync(source, join(directory, copy), { recursive: true });
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What TypeScript says of an app. */
function mistakes(app: string): string {
  const file = join(directory, 'app.ts');
  writeFileSync(file, app);
  const program = ts.createProgram([file], {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
    strict: true,
    noEmit: true,
  });
  const found = ts.getPreEmitDiagnostics(program, program.getSourceFile(file));
  return found
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
    .join('\n');
}

const app = (second: string) => `
  import { room, socket } from './one/index.js';
  import { joinRoom, openSocket } from '${second}';
  const rooms = room<{ key: { boardId: string }; incoming: string; outgoing: string }>('m', 'r');
  const sockets = socket<{ incoming: string; outgoing: string }>('m', 's');
  joinRoom(rooms, { key: { boardId: 'main' } });
  openSocket(sockets);
`;

test('a reference of another copy of the package is named as that', { timeout: 60_000 }, () => {
  expect(mistakes(app('./one/index.js'))).toBe('');
  const said = mistakes(app('./two/index.js'));
  expect(
    said.split('Two copies of roomful are installed; `npm ls roomful` shows both'),
  ).toHaveLength(3);
});
