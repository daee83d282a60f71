import { offerCopying } from '../copy.ts';
import { makeGraphSection } from '../graph/graph.ts';
import { offerMachineChip } from '../machine/chip.ts';
import { makeVerifySection } from '../verify/verify.ts';
import { readShownBuild, documentOf, type ShownBuild } from './shown-build.ts';
import type { SpecDocument } from '../../schemas/api/spec-document.ts';
import { fetchData } from '../fetch-data.ts';
import { listChildren, makeElement, makeLink } from '../element.ts';
import { BASE } from '../site.ts';

/**
 * Adds the parts of a build's page that need a script anyway: graph, verification, and the raw spec. They are
 * not in the page itself, to keep it small.
 */
export function offerBuildTools(): void {
  const place = document.querySelector<HTMLElement>('#build-tools');
  if (!place) return;
  const build = readShownBuild(place);
  if (build.isAlone) {
    offerCopying();
    offerMachineChip();
  }
  place.replaceChildren(
    ...listChildren([
      build.hasGraph && makeGraphSection(build),
      makeVerifySection(build),
      makeRawSpecSection(build),
    ]),
  );
}

/** The JSON of a node, loaded when it is opened. */
function makeRawSpecSection(build: ShownBuild): HTMLElement {
  const code = makeElement('code');
  const box = { tabindex: '0', 'aria-label': 'The node as JSON' };
  const text = makeElement('section', box, makeElement('pre', '', code));
  const summary = makeElement('summary', '', 'This node, as Spack wrote it');
  const details = makeElement('details', 'raw', summary, text);
  details.addEventListener('toggle', () => {
    if (details.open && code.textContent === '') void fill();
  });

  async function fill(): Promise<void> {
    try {
      const [{ build: document }, { fetchNodeText }, { indentJson }] = await Promise.all([
        fetchData<Pick<SpecDocument, 'build'>>(documentOf(build)),
        import('../spec-files.ts'),
        import('../../lib/spack/indent-json.ts'),
      ]);
      code.textContent = indentJson(await fetchNodeText(document));
    } catch {
      details.open = false;
      summary.textContent = 'The node could not be loaded; open it again';
    }
  }

  return makeElement(
    'section',
    'no-print',
    makeElement('h2', '', 'Raw spec'),
    details,
    build.isAlone && makeElement('p', 'note', makeLink(BASE + documentOf(build), 'This build as JSON')),
  );
}
