import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { isTemplate } from './world/template.ts';

/** Import graph of `scripts/` and `site/`, for the rules in CONTRIBUTING. */

type Graph = Map<string, { imports: string[]; text: string }>;

const ROOT = resolve(import.meta.dirname, '..');

/** A file may import files of its own layer and of the layers after it. */
const SITE_LAYERS = [
  /^site\/pages\/|^site\/(?:live\.config|middleware)\.ts$/,
  /^site\/layouts\//,
  /^site\/components\//,
  /^site\/client\//,
  /^site\/lib\//,
  /^site\/schemas\//,
];
const SCRIPT_LAYERS = [/^scripts\/[^/]+$/, /^scripts\//, /^site\/lib\//, /^site\/schemas\//];

test('there are no import cycles', () => {
  expect(findCycles(readGraph())).toEqual([]);
});

test('every import points downwards', () => {
  expect(findUpward(readGraph())).toEqual([]);
});

test('code for browsers does not depend on Node', () => {
  const graph = readGraph();
  expect(findNodeInBrowser(graph)).toEqual([]);
});

test('no folder has more than 25 entries, not counting commands and tests', () => {
  const entries = new Map<string, Set<string>>();
  for (const file of readGraph().keys()) {
    const parts = file.split('/');
    for (let at = 1; at < parts.length; at += 1) {
      const folder = parts.slice(0, at).join('/');
      entries.set(folder, (entries.get(folder) ?? new Set()).add(parts[at] ?? ''));
    }
  }
  entries.delete('scripts');
  const long = [...entries].filter(([, names]) => names.size > 25).map(([folder]) => folder);
  expect(long).toEqual([]);
});

test('a command reads like a table of contents: at most 60 lines', () => {
  expect(findLongCommands(readGraph())).toEqual([]);
});

test('no command defines a constant after it has run: unlike a function, it would be undefined', () => {
  const late = [...readGraph()].filter(([file, { text }]) => {
    const [, after = ''] = text.split(/^await runCommand\(.*$/m);
    return /^scripts\/[^/]+$/.test(file) && /^(const|let|class) /m.test(after);
  });
  expect(late.map(([file]) => file)).toEqual([]);
});

test('Node 22 parses every command, to report that it is too old', () => {
  expect(findNewSyntax(readGraph())).toEqual([]);
});

test('no table of words is read with brackets, which find `constructor` in each', () => {
  expect(findAskedTables(readGraph())).toEqual([]);
});

test('every folder has its line in CONTRIBUTING', () => {
  const text = readFileSync(join(ROOT, '.github/CONTRIBUTING.md'), 'utf8');
  const map = /```\n(scripts\/[^]*?)```/.exec(text)?.[1] ?? '';
  const named = new Set<string>();
  let top = '';
  for (const [, indent = '', folder = ''] of map.matchAll(/^( *)([\w/-]+)\/(?= |$)/gm)) {
    if (indent === '') top = folder;
    named.add(indent === '' ? folder : `${top}/${folder}`);
  }
  const rooms = new Set(
    [...readGraph().keys()]
      .map((file) => dirname(file))
      .filter((folder) => !/^site\/(pages|components)\//.test(folder) && folder !== 'site'),
  );
  expect([...rooms].filter((room) => !named.has(room))).toEqual([]);
  const gone = [...named].filter((room) => room.startsWith('scripts/') && !rooms.has(room));
  expect(gone).toEqual([]);
});

test.runIf(isTemplate)(
  'the template has an empty catalog: a key in it would be trusted in every copy',
  () => {
    const tracked = execFileSync('git', ['ls-files', 'site/content'], { cwd: ROOT, encoding: 'utf8' });
    expect(tracked).toBe('site/content/.gitkeep\n');
  },
);

test('an exported name has one meaning', () => {
  expect(findHomonyms(readGraph())).toEqual([]);
});

test('a class of a global style belongs to one component', () => {
  const styles = globSync('site/**/*.{astro,css}', { cwd: ROOT }).sort();
  expect(findSharedClasses(styles.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]))).toEqual([]);
});

test('each rule finds violations', () => {
  const file = (text: string, ...imports: string[]): { imports: string[]; text: string } => ({
    imports,
    text,
  });
  const broken: Graph = new Map([
    ['site/lib/a.ts', file('', 'site/lib/b.ts')],
    ['site/lib/b.ts', file('', 'site/lib/a.ts', 'site/pages/c.ts', 'site/client/d.ts', 'scripts/oci/e.ts')],
    ['site/pages/c.ts', file('')],
    ['site/client/d.ts', file('', 'site/lib/f.ts', 'site/lib/g.ts')],
    ['scripts/oci/e.ts', file('', 'scripts/verb.ts', 'site/components/h.ts')],
    ['scripts/verb.ts', file('')],
    ['site/lib/f.ts', file("import { readFileSync } from 'node:fs';")],
    ['site/lib/g.ts', file("const base = process.env['SITE_URL'];")],
    ['site/components/h.ts', file('')],
  ]);
  expect(findCycles(broken)).toEqual([['site/lib/a.ts', 'site/lib/b.ts']]);
  expect(findUpward(broken)).toEqual([
    'site/lib/b.ts -> site/pages/c.ts',
    'site/lib/b.ts -> site/client/d.ts',
    'site/lib/b.ts -> scripts/oci/e.ts',
    'scripts/oci/e.ts -> scripts/verb.ts',
    'scripts/oci/e.ts -> site/components/h.ts',
  ]);
  const lines = (count: number) => file('line\n'.repeat(count));
  const commands: Graph = new Map([
    ['scripts/long.ts', lines(61)],
    ['scripts/short.ts', lines(60)],
    ['scripts/oci/deep.ts', lines(200)],
  ]);
  expect(findLongCommands(commands)).toEqual(['scripts/long.ts: 61 lines']);
  const tables: Graph = new Map([
    ['site/lib/asked.ts', file('const NAMES: Readonly<Record<string, string>> = {};\nNAMES[word] ?? word;')],
    ['site/lib/kinds.ts', file("const KINDS: Record<Kind, string> = {};\nKINDS[kind] + OTHERS['a'];")],
  ]);
  expect(findAskedTables(tables)).toEqual(['site/lib/asked.ts: NAMES']);
  const newer: Graph = new Map([
    ['scripts/using.ts', file("  await using input = await open('a');")],
    ['site/lib/using.ts', file('using progress = start();')],
    ['site/lib/said.ts', file('// using a file\nconst using = 1;')],
  ]);
  expect(findNewSyntax(newer)).toEqual(['scripts/using.ts', 'site/lib/using.ts']);
  expect(findNodeInBrowser(broken)).toEqual(['site/lib/f.ts', 'site/lib/g.ts']);
  const twice: Graph = new Map([
    [
      'site/schemas/plan.ts',
      file('export const Plan = z.object({});\nexport type Plan = z.infer<typeof Plan>;'),
    ],
    ['scripts/prune/plan.ts', file('export interface Plan {}\nexport async function makePlan() {}')],
    ['site/pages/a.json.ts', file('export const GET = 1;')],
    ['site/pages/b.json.ts', file('export const GET = 2;')],
  ]);
  const comments =
    '/** What it is. */\n/**\n * How it is.\n */\n// One\n// Where it goes on.\nf();\n  // Where it is.\n';
  expect(findClauses([['a.ts', comments]])).toHaveLength(3);
  expect(findHomonyms(twice)).toEqual(['Plan: site/schemas/plan.ts, scripts/prune/plan.ts']);
  const styles: [string, string][] = [
    ['a.astro', '<style is:global>.kinds { color: red; & .one { margin: 0; } }</style>'],
    ['b.astro', '<style is:global>\n.kinds > li { color: blue; }\n.graph .node { fill: red }</style>'],
    ['c.astro', '<style>.kinds { color: green; }</style>'],
    ['d.css', '.graph { width: 1px; }'],
  ];
  expect(findSharedClasses(styles)).toEqual(['kinds: a.astro, b.astro']);
});

/** Reads every production file with its imports of project files, including types. */
function readGraph(): Graph {
  const files = globSync('{scripts,site}/**/*.{ts,astro}', { cwd: ROOT })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !path.endsWith('.test.ts'))
    .sort();
  const known = new Set(files);
  const read = (file: string): [string, { imports: string[]; text: string }] => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const imports = [...text.matchAll(/(?:from|import|import\()\s*'(\.[^']*)'/g)]
      .map(([, path = '']) => normalize(join(dirname(file), path)))
      .filter((path) => known.has(path));
    return [file, { imports, text }];
  };
  return new Map(files.map(read));
}

/** Lists files with `using`, which cause a SyntaxError in Node before 24 before anything runs. */
function findNewSyntax(graph: Graph): string[] {
  return [...graph].filter(([, { text }]) => /^ *(?:await )?using \w+ =/m.test(text)).map(([file]) => file);
}

/** Lists constants with tables of words that are not read through `ownValue`. */
function findAskedTables(graph: Graph): string[] {
  return [...graph].flatMap(([file, { text }]) =>
    [...text.matchAll(/^(?:export )?const (\w+): [^=;]*?Record<string,[^=]*=/gm)].flatMap(([, name = '']) =>
      new RegExp(`\\b${name}\\[`).test(text) ? [`${file}: ${name}`] : [],
    ),
  );
}

/** Lists groups of files that reach each other, by Tarjan's algorithm. */
function findCycles(graph: Graph): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string): number => {
    const own = order.size;
    order.set(file, own);
    lowest.set(file, own);
    stack.push(file);
    for (const next of graph.get(file)?.imports ?? []) {
      const reached = order.has(next) ? (stack.includes(next) ? (order.get(next) ?? own) : own) : visit(next);
      lowest.set(file, Math.min(lowest.get(file) ?? own, reached));
    }
    const low = lowest.get(file) ?? own;
    if (low === own) {
      const group = stack.splice(stack.indexOf(file));
      if (group.length > 1) cycles.push(group.sort());
    }
    return low;
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return cycles;
}

function findUpward(graph: Graph): string[] {
  const found: string[] = [];
  for (const [file, { imports }] of graph) {
    const layers = file.startsWith('scripts/') ? SCRIPT_LAYERS : SITE_LAYERS;
    const own = layers.findIndex((layer) => layer.test(file));
    for (const target of imports) {
      const at = layers.findIndex((layer) => layer.test(target));
      if (at < own || at === -1) found.push(`${file} -> ${target}`);
    }
  }
  return found;
}

function findLongCommands(graph: Graph): string[] {
  const entries = [...graph].filter(([file]) => dirname(file) === 'scripts');
  const lines = entries.map(([file, { text }]) => [file, text.split('\n').length - 1] as const);
  return lines.filter(([, count]) => count > 60).map(([file, count]) => `${file}: ${count} lines`);
}

/** Lists files that reach a browser through `site/client/` and use a module of Node or its environment. */
function findNodeInBrowser(graph: Graph): string[] {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const next of graph.get(file)?.imports ?? []) visit(next);
  };
  for (const file of graph.keys()) if (file.startsWith('site/client/')) visit(file);
  return [...reached].filter((file) => /'node:|process\.env/.test(graph.get(file)?.text ?? '')).sort();
}

/** Names that Astro prescribes for exports of pages and endpoints. */
const ASTRO_NAMES = new Set(['GET', 'getStaticPaths', 'prerender']);

/** Lists names that two files export. A schema and its type may share a name, in the same file. */
function findHomonyms(graph: Graph): string[] {
  const places = new Map<string, Set<string>>();
  for (const [file, { text }] of graph) {
    const exported = /^export (?:async )?(?:function\*?|const|let|class|interface|type) (\w+)/gm;
    for (const [, name = ''] of text.matchAll(exported)) {
      if (file.startsWith('site/pages/') && ASTRO_NAMES.has(name)) continue;
      places.set(name, (places.get(name) ?? new Set()).add(file));
    }
  }
  return [...places]
    .filter(([, files]) => files.size > 1)
    .map(([name, files]) => `${name}: ${[...files].join(', ')}`);
}

/** Lists comments that open like `What tests change` instead of `Options that tests override`. */
function findClauses(files: readonly (readonly [string, string])[]): string[] {
  const opening =
    /^ *(?:\/\*\*|(?<!^ *\/\/.*\n *)\/\/)(?:\n *\*)? (?:What|How|Where|Whoever|Such|So|Why) .*/gm;
  return files.flatMap(([file, text]) =>
    [...text.matchAll(opening)].map(([line]) => `${file}: ${line.trim()}`),
  );
}

/**
 * Lists classes that the global styles of two components define separately. Without `is:global` Astro would
 * keep them apart, at the price of an attribute on every element. Files in `site/styles/` are shared on
 * purpose.
 */
function findSharedClasses(files: readonly (readonly [string, string])[]): string[] {
  const components = new Map<string, Set<string>>();
  for (const [file, text] of files) {
    if (!file.endsWith('.astro')) continue;
    const css = [...text.matchAll(/<style is:global>([^]*?)<\/style>/g)].map(([, block]) => block).join('\n');
    for (const [, selectors = ''] of css.replaceAll(/\/\*[^]*?\*\//g, '').matchAll(/([^{};]+)\{/g)) {
      for (const selector of selectors.split(',')) {
        const name = /^\s*\.([\w-]+)/.exec(selector)?.[1];
        if (name) components.set(name, (components.get(name) ?? new Set()).add(file));
      }
    }
  }
  return [...components]
    .filter(([, places]) => places.size > 1)
    .map(([name, places]) => `${name}: ${[...places].join(', ')}`);
}
