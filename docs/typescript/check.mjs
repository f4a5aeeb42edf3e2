// Whether the TypeScript of the documentation compiles: each block of a page by itself, with what the page's prelude declares.
//
//   node docs/typescript/check.mjs
//
// A prelude says what a reader knows from the text: which rooms there are, and what the page's own functions take. A page
// that has blocks and no prelude is a mistake, and so is a prelude of no page.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const client = join(root, 'clients/typescript');
const ts = createRequire(join(client, 'package.json'))('typescript');

const tasks = readdirSync(join(root, 'docs/tasks')).map((file) => `docs/tasks/${file}`);
const pages = ['README.md', 'docs/guide.md', 'clients/typescript/README.md', ...tasks];
const preludeOf = (page) => page.replace(/\.md$/, '').replaceAll('/', '-').toLowerCase() + '.ts';

/** The blocks of a page, each with the line that it begins at. */
export function blocks(text) {
  const found = text.matchAll(/^```tsx?\n([^]*?)^```$/gm);
  return [...found].map((block) => ({
    code: block[1],
    line: text.slice(0, block.index).split('\n').length + 1,
  }));
}

/** A block as a module: what is no declaration of its own runs in a function, which may await and return. */
export function asModule(code) {
  if (/^export /m.test(code)) return code;
  const lines = code.trimEnd().split('\n');
  const first = lines.findLastIndex((line) => line.startsWith('import ')) + 1;
  // On the same lines, so that what is said of them can be found.
  lines[first] = `export async function block() {${lines[first]}`;
  return `${lines.join('\n')}\n}\n`;
}

/** What a prelude exports, for blocks that do not import it. */
function globals(prelude) {
  const names = [...prelude.matchAll(/^export (?:declare )?(const|function|type) (\w+)/gm)];
  const one = ([, kind, name]) =>
    kind === 'type'
      ? `type ${name} = import('./rooms.gen').${name};`
      : `const ${name}: typeof import('./rooms.gen').${name};`;
  return `export {};\ndeclare global {\n${names.map(one).join('\n')}\n}\n`;
}

function mistakes(page, text, prelude) {
  const folder = join(client, 'blocks');
  const found = blocks(text);
  const files = new Map([
    [join(folder, 'rooms.gen.ts'), prelude],
    [join(folder, 'globals.d.ts'), globals(prelude)],
    ...found.map(({ code }, nth) => [join(folder, `${nth}.tsx`), asModule(code)]),
  ]);
  const options = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    jsx: ts.JsxEmit.ReactJSX,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: ['react'],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.getCurrentDirectory = () => client;
  host.directoryExists = (path) => path === folder || ts.sys.directoryExists(path);
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, version) =>
    files.has(path)
      ? ts.createSourceFile(path, files.get(path), version)
      : getSourceFile(path, version);
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
    if (!diagnostic.file) return `${page}: ${text}`;
    const { line } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start);
    const nth = /(\d+)\.tsx$/.exec(diagnostic.file.fileName)?.[1];
    const place = nth
      ? `${page}:${found[nth].line + line}`
      : `${page}, ${diagnostic.file.fileName}`;
    return `${place}: ${text}`;
  });
}

let count = 0;
const wrong = [];
const preludes = new Set(readdirSync(here).filter((file) => file.endsWith('.ts')));
for (const page of pages) {
  const text = readFileSync(join(root, page), 'utf8');
  const prelude = join(here, preludeOf(page));
  const size = blocks(text).length;
  if (size === 0) continue;
  count += size;
  if (!existsSync(prelude)) {
    wrong.push(`${page} has blocks, and ${preludeOf(page)} is not there`);
    continue;
  }
  preludes.delete(preludeOf(page));
  wrong.push(...mistakes(page, text, readFileSync(prelude, 'utf8')));
}
wrong.push(...[...preludes].map((prelude) => `${prelude} is of no page that has blocks`));
console.log(wrong.length === 0 ? `  ${count} blocks compile` : wrong.join('\n'));
process.exitCode = wrong.length === 0 ? 0 : 1;
