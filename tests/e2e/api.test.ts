import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { ENDPOINTS } from '../../site/lib/api/endpoints.ts';
import { splitArray, splitObject } from '../../site/lib/spack/node-text.ts';
import { Database } from '../world/database.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { MirrorManifest } from '../../site/schemas/mirror-manifest.ts';
import { computeDagHash } from '../../scripts/build-cache/spec-file.ts';
import { readCommands, runCommands } from '../api/commands.ts';
import { readCounts } from '../api/counts.ts';
import { findWrongDigests } from '../api/digests.ts';
import { findMisfits, readDocuments, type ServedDocument } from '../api/documents.ts';
import { findDeadAddresses, linksIn } from '../api/links.ts';
import { lintOpenApi } from '../api/openapi-lint.ts';
import type { History } from '../generate/history.ts';
import { openGnupg } from '../world/gnupg.ts';
import { runProgram } from '../world/run.ts';
import { findSpacks, openSpack } from '../world/spack.ts';
import { findProgram } from '../tools/path.ts';
import { addMirror, listBuilds } from './installing.ts';
import { readState } from './folder-state.ts';
import { openGeneratedSite, redeploy, type ApiSite } from './api-site.ts';

/** Enough for environments, failures and dependents; the full run uses the size of a cache after years. */
const BUILDS = process.env['FULL'] ? 10_000 : 120;
/** Options of Schemathesis: all phases, or only documented examples and one invented request per endpoint. */
const PHASES = process.env['FULL']
  ? ['--max-examples', '5']
  : ['--phases', 'examples,fuzzing', '--max-examples', '1'];
/** Time limit to publish and serve the builds, in milliseconds. */
const OPENING_MS = process.env['FULL'] ? 3_600_000 : 900_000;
/** Time limit of tests that request each build, in milliseconds. */
const ASKING_MS = process.env['FULL'] ? 1_800_000 : 900_000;

/** Lines without output here: those that write a file, list missing builds, or need checks or advisories. */
const QUIET = / -o |missing|\/(advisories|health|reproduced)\.json/;

let site: ApiSite;
let history: History;
let documents: ServedDocument[];

beforeAll(async () => {
  ({ site, history } = await openGeneratedSite(BUILDS));
  documents = await readDocuments(site.dist);
}, OPENING_MS);

afterAll(async () => {
  await site?.close();
});

async function get(path: string): Promise<string> {
  const response = await fetch(site.url + path);
  expect(response.status, path).toBe(200);
  return response.text();
}

test(
  'every file matches its published schema, and has no other properties',
  async () => {
    expect(await findMisfits(site.dist, documents)).toEqual([]);
    const strange = documents.flatMap(({ path, endpoint, text }) => {
      const { error } = endpoint.schema.safeParse(JSON.parse(text));
      return error ? [`${path}: ${error.message}`] : [];
    });
    expect(strange).toEqual([]);
    const served = new Set(documents.map(({ endpoint }) => endpoint.name));
    expect(ENDPOINTS.map(({ name }) => name).filter((name) => !served.has(name))).toEqual([]);
  },
  ASKING_MS,
);

test(
  'every address in every document answers',
  async () => {
    const schemas = ENDPOINTS.map(({ shape }) => `${site.url}/api/schemas/${shape}.json`);
    const links = linksIn(
      documents.map(({ text }) => text),
      site.url,
    );
    expect(links.size).toBeGreaterThan(BUILDS);
    expect(await findDeadAddresses([...links, ...schemas, `${site.url}/api/openapi.json`])).toEqual([]);
  },
  ASKING_MS,
);

test('OpenAPI is clean, and its samples match their schemas', async () => {
  const text = await get('/api/openapi.json');
  expect(await lintOpenApi(text)).toEqual([]);
  for (const { path, schema } of ENDPOINTS) {
    const { get: operation } = OpenApi.parse(JSON.parse(text)).paths[path] ?? {};
    const content = operation?.responses[200].content ?? {};
    // OpenAPI describes compressed documents and the seed's as bytes.
    if (path.endsWith('.json')) schema.parse(content['application/json']?.example);
    else expect(Object.keys(content)).toHaveLength(1);
  }
});

const OpenApi = z.object({
  paths: z.record(
    z.string(),
    z.object({
      get: z.object({
        responses: z.object({
          200: z.object({ content: z.record(z.string(), z.object({ example: z.unknown().optional() })) }),
        }),
      }),
    }),
  ),
});

test('Schemathesis finds no undocumented response', async () => {
  const program = findProgram('schemathesis');
  expect(program, 'schemathesis is installed by `npm test`').toBeDefined();
  const args = ['run', `${site.url}/api/openapi.json`, ...PHASES, '--seed', '1', '--no-color'];
  // In seconds, instead of ten: no test asserts a time.
  args.push('--request-timeout', '300');
  const { code, output } = await runProgram(program ?? '', args, process.env, site.folder);
  expect(code, output).toBe(0);
});

test(
  'every line of the documentation works as pasted',
  async () => {
    const boxes = (await readCommands(join(site.dist, 'api/index.html'))).filter(({ lines }) =>
      lines.some((line) => line.includes('curl ')),
    );
    expect(boxes.length).toBeGreaterThan(ENDPOINTS.length);
    for (const box of boxes) {
      const { code, output } = await runCommands(box);
      expect(code, `${box.lines.join('\n')}\n${output}`).toBe(0);
      expect(output.trim(), box.lines.join('\n')).not.toMatch(/\bnull\b/);
      const isQuiet = box.lines.some((line) => QUIET.test(line));
      if (!isQuiet) expect(output.trim(), box.lines.join('\n')).not.toBe('');
    }
  },
  ASKING_MS,
);

test(
  'a Python client, written only from the documentation, finds every build',
  async () => {
    const client = join(import.meta.dirname, '../api/client.py');
    const { code, output, stdout } = await runProgram('python3', [client, site.url], process.env);
    expect(code, output).toBe(0);
    const hashes = [...history.builds.keys()].sort();
    const found: unknown = JSON.parse(stdout);
    expect(found).toMatchObject({
      counts: { builds: BUILDS, buildsOnSite: BUILDS, keys: 1 },
      signer: site.fingerprint,
      builds: hashes,
      packages: hashes,
      environments: { 'hpc-tools': expect.any(Number), 'data-science': expect.any(Number) },
      downloads: BUILDS,
      seed: BUILDS,
    });
    const { added, removed } = Comings.parse(found);
    expect(removed.length).toBeGreaterThan(0);
    expect(added).toEqual([...hashes, ...removed].sort());
  },
  ASKING_MS,
);

const Comings = z.object({ added: z.array(z.string()), removed: z.array(z.string()) });

test('every document and page has the same counts', async () => {
  const counts = await readCounts(site.dist);
  for (const [kind, [first, ...others]] of Object.entries(counts)) {
    expect(others, kind).toEqual(others.map(() => first));
  }
  expect(counts['builds']?.[0]).toBe(BUILDS);
});

test(
  'every digest is that of its blob',
  async () => {
    const layout = site.registry.replace('oci-layout:', '');
    const texts = documents.filter(({ endpoint }) => endpoint.name === 'spec').map(({ text }) => text);
    expect(texts).toHaveLength(BUILDS);
    expect(await findWrongDigests(texts, { layout, dist: site.dist })).toEqual([]);
  },
  ASKING_MS,
);

test("one signature vouches for every list: gpg's verdict", async () => {
  const gpg = await openGnupg();
  try {
    await gpg.importKey(await get(`/keys/${site.fingerprint}.asc`));
    const index = join(site.dist, 'api/index.json');
    expect(await gpg.run(['--status-fd', '1', '--verify', `${index}.asc`, index], '')).toContain('VALIDSIG');
  } finally {
    await gpg.close();
  }
});

test(
  'a list of nodes has each verbatim as Spack wrote it',
  async () => {
    const nodes = documents
      .filter(({ endpoint }) => endpoint.name === 'nodes')
      .flatMap(({ text }) => splitArray(splitObject(text).get('nodes') ?? '[]'));
    expect(nodes).toHaveLength(documents.filter(({ endpoint }) => endpoint.name === 'spec').length);
    for (const text of nodes) expect(`"${computeDagHash(text)}"`).toBe(splitObject(text).get('hash'));
  },
  ASKING_MS,
);

test('all builds take at most 40 bytes each, compressed', async () => {
  const response = await fetch(`${site.url}/api/specs.json`);
  const bytes = new Blob([await response.arrayBuffer()]).stream().pipeThrough(new CompressionStream('gzip'));
  const { byteLength } = await new Response(bytes).arrayBuffer();
  // The table of words takes a few hundred bytes, regardless of the number of builds.
  expect((byteLength - 1_000) / BUILDS).toBeLessThan(40);
});

test(
  'the next deployment of the same catalog has the same bytes, and keeps what was included',
  async () => {
    // All files, including pages, mirror and signature.
    const before = await readState(site.dist);
    await mkdir(join(site.dist, 'builds/elsewhere'), { recursive: true });
    await writeFile(join(site.dist, 'builds/elsewhere/index.html'), 'of another catalog');
    await redeploy(site, site.url, { SIGNING_KEY: await readFile(join(site.folder, 'key.asc'), 'utf8') });
    expect(await readState(site.dist)).toEqual(before);
  },
  OPENING_MS,
);

const [spack] = findSpacks();

test.skipIf(!spack)(
  'real Spack lists from the mirror all builds of the API',
  async () => {
    if (!spack) return;
    // Listing needs no recipes.
    const home = await openSpack(spack, []);
    await addMirror(home, 'made', site.url, true);
    const rows = await listBuilds(home);
    const listed = rows.map((row) => /[a-z2-7]{32}/.exec(row)?.[0] ?? row);
    await home.close();
    // Spack also shows some nodes without a binary; all builds must be listed.
    expect([...history.builds.keys()].filter((hash) => !listed.includes(hash))).toEqual([]);
  },
  OPENING_MS,
);

test('the mirror’s index marks as binaries the builds that the API counts', async () => {
  const manifest = MirrorManifest.parse(JSON.parse(await get('/v3/manifests/index/index.manifest.json')));
  const digest = `sha256:${manifest.data[0]?.checksum ?? ''}`;
  const { installs } = Database.parse(JSON.parse(await get(`/${mirrorBlobPath(digest)}`))).database;
  const binaries = Object.keys(installs).filter((hash) => installs[hash]?.in_buildcache);
  expect(binaries.sort()).toEqual([...history.builds.keys()].sort());
});
