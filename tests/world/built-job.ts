import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { BuildInputs, type MatrixEntry } from '../../site/schemas/build-request.ts';
import { SpecFile } from '../../site/schemas/spec-file.ts';
import { HostileCache } from './hostile-cache.ts';

/**
 * Writes the files of a run with one job that has built some packages of the sample cache: its plan below
 * `plans/0` and its artifact below `artifacts/build-0-1`.
 * @param kept names of packages, or the hashes of single builds
 * @param level compression level of tree's tarball, which changes its bytes
 * @returns the run's matrix in the format that receive reads
 */
export function writeBuiltJob(
  work: string,
  kept: readonly string[],
  level: number,
  target = 'x86_64_v3',
): string {
  const cache = new HostileCache();
  const specs = join(cache.directory, 'v3/manifests/spec');
  for (const each of readdirSync(specs)) {
    for (const file of readdirSync(join(specs, each)))
      if (!kept.includes(each) && !kept.some((hash) => file.includes(`-${hash}.`)))
        rmSync(join(specs, each, file));
  }
  if (kept.includes('tree')) {
    const [tarball] = cache.records('tree');
    cache.replaceTarball('tree', gzipSync(gunzipSync(readFileSync(cache.blobPath(tarball))), { level }));
  }
  const matrix = writePlan(join(work, 'plans/0'), cache, target);
  cpSync(cache.directory, join(work, 'artifacts/build-0-1/cache'), { recursive: true });
  const record = { failures: [], packages: [], environments: {}, built: [], reused: [] };
  writeFileSync(join(work, 'artifacts/build-0-1/record.json'), JSON.stringify(record));
  cache.remove();
  return matrix;
}

/**
 * Writes the plan of a job in a later wave that uses some builds of earlier waves.
 * @param plans folder of the plans, including that of the first job
 */
export function writeTaker(
  plans: string,
  first: MatrixEntry,
  { index, wave, earlier }: { index: number; wave: number; earlier: readonly string[] },
): MatrixEntry {
  const plan = join(plans, String(index));
  cpSync(join(plans, String(first.index)), plan, { recursive: true });
  const inputs = BuildInputs.parse(JSON.parse(readFileSync(join(plan, 'inputs.json'), 'utf8')));
  const text = JSON.stringify({ ...inputs, part: { asked: [], earlier } });
  writeFileSync(join(plan, 'inputs.json'), text);
  return { ...first, index, wave, inputs: createHash('sha256').update(text).digest('hex') };
}

/** Writes the plan of one job for the builds in a cache, as concretize does; returns its matrix. */
function writePlan(directory: string, cache: HostileCache, target: string): string {
  mkdirSync(directory, { recursive: true });
  const specs = join(cache.directory, 'v3/manifests/spec');
  const manifests = readdirSync(specs, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.spec.manifest.json'),
  );
  const files = manifests.map((file) => {
    const { data } = JSON.parse(readFileSync(join(specs, file), 'utf8'));
    return SpecFile.parse(JSON.parse(gunzipSync(readFileSync(cache.blobPath(data[1]))).toString())).spec
      .nodes;
  });
  const roots = files.flatMap(([root]) => (root ? [{ hash: root.hash, spec: root.name }] : []));
  const write = (name: string, content: string): string => {
    writeFileSync(join(directory, name), content);
    return createHash('sha256').update(content).digest('hex');
  };
  const lock = {
    _meta: { 'lockfile-version': 6, 'specfile-version': 5 },
    roots,
    concrete_specs: Object.fromEntries(files.flat().map((node) => [node.hash, node])),
  };
  const request = {
    index: 0,
    specs: roots.map(({ spec }) => spec),
    target,
    fresh: false,
    container: false,
    flags: [],
  };
  const source = { microarchitecture: target, spack: 'v1.1.0', packages: 'abc', repositories: [], files: {} };
  const entry = {
    ...{ index: 0, target, runner: 'ubuntu-24.04', container: '' },
    plan: write('plan.txt', roots.map(({ hash }) => `${hash}\n`).join('')),
    lock: write('spack.lock', JSON.stringify(lock)),
    inputs: write('inputs.json', JSON.stringify({ request, ...source })),
  };
  return JSON.stringify({ include: [entry] });
}
