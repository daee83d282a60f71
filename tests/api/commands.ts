import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram, type Outcome } from '../world/run.ts';

/** A box of commands on a page. */
export interface CommandBox {
  label: string;
  lines: string[];
}

const ENTITIES: Record<string, string> = {
  '&quot;': '"',
  '&#39;': "'",
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
};

/** Reads the boxes of commands on a built page, as a reader would copy them. */
export async function readCommands(page: string): Promise<CommandBox[]> {
  const html = await readFile(page, 'utf8');
  const boxes = html.matchAll(
    /<figure class="?code"?>.*?<figcaption>(.*?)<\/figcaption>.*?<pre>(.*?)<\/pre>/gs,
  );
  return [...boxes].map(([, label = '', code = '']) => ({
    label: plain(label),
    lines: plain(code).split('\n'),
  }));
}

/** Runs commands as a reader would: pasted into a shell, one after the other, in a separate home. */
export async function runCommands({ lines }: CommandBox): Promise<Outcome> {
  const home = await mkdtemp('/tmp/c-');
  try {
    // A file that a reader of the page would have.
    await writeFile(join(home, 'spack.lock'), '{"concrete_specs": {}}');
    const script = ['set -euo pipefail', ...lines].join('\n');
    return await runProgram('bash', ['-c', script], { PATH: process.env['PATH'], HOME: home }, home);
  } finally {
    await runProgram('gpgconf', ['--homedir', join(home, '.gnupg'), '--kill', 'all'], process.env).catch(
      () => undefined,
    );
    await rm(home, { recursive: true, force: true });
  }
}

function plain(html: string): string {
  return html
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(?:quot|#39|lt|gt|amp);/g, (entity) => ENTITIES[entity] ?? entity)
    .trim();
}
