import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** CVE ids next to versions, as recipe_facts.py reads them from a recipe's source. */
function readCves(source: string): unknown {
  const program = [
    'import json, sys, types',
    "sys.modules['spack'] = types.ModuleType('spack')",
    "sys.modules['spack.repo'] = sys.modules['spack'].repo = types.ModuleType('spack.repo')",
    `sys.path.insert(0, ${JSON.stringify(join(import.meta.dirname))})`,
    'from recipe_facts import cves_beside_versions',
    'print(json.dumps(cves_beside_versions(sys.stdin.read())))',
  ].join('\n');
  return JSON.parse(execFileSync('python3', ['-c', program], { input: source, encoding: 'utf8' }));
}

test.skipIf(spawnSync('python3', ['--version']).status !== 0)(
  'finds the CVE ids that a recipe names above its versions',
  () => {
    // Shortened from py-torch, libtiff and apptainer of v2026.06.0.
    const source = `
class PyTorch(PythonPackage):
    version("2.10.0", tag="v2.10.0")
    with default_args(deprecated=True):
        # https://www.cvedetails.com/cve/CVE-2026-24747/
        version("2.9.1", tag="v2.9.1")
        version("2.9.0", tag="v2.9.0")
        # https://www.cvedetails.com/cve/CVE-2025-55554/
        # https://www.cvedetails.com/cve/CVE-2025-55552/
        version(
            "2.8.0",
            tag="v2.8.0",
        )

    # no longer of security
    version("2.7.0", tag="v2.7.0")
    # CVE-2020-1111 has nothing to do with versions
    variant("cuda", default=True)
    version("2.6.0", tag="v2.6.0")
`;
    expect(readCves(source)).toEqual({
      '2.9.1': ['CVE-2026-24747'],
      '2.9.0': ['CVE-2026-24747'],
      '2.8.0': ['CVE-2025-55552', 'CVE-2025-55554'],
    });
    expect(readCves('class Broken(:\n  "')).toEqual({});
  },
);
