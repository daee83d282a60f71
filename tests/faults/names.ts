/** A request or a write of a step. */
export interface Named {
  /** `ghcr PUT /v2/owner/repo/manifests/DIGEST`, `writeFileSync site/content/cache.json` */
  name: string;
  /** How many of that name the step has made before. */
  occurrence: number;
  /** The status that a request was answered with when no fault hit it. */
  status?: number | undefined;
  /** What asks, by its `User-Agent`. */
  client?: string | undefined;
}

/** A name without what differs from run to run: digests, commits, uploads, names of temporary files. */
export function nameOf(text: string): string {
  return text
    .replaceAll(/(sha256[:/](?:[0-9a-f]{2}\/)?)?[0-9a-f]{64}/g, 'DIGEST')
    .replaceAll(/\b[0-9a-f]{40}\b/g, 'COMMIT')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, 'UUID')
    .replaceAll(/\bspack-build-cache-\w{6}\b/g, 'TEMPORARY')
    .replaceAll(/\blayout-\w{6}\b/g, 'LAYOUT')
    .replaceAll(/\.part-\d+\b/g, '.PART')
    .replaceAll(/(?<=[?&](?!scope=|page=)[\w-]+=)[^&]*/g, '');
}

/** What requests or writes that are alike have in common: not which build, view, artifact or version of a package they are of. */
export function classOf({ name, occurrence, status }: Named): string {
  // What it asks is in its body.
  if (name.endsWith('POST /graphql')) return `${name} ${occurrence} ${status}`;
  const alike = name
    .replaceAll(/\b([a-z][\w-]*\/)?[\w.-]*\b[a-z2-7]{32}\b/g, 'BUILD')
    // That of all builds is most often the same as the site's own.
    .replace(/(?<=\/index\/)(?!all\/)[\w-]+(?=\/index\.)/, 'VIEW')
    .replaceAll(/(?<=\/)\d+\b/g, 'NUMBER');
  return `${alike} ${status ?? ''}`;
}

/** Names with how many of the same came before each. */
export function countNames(names: readonly string[]): Named[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const occurrence = seen.get(name) ?? 0;
    seen.set(name, occurrence + 1);
    return { name, occurrence };
  });
}
