import { writeFileSync } from 'node:fs';
import { createCommand, runCommand } from './cli/command.ts';
import { diagnose, type DoctorOptions } from './doctor/examine.ts';
import { healthText, recordHealth, summaryText } from './doctor/diagnosis.ts';
import { addSummary } from './github/actions.ts';

const command = createCommand({
  verb: 'doctor',
  description:
    'Checks that catalog, registry and site agree, and reports for each disagreement where it is, what was expected, ' +
    'what was found and what to do. Without --deep it checks a sample of what is large, a different one each day. --fix ' +
    'repairs what can be repaired without losing anything: it writes missing manifests (signed with SIGNING_KEY), removes ' +
    'manifests without a build, points tags of the registry back to what was published, pushes the manifest of a deleted image again, replaces an outdated index in ' +
    'the registry, and removes blobs of an OCI layout that no image names. The exit code is 1 when there are problems.',
  examples: [
    'node scripts/doctor.ts',
    'node scripts/doctor.ts --registry ghcr.io/owner/repo --site https://owner.github.io/repo --deep',
    'node scripts/doctor.ts --site dist --fix --json',
  ],
})
  .option('--registry <REGISTRY>', 'the registry (default: REGISTRY, else the one in cache.json)')
  .option(
    '--site <URL>',
    'address of the site, or the folder of a built one (default: SITE_URL if it is set)',
  )
  .existingCatalog()
  .option('--deep', 'download and hash everything; continues where an interrupted run stopped', false)
  .option('--journal <DIR>', 'where --deep records its progress', '.work/doctor')
  .option('--spack', 'also let the Spack on PATH read the index; included in --deep', false)
  .option('--fix', 'repair what can be repaired without losing anything', false)
  .option('--record', 'write checks/doctor.json into the catalog, for the page and the API', false)
  .option('--report <FILE>', 'write the findings as Markdown, for an issue')
  .option('--json', 'print the findings as JSON on standard output', false)
  .action(doctor);

await runCommand(command);

type Options = DoctorOptions & { json: boolean; record: boolean; report?: string };

async function doctor(options: Options): Promise<void> {
  const { health, catalog } = await diagnose(options, process.env);
  if (options.record) recordHealth(catalog, health);
  const text = healthText(health);
  if (options.report !== undefined) writeFileSync(options.report, text);
  addSummary(text);
  if (options.json) console.log(JSON.stringify(health, null, 2));
  console.error(`${text}\n\n${summaryText(health)}`);
  process.exitCode = health.problems > 0 ? 1 : 0;
}
