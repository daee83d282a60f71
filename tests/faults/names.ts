/** A request or a write of a step. */
export interface Named {
  /** Name such as `ghcr PUT /v2/owner/repo/manifests/DIGEST` or `writeFileSync site/content/cache.json`. */
  name: string;
  /** Number of earlier ones with that name in the step. */
  occurrence: number;
  /** Response status of a request without a fault. */
  status?: number | undefined;
  /** Client of the request, from its `User-Agent`. */
  client?: string | undefined;
}

/**
 * Removes parts that differ between runs from a name: digests, commits, uploads, names of temporary files.
 */
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

/** Class of equivalent requests or writes, without build, view, artifact or package version. */
export function classOf({ name, occurrence, status }: Named): string {
  // The query is in the body.
  if (name.endsWith('POST /graphql')) return `${name} ${occurrence} ${status}`;
  const alike = name
    .replaceAll(/\b([a-z][\w-]*\/)?[\w.-]*\b[a-z2-7]{32}\b/g, 'BUILD')
    // The index of all builds is usually the same as the site's own.
    .replace(/(?<=\/index\/)(?!all\/)[\w-]+(?=\/index\.)/, 'VIEW')
    .replaceAll(/(?<=\/)\d+\b/g, 'NUMBER');
  return `${alike} ${status ?? ''}`;
}

/** Numbers the occurrences of each name. */
export function countNames(names: readonly string[]): Named[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const occurrence = seen.get(name) ?? 0;
    seen.set(name, occurrence + 1);
    return { name, occurrence };
  });
}
