import { relative } from 'node:path';
import prettyBytes from 'pretty-bytes';
import { formatNumber } from '../site/lib/format.ts';
import { createCommand, runCommand } from './cli/command.ts';
import { openFolderPlace } from './sync/place.ts';
import { readAccount, openS3Place } from './sync/s3-place.ts';
import { listSiteFiles, syncSite } from './sync/sync-site.ts';

interface Options {
  to: string;
  from: string;
  dryRun: boolean;
}

const command = createCommand({
  verb: 'sync',
  description:
    'Uploads a built site with its mirror to another static host: an S3 bucket, or a directory of a web server. ' +
    'Sends only what has changed, blobs first and indexes last; removes what the site no longer has at the end. For ' +
    'a bucket, the login comes from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, its region from AWS_REGION, and a ' +
    'host other than AWS from AWS_ENDPOINT_URL. Build the site with SITE_URL set to its address there.',
  examples: [
    'node scripts/sync.ts --to s3://lab-cache',
    'AWS_ENDPOINT_URL=https://minio.example.org node scripts/sync.ts --to s3://lab/spack --dry-run',
    'node scripts/sync.ts --to /srv/www/spack --from dist',
  ],
})
  .requiredOption('--to <PLACE>', 's3://BUCKET/PREFIX or a directory: empty, or filled by an earlier sync')
  .option('--from <DIR>', 'the built site', 'dist')
  .option('--dry-run', 'report what would be sent and removed, and do nothing', false)
  .action(async ({ to, from, dryRun }: Options) => {
    const isBucket = /^[a-z0-9]+:\/\//.test(to);
    if (!isBucket && !relative(from, to).startsWith('..'))
      throw new Error(`--to ${to}: expected a directory outside the built site ${from}, found one in it`);
    const files = await listSiteFiles(from);
    const place = isBucket ? openS3Place(to, readAccount(process.env)) : await openFolderPlace(to);
    const { sent, bytes, removed, unchanged } = await syncSite(files, place, { isDryRun: dryRun });
    console.error(
      `${dryRun ? 'Would send' : 'Sent'} ${formatNumber(sent, 'file')} (${prettyBytes(bytes)}) to ${to}, ` +
        `${dryRun ? 'remove' : 'removed'} ${removed}; ${unchanged} unchanged.`,
    );
  });

await runCommand(command);
