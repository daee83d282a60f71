/** First release with the formats used here: build cache layout 3, database 8, compilers as nodes. */
const OLDEST_SPACK = [1, 0] as const;

/**
 * Throws, with the reason, when a version or tag (`0.23.1`, `v0.23.1`, `releases/v0.23`) is too old for this
 * cache. The age of a commit or a branch is unknown: it is checked when that Spack can be asked.
 */
export function expectUsableSpack(version: string): void {
  const match = /^(?:releases\/)?v?(\d+)\.(\d+)/.exec(version);
  if (!match) return;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major > OLDEST_SPACK[0] || (major === OLDEST_SPACK[0] && minor >= OLDEST_SPACK[1])) return;
  throw new Error(
    `Spack ${version}: expected 1.0 or newer, which writes build caches of layout 3 with compilers as ` +
      'dependencies; older ones cannot read this cache or add to it; choose a newer version',
  );
}
