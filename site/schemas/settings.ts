import { z } from 'zod';
import { Text } from './values.ts';
import { ownValue } from './safe-text.ts';

/** Bytes per unit of a size: decimal, as disks and GitHub count, or binary with an `i`. */
const UNIT_BYTES: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** A human-readable size, parsed to bytes: `900 MB`, `1.5GiB`, `1000000`. */
export const Size = Text.transform((text, context): number => {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*$/.exec(text);
  const unit = ownValue(UNIT_BYTES, match?.[2]?.toLowerCase() ?? '');
  if (!match?.[1] || unit === undefined) {
    context.addIssue({ code: 'custom', message: `expected a size such as 900MB, found "${text}"` });
    return z.NEVER;
  }
  return Math.floor(Number(match[1]) * unit);
});

/** Maximum number of sibling caches: every visitor of the page loads all of them. */
export const MOST_SIBLINGS = 12;

/** Address of another cache's site, without a slash at the end. */
export const SiblingUrl = Text.max(300)
  .regex(
    /^(?:https:\/\/[\w.-]+|http:\/\/(?:localhost|127\.0\.0\.1))(?::\d+)?(?:\/[\w.~-]+)*\/?$/,
    'expected an address such as https://owner.github.io/repo',
  )
  .transform((url) => url.replace(/\/+$/, ''));

/** Environment variables of all scripts and the site. */
export const Settings = z.object({
  /** `oci-layout:DIR`, `ghcr.io/owner/repo`, or any other registry's `host/path`. */
  REGISTRY: Text.min(1).default('oci-layout:.work/registry'),
  /** The catalog's folder. */
  CATALOG_DIR: Text.min(1).default('site/content'),
  /** Full address of the site with its base path, without a slash at the end. */
  SITE_URL: z
    .url({ protocol: /^https?$/, error: 'expected an address such as https://owner.github.io/repo' })
    .default('http://localhost:4321/spack-build-cache')
    .transform((url) => url.replace(/\/+$/, '')),
  /** Maximum size of the whole site, in bytes. GitHub Pages allows 1 GB. */
  PAGES_BUDGET: Text.default('900MB').pipe(Size),
  /** Addresses of sibling caches, separated by spaces. */
  FEDERATE: Text.default('')
    .transform((text) => text.split(/\s+/).filter(Boolean))
    .pipe(z.array(SiblingUrl).max(MOST_SIBLINGS)),
});
export type Settings = z.infer<typeof Settings>;

/** Variables of a process, in the form of `process.env`. */
export type ProcessEnvironment = Record<string, string | undefined>;

/**
 * Reads the settings from an environment. A variable that is set but empty counts as absent,
 * because workflows pass unset inputs that way.
 */
export function parseSettings(environment: ProcessEnvironment): Settings {
  const variables = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const result = Settings.safeParse(variables);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`environment variable ${issue?.path.join('.')}: ${issue?.message}`);
}
