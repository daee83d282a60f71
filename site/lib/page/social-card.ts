import { mirrorName, siteAddress } from '../url.ts';
import { escapeMarkup } from './feed.ts';
import { formatNumber } from '../format.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';
import { countSite } from '../catalog/site-numbers.ts';

/** Preview picture for links to the site; sizes in pixels. */
export const CARD = { path: '/social-card.png', width: 1200, height: 630 } as const;

/** Maximum widths of texts, and width of a letter in a font of size 1, in pixels. */
const [TITLE_WIDTH, COMMAND_WIDTH] = [820, 930];
const [SANS_LETTER, MONO_LETTER] = [0.72, 0.61];
const [TITLE_SIZE, COMMAND_SIZE, SMALLEST] = [76, 30, 20];

/** Card of a cache as SVG: its name, its size, and the command that adds it. */
export function drawCard(catalog: SiteCatalog): string {
  const { builds, packages, targets, unsigned } = countSite(catalog);
  const name = mirrorName();
  const isChecked = catalog.keys.length > 0;
  const numbers =
    builds === 0
      ? 'A Spack build cache, still empty'
      : `${formatNumber(builds, 'Spack build')} of ${formatNumber(packages, 'package')} for ${formatNumber(targets.length, 'target')}`;
  const command = `spack mirror add --type binary ${isChecked ? '' : '--unsigned '}${name}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${CARD.width} ${CARD.height}" width="${CARD.width}" height="${CARD.height}">
  <rect width="1200" height="630" fill="#ffffff"/>
  <rect width="1200" height="14" fill="#1a4fba"/>
  <g transform="translate(90 104) scale(4.7)">
    <path fill="#1a4fba" d="M16 3 29 9.5 16 16 3 9.5z"/>
    <path fill="#5a86e0" d="m3 14 13 6.5L29 14v4l-13 6.5L3 18z"/>
    <path fill="#8ab0ff" d="m3 21.5 13 6.5 13-6.5v-2L16 26 3 19.5z"/>
  </g>
  ${textLine(name, { x: 285, y: 172, size: fitSize(name, TITLE_SIZE, TITLE_WIDTH / SANS_LETTER), fill: '#16181d', weight: 700 })}
  ${textLine(numbers, { x: 285, y: 236, size: 33, fill: '#565d6b' })}
  <rect x="91" y="331" width="1018" height="172" rx="16" fill="#f5f6f8" stroke="#e1e4e8" stroke-width="2"/>
  ${[command, siteAddress()]
    .map((text, index) =>
      textLine(`${index === 0 ? '$ ' : '    '}${text}`, {
        x: 133,
        y: 402 + 51 * index,
        size: fitSize(text, COMMAND_SIZE, COMMAND_WIDTH / MONO_LETTER),
        fill: index === 0 ? '#16181d' : '#1a4fba',
        mono: true,
      }),
    )
    .join('\n  ')}
  ${textLine(isChecked && unsigned === 0 ? 'Signed binaries that spack install downloads instead of building' : 'Binaries that spack install downloads instead of building', { x: 91, y: 570, size: 28, fill: '#565d6b' })}
</svg>
`;
}

interface Line {
  x: number;
  y: number;
  size: number;
  fill: string;
  weight?: number;
  mono?: boolean;
}

function textLine(text: string, { x, y, size, fill, weight = 400, mono = false }: Line): string {
  const family = mono ? 'DejaVu Sans Mono, Liberation Mono, monospace' : 'DejaVu Sans, Noto Sans, sans-serif';
  return `<text x="${x}" y="${y}" xml:space="preserve" font-family="${family}" font-size="${size}" font-weight="${weight}" fill="${fill}">${escapeMarkup(text)}</text>`;
}

/** Font size at which a text fits. A text that is too long even for the smallest size is cut off. */
function fitSize(text: string, largest: number, room: number): number {
  return Math.max(SMALLEST, Math.min(largest, Math.floor(room / (text.length + 2))));
}
