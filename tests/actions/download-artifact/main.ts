import { join, matchesGlob } from 'node:path';
import { downloadArtifact, listArtifacts, readRun } from '../artifact-client.ts';

/*
 * Source: src/download-artifact.ts of the action. Lines 189-194 choose the target: the folder itself for a
 * download by
 * name, with merge-multiple, *and whenever exactly one artifact was found*; else folders named after the
 * artifacts.
 */
const { NAME = '', PATTERN = '', FOLDER = '.', MERGE = 'false' } = process.env;
const run = readRun();

try {
  // The newest artifact of each name in all attempts of the run.
  const newest = new Map((await listArtifacts(run)).map((artifact) => [artifact.name, artifact]));
  const named = newest.get(NAME);
  if (NAME !== '' && !named) {
    throw new Error(
      `Artifact not found for name: ${NAME}\n        Please ensure that your artifact is not expired and the artifact ` +
        'was uploaded using a compatible version of toolkit/upload-artifact.',
    );
  }
  const found = named
    ? [named]
    : [...newest.values()].filter(({ name }) => PATTERN === '' || matchesGlob(name, PATTERN));
  console.log(`Found ${found.length} artifact(s)`);
  const isFlat = named !== undefined || MERGE === 'true' || found.length === 1;
  await Promise.all(
    found.map((artifact) => downloadArtifact(run, artifact, isFlat ? FOLDER : join(FOLDER, artifact.name))),
  );
  console.log(`Total of ${found.length} artifact(s) downloaded`);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.log(`::error::Unable to download artifact(s): ${message.replaceAll('\n', '%0A')}`);
  process.exit(1);
}
