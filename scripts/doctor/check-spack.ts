import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { isErrorCode, withTemporaryFolder } from '../cli/files.ts';
import { lastLines, runSpack } from '../spack/run-spack.ts';
import type { Diagnosis } from './diagnosis.ts';

const SCRIPT = join(import.meta.dirname, '../spack/read_index.py');
const NAME = 'Spack reads the index';

/** Has the Spack on PATH read an index as clients do; reports when there is no Spack. */
export async function checkWithSpack(
  indexText: string,
  builds: number,
  diagnosis: Diagnosis,
  environment: ProcessEnvironment,
): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    const index = join(folder, 'index.json');
    writeFileSync(index, indexText);
    const spack = {
      program: 'spack',
      environment: {
        PATH: environment['PATH'] ?? '',
        HOME: folder,
        LC_ALL: 'C.UTF-8',
        SPACK_DISABLE_LOCAL_CONFIG: '1',
        SPACK_USER_CACHE_PATH: join(folder, 'cache'),
        ...(environment['SPACK_PYTHON'] ? { SPACK_PYTHON: environment['SPACK_PYTHON'] } : {}),
      },
    };
    const version = await runSpack(spack, ['--version']).catch((error: unknown) => {
      if (isErrorCode(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (version?.code !== 0) {
      diagnosis.count('spack', NAME, builds, { checked: 0, note: 'no Spack on PATH' });
      return;
    }
    const { code, output, stdout } = await runSpack(spack, ['python', SCRIPT, index]);
    const listed = Number(stdout.trim());
    diagnosis.count('spack', NAME, builds, { note: `by Spack ${version.stdout.trim()}` });
    if (code === 0 && listed === builds) return;
    diagnosis.add('index-unreadable', {
      where: 'the index of everything',
      expected: `an index in which Spack ${version.stdout.trim()} finds ${builds} builds`,
      found: code === 0 ? `${listed} builds` : lastLines(output, 2).join(' '),
    });
  });
}
