import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { TEST_LOGIN } from '../../tests/world/registry.ts';
import { useServers } from '../../tests/world/servers.ts';
import { parseReference } from './registry.ts';
import { openRegistry } from './open-registry.ts';
import { chooseLogin, chooseLogins } from './credentials.ts';

const BY_SPACK = path.resolve(import.meta.dirname, '../../tests/fixtures/oci-by-spack');
const GHCR = parseReference('ghcr.io/owner/repo');
const OTHER = parseReference('registry.example.org/spack');
const TOKEN = { GITHUB_ACTOR: 'owner', GITHUB_TOKEN: 'token' };
const SECRETS = { REGISTRY_USERNAME: 'me', REGISTRY_PASSWORD: 'secret' };
const servers = useServers();

test("sends the run's own token only to ghcr.io", () => {
  expect(chooseLogin(GHCR, TOKEN)).toEqual({ username: 'owner', password: 'token' });
  expect(chooseLogin(GHCR, {})).toBeUndefined();
  expect(chooseLogin(OTHER, TOKEN)).toBeUndefined();
  expect(chooseLogin(parseReference('ghcr.io.example.org/x'), TOKEN)).toBeUndefined();
  expect(chooseLogin(parseReference('oci-layout:x'), { ...TOKEN, ...SECRETS })).toBeUndefined();
});

test("prefers the owner's login, and requires both halves of it", () => {
  expect(chooseLogin(OTHER, { ...TOKEN, ...SECRETS })).toEqual({ username: 'me', password: 'secret' });
  expect(chooseLogin(GHCR, { ...TOKEN, ...SECRETS })).toEqual({ username: 'me', password: 'secret' });
  expect(chooseLogin(OTHER, { REGISTRY_USERNAME: '', REGISTRY_PASSWORD: '' })).toBeUndefined();
  expect(() => chooseLogin(OTHER, { REGISTRY_USERNAME: 'me' })).toThrow('REGISTRY_PASSWORD: expected it');
});

test("uses the owner's login for registries elsewhere, which must share a host, and the run's own for ghcr.io", () => {
  const all = [
    'ghcr.io/owner/repo',
    'ghcr.io/owner/large',
    'registry.example.org/a',
    'registry.example.org/b',
  ];
  const names = (registries: string[], environment: Record<string, string>) =>
    chooseLogins(registries, environment).map(({ reference, credentials }) => [
      reference.host,
      credentials.username,
    ]);
  expect(names(all, { ...TOKEN, ...SECRETS })).toEqual([
    ['ghcr.io', 'owner'],
    ['registry.example.org', 'me'],
  ]);
  expect(names(all, TOKEN)).toEqual([['ghcr.io', 'owner']]);
  expect(names(all.slice(0, 2), { ...TOKEN, ...SECRETS })).toEqual([['ghcr.io', 'me']]);
  expect(names([...all, 'other.example.org/c'], TOKEN)).toEqual([['ghcr.io', 'owner']]);
  expect(() => names([...all, 'other.example.org/c'], { ...TOKEN, ...SECRETS })).toThrow(
    'found registry.example.org and other.example.org',
  );
});

test('logs in to a registry that requires it, so that a push succeeds; reports a refused login', async () => {
  const { host } = await servers.startRegistry({ login: true });
  const login = (password: string) => runLogin(`${host}/cache`, password);
  await expect(login('wrong')).rejects.toThrow(`the login for ${host} is refused for cache (401)`);
  const { stderr, stdout } = await login(TEST_LOGIN.password);
  expect(stderr).toContain(`logged in to ${host} as tester`);
  expect(`${stdout}${stderr}`).not.toContain(TEST_LOGIN.password);
  await openRegistry(`${host}/cache`).push(BY_SPACK);
});

function runLogin(registry: string, password: string): Promise<{ stdout: string; stderr: string }> {
  const env = {
    ...process.env,
    REGISTRY: registry,
    REGISTRY_USERNAME: TEST_LOGIN.username,
    REGISTRY_PASSWORD: password,
  };
  return promisify(execFile)('node', [path.resolve(import.meta.dirname, '../login.ts')], { env });
}
