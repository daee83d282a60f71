import { hash as digest } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildFile } from '../../site/lib/catalog/catalog-files.ts';
import { DAY_MS } from '../../site/lib/format.ts';
import {
  BuildCacheSettings,
  microarchitectureOf,
  type Target,
} from '../../site/schemas/build-cache-settings.ts';
import { addFiles } from '../catalog/catalog.ts';
import { environmentFiles, readSolvedEnvironment } from '../concretize/environment-locks.ts';
import { chooseRenewals } from './renewals.ts';
import { composeRequests } from './run-inputs.ts';

const FIRST = 'v2025.11.0';
const RELEASES = ['v2026.03.0', 'v2026.06.0', 'v2026.09.0', 'v2026.12.0'];
const { targets, environments: rules, retryAfterDays: days } = BuildCacheSettings.parse({});
const OPTIONS = { fresh: false, container: false, flags: [] };
/** Of so many environments one has builds that wait for the next day's run. */
const SLOW = 4;

/** The first and every later release comes out a quarter after the last one. */
const quarterOf = (index: number): number => Date.parse('2026-01-01T03:17:00Z') + index * 91 * DAY_MS;

/** A node of one root; a release changes every hash. */
function rootNode(release: string, name: string, target: Target) {
  const arch = { platform: 'linux', platform_os: 'almalinux8', target: microarchitectureOf(target) };
  const hash = [...digest('sha256', `${release} ${name} ${target.name}`, 'buffer')]
    .map((byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32])
    .join('');
  return { name, version: '1', arch, dependencies: [], hash };
}

/** A catalog of environments that is renewed as runs do, with invented solutions and builds. */
class Year {
  readonly catalog = mkdtempSync(join(tmpdir(), 'year-'));

  readonly environments: readonly string[];
  readonly roots: number;

  constructor(environments: readonly string[], roots: number) {
    this.environments = environments;
    this.roots = roots;
    for (const name of environments)
      addFiles(this.catalog, [{ path: `environments/${name}.yaml`, content: 'spack: {}' }]);
  }

  nodes(release: string, environment: string, target: Target) {
    return Array.from({ length: this.roots }, (_, index) =>
      rootNode(release, `${environment}-${index}`, target),
    );
  }

  /** Records a solution and, unless its builds wait, the builds. */
  solve(release: string, environment: string, target: Target, now: number, isBuilt: boolean): void {
    const nodes = this.nodes(release, environment, target);
    if (isBuilt)
      addFiles(
        this.catalog,
        nodes.map((node) => ({ path: buildFile(node), content: '{}' })),
      );
    const lock = {
      _meta: { 'lockfile-version': 6, 'specfile-version': 5 },
      roots: nodes.map(({ hash, name }) => ({ hash, spec: name })),
      concrete_specs: Object.fromEntries(nodes.map((node) => [node.hash, node])),
    };
    const [request] = composeRequests(
      [{ specs: [], target: target.name, environment, release, fresh: true }],
      OPTIONS,
    );
    if (!request) return;
    const circumstances = { date: new Date(now).toISOString().replace('.000', ''), run: undefined };
    addFiles(this.catalog, environmentFiles(request, JSON.stringify(lock), this.catalog, circumstances));
  }

  /** A scheduled run with the settings' recipes; returns its number of requests. */
  run(release: string, now: number): number {
    const lately = targets.map((target) => ({ catalog: this.catalog, target, days, date: new Date(now) }));
    const { wishes } = chooseRenewals(release, lately, rules);
    for (const { environment = '', target: name, fresh = false } of wishes) {
      const target = targets.find((one) => one.name === name);
      const isSlow = this.environments.indexOf(environment) % SLOW === 0;
      if (target) this.solve(release, environment, target, now, !fresh || !isSlow);
    }
    return wishes.length;
  }

  /** Share of the roots of all targets whose locks are from a release, with all their builds. */
  shareOf(release: string): number {
    let current = 0;
    for (const environment of this.environments) {
      const { roots } = readSolvedEnvironment(this.catalog, environment);
      for (const target of targets) {
        const here = new Set(roots[target.name]);
        current += this.nodes(release, environment, target).filter(({ hash }) => here.has(hash)).length;
      }
    }
    return current / (this.environments.length * targets.length * this.roots);
  }
}

test.skipIf(!process.env['FULL']).each([[60, 5] as const, [300, 1] as const])(
  'in a year of four releases, %i environments of %i roots are on the newest release within a week, for all targets',
  (count, roots) => {
    const year = new Year(
      Array.from({ length: count }, (_, index) => `stack-${index}`),
      roots,
    );
    onTestFinished(() => rmSync(year.catalog, { recursive: true }));
    for (const environment of year.environments)
      for (const target of targets) year.solve(FIRST, environment, target, quarterOf(-1), true);
    for (const [index, release] of RELEASES.entries()) {
      const requests: number[] = [];
      for (let day = 0; day < 7; day += 1) requests.push(year.run(release, quarterOf(index) + day * DAY_MS));
      const share = year.shareOf(release);
      console.log(
        `${release}: ${(share * 100).toFixed(1)} % of ${count * roots} roots on each of ${targets.length} targets; requests a day: ${requests.join(' ')}`,
      );
      expect(share).toBeGreaterThanOrEqual(0.9);
      for (let day = 7; year.run(release, quarterOf(index) + day * DAY_MS) > 0; day += 1)
        expect(day).toBeLessThan(14);
      expect(year.shareOf(release)).toBe(1);
    }
  },
  10 * 60_000,
);
