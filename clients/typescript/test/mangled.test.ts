/** @vitest-environment node */
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, expect, it } from 'vitest';
import { INTERNAL, MANGLED } from '../scripts/mangled.mjs';

const names = new Set<string>(INTERNAL);
const src = fileURLToPath(new URL('../src/', import.meta.url));

/** Where names stand that others know: the page's apps, and the server. */
const OTHERS = /\/(types|wire|errors|ref|index|health)\.ts$/;

let program: ts.Program;

beforeAll(() => {
  const entries = ['index', 'preact', 'react', 'bigint'].map((entry) => `${src}${entry}.ts`);
  const config = ts.readConfigFile(
    fileURLToPath(new URL('../tsconfig.json', import.meta.url)),
    ts.sys.readFile,
  );
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, src);
  program = ts.createProgram(entries, options);
}, 60_000);

/** Each identifier of the source, and each text in it. */
function visit(look: (node: ts.Identifier | ts.StringLiteralLike) => void): void {
  const into = (node: ts.Node): void => {
    if (ts.isIdentifier(node) || ts.isStringLiteralLike(node)) look(node);
    ts.forEachChild(node, into);
  };
  program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.startsWith(src))
    .forEach(into);
}

/** Of `{ a: b }` and `{ a }`, taken apart, and of `x.a`: what `a` was declared as. */
function declarationsOf(node: ts.Identifier): readonly ts.Declaration[] | undefined {
  const checker = program.getTypeChecker();
  const { parent } = node;
  if (ts.isBindingElement(parent) && ts.isObjectBindingPattern(parent.parent)) {
    const property = parent.propertyName ?? parent.name;
    if (property !== node) return undefined;
    return checker.getTypeAtLocation(parent.parent).getProperty(node.text)?.declarations ?? [];
  }
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) {
    return checker.getSymbolAtLocation(node)?.declarations ?? [];
  }
  if (
    ts.isShorthandPropertyAssignment(parent) ||
    (ts.isPropertyAssignment(parent) && parent.name === node)
  ) {
    return checker.getContextualType(parent.parent)?.getProperty(node.text)?.declarations;
  }
  return undefined;
}

const at = (node: ts.Node) =>
  `${node.getText()} in ${node.parent.getText().slice(0, 80)}, ${node.getSourceFile().fileName.slice(src.length)}`;

it('is of our own objects alone: nothing of the page, and nothing of which the type is not known', () => {
  const found = new Set<string>();
  const foreign: string[] = [];
  visit((node) => {
    if (!ts.isIdentifier(node) || !names.has(node.text)) return;
    const declarations = declarationsOf(node);
    if (!declarations) return;
    found.add(node.text);
    const isOurs = declarations.every((declaration) =>
      declaration.getSourceFile().fileName.startsWith(src),
    );
    if (!isOurs || declarations.length === 0) foreign.push(at(node));
  });
  expect(foreign).toEqual([]);
  expect([...names].filter((name) => !found.has(name))).toEqual([]);
}, 60_000);

it('is no name that an app or the server knows', () => {
  const known: string[] = [];
  visit((node) => {
    const { parent } = node;
    const isMember =
      ts.isPropertySignature(parent) ||
      ts.isMethodSignature(parent) ||
      ts.isPropertyDeclaration(parent) ||
      ts.isParameterPropertyDeclaration(parent, parent.parent);
    if (isMember && parent.name === node && OTHERS.test(node.getSourceFile().fileName))
      known.push(node.text);
  });
  expect(known).toEqual(
    expect.arrayContaining(['onMessage', 'members', 'heartbeat', 'state', 'roundTrip', 'code']),
  );
  expect(known.filter((name) => names.has(name))).toEqual([]);
});

it('is nowhere a text, which the build leaves as it is', () => {
  const texts: string[] = [];
  visit((node) => {
    if (ts.isStringLiteralLike(node) && names.has(node.text) && !ts.isLiteralTypeNode(node.parent))
      texts.push(at(node));
  });
  expect(texts).toEqual([]);
});

it('has a short name of its own', () => {
  const short = Object.values(MANGLED.mangleCache);
  expect(Object.keys(MANGLED.mangleCache)).toEqual(INTERNAL);
  expect(new Set(short).size).toBe(INTERNAL.length);
  expect(new Set(INTERNAL).size).toBe(INTERNAL.length);
});
