import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeIndex } from '../e2e/why-world.ts';
import { findSolvers, SOLVER_ADVICE } from '../world/spack.ts';
import type { Figures } from './bench.ts';
import { measureProgram, round } from './stopwatch.ts';

const WHY = join(import.meta.dirname, '../../scripts/why.ts');
const INDEX = join(import.meta.dirname, '../world/solved-index.py');
/** Specs of about five and a dozen nodes: larger ones take minutes to concretize. */
const SPECS = ['zlib', 'hdf5~mpi'];

/**
 * Compares `why`, with a setting that excludes the builds of a cache and so needs a second solve, with one
 * solve with the same settings. Returns a text with the reason when it cannot measure.
 */
export async function benchWhy(folder: string): Promise<Figures | string> {
  const solvers = process.env['FULL'] ? findSolvers() : findSolvers().slice(0, 1);
  if (solvers.length === 0) return `there is no Spack that solves: ${SOLVER_ADVICE}`;
  const figures: Figures = {};
  for (const { program, version } of solvers) {
    const [config, cache] = [join(folder, version, 'config'), join(folder, version, 'cache')];
    await mkdir(config, { recursive: true });
    const environment = {
      SPACK_DISABLE_LOCAL_CONFIG: '1',
      SPACK_USER_CACHE_PATH: join(folder, version, 'spack'),
    };
    const configure = (section: string, settings: object) =>
      writeFile(join(config, `${section}.yaml`), JSON.stringify({ [section]: settings }));
    await configure('concretizer', { reuse: false });
    await configure('mirrors', { 'bench:': { url: `file://${cache}`, signed: false, binary: true } });
    const [question, index] = [join(folder, 'question.json'), join(folder, 'index.json')];
    await writeFile(question, JSON.stringify([{ out: index, specs: SPECS, change: 'recipe' }]));
    await measureProgram(program, ['-C', config, 'python', INDEX, question], environment);
    await writeIndex(cache, await readFile(index, 'utf8'));
    for (const spec of SPECS) {
      const [solve, why] = [
        () => measureProgram(program, ['-C', config, 'spec', spec], environment),
        () => {
          const args = [WHY, spec, '--cache', `file://${cache}`, '--spack', program, '--config', config];
          return measureProgram(
            'sh',
            ['-c', '"$0" "$@"; test $? = 2', process.execPath, ...args],
            environment,
          );
        },
      ];
      const once = await solve();
      const asked = await why();
      figures[`${spec} ${version} cpuSeconds`] = asked.cpuSeconds;
      figures[`${spec} ${version} timesOneSolve`] = round(asked.cpuSeconds / once.cpuSeconds);
    }
  }
  const ratios = Object.entries(figures).filter(([name]) => name.endsWith('timesOneSolve'));
  return { ...figures, timesOneSolveWorst: Math.max(...ratios.map(([, ratio]) => ratio)) };
}
