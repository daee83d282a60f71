import { offerCopying } from '../copy.ts';
import { makeGraphSection } from '../graph/graph.ts';
import { offerMachineChip } from '../machine/chip.ts';
import { makeRawSpecSection } from '../verify/raw-spec.ts';
import { makeVerifySection } from '../verify/verify.ts';
import { readShownBuild } from './shown-build.ts';

/**
 * Puts what needs a script anyway onto a build's page: graph, verification, the raw spec. None of it is in the page,
 * so that a page costs only what it says itself.
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
    ...(build.hasGraph ? [makeGraphSection(build)] : []),
    makeVerifySection(build),
    makeRawSpecSection(build),
  );
}
