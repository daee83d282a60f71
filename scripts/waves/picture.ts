import { formatDuration } from '../../site/lib/format.ts';
import { addSummary } from '../github/actions.ts';
import type { DividedRun } from './divide-run.ts';

/** Maximum number of jobs in a diagram; more would be illegible. */
const MAX_PICTURED = 60;

/** A job in a diagram. */
export interface PicturedJob {
  index: number;
  wave: number;
  target: string;
  /** Number of built nodes. */
  built: number;
  failed: number;
  waiting: number;
}

/** Mermaid diagram of the jobs of each wave with the state of their builds. Empty for many jobs. */
export function pictureWaves(jobs: readonly PicturedJob[]): string[] {
  if (jobs.length > MAX_PICTURED) return [];
  const waves = Math.max(...jobs.map(({ wave }) => wave), 0) + 1;
  const lines = ['```mermaid', 'flowchart LR'];
  for (let wave = 0; wave < waves; wave += 1) {
    lines.push(`  subgraph wave${wave + 1} [Wave ${wave + 1}]`);
    for (const job of jobs.filter((entry) => entry.wave === wave)) {
      const counts = [
        job.built > 0 && `${job.built} built`,
        job.failed > 0 && `${job.failed} failed`,
        job.waiting > 0 && `${job.waiting} waiting`,
      ].filter(Boolean);
      const state = job.failed > 0 ? 'failed' : job.waiting > 0 ? 'waiting' : 'built';
      lines.push(
        `    job${job.index}["Build ${job.index} for ${job.target}: ${counts.join(', ')}"]:::${state}`,
      );
    }
    lines.push('  end');
    if (wave > 0) lines.push(`  wave${wave} --> wave${wave + 1}`);
  }
  return [
    ...lines,
    '  classDef built fill:#1a7f37,color:#fff',
    '  classDef failed fill:#cf222e,color:#fff',
    '  classDef waiting fill:#6e7781,color:#fff',
    '```',
    '',
  ];
}

/** Adds to the summary how the builds of a run are divided, unless each request has its own job. */
export function reportDivision({ jobs, requests, left, seconds, hashesOf }: DividedRun): void {
  if (requests.length === 0) return;
  const pictured = jobs.map(({ index, wave = 0, target }) => ({
    index,
    wave,
    target,
    built: 0,
    failed: 0,
    waiting: hashesOf.get(index)?.length ?? 0,
  }));
  const total = Object.values(seconds).reduce((sum, part) => sum + part, 0);
  const leftSeconds = left.reduce((sum, hash) => sum + (seconds[hash] ?? 0), 0);
  addSummary(
    [
      '### Divided over jobs',
      '',
      `About ${formatDuration(total)} of building in ${jobs.length} jobs.` +
        (left.length > 0
          ? ` ${left.length} builds (about ${formatDuration(leftSeconds)}) are for a later run.`
          : ''),
      '',
      ...pictureWaves(pictured),
    ].join('\n'),
  );
}
