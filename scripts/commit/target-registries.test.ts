import { expect, test } from 'vitest';
import { useServers } from '../../tests/world/servers.ts';
import { addFiles } from '../catalog/catalog.ts';
import { homesOf, listRegistries } from './catalog-owner.ts';

const LARGE = 'ghcr.io/owner/large';
const targets = [
  { name: 'x86_64_v3', runner: 'ubuntu-24.04', registry: LARGE },
  { name: 'aarch64', runner: 'ubuntu-24.04-arm' },
];
const servers = useServers();

test('gives a target the registry in the settings, except in a dry run, which pushes nowhere else', () => {
  expect([...homesOf(targets, 'ghcr.io/owner/repo')]).toEqual([['x86_64_v3', LARGE]]);
  expect([...homesOf(targets, 'oci-layout:.work/preview')]).toEqual([]);
});

test('lists the registries of settings and builds, the default one first and once', () => {
  const catalog = servers.file('catalog');
  const build = (registry?: string) => JSON.stringify({ name: 'zlib', image: { registry, tag: 'zlib' } });
  addFiles(catalog, [
    { path: 'builds/zlib/a.json', content: build('ghcr.io/owner/former') },
    { path: 'builds/zlib/b.json', content: build('ghcr.io/owner/repo') },
    { path: 'builds/zlib/c.json', content: build() },
  ]);
  expect(listRegistries('https://ghcr.io/owner/repo', targets, catalog)).toEqual([
    'https://ghcr.io/owner/repo',
    'ghcr.io/owner/former',
    LARGE,
  ]);
});
