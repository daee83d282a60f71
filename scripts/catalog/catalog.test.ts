import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { addFiles, readCatalog } from './catalog.ts';

const FILES = 1_500;
const ADDING = `
  import { workerData } from 'node:worker_threads';
  const { addFiles } = await import(workerData.module);
  const files = Array.from({ length: ${FILES} }, (_, place) => (
    { path: 'folder/' + place + '.json', content: String(place).repeat(500), replace: true }
  ));
  addFiles(workerData.directory, files);
`;

test('several processes that add the same files at once all succeed, and each file is complete', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'new-files-'));
  const module = new URL('catalog.ts', import.meta.url).href;
  try {
    const script = new URL(`data:text/javascript,${encodeURIComponent(ADDING)}`);
    await Promise.all(
      Array.from(
        { length: 4 },
        () =>
          new Promise<void>((resolve, reject) => {
            const worker = new Worker(script, { workerData: { directory, module } });
            worker.on('error', reject);
            worker.on('exit', () => resolve());
          }),
      ),
    );
    const folder = join(directory, 'folder');
    expect(readdirSync(folder)).toHaveLength(FILES);
    for (let place = 0; place < FILES; place += 1)
      expect(readFileSync(join(folder, `${place}.json`), 'utf8')).toBe(String(place).repeat(500));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('refuses files among pins and snapshots that would be ignored, so that prune removes no build in them', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ignored-files-'));
  try {
    for (const path of ['pins/a b.yaml', 'pins/__proto__.yaml', 'pins/.gitkeep', 'snapshots/README.md'])
      addFiles(directory, [{ path, content: 'reason: r\n' }]);
    readCatalog(directory);
    for (const path of ['pins/a.yml', 'pins/.a.yaml', 'pins/a', 'snapshots/a.YAML', 'snapshots/.b/a.yaml']) {
      addFiles(directory, [{ path, content: 'reason: r\n' }]);
      expect(() => readCatalog(directory), path).toThrow(
        `${join(directory, path)}: a name that begins with a dot`,
      );
      const faults: string[] = [];
      readCatalog(directory, { onFault: (fault) => faults.push(fault.path) });
      expect(faults).toEqual([path]);
      await rm(join(directory, path));
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
