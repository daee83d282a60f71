import { expect, test } from 'vitest';
import { describeSoftware, structuredText } from './structured-data.ts';

test('data cannot end the script element that contains it', () => {
  const data = describeSoftware({
    name: 'zlib',
    metadata: {
      name: 'zlib',
      description: '</script><script>alert(1)</script><!--',
      licenses: [],
      maintainers: [],
      tags: [],
    },
    builds: [],
    versions: ['1.3'],
    targets: [],
    systems: [],
    size: 0,
    updated: '',
  });
  const text = structuredText(data);
  expect(text).not.toContain('<');
  expect(JSON.parse(text)).toEqual(data);
  expect(data).toMatchObject({ '@type': 'SoftwareApplication', name: 'zlib', softwareVersion: '1.3' });
});
