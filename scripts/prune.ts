import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readCatalog, readPins } from './catalog/catalog.ts';
import { readNextRoots } from './concretize/environment-locks.ts';
import { readRemoved } from './catalog/removal.ts';
import { createCommand, readSettings, runCommand } from './cli/command.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { addSummary, annotate } from './github/actions.ts';
import { openRegistries, openRegistry } from './oci/open-registry.ts';
import { readDate } from './publish/origin.ts';
import { applyPlan, findOldFailures, appliedText, pruneText, openBranch } from './prune/apply.ts';
import { openDeleter } from './prune/delete-images.ts';
import { planPrune } from './prune/plan.ts';

const settings = readSettings();

const command = createCommand({
  verb: 'prune',
  description:
    'Removes builds that `retention` in .github/build-cache.yaml no longer keeps: from the catalog, and so from index ' +
    'and site, at once; from the registry after some days, since clients keep using older indexes. What environments ' +
    'and pins (site/content/pins/) need stays, and so does everything that a kept build needs at run time. Without ' +
    '--apply it only prints what it would do.',
  examples: ['node scripts/prune.ts', 'node scripts/prune.ts --apply && node scripts/commit.ts'],
})
  .option('--apply', 'apply the plan; without it nothing is changed', false)
  .existingCatalog()
  .option('--registry <REGISTRY>', 'registry from which images are deleted', settings.REGISTRY)
  .action(prune);

await runCommand(command);

async function prune(options: { apply: boolean; catalog: string; registry: string }): Promise<void> {
  const { retention, retryAfterDays } = readSettingsFile();
  const now = new Date(readDate(process.env, new Date()));
  const catalog = readCatalog(options.catalog);
  const removed = readRemoved(options.catalog);
  const next = readNextRoots(options.catalog);
  const plan = planPrune({ catalog, next, pins: readPins(options.catalog), removed, retention, now });
  const failures = findOldFailures(options.catalog, retryAfterDays, now);
  const text = `${pruneText(plan)}\n\n${failures.length} records of failures are past their retry date.`;
  console.error(text);
  addSummary(text);
  if (!options.apply) {
    console.error('Nothing was changed: run it with --apply to do this.');
    return;
  }
  const registry = openRegistry(options.registry);
  const hands = {
    findRegistry: openRegistries(registry),
    deleteImages: openDeleter(registry),
    findPublished: await openBranch(options.catalog, process.env),
  };
  const applied = await applyPlan(options.catalog, plan, { catalog, removed, now, ...hands });
  for (const path of failures) rmSync(join(options.catalog, path));
  if (applied.stopped !== undefined) annotate('error', applied.stopped);
  if (applied.stopped !== undefined || applied.missed.length > 0) process.exitCode = 1;
  addSummary(appliedText(applied));
  console.error(`${appliedText(applied)} ${failures.length} failures were removed.`);
}
