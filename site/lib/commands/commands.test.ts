import { afterEach, beforeEach, expect, test, vi } from 'vitest';

// Settings are read when a module is loaded.
beforeEach(() => void vi.resetModules());
afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

test.each([
  ['https://owner.github.io/spack-build-cache', 'spack-build-cache'],
  ['https://owner.github.io/', 'owner'],
  ['http://localhost:4321/a/b.c%20d/', 'b-c-20d'],
])('names the mirror at %s %s', async (address, name) => {
  vi.stubEnv('SITE_URL', address);
  const { mirrorName } = await import('../url.ts');
  expect(mirrorName()).toBe(name);
});

test.each([
  ['https://owner.github.io/repo', '/repo/packages/', 'https://owner.github.io/repo/packages/'],
  ['https://owner.github.io', '/packages/', 'https://owner.github.io/packages/'],
])('builds links for a site at %s', async (address, path, full) => {
  vi.stubEnv('SITE_URL', address);
  const { externalUrl, internalUrl, packagesPath } = await import('../url.ts');
  expect(internalUrl(packagesPath)).toBe(path);
  expect(externalUrl(packagesPath)).toBe(full);
});
