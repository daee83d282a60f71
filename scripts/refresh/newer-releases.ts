import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { formatJson } from '../../site/lib/json.ts';
import { readCatalog } from '../catalog/catalog.ts';
import { readJson } from '../cli/files.ts';
import { MAX_BODY } from '../github/issues.ts';
import type { WantedVersions } from '../spack/install-spack.ts';
import { findNewer, releasesText, type NewerRelease } from '../spack/latest.ts';
import { findStale, type RefreshOptions } from './refresh.ts';
import { refreshText } from './refresh-plan.ts';

/**
 * File that `propose-update --to` writes and `--from` reads: the job that loads recipes has no write access,
 * and the job that opens the issue loads no recipes. Nothing in it is trusted.
 */
const ProposalFile = z.strictObject({
  title: z.string().min(1).max(250),
  body: z.string().max(MAX_BODY),
});
type ProposalFile = z.infer<typeof ProposalFile>;

/** Reads a proposal written by `writeProposal`. */
export function readProposal(file: string): ProposalFile {
  return readJson(file, ProposalFile, { advice: 'write it with propose-update --to FILE' });
}

/** Writes a proposal for the job that opens the issue. */
export function writeProposal(file: string, proposal: ProposalFile): void {
  writeFileSync(file, formatJson(proposal));
}

/**
 * Looks up the newest releases and describes their consequences for the builds of a catalog. Undefined when
 * nothing is newer than the settings.
 */
export async function proposeNewer(
  directory: string,
  { spack, packages }: WantedVersions,
  places: Omit<RefreshOptions, 'wanted'>,
): Promise<ProposalFile | undefined> {
  const newer = await findNewer({ spack, packages }, process.env);
  if (newer.length === 0) {
    console.error(`nothing is newer than the settings: Spack ${spack}, recipes ${packages}`);
    return undefined;
  }
  const wanted = { spack, packages, ...Object.fromEntries(newer.map(({ setting, to }) => [setting, to])) };
  const catalog = readCatalog(directory);
  const meaning =
    catalog.builds.size === 0
      ? 'There are no builds yet.'
      : refreshText((await findStale(directory, catalog, { ...places, wanted })).plan, wanted);
  const { title, body } = composeProposal(newer, meaning);
  console.error(`${title}\n\n${body}\n`);
  return { title, body: body.slice(0, MAX_BODY) };
}

/** Composes title and body of the issue that proposes newer releases. */
export function composeProposal(
  newer: readonly NewerRelease[],
  meaning: string,
): { title: string; body: string } {
  const title = `Newer releases: ${releasesText(newer)}`;
  const body = [
    'To update, change these lines of `.github/build-cache.yaml`:',
    '',
    '```yaml',
    ...newer.map(({ setting, from, to }) => `${setting}: ${to} # was ${from}`),
    '```',
    '',
    'Write `latest` instead to follow each release automatically. Existing builds stay and keep working for ' +
      'users of the older release. Nothing changes until you do this; close this issue to hear no more about these releases.',
    '',
    meaning,
  ].join('\n');
  return { title, body };
}
