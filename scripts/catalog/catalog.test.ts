import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

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
