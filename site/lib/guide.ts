/** The pages of the owner's guide, in the order in which they are read. */
export const GUIDE = [
  { label: 'Overview', path: '/guide/' },
  { label: 'Three clicks', path: '/guide/start/' },
  { label: 'Build by hand', path: '/guide/manual/' },
  { label: 'Build on a schedule', path: '/guide/schedule/' },
  { label: 'Environments', path: '/guide/environments/' },
  { label: 'Your own packages', path: '/guide/own-packages/' },
  { label: 'Settings', path: '/guide/settings/' },
  { label: 'Signing key', path: '/guide/signing/' },
  { label: 'Containers', path: '/guide/containers/' },
  { label: 'Older systems', path: '/guide/older-systems/' },
  { label: 'Private caches', path: '/guide/private/' },
  { label: 'Costs and limits', path: '/guide/limits/' },
  { label: 'When a build fails', path: '/guide/failures/' },
  { label: 'New releases', path: '/guide/updating/' },
  { label: 'Questions', path: '/guide/questions/' },
] as const;

/** What comes before and after a page of the guide. */
export function guideNeighbours(path: string): {
  before: (typeof GUIDE)[number] | undefined;
  after: (typeof GUIDE)[number] | undefined;
} {
  const at = GUIDE.findIndex((page) => page.path === path);
  return { before: GUIDE[at - 1], after: at < 0 ? undefined : GUIDE[at + 1] };
}
