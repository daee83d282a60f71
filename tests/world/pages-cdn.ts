import { ServerResponse, type IncomingMessage, type OutgoingHttpHeader } from 'node:http';
import { gzipSync } from 'node:zlib';

/**
 * Modes of the Fastly CDN in front of GitHub Pages. `purged`: a deployment clears the cache. In the other two
 * the CDN serves the old file until it is ten minutes old: `by address` caches a response for each address
 * with its query, `by path` for each path, regardless of the query. GitHub does not document which one
 * applies; all three were reported. A request's `Cache-Control: no-cache` never has an effect: Fastly ignores
 * it by default. Sources: isaacs/github#611 (headers of a response: `Cache-Control: max-age=600`, `Age: 95`,
 * `X-Cache: HIT`, `Vary: Accept-Encoding`), nunit/docs#489 (new at once), KCNyu/clawock#367 (14 minutes from
 * a successful deployment to the new file); Fastly's "Cache freshness and TTLs" and "Controlling caching".
 */
export type CdnMode = 'purged' | 'by address' | 'by path';

interface Answer {
  status: number;
  headers: Record<string, OutgoingHttpHeader>;
  body: Buffer;
  /** Time at which it was cached, in milliseconds. */
  at: number;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const MAX_AGE_MS = 600_000;
/**
 * Compressed types. GitHub does not document them; tarballs are not compressed again, and Brotli is not used
 * (govdirectory/website#338).
 */
const COMPRESSED = /^(?:text\/|image\/svg|application\/(?:json|xml|javascript|manifest|.*\+(?:json|xml)))/;

/** @param now returns milliseconds, so that tests can let minutes pass */
export function openCdn(now: () => number): {
  mode: CdnMode;
  answer(request: IncomingMessage, response: ServerResponse, origin: Handler): Promise<void>;
  /** To be called after a deployment. */
  deployed(): void;
} {
  const kept = new Map<string, Answer>();

  async function answer(request: IncomingMessage, response: ServerResponse, origin: Handler): Promise<void> {
    const { host = '', range, 'if-none-match': known, 'accept-encoding': encodings = '' } = request.headers;
    // Requests for a part of a file go to the origin.
    if (range !== undefined) return origin(request, response);
    const path = request.url ?? '/';
    const address = `${request.method} ${host}${cdn.mode === 'by path' ? path.replace(/\?.*/s, '') : path}`;
    const old = kept.get(address);
    const isHit = old !== undefined && now() - old.at < MAX_AGE_MS;
    const { status, headers, body, at } = isHit ? old : await ask(request, origin, now());
    if (!isHit) kept.set(address, { status, headers, body, at });
    response.setHeaders(new Map(Object.entries(headers) as [string, string][]));
    response.setHeader('age', Math.floor((now() - at) / 1_000));
    response.setHeader('x-cache', isHit ? 'HIT' : 'MISS');
    response.setHeader('vary', 'Accept-Encoding');
    if (known !== undefined && known === headers['etag']) return void response.writeHead(304).end();
    response.statusCode = status;
    const isText = COMPRESSED.test(String(headers['content-type']));
    if (!isText || body.length === 0 || !String(encodings).includes('gzip')) return void response.end(body);
    const bytes = gzipSync(body);
    response.setHeader('content-encoding', 'gzip').setHeader('content-length', bytes.length);
    response.end(bytes);
  }

  const cdn = {
    mode: 'purged' as CdnMode,
    answer,
    deployed: () => {
      if (cdn.mode === 'purged') kept.clear();
    },
  };
  return cdn;
}

/** Reads the origin's complete response. */
function ask(request: IncomingMessage, origin: Handler, at: number): Promise<Answer> {
  // The CDN itself handles conditional requests.
  delete request.headers['if-none-match'];
  delete request.headers['if-modified-since'];
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const response = new ServerResponse(request);
    const add = (chunk: unknown): void => {
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as string));
    };
    Object.assign(response, {
      writeHead: (status: number, headers: Record<string, OutgoingHttpHeader> = {}) => {
        response.statusCode = status;
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
        return response;
      },
      write: (chunk: unknown) => {
        add(chunk);
        return true;
      },
      end: (chunk?: unknown) => {
        add(chunk);
        const headers = { ...response.getHeaders() } as Answer['headers'];
        response.emit('finish');
        resolve({ status: response.statusCode, headers, body: Buffer.concat(chunks), at });
        return response;
      },
    });
    origin(request, response);
  });
}
