import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { sampleAnswer } from './github-openapi.ts';
import { startServer } from './start-server.ts';

/**
 * A stand-in for GitHub's artifact service, as strict as the real one in everything that workflows could
 * notice: the protocol of `@actions/artifact` 6.2 (`ACTIONS_RESULTS_URL`), GitHub's REST endpoints, and a
 * separate storage that refuses requests with an `Authorization` header. Source: packages/artifact/src of
 * actions/toolkit; for the REST part "List workflow run artifacts" and "Download an artifact" of GitHub's
 * OpenAPI description.
 */
export interface ArtifactService {
  /**
   * Value of ACTIONS_RESULTS_URL and ACTIONS_RUNTIME_URL in its runs; with `oidc?` added it is
   * ACTIONS_ID_TOKEN_REQUEST_URL.
   */
  url: string;
  /** Returns the ACTIONS_RUNTIME_TOKEN of a run's attempt. */
  token(run: string, attempt: string): string;
  /** All uploads so far, oldest first. */
  artifacts: StoredArtifact[];
  /** Answers a request to GitHub's REST API if it is about artifacts. */
  answerRest(method: string, url: URL, response: ServerResponse): boolean;
  /** Makes the next requests to the storage fail, each with a status or a response that breaks off. */
  fail(...faults: (number | 'cut')[]): void;
  /** Discards the next artifact of this name, as if the runner had died before the upload. */
  lose(name: string): void;
  close(): Promise<void>;
}

export interface StoredArtifact {
  id: number;
  name: string;
  run: string;
  attempt: string;
  /** Content type that the action sent. */
  contentType: string;
  isFinal: boolean;
  /** Retention in days; undefined for the default in the repository's settings. */
  days: number | undefined;
  isExpired: boolean;
  /** Digest of the file, `sha256:<hex>`. */
  digest: string;
  file: string;
}

/** Protobuf's JSON: fields in snake or camel case, text sometimes wrapped in `{ value }`. */
const Text = z.union([z.string(), z.object({ value: z.string() }).transform(({ value }) => value)]);
const TwirpRequest = z.preprocess(
  (data) =>
    z
      .record(z.string(), z.unknown())
      .transform((fields) =>
        Object.fromEntries(
          Object.entries(fields).map(([key, value]) => [
            key.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
            value,
          ]),
        ),
      )
      .parse(data),
  z.object({
    workflowRunBackendId: z.string(),
    name: z.string().optional(),
    nameFilter: Text.optional(),
    idFilter: Text.optional(),
    mimeType: Text.optional(),
    expiresAt: z.string().optional(),
    hash: Text.optional(),
    version: z.number().optional(),
  }),
);

/** The part of GitHub's own example that is used. */
const ArtifactList = z.object({ artifacts: z.array(z.record(z.string(), z.unknown())) });

const DAY_MS = 86_400_000;

/**
 * Starts the service on free ports of 127.0.0.1; uploads are kept in a folder.
 * @param frontStorage starts a proxy before the storage that downloads are redirected to
 */
export async function startArtifactService(
  folder: string,
  frontStorage?: (host: string) => Promise<{ host: string; stop(): Promise<void> }>,
): Promise<ArtifactService> {
  mkdirSync(folder, { recursive: true });
  const artifacts: StoredArtifact[] = [];
  const faults: (number | 'cut')[] = [];
  const lost = new Set<string>();
  let newest = 0;

  const storage = createServer((request, response) => {
    answerStorage(request, response).catch((error: unknown) => fail(response, error));
  });
  const service = createServer((request, response) => {
    // Source: "Updating your actions for OIDC" in GitHub's documentation.
    if (request.url?.startsWith('/oidc')) return send(response, 200, { count: 1, value: 'e30.e30.x' });
    answerTwirp(request, response).catch((error: unknown) => fail(response, error));
  });
  const [ownStorage, url] = await Promise.all([startServer(storage), startServer(service)]);
  const front = await frontStorage?.(new URL(ownStorage).host);

  async function answerTwirp(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, method = ''] = /ArtifactService\/(\w+)$/.exec(request.url ?? '') ?? [];
    const body = TwirpRequest.parse(JSON.parse((await buffer(request)).toString()));
    const run = runOf(request);
    if (run === undefined || body.workflowRunBackendId !== `${run.run}-${run.attempt}`)
      return send(response, 401, { code: 'unauthenticated', msg: 'invalid token' });
    const ofThisRun = artifacts.filter((each) => each.run === run.run);
    const own = ofThisRun.find((each) => each.attempt === run.attempt && each.name === body.name);
    if (method === 'CreateArtifact') {
      if (own) {
        const msg = 'an artifact with this name already exists on the workflow run';
        return send(response, 409, { code: 'already_exists', msg });
      }
      const id = ++newest;
      const artifact: StoredArtifact = {
        ...{ id, ...run, name: body.name ?? '', isFinal: false, isExpired: false, digest: '' },
        contentType: body.mimeType ?? 'application/zip',
        days: body.expiresAt ? Math.round((Date.parse(body.expiresAt) - Date.now()) / DAY_MS) : undefined,
        file: join(folder, String(id)),
      };
      artifacts.push(artifact);
      return send(response, 200, { ok: true, signed_upload_url: storageUrl(artifact) });
    }
    if (method === 'FinalizeArtifact' && own) {
      const found = `sha256:${createHash('sha256').update(readFileSync(own.file)).digest('hex')}`;
      if (body.hash !== undefined && body.hash !== found)
        return send(response, 400, { code: 'invalid_argument', msg: 'hash' });
      Object.assign(own, { isFinal: true, digest: found });
      if (lost.delete(own.name)) artifacts.splice(artifacts.indexOf(own), 1);
      return send(response, 200, { ok: true, artifact_id: String(own.id) });
    }
    if (method === 'ListArtifacts') {
      const listed = ofThisRun.filter(
        (each) =>
          each.isFinal &&
          !each.isExpired &&
          (body.nameFilter === undefined || each.name === body.nameFilter) &&
          (body.idFilter === undefined || String(each.id) === body.idFilter),
      );
      const rows = listed.map((each) => ({
        workflow_run_backend_id: `${each.run}-${each.attempt}`,
        workflow_job_run_backend_id: 'job',
        database_id: String(each.id),
        name: each.name,
        size: String(statSync(each.file).size),
        created_at: new Date().toISOString(),
        digest: each.digest,
      }));
      return send(response, 200, { artifacts: rows });
    }
    if (method === 'DeleteArtifact' && own) {
      artifacts.splice(artifacts.indexOf(own), 1);
      return send(response, 200, { ok: true, artifact_id: String(own.id) });
    }
    const wanted = ofThisRun.findLast((each) => each.name === body.name && each.isFinal);
    if (method === 'GetSignedArtifactURL' && wanted)
      return send(response, 200, { name: wanted.name, signed_url: storageUrl(wanted) });
    send(response, 404, { code: 'not_found', msg: `${method} of ${body.name}` });
  }

  /** Answers uploads of block blobs by Azure's library: blocks in any order, combined by a list. */
  async function answerStorage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://storage');
    const artifact = artifacts.find(({ id }) => url.pathname === `/blob/${id}`);
    if (request.headers.authorization !== undefined) {
      const message = 'Authentication information is not given in the correct format.';
      return send(response, 400, { code: 'InvalidAuthenticationInfo', message });
    }
    if (!artifact || url.searchParams.get('sig') !== 'abc')
      return send(response, 403, { code: 'AuthenticationFailed' });
    if (request.method !== 'PUT') {
      const fault = faults.shift();
      if (typeof fault === 'number') return send(response, fault, { code: 'ServerBusy' });
      const { size } = statSync(artifact.file);
      const isZip = artifact.contentType === 'application/zip';
      response.writeHead(200, {
        'content-type': artifact.contentType,
        'content-length': size,
        'content-disposition': `attachment; filename="${artifact.name}${isZip ? '.zip' : ''}"`,
      });
      if (fault === 'cut') {
        response.write(readFileSync(artifact.file).subarray(0, size / 2));
        return void setTimeout(() => response.destroy(), 100);
      }
      return pipeline(createReadStream(artifact.file), response);
    }
    const kind = url.searchParams.get('comp');
    const block = (id: string) => `${artifact.file}.${createHash('sha256').update(id).digest('hex')}`;
    if (kind === 'blocklist') {
      const list = (await buffer(request)).toString();
      rmSync(artifact.file, { force: true });
      for (const [, id = ''] of list.matchAll(/<Latest>([^<]*)</g)) {
        await pipeline(createReadStream(block(id)), createWriteStream(artifact.file, { flags: 'a' }));
        rmSync(block(id));
      }
    } else {
      const file = kind === 'block' ? block(url.searchParams.get('blockid') ?? '') : artifact.file;
      await pipeline(request, createWriteStream(file));
    }
    const headers = { etag: '"x"', 'last-modified': new Date().toUTCString(), 'x-ms-request-id': '1' };
    response.writeHead(201, headers).end();
  }

  function answerRest(method: string, url: URL, response: ServerResponse): boolean {
    const [, run] = /^\/repos\/[^/]+\/[^/]+\/actions\/runs\/(\d+)\/artifacts$/.exec(url.pathname) ?? [];
    if (method === 'GET' && run !== undefined) {
      const name = url.searchParams.get('name');
      const all = artifacts.filter(
        (each) => each.run === run && each.isFinal && (name === null || each.name === name),
      );
      const size = Math.min(100, Number(url.searchParams.get('per_page') ?? 30));
      const start = (Number(url.searchParams.get('page') ?? 1) - 1) * size;
      // The newest artifacts come first.
      const page = all.reverse().slice(start, start + size);
      send(response, 200, { total_count: all.length, artifacts: page.map((each) => restRow(each)) });
      return true;
    }
    const [, id] = /\/actions\/artifacts\/(\d+)\/zip$/.exec(url.pathname) ?? [];
    if (method !== 'GET' || id === undefined) return false;
    const artifact = artifacts.find((each) => String(each.id) === id);
    if (!artifact) send(response, 404, { message: 'Not Found' });
    else if (artifact.isExpired) send(response, 410, { message: 'Artifact has expired' });
    else response.writeHead(302, { location: storageUrl(artifact) }).end();
    return true;
  }

  function restRow({ id, name, file, isExpired, digest, run }: StoredArtifact): object {
    const sample = ArtifactList.parse(
      sampleAnswer('GET', '/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts'),
    );
    const size_in_bytes = statSync(file).size;
    const own = { id, name, size_in_bytes, expired: isExpired, digest, workflow_run: { id: Number(run) } };
    return { ...sample.artifacts[0], ...own };
  }

  function storageUrl({ id }: StoredArtifact): string {
    return `${front ? `http://${front.host}` : ownStorage}/blob/${id}?sig=abc`;
  }

  return {
    url: `${url}/`,
    token: (run, attempt) => {
      const claims = Buffer.from(JSON.stringify({ scp: `Actions.Results:${run}-${attempt}:job` }));
      return `e30.${claims.toString('base64url')}.x`;
    },
    artifacts,
    answerRest,
    fail: (...more) => faults.push(...more),
    lose: (name) => lost.add(name),
    close: async () => {
      await front?.stop();
      await Promise.all([close(storage), close(service)]);
    },
  };
}

function runOf(request: IncomingMessage): { run: string; attempt: string } | undefined {
  const [, claims = ''] = request.headers.authorization?.replace('Bearer ', '').split('.') ?? [];
  const [, run, attempt] =
    /"Actions\.Results:(\d+)-(\d+):/.exec(Buffer.from(claims, 'base64url').toString()) ?? [];
  return run === undefined || attempt === undefined ? undefined : { run, attempt };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** Sends an error, unless the response has begun: a client may have been killed halfway. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy();
  else send(response, 500, { msg: String(error) });
}

function close(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
}
