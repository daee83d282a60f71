import { json } from 'node:stream/consumers';
import { z } from 'zod';
import type { Credentials } from './credentials.ts';
import { readErrorText, send } from './http.ts';
import type { RemoteReference } from './reference.ts';
import { isLoopback } from './reference.ts';
import { RefusedError, refusalOf } from './refused.ts';

/** What a registry wants to see before it answers: the parts of a `WWW-Authenticate` header. */
export interface Challenge {
  scheme: 'basic' | 'bearer';
  realm: string;
  service?: string | undefined;
}

const TokenAnswer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** Reads a `WWW-Authenticate` header; undefined when it asks for something else than Basic or Bearer. */
export function parseChallenge(header: string | null): Challenge | undefined {
  const [, scheme = '', rest = ''] = /\b(basic|bearer)\s+(.*)$/i.exec(header ?? '') ?? [];
  const parameters = new Map<string, string>();
  for (const [, name = '', value = ''] of rest.matchAll(/(\w+)="([^"]*)"/g)) parameters.set(name, value);
  const realm = parameters.get('realm') ?? '';
  const service = parameters.get('service');
  if (scheme.toLowerCase() === 'basic') return { scheme: 'basic', realm, service };
  return scheme.toLowerCase() === 'bearer' ? { scheme: 'bearer', realm, service } : undefined;
}

/**
 * The `Authorization` header that answers a challenge to read the repository. Without a login it is a token
 * for everybody, if the registry gives those.
 */
export async function answerChallenge(
  challenge: Challenge,
  repository: RemoteReference,
  credentials: Credentials | undefined,
  idleMs: number,
): Promise<string> {
  if (challenge.scheme === 'bearer') {
    return `Bearer ${await fetchToken(challenge, repository, credentials, idleMs)}`;
  }
  if (!credentials) throw new RefusedError(repository, 401, false);
  return basic(credentials);
}

/** Source: Distribution's "Token Authentication Specification"; an identity token goes by OAuth 2. */
async function fetchToken(
  { realm, service }: Challenge,
  repository: RemoteReference,
  credentials: Credentials | undefined,
  idleMs: number,
): Promise<string> {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (!url || (url.protocol !== 'https:' && !isLoopback(url.hostname) && repository.transport !== 'http')) {
    throw new Error(`${repository.host} asks to log in at "${realm}": expected an https address`);
  }
  const fields = new URLSearchParams({
    ...(service !== undefined && { service }),
    scope: `repository:${repository.path}:pull`,
  });
  const token = credentials?.identityToken;
  if (!token) for (const [name, value] of fields) url.searchParams.set(name, value);
  const answer = token
    ? await send(url.href, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `${fields}&${new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token, client_id: 'spack-build-cache' })}`,
        idleMs,
      })
    : await send(url.href, { headers: credentials ? { authorization: basic(credentials) } : {}, idleMs });
  if (answer.status !== 200) {
    throw refusalOf(repository, answer, await readErrorText(answer), credentials !== undefined);
  }
  const found = TokenAnswer.safeParse(await json(answer.body));
  const access = found.data?.token ?? found.data?.access_token;
  if (!access) throw new Error(`${url.origin}: expected a token for ${repository.host}, found none`);
  return access;
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
