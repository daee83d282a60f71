import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { listSettings } from './consumer-settings.ts';
import { checkRecorded, sha256Of } from './recorded-settings.ts';

const endpoints = {
  name: 'no',
  url: 'https://owner.example/no',
  signed: true,
  registries: ['ghcr.io/owner/no'],
};

function settingsOf(path: string, given = endpoints): unknown {
  return parse(listSettings(given, ['all', 'os-rocky9']).find((file) => file.path === path)?.text ?? '');
}

test('has only the HTTPS mirror, even if its name has a meaning in YAML', () => {
  expect(settingsOf('mirrors')).toEqual({
    mirrors: { no: { url: endpoints.url, binary: true, source: false, signed: true } },
  });
});

test('site and registry: HTTPS first with the view of everything; signatures are never checked in the registry', () => {
  expect(settingsOf('mirrors/both')).toEqual({
    mirrors: {
      no: { url: endpoints.url, binary: true, source: false, signed: true, view: 'all' },
      'no-registry': { url: 'oci://ghcr.io/owner/no', binary: true, source: false, signed: false },
    },
  });
  const text = listSettings(endpoints, []).find(({ name }) => name === 'both-without-view')?.text ?? '';
  expect(text).toContain('BINARIES MAY THEN COME UNSIGNED');
  expect(text).not.toContain('view:');
  expect(Object.keys(parse(text).mirrors)).toEqual(['no', 'no-registry']);
});

test('each registry is a separate mirror', () => {
  const several = { ...endpoints, registries: [...endpoints.registries, 'ghcr.io/owner/big'] };
  expect(settingsOf('mirrors/both-without-view', several)).toMatchObject({
    mirrors: {
      'no-registry': { url: 'oci://ghcr.io/owner/no', signed: false },
      'no-registry-2': { url: 'oci://ghcr.io/owner/big', signed: false },
    },
  });
});

test('one file per view, marked for Spack 1.2', () => {
  expect(settingsOf('mirrors/view-os-rocky9')).toEqual({
    mirrors: { no: { url: endpoints.url, binary: true, source: false, signed: true, view: 'os-rocky9' } },
  });
  const [view] = listSettings(endpoints, ['os-rocky9'])
    .filter(({ spack }) => spack === '1.2')
    .slice(-1);
  expect(view?.text).toContain('Needs Spack 1.2 or newer');
});

test('without a public registry there is one mirror', () => {
  const https = { ...endpoints, registries: [] };
  expect(listSettings(https, []).map(({ name }) => name)).toEqual(['https']);
});

test('a registry over plain HTTP keeps its scheme', () => {
  expect(settingsOf('mirrors/both', { ...endpoints, registries: ['http://127.0.0.1:5000/x'] })).toMatchObject(
    {
      mirrors: { 'no-registry': { url: 'oci+http://127.0.0.1:5000/x' } },
    },
  );
});

test('a recorded file that does not match its name stops the build', () => {
  const id = sha256Of('mirrors: {}\n');
  expect([...checkRecorded([{ id, body: 'mirrors: {}\n' }]).keys()]).toEqual([id]);
  expect(() => checkRecorded([{ id, body: 'mirrors: {a: b}\n' }])).toThrow(`mirrors/${id}.yaml: expected`);
  expect(() => checkRecorded([{ id: 'a', body: '' }])).toThrow('mirrors/a.yaml');
});
