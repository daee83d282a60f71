import { createHash } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { fromBufferPromise } from 'yauzl';
import { ZipFile } from 'yazl';
import { z } from 'zod';

/** Address of a run's artifacts, which GitHub passes in ACTIONS_RESULTS_URL and ACTIONS_RUNTIME_TOKEN. */
export interface Run {
  url: string;
  token: string;
}

export interface ListedArtifact {
  id: number;
  name: string;
  digest: string;
  size: number;
}

/** Source: `invalidArtifactNameCharacters` and `invalidArtifactFilePathCharacters` of @actions/artifact 6.2. */
const BAD_CHARACTERS = /["|:<>*?\r\n]/;
const BAD_NAME_CHARACTERS = /["|:<>*?\r\n\\/]/;

/** Reads the run in which an action is executed. */
export function readRun(environment: Record<string, string | undefined> = process.env): Run {
  const { ACTIONS_RESULTS_URL: url, ACTIONS_RUNTIME_TOKEN: token } = environment;
  if (!url || !token) throw new Error('Unable to get the ACTIONS_RUNTIME_TOKEN env variable');
  return { url, token };
}

/**
 * Uploads files as one artifact, like @actions/artifact.
 * @param files the files' paths or contents, keyed by path in the artifact
 * @param days retention in days; undefined for the repository's default
 * @returns its id
 */
export async function uploadArtifact(
  run: Run,
  name: string,
  files: ReadonlyMap<string, string | Buffer>,
  days?: number,
): Promise<number> {
  if (name === '') throw new Error('Provided artifact name input during validation is empty');
  refuseCharacters(name, BAD_NAME_CHARACTERS, 'The artifact name is not valid', 'artifact name');
  for (const path of files.keys())
    refuseCharacters(
      `/${path}`,
      BAD_CHARACTERS,
      'The path for one of the files in artifact is not valid',
      'files',
    );
  const zip = new ZipFile();
  for (const [path, content] of files) {
    // The real action keeps the mode of files, but unpacking drops it.
    if (typeof content === 'string') zip.addFile(content, path, { mode: 0o100644, compress: false });
    else zip.addBuffer(content, path, { mode: 0o100644, compress: false });
  }
  zip.end();
  return uploadBytes(
    run,
    name,
    await buffer(zip.outputStream.pipe(new PassThrough())),
    'application/zip',
    days,
  );
}

/** Uploads bytes as an artifact, as a hostile build could do with the token. */
export async function uploadBytes(
  run: Run,
  name: string,
  bytes: Buffer,
  contentType: string,
  days?: number,
): Promise<number> {
  const expires =
    days === undefined ? {} : { expires_at: new Date(Date.now() + days * 86_400_000).toISOString() };
  const { signed_upload_url: url } = await call(
    run,
    'CreateArtifact',
    { name, version: 7, mime_type: contentType, ...expires },
    z.object({ signed_upload_url: z.string() }),
  );
  const stored = await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) });
  if (!stored.ok) throw new Error(`the storage answered ${stored.status}`);
  const hash = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const { artifact_id: id } = await call(
    run,
    'FinalizeArtifact',
    { name, size: String(bytes.length), hash },
    z.object({ artifact_id: z.coerce.number() }),
  );
  return id;
}

/** Lists artifacts of all attempts of the run, oldest first; several may have the same name. */
export async function listArtifacts(run: Run): Promise<ListedArtifact[]> {
  const row = z.object({
    database_id: z.coerce.number(),
    name: z.string(),
    size: z.coerce.number(),
    digest: z.string(),
  });
  const { artifacts } = await call(run, 'ListArtifacts', {}, z.object({ artifacts: z.array(row) }));
  return artifacts.map(({ database_id: id, ...rest }) => ({ id, ...rest })).sort((a, b) => a.id - b.id);
}

/**
 * Unpacks an artifact into a folder, only files and without modes; existing files stay or are overwritten.
 */
export async function downloadArtifact(
  run: Run,
  { name, digest }: ListedArtifact,
  folder: string,
): Promise<void> {
  const { signed_url: url } = await call(
    run,
    'GetSignedArtifactURL',
    { name },
    z.object({ signed_url: z.string() }),
  );
  const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
  const zip = await fromBufferPromise(bytes);
  for await (const entry of zip.eachEntry()) {
    const file = join(folder, entry.fileName);
    mkdirSync(join(file, '..'), { recursive: true });
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(file));
  }
  if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` === digest) return;
  throw new Error(
    `Digest validation failed for artifact(s): ${name}. Use 'digest-mismatch: warn' to continue on mismatch.`,
  );
}

async function call<T>(run: Run, method: string, body: object, schema: z.ZodType<T>): Promise<T> {
  const [, claims = ''] = run.token.split('.');
  const [, backend = ''] =
    /Actions\.Results:([^:"]+):/.exec(Buffer.from(claims, 'base64url').toString()) ?? [];
  const url = new URL(`twirp/github.actions.results.api.v1.ArtifactService/${method}`, run.url);
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${run.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ workflow_run_backend_id: backend, workflow_job_run_backend_id: 'job', ...body }),
  });
  if (response.ok) return schema.parse(await response.json());
  const { msg } = z.object({ msg: z.string() }).parse(await response.json());
  const status = `(${response.status}) ${response.statusText}`;
  throw new Error(`Failed to ${method}: Received non-retryable error: Failed request: ${status}: ${msg}`);
}

function refuseCharacters(text: string, bad: RegExp, sentence: string, of: string): void {
  const [character] = bad.exec(text) ?? [];
  if (character === undefined) return;
  const shown = { '\n': 'Line feed \\n', '\r': 'Carriage return \\r' }[character] ?? character;
  throw new Error(
    `${sentence}: ${text}. Contains the following character:  ${shown}\nThese characters are not allowed in the ${of} ` +
      'due to limitations with certain file systems such as NTFS.',
  );
}
