import { appendFileSync, existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readRun, uploadArtifact } from '../artifact-client.ts';

/*
 * Source: src/shared/search.ts of the action, and zip.ts and path-and-artifact-name-validation.ts of
 * @actions/artifact: hidden files and empty folders are left out, links are followed, a broken link is
 * dropped, modes
 * are lost, and a folder is always the root of its artifact.
 */
const { NAME = '', FOLDER = '', IF_NO_FILES = '', DAYS = '', GITHUB_OUTPUT = '' } = process.env;

// The workflows name one folder or file; a glob, a list or an exclusion would need the real action.
if (/[*?[\]!\n]/.test(FOLDER)) fail(`path: the stand-in takes one file or folder, found ${FOLDER}`);
if (!['warn', 'error', 'ignore'].includes(IF_NO_FILES))
  fail(
    `Unrecognized if-no-files-found input. Provided: ${IF_NO_FILES}. Available options: warn,error,ignore`,
  );
if (!/^(\d+)?$/.test(DAYS) || Number(DAYS) > 90) fail('Invalid retention-days');

const files = new Map<string, string>();
if (existsSync(FOLDER) && !isHidden(FOLDER)) {
  if (statSync(FOLDER).isDirectory()) collect(FOLDER, '');
  else files.set(basename(FOLDER), realpathSync(FOLDER));
}
if (files.size === 0) {
  const sentence = `No files were found with the provided path: ${FOLDER}. No artifacts will be uploaded.`;
  if (IF_NO_FILES === 'error') fail(sentence);
  if (IF_NO_FILES === 'warn') console.log(`::warning::${sentence}`);
} else {
  try {
    const id = await uploadArtifact(
      readRun(),
      NAME,
      files,
      DAYS === '' || DAYS === '0' ? undefined : Number(DAYS),
    );
    // Source: src/shared/upload-artifact.ts of the action.
    if (GITHUB_OUTPUT !== '') appendFileSync(GITHUB_OUTPUT, `artifact-id=${id}\n`);
    console.log(`Artifact ${NAME} has been successfully uploaded! ${files.size} files, artifact ID is ${id}`);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
}

function collect(folder: string, path: string): void {
  for (const name of readdirSync(folder).sort()) {
    const file = join(folder, name);
    if (isHidden(name) || !existsSync(file)) continue;
    if (statSync(file).isDirectory()) collect(file, `${path}${name}/`);
    else files.set(`${path}${name}`, realpathSync(file));
  }
}

function isHidden(path: string): boolean {
  return basename(path).startsWith('.');
}

function fail(sentence: string): never {
  console.log(`::error::${sentence.replaceAll('\n', '%0A')}`);
  process.exit(1);
}
