/**
 * Has `shapes` write the types that were made up and values of them, and holds both against each other: every value that Rust
 * writes has its type once the client has read it, and whatever has a type is read by Rust as the client writes it, a mixture of
 * two variants too where TypeScript takes it.
 *
 *     node shapes/check.mjs PATH_OF_SHAPES
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const require = createRequire(new URL('../clients/typescript/package.json', import.meta.url));
const ts = require('typescript');
const { buildSync } = require('esbuild');

const SAMPLES = 24;
const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
};

async function run() {
  writeFileSync(
    file('roomful.d.ts'),
    "declare module 'roomful' {\n  export function socket<T>(module: string, name: string): T;\n}\n" +
      "declare module 'roomful/bigint' {\n  export function socketBigints<R>(ref: R, types: any, plans: any): R;\n}\n",
  );
  process.stdout.write(
    execFileSync(shapes, ['generate', directory], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
  const program = checked(['rooms.gen.ts', 'roomful.d.ts']);
  const client = await clientOf();
  const samples = samplesOf(program);
  for (const [name, mixed] of allowed(mixturesOf(program), program)) samples[name].push(mixed);
  for (const name of Object.keys(samples)) samples[name] = samples[name].map(client.encode);
  const read = execFileSync(shapes, ['read', directory], {
    input: JSON.stringify(samples),
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  process.stdout.write(read);
  const written = JSON.parse(readFileSync(file('values.json'), 'utf8'));
  writeFileSync(file('values.ts'), declared(written, client));
  checked(['values.ts', 'rooms.gen.ts', 'roomful.d.ts'], program);
}

/** The client's own code, with what the generated file says to it: how it writes, and how it reads. */
async function clientOf() {
  const src = (path) =>
    fileURLToPath(new URL(`../clients/typescript/src/${path}.ts`, import.meta.url));
  writeFileSync(
    file('client.ts'),
    `export * from './rooms.gen';\nexport { encode, read } from '${src('socket/wire')}';\n`,
  );
  buildSync({
    entryPoints: [file('client.ts')],
    outfile: file('client.mjs'),
    bundle: true,
    format: 'esm',
    alias: { roomful: src('index'), 'roomful/bigint': src('bigint') },
  });
  return import(pathToFileURL(file('client.mjs')).href);
}

/** Every value that Rust has written, as the client reads it, with the type that it should have. */
function declared(written, { serverSockets, read: readPlain }) {
  const lines = ["import type { serverSockets } from './rooms.gen';"];
  for (const [name, values] of Object.entries(written)) {
    lines.push(`type ${name} = (typeof serverSockets)['${name}']['outgoing'];`);
    const { read = readPlain } = serverSockets[name];
    for (const [at, json] of values.entries()) {
      let message;
      const fail = (error) => {
        throw new Error(`${name}: ${json}: ${error.message}`);
      };
      read(json, false, ({ msg }) => (message = msg), fail);
      lines.push(`export const ${name}_${at}: ${name} = ${literal(message)};`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** A value as it is written in TypeScript. */
function literal(value) {
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const properties = Object.entries(value).map(
    ([key, one]) => `${JSON.stringify(key)}: ${literal(one)}`,
  );
  return `{ ${properties.join(', ')} }`;
}

/** The program of these files, in which nothing is wrong. */
function checked(names, before) {
  const program = ts.createProgram(names.map(file), OPTIONS, undefined, before);
  const wrong = ts.getPreEmitDiagnostics(program);
  if (wrong.length > 0) {
    const host = {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => directory,
      getNewLine: () => '\n',
    };
    console.error(ts.formatDiagnosticsWithColorAndContext(wrong.slice(0, 10), host));
    throw new Error(`TypeScript finds ${wrong.length} mistakes`);
  }
  return program;
}

/** Of each type that a client sends, values that have it. */
function samplesOf(program) {
  const samples = {};
  for (const [name, incoming, sampler] of incomingTypes(program)) {
    samples[name] = Array.from({ length: SAMPLES }, () => sampler.sample(incoming, 0)).filter(
      (sample) => sample !== NOTHING,
    );
  }
  return samples;
}

/** Of each type that may be one of several objects, one with a property of another. */
function mixturesOf(program) {
  const mixtures = [];
  for (const [name, incoming, sampler] of incomingTypes(program)) {
    const objects = (incoming.types ?? [])
      .map((member) => sampler.sample(member, 0))
      .filter((sample) => sample && typeof sample === 'object' && !Array.isArray(sample));
    for (const one of objects) {
      for (const [key, value] of objects.flatMap((other) => Object.entries(other))) {
        if (!(key in one)) mixtures.push([name, { ...one, [key]: value }]);
      }
    }
  }
  return mixtures;
}

/** Those of `mixtures` that TypeScript takes. */
function allowed(mixtures, before) {
  const line = ([name, mixed], at) =>
    `export const m${at}: (typeof serverSockets)['${name}']['incoming'] = ${literal(mixed)};`;
  const lines = ["import type { serverSockets } from './rooms.gen';", ...mixtures.map(line)];
  writeFileSync(file('mixtures.ts'), `${lines.join('\n')}\n`);
  const names = ['mixtures.ts', 'rooms.gen.ts', 'roomful.d.ts'];
  const program = ts.createProgram(names.map(file), OPTIONS, undefined, before);
  const wrong = ts
    .getPreEmitDiagnostics(program)
    .map((one) => one.file.getLineAndCharacterOfPosition(one.start).line);
  return mixtures.filter((_, at) => !wrong.includes(at + 1));
}

/** Each type that a client sends, with its name and chance. */
function* incomingTypes(program) {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file('rooms.gen.ts'));
  const [entries] = checker
    .getExportsOfModule(checker.getSymbolAtLocation(source))
    .filter((symbol) => symbol.name === 'serverSockets');
  for (const entry of checker.getTypeOfSymbol(entries).getProperties()) {
    const types = checker.getTypeOfSymbol(entry);
    const incoming = checker.getTypeOfSymbol(types.getProperty('incoming'));
    yield [entry.name, incoming, new Sampler(checker, chance(entry.name))];
  }
}

/** There is no value of a type, or none that ends soon. */
const NOTHING = Symbol('nothing');

class Sampler {
  constructor(checker, below) {
    this.checker = checker;
    this.below = below;
  }

  sample(type, depth) {
    const { flags } = type;
    if (flags & (ts.TypeFlags.Never | ts.TypeFlags.Undefined) || depth > 12) return NOTHING;
    if (flags & ts.TypeFlags.Null) return null;
    if (flags & ts.TypeFlags.BooleanLiteral) return this.checker.typeToString(type) === 'true';
    if (flags & (ts.TypeFlags.StringLiteral | ts.TypeFlags.NumberLiteral)) return type.value;
    if (flags & ts.TypeFlags.String) return this.pick(['a', 'b', 'é', "'"]);
    if (flags & ts.TypeFlags.Number) return this.pick([0, 1, 200]);
    if (flags & ts.TypeFlags.BigInt) return this.pick([0n, 200n, 2n ** 64n - 1n]);
    if (flags & ts.TypeFlags.Union) return this.member(type, depth);
    if (this.checker.isTupleType(type)) return this.tuple(type, depth);
    if (this.checker.isArrayType(type)) return this.array(type, depth);
    if (flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) return this.object(type, depth);
    throw new Error(`no sample of ${this.checker.typeToString(type)}`);
  }

  member(type, depth) {
    for (const member of this.shuffled(type.types)) {
      const sample = this.sample(member, depth + 1);
      if (sample !== NOTHING) return sample;
    }
    return NOTHING;
  }

  tuple(type, depth) {
    const samples = [];
    const flags = type.target.elementFlags;
    for (const [at, element] of this.checker.getTypeArguments(type).entries()) {
      if (flags[at] & ts.ElementFlags.Optional && this.below(2) === 0) return samples;
      const sample = this.sample(element, depth + 1);
      if (sample === NOTHING) return NOTHING;
      samples.push(sample);
    }
    return samples;
  }

  array(type, depth) {
    const [element] = this.checker.getTypeArguments(type);
    const samples = Array.from({ length: depth > 6 ? 0 : this.below(3) }, () =>
      this.sample(element, depth + 1),
    );
    return samples.filter((sample) => sample !== NOTHING);
  }

  object(type, depth) {
    const entries = [];
    for (const property of this.checker.getPropertiesOfType(type)) {
      const optional = property.flags & ts.SymbolFlags.Optional;
      if (optional && (depth > 6 || this.below(2) === 0)) continue;
      const sample = this.sample(this.checker.getTypeOfSymbol(property), depth + 1);
      if (sample !== NOTHING) entries.push([property.name, sample]);
      else if (!optional) return NOTHING;
    }
    for (const { keyType, type: value } of this.checker.getIndexInfosOfType(type)) {
      if (depth > 6 || this.below(2) === 0) continue;
      const sample = this.sample(value, depth + 1);
      const key = keyType.flags & ts.TypeFlags.Number ? '7' : 'k';
      if (sample !== NOTHING) entries.push([key, sample]);
    }
    // In any order: serde reads a tag that comes late in another way.
    return Object.fromEntries(this.shuffled(entries));
  }

  pick(among) {
    return among[this.below(among.length)];
  }

  shuffled(items) {
    const order = items.map((item) => ({ item, at: this.below(1 << 20) }));
    return order.sort((a, b) => a.at - b.at).map(({ item }) => item);
  }
}

/** Numbers below a bound, the same for the same name: mulberry32. */
function chance(name) {
  let state = [...name].reduce((hash, letter) => Math.imul(hash, 31) + letter.codePointAt(0), 7);
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

const [, , shapes] = process.argv;
const directory = mkdtempSync(join(tmpdir(), 'shapes-'));
const file = (name) => join(directory, name);
try {
  await run();
} catch (error) {
  // What a program that failed has written is on the screen already.
  console.error(error.message.split('\n')[0]);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true });
}
